"""Reading what policies were asked and said."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

import orjson
from django.contrib.auth.models import AnonymousUser
from django.db.models import F, Prefetch, QuerySet

from labelhub import clock, exceptions
from labelhub.accounts.models import User
from sampling.models import SERVES, Completion, Gate, Generation, Policy, PolicyCheck, Runner

# What whoever asked may look at: candidates stay hidden until they are ranked, on every endpoint.
VISIBLE_PURPOSES = (
    Generation.Purpose.DRAFT,
    Generation.Purpose.CHAT,
    Generation.Purpose.PROBE,
)
ENDED = (Generation.State.DONE, Generation.State.FAILED, Generation.State.CANCELLED)
RUNNER_SILENT_AFTER = timedelta(seconds=30)
DELAYED_AFTER_SECONDS = 10.0
CONSUMED_WITHIN = timedelta(seconds=20)


class SamplingState(StrEnum):
    OK = "ok"
    DELAYED = "delayed"  # somebody waits for a draft or a reply longer than usual
    DOWN = "down"  # no GPU worker has reported for a while


@dataclass(frozen=True)
class SamplingHealth:
    """How sampling does; `oldest_queued_seconds` is None when nothing waits."""

    state: SamplingState
    oldest_queued_seconds: float | None
    runners: int


def generation_for(*, user: User | AnonymousUser, generation_id: int) -> Generation:
    """The person's own generation, unless of candidates, with its completions; else NotFound."""
    return generations_for(user=user, generation_ids=[generation_id])[0]


def generations_for(
    *, user: User | AnonymousUser, generation_ids: Collection[int]
) -> list[Generation]:
    """The person's own generations but for candidates, by id. NotFound where any of them is not."""
    wanted = set(generation_ids)
    found = list(
        with_completions()
        .filter(pk__in=wanted, requested_by=user.pk, purpose__in=VISIBLE_PURPOSES)
        .order_by("pk")
    )
    if len(found) != len(wanted):
        raise exceptions.NotFound
    return found


def may_follow(*, user_id: int | None, generation_ids: Collection[int]) -> bool:
    """Whether an active person still may look at all of these generations."""
    mine = Generation.objects.filter(
        pk__in=generation_ids,
        requested_by=user_id,
        requested_by__is_active=True,
        purpose__in=VISIBLE_PURPOSES,
    )
    return mine.count() == len(set(generation_ids))


def with_completions() -> QuerySet[Generation]:
    completions = Completion.objects.order_by("index")
    return Generation.objects.prefetch_related(Prefetch("completions", completions))


def ended_generations(*, generation_ids: Collection[int]) -> list[Generation]:
    """Those of `generation_ids` that have ended, with their completions."""
    return list(with_completions().filter(pk__in=generation_ids, state__in=ENDED))


def completions_of(generation: Generation) -> list[Completion]:
    return list(generation.completions.order_by("index"))


def policy_named(name: str) -> Policy:
    policy = Policy.objects.filter(name=name).first()
    if policy is None:
        raise exceptions.NotFound(f"There is no policy named {name}.")
    return policy


def expected_policy() -> Policy | None:
    """The policy that the next request most likely asks: the one asked last, else the newest."""
    asked = Generation.objects.select_related("policy").order_by("-id").first()
    if asked is not None and asked.policy.serves:
        return asked.policy
    return Policy.objects.filter(SERVES).order_by("-id").first()


def policies() -> list[Policy]:
    """Every policy with its parent and checks, newest check first; those that serve come first."""
    return list(
        _with_checks().order_by(
            F("retired_at").desc(nulls_first=True), F("activated_at").desc(nulls_last=True), "name"
        )
    )


def policy_with(*, policy_id: int) -> Policy:
    """One policy as `policies` gives it. Raises NotFound."""
    policy = _with_checks().filter(pk=policy_id).first()
    if policy is None:
        raise exceptions.NotFound("There is no such policy.")
    return policy


def _with_checks() -> QuerySet[Policy]:
    newest_first = PolicyCheck.objects.order_by("-id")
    return Policy.objects.select_related("parent").prefetch_related(
        Prefetch("checks", newest_first, to_attr="checks_newest_first")
    )


def gate() -> Gate | None:
    """The gate with who changed it; None as long as nobody has."""
    return Gate.objects.select_related("changed_by").first()


def gate_mode() -> str:
    """What GPU workers may claim."""
    mode: str | None = Gate.objects.values_list("mode", flat=True).first()
    return Gate.Mode.OPEN if mode is None else mode


def unconsumed_generations(limit: int) -> list[Generation]:
    """Ended generations whose job should have consumed them by now, the oldest first."""
    return list(
        Generation.objects.filter(consumed_at=None, finished_at__lt=clock.now() - CONSUMED_WITHIN)
        .exclude(on_done="")
        .order_by("finished_at")[:limit]
    )


def sampling_health() -> SamplingHealth:
    """Two short queries: live runners, and the oldest waiting generation of each priority.

    Only people's waiting counts as a delay: a queue of candidates is meant to be long.
    """
    now = clock.now()
    runners = Runner.objects.filter(seen_at__gte=now - RUNNER_SILENT_AFTER).count()
    queued = Generation.objects.filter(state=Generation.State.QUEUED).order_by("id")
    oldest = [
        queued.filter(priority=priority).values_list("priority", "created_at")[:1]
        for priority in Generation.Priority.values
    ]
    waiting = {
        priority: (now - created_at).total_seconds()
        for priority, created_at in oldest[0].union(*oldest[1:], all=True)
    }
    if not runners:
        state = SamplingState.DOWN
    elif waiting.get(Generation.Priority.INTERACTIVE, 0.0) > DELAYED_AFTER_SECONDS:
        state = SamplingState.DELAYED
    else:
        state = SamplingState.OK
    return SamplingHealth(state, max(waiting.values(), default=None), runners)


def context_hash(messages: Sequence[Mapping[str, str]]) -> str:
    """The sha256 over the messages' roles and contents as canonical JSON."""
    return hashlib.sha256(canonical_messages(messages)).hexdigest()


def canonical_messages(messages: Sequence[Mapping[str, str]]) -> bytes:
    turns = [{"role": turn["role"], "content": turn["content"]} for turn in messages]
    return orjson.dumps(turns, option=orjson.OPT_SORT_KEYS)
