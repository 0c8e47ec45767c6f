"""Writing how an attempt ended: its completions, why it failed, and what is to follow."""

from __future__ import annotations

import hashlib
import logging
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

import orjson
from django.db import InterfaceError, OperationalError, connection, transaction

from labelhub import clock
from labelhub.ring import ring
from sampling import lifecycle
from sampling.engine import protocol
from sampling.engine.protocol import FinishReason
from sampling.models import Completion, Generation, Provenance, Trace
from sampling.running import Running

logger = logging.getLogger(__name__)
State = Generation.State

# PostgreSQL may restart while a generation runs; its text is worth this many further tries.
STORE_TRIES = 20
STORE_PAUSE_SECONDS = 1.0
# What ends a completion where the machinery is whole and has no room: as if it had been turned away.
NO_ROOM = frozenset({protocol.EngineBusy.code, "server_busy"})
# How long a generation that a busy engine turned away may wait before it asks again.
LONGEST_WAIT_SECONDS = 30.0


@transaction.atomic(durable=True)
def settle(running: Running, failure: protocol.Failure | None = None) -> None:
    """Write how the attempt ended, unless the lease went to somebody else meanwhile."""
    generation = _still_ours(running)
    if generation is None:
        return
    generation.first_token_at = running.first_token_at
    results = running.results
    attempts_left = generation.attempt < generation.max_attempts
    failure = failure or _failure_of_all(results, attempts_left=attempts_left)
    stopped = any(result.finish_reason is FinishReason.CANCELLED for result in results)
    if results and failure is None and not stopped:
        _store(running)
        for result in results:
            if result.failure is not None:
                lifecycle.note_fault(
                    generation, result.failure.code, result.failure.detail, index=result.index
                )
        lifecycle.end(generation, State.DONE)
    elif running.cancelled or generation.cancel_requested_at is not None:
        generation.cancel_requested_at = generation.cancel_requested_at or clock.now()
        _store(running)
        lifecycle.end(generation, State.CANCELLED)
    elif failure is None or (running.handed_back and failure.code != protocol.DEVICE_LOST):
        lifecycle.put_back(generation, counted=False)
        ring("sampling.run")
    elif failure.retryable and failure.code in NO_ROOM:
        _put_back_for_room(generation, failure.code, failure.detail, least_seconds=0.0)
    elif failure.retryable and attempts_left:
        logger.warning("generation %s, attempt %s: %s", *running.key, failure.detail)
        lifecycle.note_fault(generation, failure.code, failure.detail, final=False)
        lifecycle.put_back(generation, not_before=_retry_at(generation.attempt))
    else:
        _store(running)
        lifecycle.note_fault(generation, failure.code, failure.detail)
        lifecycle.end(
            generation, State.FAILED, error_code=failure.code, error_detail=failure.detail
        )


@transaction.atomic(durable=True)
def wait_for_room(running: Running, busy: protocol.EngineBusy) -> None:
    """Put back what a full engine turned away: nobody's fault, and not counted as an attempt.

    Each time it waits longer, at least as long as the engine estimated.
    """
    generation = _still_ours(running)
    if generation is None:
        return
    if generation.cancel_requested_at is not None:
        lifecycle.end(generation, State.CANCELLED)
        return
    _put_back_for_room(generation, busy.code, str(busy), least_seconds=busy.retry_after_seconds)


def _put_back_for_room(
    generation: Generation, code: str, detail: str, *, least_seconds: float
) -> None:
    lifecycle.note_fault(generation, code, detail, final=False)
    seconds = max(least_seconds, min(2.0**generation.attempt, LONGEST_WAIT_SECONDS))
    not_before = clock.now() + timedelta(seconds=seconds)
    lifecycle.put_back(generation, not_before=not_before, counted=False)


def _still_ours(running: Running) -> Generation | None:
    """The generation's row, locked; None where the lease went to somebody else."""
    ours = running.generation
    generation = (
        Generation.objects.select_for_update()
        .filter(pk=ours.pk, state=State.RUNNING, lease_owner=ours.lease_owner, attempt=ours.attempt)
        .first()
    )
    if generation is None:
        logger.warning("generation %s was taken over; attempt %s is dropped", *running.key)
    return generation


def _failure_of_all(
    results: Sequence[protocol.CompletionResult], *, attempts_left: bool
) -> protocol.Failure | None:
    """The failure that stands for the whole attempt; None where the attempt is good enough.

    While attempts are left, one completion that may succeed next time is worth the others' being
    sampled again: their seeds are the same. In the end what failed alone is left out alone.
    """
    failures = [result.failure for result in results if result.failure is not None]
    retryable = next((failure for failure in failures if failure.retryable), None)
    if retryable is not None and attempts_left:
        return retryable
    return failures[0] if failures and len(failures) == len(results) else None


def _retry_at(attempt: int) -> datetime:
    return clock.now() + timedelta(seconds=2.0**attempt)


def _store(running: Running) -> None:
    results = sorted(running.results, key=lambda result: result.index)
    now = clock.now()
    provenances = {each: _provenance(each) for each in {result.provenance for result in results}}
    completions = Completion.objects.bulk_create(
        Completion(
            generation=running.generation,
            index=result.index,
            seed=result.seed,
            text=storable(result.text),
            finish_reason=result.finish_reason.value,
            stop_matched="" if result.stop_matched is None else str(result.stop_matched),
            n_prompt_tokens=result.n_prompt,
            n_cached_tokens=result.n_cached,
            n_tokens=result.n_completion,
            mean_logprob=sum(result.logprobs) / len(result.logprobs) if result.logprobs else None,
            queue_seconds=result.t_queue,
            first_token_seconds=result.t_first,
            total_seconds=result.t_last,
            n_in_step=result.n_in_step,
            provenance=provenances[result.provenance],
            system_fingerprint=(result.system_fingerprint or "")[:200],
            reproducible=result.provenance.reproducible.value,
            created_at=now,
        )
        for result in results
    )
    Trace.objects.bulk_create(
        Trace(
            completion=completion,
            prompt_token_ids=packed("I", result.prompt_token_ids),
            token_ids=packed("I", result.token_ids),
            logprobs=packed("f", result.logprobs),
        )
        for completion, result in zip(completions, results, strict=True)
    )


def _provenance(found: protocol.Provenance) -> Provenance:
    """The row of an engine's provenance, made unless it is there."""
    facts = asdict(found)
    # Stored with each completion: a server's promise may differ from one to the next.
    facts.pop("reproducible")
    row, _ = Provenance.objects.get_or_create(
        sha256=hashlib.sha256(orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)).hexdigest(),
        defaults={
            "engine": found.engine,
            "engine_version": found.engine_version[:200],
            "model_name": found.model[:500],
            "revision": (found.revision or "")[:100],
            "weights_sha256": found.weights_sha256 or "",
            "tokenizer_sha256": found.tokenizer_sha256 or "",
            "chat_template_sha256": found.template_sha256 or "",
            "dtype": (found.dtype or "")[:40],
            "device": (found.device or "")[:100],
            "attention": (found.attention or "")[:40],
            "left_to_server": list(found.left_to_server),
        },
    )
    return row


def packed(kind: str, numbers: Sequence[float]) -> bytes:
    """Little-endian uint32 (kind "I") or float32 (kind "f"), as sampling.models.Trace holds them."""
    return struct.pack(f"<{len(numbers)}{kind}", *numbers)


def storable(text: str) -> str:
    """PostgreSQL holds no NUL character, which a policy can sample; lengths stay the same."""
    return text.replace("\x00", "\ufffd")


def persist(write: Callable[[], None]) -> None:
    """Do `write`, again where PostgreSQL went away: it guards itself against being done twice."""
    for tries_left in reversed(range(STORE_TRIES)):
        try:
            write()
        except (OperationalError, InterfaceError):
            if tries_left == 0 or connection.in_atomic_block:
                raise
            logger.warning("PostgreSQL does not answer; a generation is stored a little later")
            connection.close()
            time.sleep(STORE_PAUSE_SECONDS)
        else:
            return


def let_go_of_connection() -> None:
    """Close this thread's connection, unless the caller's own transaction lives on it."""
    if not connection.in_atomic_block:
        connection.close()
