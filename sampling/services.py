"""Asking policies for completions, and stopping them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime

from django.db import connection, transaction

from labelhub import clock
from labelhub.accounts.models import Project, User
from labelhub.ring import ring
from sampling import exceptions, policies, selectors, tokens
from sampling.engine import protocol, validation
from sampling.models import Completion, Context, Generation, Policy
from sampling.stream import pipe

# A policy that has fewer tokens left than this for its answer has read too much to answer.
MIN_COMPLETION_TOKENS = 32
MAX_COMPLETIONS = 9


@transaction.atomic
def request_completions(
    *,
    project: Project,
    policy: Policy,
    messages: Sequence[Mapping[str, str]],
    purpose: Generation.Purpose,
    n: int,
    params: protocol.SamplingParams,
    requested_by: User | None = None,
    base_seed: int | None = None,
    continues: Completion | None = None,
    on_done: str = "",
) -> Generation:
    """Queue `n` completions of `messages`; a GPU worker starts on them once this commits.

    With `continues`, an unfinished completion whose text ends the last message, they hold what follows
    that message's text.
    When the generation has ended, however, the job named `on_done` is rung with its id.
    `max_tokens` shrinks to what the policy's window leaves. Raises PolicyRetired, PolicyNotActive,
    ContextTooLong, PolicyUnusable or UnusableParams.
    """
    if policy.retired_at is not None:
        raise exceptions.PolicyRetired(f"The policy {policy.name} was retired.")
    if policy.activated_at is None:
        raise exceptions.PolicyNotActive
    _check_params(params, n)
    n_left = _tokens_left(
        policy,
        messages,
        stop_token_ids=params.stop_token_ids,
        continues=continues is not None,
    )
    generation = Generation(
        project=project,
        policy=policy,
        context_id=_context_id(messages),
        purpose=purpose,
        priority=_priority_of(purpose),
        requested_by=requested_by,
        n_completions=n,
        base_seed=secrets.randbits(63) if base_seed is None else base_seed,
        **asdict(replace(params, max_tokens=min(params.max_tokens, n_left))),
        created_at=clock.now(),
        continues=continues,
        on_done=on_done,
    )
    generation.save()
    ring("sampling.run")
    return generation


@transaction.atomic
def cancel(*, generation: Generation) -> None:
    """Stop a generation: a waiting one at once, a running one at its next step. Ended ones stay."""
    locked = Generation.objects.select_for_update().get(pk=generation.pk)
    if locked.state == Generation.State.QUEUED:
        locked.state = Generation.State.CANCELLED
        locked.cancel_requested_at = locked.finished_at = clock.now()
        locked.save(update_fields=["state", "cancel_requested_at", "finished_at"])
        if locked.on_done:
            ring(locked.on_done, locked.pk)
        transaction.on_commit(lambda: pipe.announce_end(locked.pk), robust=True)
    elif locked.state == Generation.State.RUNNING and locked.cancel_requested_at is None:
        locked.cancel_requested_at = clock.now()
        locked.save(update_fields=["cancel_requested_at"])
        transaction.on_commit(lambda: pipe.announce_cancel(locked.pk), robust=True)


def mark_consumed(*, generation: Generation) -> bool:
    """Say that the job named by `on_done` has done its work; True for the first caller only."""
    unconsumed = Generation.objects.filter(pk=generation.pk, consumed_at=None)
    return unconsumed.update(consumed_at=clock.now()) == 1


def _priority_of(purpose: str) -> Generation.Priority:
    if purpose == Generation.Purpose.CANDIDATE:
        return Generation.Priority.BATCH
    return Generation.Priority.INTERACTIVE


def _check_params(params: protocol.SamplingParams, n: int) -> None:
    if not 1 <= n <= MAX_COMPLETIONS:
        raise exceptions.UnusableParams(f"n must be 1 to {MAX_COMPLETIONS}; it is {n}.")
    request = protocol.GenerationRequest(
        request_id="check",
        params=params,
        seeds=tuple(range(n)),
        priority=protocol.Priority.INTERACTIVE,
    )
    try:
        validation.check_request(request)
    except protocol.InvalidRequest as error:
        raise exceptions.UnusableParams(f"{error.detail}.") from error


def _tokens_left(
    policy: Policy,
    messages: Sequence[Mapping[str, str]],
    *,
    stop_token_ids: tuple[int, ...],
    continues: bool,
) -> int:
    """What the context leaves of the policy's window; the whole window where nobody can count."""
    try:
        chat = policies.chat_tokenizer(policy)
        n_tokens = chat.count(messages, continues=continues) if chat else 0
        if chat:
            validation.check_token_ids("stop_token_ids", stop_token_ids, chat.vocab_size)
    except protocol.InvalidRequest as error:
        raise exceptions.UnusableParams(f"{error.detail}.") from error
    except (protocol.EngineError, tokens.TokensError) as error:
        raise exceptions.PolicyUnusable(f"{policy.name} cannot read this: {error}") from error
    # A policy that serves has a window, by constraint.
    assert policy.context_window_tokens is not None
    left = policy.context_window_tokens - n_tokens
    if left < MIN_COMPLETION_TOKENS:
        raise exceptions.ContextTooLong(
            f"The conversation has {n_tokens} tokens and {policy.name} can hold "
            f"{policy.context_window_tokens}, its reply included; finish here or begin a new one."
        )
    return left


def _context_id(messages: Sequence[Mapping[str, str]]) -> int:
    """The context's id, inserted unless it is there: one statement, safe under concurrency."""
    canonical = selectors.canonical_messages(messages)
    values: dict[str, str | datetime] = {
        "sha256": selectors.context_hash(messages),
        "messages": canonical.decode(),
        "now": clock.now(),
    }
    statement = f"""
        WITH added AS (
            INSERT INTO {Context._meta.db_table} (sha256, messages, created_at)
            VALUES (%(sha256)s, %(messages)s::jsonb, %(now)s)
            ON CONFLICT (sha256) DO NOTHING RETURNING id
        )
        SELECT id FROM added
        UNION ALL SELECT id FROM {Context._meta.db_table} WHERE sha256 = %(sha256)s
        LIMIT 1
    """  # noqa: S608 — only the table's own name is formatted in
    with connection.cursor() as cursor:
        row = None
        # Nothing comes back when another transaction inserts it meanwhile: it is visible then.
        while row is None:
            cursor.execute(statement, values)
            row = cursor.fetchone()
    return int(row[0])
