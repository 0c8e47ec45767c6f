"""Runs generations: claims one from PostgreSQL, streams it, stores it, claims the next.

A claim is a 60 s lease. Whoever holds it writes; a runner that lost it writes nothing, because
every write asks for the lease's owner and the attempt's number.
"""

from __future__ import annotations

import logging
import struct
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Q

from labelhub import clock
from labelhub.ring import ring
from sampling import lifecycle, policies
from sampling.engine import protocol
from sampling.engine.protocol import FinishReason
from sampling.engines import Engines, load
from sampling.models import Completion, Generation, Trace
from sampling.selectors import VISIBLE_PURPOSES, expected_policy
from sampling.stream import COALESCE_SECONDS, Publisher, pipe
from sampling.tokens import TokensError

logger = logging.getLogger(__name__)
State = Generation.State
Priority = Generation.Priority

# Beyond these something is stuck; the engine ends what is unfinished.
DEADLINE_SECONDS = {Priority.INTERACTIVE: 300.0, Priority.BATCH: 1800.0}
# PostgreSQL may restart while a generation runs; its text is worth this many further tries.
STORE_TRIES = 20
STORE_PAUSE_SECONDS = 1.0


@dataclass(eq=False)
class Running:
    """A generation of ours on the device."""

    generation: Generation
    handle: protocol.Handle | None = None
    prompt_token_ids: tuple[int, ...] = ()
    first_token_at: datetime | None = None
    results: list[protocol.CompletionResult] = field(default_factory=list)
    cancelled: bool = False
    handed_back: bool = False

    @property
    def key(self) -> tuple[int, int]:
        return (self.generation.pk, self.generation.attempt)

    @property
    def unwanted(self) -> bool:
        return self.cancelled or self.handed_back

    def attach(self, handle: protocol.Handle) -> None:
        self.handle = handle
        # Whoever lost interest while the engine was being built found no handle to cancel.
        if self.unwanted:
            handle.cancel()

    def cancel(self) -> None:
        self.cancelled = True
        self._stop()

    def hand_back(self) -> None:
        self.handed_back = True
        self._stop()

    def _stop(self) -> None:
        if self.handle is not None:
            self.handle.cancel()


class Worker:
    """What the threads of one GPU worker process share: its id, its engines, what runs.

    Of `n_threads` generations at most `n_threads - n_reserved` are batch, so that a draft or a
    reply never waits for candidates to end.
    """

    def __init__(self, *, engines: Engines, n_threads: int, n_reserved: int) -> None:
        self.id = uuid.uuid4()
        self.engines = engines
        self._n_threads = n_threads
        self._n_batch_threads = n_threads - n_reserved
        self._claiming = threading.Lock()
        self._running: dict[tuple[int, int], Running] = {}
        self._stopping = False

    def run_next(self) -> None:
        """Run what may be claimed, one after the other, until nothing is left for this thread."""
        try:
            while (running := self._claim()) is not None:
                try:
                    self._run(running)
                finally:
                    del self._running[running.key]
        finally:
            let_go_of_connection()

    def warm_up(self) -> None:
        """Build the engine that is most likely asked for, before somebody waits for it."""
        try:
            policy = expected_policy()
            let_go_of_connection()
            if policy is not None:
                with self.engines.engine_for(policy):
                    logger.info("the engine of %s is ready", policy.name)
        except Exception:
            # Whoever asks for the policy is told why it cannot serve; nobody has asked yet.
            logger.exception("no engine was warmed up")
            raise

    def running(self) -> list[Running]:
        return list(self._running.values())

    def n_idle(self) -> int:
        return 0 if self._stopping else self._n_threads - len(self._running)

    def stop(self) -> None:
        """Claim nothing any more. Safe in a signal handler."""
        self._stopping = True

    @property
    def stopping(self) -> bool:
        return self._stopping

    def _claim(self) -> Running | None:
        # One claim at a time in a process, so that two threads never share the last batch place.
        with self._claiming:
            if self.n_idle() <= 0:
                return None
            n_batch = sum(each.generation.priority == Priority.BATCH for each in self.running())
            batch_too = n_batch < self._n_batch_threads
            generation = claim(
                owner=self.id, least_urgent=Priority.BATCH if batch_too else Priority.INTERACTIVE
            )
            if generation is None:
                return None
            running = Running(generation)
            self._running[running.key] = running
            return running

    def _run(self, running: Running) -> None:
        # The threads of a GPU worker are many and mostly wait: they hold no connection meanwhile.
        let_go_of_connection()
        try:
            self._generate(running)
        except (protocol.EngineError, TokensError) as error:
            retryable = isinstance(error, protocol.EngineError) and error.retryable
            failure = protocol.Failure(error.code, str(error), retryable)
            persist(lambda: settle(running, failure))
        except Exception as error:
            detail = f"{type(error).__name__}: {error}"
            failure = protocol.Failure("internal", detail, True)
            persist(lambda: settle(running, failure))
            raise
        else:
            persist(lambda: settle(running))

    def _generate(self, running: Running) -> None:
        generation = running.generation
        with self.engines.engine_for(generation.policy) as engine:
            if running.unwanted:
                return
            request = engine_request(generation)
            running.prompt_token_ids = request.prompt_token_ids
            handle = engine.submit(request)
            running.attach(handle)
            publisher = Publisher(pipe, generation.pk, generation.attempt)
            while not handle.finished:
                event = handle.next_event(COALESCE_SECONDS)
                if event is not None:
                    running.first_token_at = running.first_token_at or clock.now()
                    if event.result is not None:
                        running.results.append(event.result)
                    if generation.purpose in VISIBLE_PURPOSES:
                        publisher.add(event.index, storable(event.text))
                publisher.flush_when_due()
            publisher.flush()


@transaction.atomic(durable=True)
def claim(*, owner: uuid.UUID, least_urgent: Generation.Priority) -> Generation | None:
    """Lease the most urgent, oldest waiting generation to `owner`; None when there is none."""
    now = clock.now()
    generation = (
        Generation.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("policy", "context")
        .filter(
            Q(not_before=None) | Q(not_before__lte=now),
            state=State.QUEUED,
            priority__lte=least_urgent,
        )
        .order_by("priority", "id")
        .first()
    )
    if generation is None:
        return None
    generation.state = State.RUNNING
    generation.attempt += 1
    generation.lease_owner = owner
    generation.lease_until = now + timedelta(seconds=settings.LEASE_SECONDS)
    generation.started_at = now
    generation.first_token_at = None
    generation.save(
        update_fields=[
            "state",
            "attempt",
            "lease_owner",
            "lease_until",
            "started_at",
            "first_token_at",
        ]
    )
    return generation


def engine_request(generation: Generation) -> protocol.GenerationRequest:
    """The request as engines take it; raises sampling.tokens.TokensError."""
    messages = generation.context.messages
    chat = policies.chat_tokenizer(generation.policy)
    request_id = f"generation-{generation.pk}"
    return protocol.GenerationRequest(
        request_id=request_id,
        params=protocol.SamplingParams(
            temperature=generation.temperature,
            top_p=generation.top_p,
            top_k=generation.top_k,
            min_p=generation.min_p,
            max_tokens=generation.max_tokens,
            stop=tuple(generation.stop),
        ),
        seeds=tuple(
            protocol.seed_for(generation.base_seed, request_id, index)
            for index in range(generation.n_completions)
        ),
        priority=protocol.Priority(generation.priority),
        prompt_token_ids=tuple(chat.encode(messages)) if chat else (),
        messages=tuple(protocol.Message(turn["role"], turn["content"]) for turn in messages),
        deadline_seconds=DEADLINE_SECONDS[Priority(generation.priority)],
    )


@transaction.atomic(durable=True)
def settle(running: Running, failure: protocol.Failure | None = None) -> None:
    """Write how the attempt ended, unless the lease went to somebody else meanwhile."""
    ours = running.generation
    generation = (
        Generation.objects.select_for_update()
        .filter(pk=ours.pk, state=State.RUNNING, lease_owner=ours.lease_owner, attempt=ours.attempt)
        .first()
    )
    if generation is None:
        logger.warning("generation %s was taken over; attempt %s is dropped", *running.key)
        return
    generation.first_token_at = running.first_token_at
    results = running.results
    attempts_left = generation.attempt < generation.max_attempts
    failure = failure or _failure_of_all(results, attempts_left=attempts_left)
    stopped = any(result.finish_reason is FinishReason.CANCELLED for result in results)
    if results and failure is None and not stopped:
        _store(running)
        lifecycle.end(generation, State.DONE)
    elif running.cancelled or generation.cancel_requested_at is not None:
        generation.cancel_requested_at = generation.cancel_requested_at or clock.now()
        _store(running)
        lifecycle.end(generation, State.CANCELLED)
    elif running.handed_back or failure is None:
        lifecycle.put_back(generation, counted=False)
        ring("sampling.run")
    elif failure.retryable and attempts_left:
        logger.warning("generation %s, attempt %s: %s", *running.key, failure.detail)
        lifecycle.put_back(generation, not_before=_retry_at(generation.attempt))
    else:
        _store(running)
        lifecycle.end(
            generation, State.FAILED, error_code=failure.code, error_detail=failure.detail
        )


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
    results = running.results
    now = clock.now()
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
            engine=f"{result.provenance.engine} {result.provenance.engine_version}"[:100],
            dtype=result.provenance.dtype or "",
            device=(result.provenance.device or "")[:60],
            reproducible=result.provenance.reproducible.value,
            created_at=now,
        )
        for result in sorted(results, key=lambda result: result.index)
    )
    by_index = {result.index: result for result in results}
    prompt = packed("I", running.prompt_token_ids)
    Trace.objects.bulk_create(
        Trace(
            completion=completion,
            prompt_token_ids=prompt,
            token_ids=packed("I", by_index[completion.index].token_ids),
            logprobs=packed("f", by_index[completion.index].logprobs),
        )
        for completion in completions
    )


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


worker = Worker(
    engines=Engines(load),
    n_threads=settings.GPU_THREADS,
    n_reserved=settings.GPU_THREADS_RESERVED,
)


def run_next() -> None:
    """Run what may be claimed in this process; a second call finds what the first one left."""
    worker.run_next()
