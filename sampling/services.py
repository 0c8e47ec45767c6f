"""Asking policies for completions, stopping them, and registering policies."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection, transaction

from labelhub import clock
from labelhub.accounts.models import AuditEvent, Project, User
from labelhub.ring import ring
from sampling import exceptions, policies, selectors, tokens
from sampling.engine import protocol, spec, validation
from sampling.models import Context, Generation, Policy
from sampling.stream import pipe

# A policy that has fewer tokens left than this for its answer has read too much to answer.
MIN_COMPLETION_TOKENS = 32
MAX_COMPLETIONS = 9


@dataclass(frozen=True)
class Params:
    """How completions are drawn; see sampling.engine.protocol.SamplingParams."""

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    max_tokens: int = 512
    stop: tuple[str, ...] = ()


@transaction.atomic
def request_completions(
    *,
    project: Project,
    policy: Policy,
    messages: Sequence[Mapping[str, str]],
    purpose: Generation.Purpose,
    n: int,
    params: Params,
    requested_by: User | None = None,
    base_seed: int | None = None,
    on_done: str = "",
) -> Generation:
    """Queue `n` completions of `messages`; a GPU worker starts on them once this commits.

    When the generation has ended, however, the job named `on_done` is rung with its id.
    `max_tokens` shrinks to what the policy's window leaves. Raises PolicyRetired, ContextTooLong,
    PolicyUnusable or UnusableParams.
    """
    if policy.retired_at is not None:
        raise exceptions.PolicyRetired(f"The policy {policy.name} was retired.")
    _check_params(params, n)
    generation = Generation(
        project=project,
        policy=policy,
        context_id=_context_id(messages),
        purpose=purpose,
        priority=_priority_of(purpose),
        requested_by=requested_by,
        n_completions=n,
        base_seed=secrets.randbits(63) if base_seed is None else base_seed,
        **asdict(params)
        | {
            "max_tokens": min(params.max_tokens, _tokens_left(policy, messages)),
            "stop": list(params.stop),
        },
        created_at=clock.now(),
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
        transaction.on_commit(lambda: pipe.note_cancel(locked.pk), robust=True)


def mark_consumed(*, generation: Generation) -> bool:
    """Say that the job named by `on_done` has done its work; True for the first caller only."""
    unconsumed = Generation.objects.filter(pk=generation.pk, consumed_at=None)
    return unconsumed.update(consumed_at=clock.now()) == 1


def add_policy(
    *,
    name: str,
    source: str,
    revision: str = "",
    tokenizer_source: str = "",
    api_key_variable: str = "",
    output_licence: str = "",
    context_window_tokens: int | None = None,
    parent: Policy | None = None,
    actor: User | None = None,
) -> Policy:
    """Register a policy: read its files, take their hashes, write the row and an audit row.

    `source` is a Hugging Face id, a local folder or `openai:BASE_URL#MODEL`. A hub id without
    `revision` is pinned to its newest commit. Weights are downloaded and hashed, not loaded.
    Raises PolicyNameTaken, PolicyUnusable or HostNotAllowed.
    """
    if Policy.objects.filter(name=name).exists():
        raise exceptions.PolicyNameTaken(f"A policy named {name} is registered already.")
    policy = Policy(
        name=name,
        source=source,
        revision=revision,
        tokenizer_source=tokenizer_source,
        api_key_variable=api_key_variable,
        output_licence=output_licence,
        parent=parent,
    )
    try:
        place = spec.parse(policies.place_of(source))
        if isinstance(place, spec.Server):
            _check_host(place)
        else:
            _read_weights(policy, place)
        chat = policies.chat_tokenizer(policy)
        stop_ids = chat.stop_ids if chat else frozenset()
    except (protocol.EngineError, tokens.TokensError) as error:
        raise exceptions.PolicyUnusable(f"{source} cannot serve: {error}") from error
    if chat is not None:
        policy.tokenizer_sha256 = chat.tokenizer_sha256
        policy.chat_template_sha256 = chat.template_sha256
        if not stop_ids:
            raise exceptions.PolicyUnusable(
                f"{source} names no token that ends a turn; set eos_token in its tokenizer"
            )
    window = context_window_tokens or (chat.context_tokens if chat else None)
    if window is None:
        raise exceptions.PolicyUnusable(
            f"{source} states no context window; give one with --context-window"
        )
    policy.context_window_tokens = window
    policy.full_clean()
    with transaction.atomic():
        policy.save()
        _audit(policy, "policy_added", actor)
    return policy


@transaction.atomic
def retire_policy(*, policy: Policy, actor: User | None) -> None:
    """Take no further requests for a policy; what is queued or made stays as it is."""
    locked = Policy.objects.select_for_update().get(pk=policy.pk)
    if locked.retired_at is None:
        locked.retired_at = clock.now()
        locked.save(update_fields=["retired_at"])
        _audit(locked, "policy_retired", actor)


def _priority_of(purpose: str) -> Generation.Priority:
    if purpose == Generation.Purpose.CANDIDATE:
        return Generation.Priority.BATCH
    return Generation.Priority.INTERACTIVE


def _check_params(params: Params, n: int) -> None:
    if not 1 <= n <= MAX_COMPLETIONS:
        raise exceptions.UnusableParams(f"n must be 1 to {MAX_COMPLETIONS}; it is {n}.")
    request = protocol.GenerationRequest(
        request_id="check",
        params=protocol.SamplingParams(**asdict(params) | {"stop": params.stop}),
        seeds=tuple(range(n)),
        priority=protocol.Priority.INTERACTIVE,
    )
    try:
        validation.check_request(request)
    except protocol.InvalidRequest as error:
        raise exceptions.UnusableParams(f"{error.detail}.") from error


def _tokens_left(policy: Policy, messages: Sequence[Mapping[str, str]]) -> int:
    """What the context leaves of the policy's window; the whole window where nobody can count."""
    try:
        chat = policies.chat_tokenizer(policy)
        n_tokens = chat.count(messages) if chat else 0
    except (protocol.EngineError, tokens.TokensError) as error:
        raise exceptions.PolicyUnusable(f"{policy.name} cannot read this: {error}") from error
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


def _check_host(server: spec.Server) -> None:
    host = urlsplit(server.base_url).hostname
    if host not in settings.POLICY_HOSTS:
        raise exceptions.HostNotAllowed(
            f"Policies may not point at {host}; an operator can add it to POLICY_HOSTS."
        )


def _read_weights(policy: Policy, place: spec.HubId | Path) -> None:
    """Fetch the files, pin the revision and hash the weights."""
    folder = policies.fetch(policy.source, policy.revision, weights=True)
    if not isinstance(place, Path):
        # A hub's snapshot folder is named after the commit it holds.
        policy.revision = folder.name
    if not any(folder.glob("*.safetensors")):
        raise protocol.UnsupportedPolicy("it has no safetensors weights")
    policy.weights_sha256 = spec.weights_sha256(folder)


def _audit(policy: Policy, verb: str, actor: User | None) -> None:
    AuditEvent.objects.create(
        at=clock.now(),
        actor=actor,
        verb=verb,
        object_type="policy",
        object_id=str(policy.pk),
        details={"name": policy.name, "source": policy.source, "revision": policy.revision},
    )
