"""Registering, editing, activating and retiring policies; each leaves an audit event."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from labelhub import clock
from labelhub.accounts.models import User
from labelhub.accounts.services import record
from labelhub.ring import ring
from sampling import exceptions, policies, tokens
from sampling.engine import protocol, spec
from sampling.models import Policy, PolicyCheck

# What says which files a policy is; once it has served, other files are another policy.
IDENTITY = ("source", "revision", "tokenizer_source")
# What a check learns of the files.
LEARNT = (
    *("revision", "context_window_tokens"),
    *("weights_sha256", "tokenizer_sha256", "chat_template_sha256"),
)
EDITABLE = (
    *("name", "context_window_tokens", "api_key_variable", "output_licence"),
    *("parent", "trained_on", *IDENTITY),
)


@transaction.atomic
def register_policy(*, actor: User | None, **fields: Any) -> PolicyCheck:
    """Write the row of a policy that serves nothing yet, and have a GPU worker load it dry.

    `fields` are EDITABLE ones. Nothing is fetched here. Raises PolicyNameTaken, PolicyUnusable,
    HostNotAllowed, FolderNotAllowed or KeyNotAllowed.
    """
    policy = Policy(**fields)
    _check_name(policy)
    check_source(policy.source, actor=actor)
    check_source(policy.tokenizer_source, actor=actor)
    _check_key(policy, actor)
    policy.full_clean()
    policy.save()
    record(actor=actor, verb="policy_registered", subject=policy, **_told(policy))
    return _queue_check(policy, actor)


@transaction.atomic
def edit_policy(*, policy: Policy, changes: Mapping[str, Any], actor: User | None) -> Policy:
    """Change EDITABLE fields. Where other files are named, they are checked before they may serve.

    Raises PolicyInUse for other files of a policy that has served, PolicyLoop for a parent that
    descends from it, and what register_policy raises.
    """
    locked = Policy.objects.select_for_update().get(pk=policy.pk)
    before = {name: getattr(locked, name) for name in changes}
    changed = [name for name, value in changes.items() if before[name] != value]
    if not changed:
        return locked
    for name in changed:
        setattr(locked, name, changes[name])
    _check_name(locked)
    _check_parent(locked)
    other_files = [name for name in changed if name in IDENTITY]
    if other_files:
        if locked.activated_at is not None:
            raise exceptions.PolicyInUse
        check_source(locked.source, actor=actor)
        check_source(locked.tokenizer_source, actor=actor)
        locked.weights_sha256 = locked.tokenizer_sha256 = locked.chat_template_sha256 = ""
    if {"api_key_variable", "source"} & set(changed):
        _check_key(locked, actor)
    locked.full_clean()
    locked.save()
    record(
        actor=actor,
        verb="policy_changed",
        subject=locked,
        name=locked.name,
        changes={name: [str(before[name]), str(getattr(locked, name))] for name in changed},
    )
    # Whatever a check found was about the files and the window as they were.
    if other_files or "context_window_tokens" in changed or "api_key_variable" in changed:
        _queue_check(locked, actor)
    return locked


@transaction.atomic
def request_check(*, policy: Policy, actor: User | None) -> PolicyCheck:
    """Have a GPU worker load the policy dry; the check under way where there is one."""
    return _queue_check(Policy.objects.select_for_update().get(pk=policy.pk), actor)


@transaction.atomic
def activate_policy(*, policy: Policy, actor: User | None) -> Policy:
    """Let a policy take requests, again where it was retired. Raises PolicyUnchecked."""
    locked = Policy.objects.select_for_update().get(pk=policy.pk)
    if locked.serves:
        return locked
    newest = locked.checks.order_by("-id").first()
    if newest is None or newest.state != PolicyCheck.State.PASSED:
        raise exceptions.PolicyUnchecked
    return _activate(locked, actor)


@transaction.atomic
def retire_policy(*, policy: Policy, actor: User | None) -> Policy:
    """Take no further requests for a policy; what is queued or made stays as it is."""
    locked = Policy.objects.select_for_update().get(pk=policy.pk)
    if locked.retired_at is None:
        locked.retired_at = clock.now()
        locked.save(update_fields=["retired_at"])
        record(actor=actor, verb="policy_retired", subject=locked, **_told(locked))
    return locked


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
    trained_on: str = "",
    actor: User | None = None,
) -> Policy:
    """Register a policy and activate it at once, as an operator does: its files are read here.

    `source` is a Hugging Face id, a local folder or `openai:BASE_URL#MODEL`. A hub id without
    `revision` is pinned to its newest commit. Weights are downloaded and hashed, not loaded.
    Raises PolicyNameTaken, PolicyUnusable or HostNotAllowed.
    """
    policy = Policy(
        name=name,
        source=source,
        revision=revision,
        tokenizer_source=tokenizer_source,
        api_key_variable=api_key_variable,
        output_licence=output_licence,
        context_window_tokens=context_window_tokens,
        parent=parent,
        trained_on=trained_on,
    )
    _check_name(policy)
    try:
        place = spec.parse(policies.place_of(source))
        if isinstance(place, spec.Server):
            _check_host(place)
        else:
            _read_weights(policy)
        _read_words(policy)
    except (protocol.EngineError, tokens.TokensError) as error:
        raise exceptions.PolicyUnusable(f"{source} cannot serve: {error}") from error
    policy.full_clean()
    with transaction.atomic():
        policy.save()
        record(actor=actor, verb="policy_registered", subject=policy, **_told(policy))
        return _activate(policy, actor)


def check_source(source: str, *, actor: User | None) -> None:
    """Raises PolicyUnusable, HostNotAllowed or FolderNotAllowed; empty names nothing and passes."""
    if not source:
        return
    try:
        place = spec.parse(policies.place_of(source))
    except protocol.EngineError as error:
        raise exceptions.PolicyUnusable(f"{error}.") from error
    if isinstance(place, spec.Server):
        _check_host(place)
    elif isinstance(place, Path) and not (actor is None or actor.is_superuser):
        _check_folder(place)


def _activate(policy: Policy, actor: User | None) -> Policy:
    policy.activated_at, policy.retired_at = clock.now(), None
    policy.save(update_fields=["activated_at", "retired_at"])
    record(actor=actor, verb="policy_activated", subject=policy, **_told(policy))
    return policy


def _queue_check(policy: Policy, actor: User | None) -> PolicyCheck:
    """The policy's row is locked or new. A check that nobody has begun yet stands for both."""
    unfinished: PolicyCheck | None = policy.checks.filter(finished_at=None).first()
    if unfinished is not None and unfinished.state == PolicyCheck.State.RUNNING:
        # It looks at what was; its worker sees that the lease is gone and writes nothing.
        unfinished.state = PolicyCheck.State.QUEUED
        unfinished.lease_owner = unfinished.lease_until = None
        unfinished.attempt = 0
        unfinished.save(update_fields=["state", "lease_owner", "lease_until", "attempt"])
    if unfinished is None:
        unfinished = PolicyCheck.objects.create(
            policy=policy, requested_by=actor, created_at=clock.now()
        )
    ring("sampling.check")
    return unfinished


def _check_name(policy: Policy) -> None:
    if Policy.objects.filter(name=policy.name).exclude(pk=policy.pk).exists():
        raise exceptions.PolicyNameTaken(f"A policy named {policy.name} is registered already.")


def _check_parent(policy: Policy) -> None:
    ancestor = policy.parent
    while ancestor is not None:
        if ancestor.pk == policy.pk:
            raise exceptions.PolicyLoop
        ancestor = ancestor.parent


def _check_host(server: spec.Server) -> None:
    try:
        spec.check_host(server, settings.POLICY_HOSTS)
    except spec.HostNotAllowed as error:
        raise exceptions.HostNotAllowed(error.detail) from error


def _check_key(policy: Policy, actor: User | None) -> None:
    """What a variable holds is sent to the policy's host, and the workers have other secrets too."""
    if actor is None or actor.is_superuser or not policies.is_server(policy.source):
        return
    if policy.api_key_variable and policy.api_key_variable not in settings.POLICY_KEYS:
        raise exceptions.KeyNotAllowed


def _check_folder(folder: Path) -> None:
    real = folder.resolve()
    if not any(real.is_relative_to(Path(each).resolve()) for each in settings.POLICY_FOLDERS):
        raise exceptions.FolderNotAllowed


def _read_weights(policy: Policy) -> None:
    """Fetch the files, pin the revision and hash the weights."""
    folder = policies.fetch(policy.source, policy.revision, weights=True)
    policy.revision = policies.pinned_revision(policy.source, policy.revision, folder)
    if not any(folder.glob("*.safetensors")):
        raise protocol.UnsupportedPolicy("it has no safetensors weights")
    policy.weights_sha256 = spec.weights_sha256(folder)


def _read_words(policy: Policy) -> None:
    """Take the hashes and the window from tokenizer, template and configuration, where there are."""
    chat = policies.chat_tokenizer(policy)
    if chat is not None:
        policy.tokenizer_sha256 = chat.tokenizer_sha256
        policy.chat_template_sha256 = chat.template_sha256
        policy.context_window_tokens = policy.context_window_tokens or chat.context_tokens
        if not chat.stop_ids:
            raise protocol.UnsupportedPolicy(
                "it names no token that ends a turn; set eos_token in its tokenizer"
            )
    if policy.context_window_tokens is None:
        raise protocol.UnsupportedPolicy(
            "it states no context window; give one with --context-window"
        )


def _told(policy: Policy) -> dict[str, Any]:
    return {"name": policy.name, "source": policy.source, "revision": policy.revision}
