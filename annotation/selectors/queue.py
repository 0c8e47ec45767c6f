"""Reading assignments and what is left to do."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce

from annotation.models import (
    ActiveTime,
    Assignment,
    Batch,
    Conversation,
    Pool,
    Slot,
    Task,
    TaskKind,
)
from annotation.selectors.declarations import opt_ins_now
from labelhub import clock, exceptions
from labelhub.accounts.models import Membership, Rater, User
from labelhub.accounts.selectors import is_member

# Counts stop here; the page shows "99+".
COUNT_BOUND = 100
# Open slots of one task stand together; this many a task are looked at before the count gives up.
SLOTS_LOOKED_AT = 3


def assignment_for(
    *, user: User | AnonymousUser, assignment_id: int, kinds: Collection[str] | None = None
) -> Assignment:
    """The person's own assignment in a project they are still a member of.

    Raises NotFound for an absent one, another's, or another kind.
    """
    found = (
        Assignment.objects.select_related(
            "task__prompt",
            "task__comparison",
            "project",
            "rater__user",
            "guideline",
            "conversation",
        )
        .filter(is_member(user), pk=assignment_id, rater__user=user.pk)
        .first()
    )
    if found is None or (kinds is not None and found.kind not in kinds):
        raise exceptions.NotFound
    return found


def _rater(membership: Membership) -> Rater | None:
    """None for an admin who is no member anywhere: nothing is theirs, and no row has no rater."""
    return getattr(membership.user, "rater", None)


@dataclass(frozen=True)
class Queue:
    """What waits for a person of one kind: `available` is exact below COUNT_BOUND."""

    kind: TaskKind
    available: int
    held: int | None
    paused: bool


def queues_of(*, membership: Membership, kinds: Collection[TaskKind]) -> list[Queue]:
    """One Queue a kind, in the order of `kinds`."""
    rater = _rater(membership)
    held = dict(
        Assignment.objects.filter(
            rater=rater, project=membership.project, state=Assignment.State.LEASED
        ).values_list("kind", "pk")
    )
    open_batches = Batch.objects.filter(project=membership.project, closed_at=None, paused_at=None)
    running = set(open_batches.values_list("kind", flat=True))
    paused = set(
        Batch.objects.filter(project=membership.project, closed_at=None)
        .exclude(paused_at=None)
        .values_list("kind", flat=True)
    )
    opt_ins = (
        opt_ins_now(rater_id=rater.pk, opt_ins=membership.sensitivity_opt_ins) if rater else []
    )
    return [
        Queue(
            kind=kind,
            available=_count_open(membership, kind, opt_ins),
            held=held.get(kind),
            paused=membership.project.paused_at is not None
            or membership.project.archived_at is not None
            or (kind in paused and kind not in running),
        )
        for kind in kinds
    ]


def _count_open(membership: Membership, kind: TaskKind, opt_ins: list[str]) -> int:
    """Tasks of this kind that a claim could give the person now, counted up to COUNT_BOUND."""
    rater = membership.user.rater
    pools = Pool.objects.filter(
        Q(skill="") | Q(skill__in=membership.skills),
        project=membership.project,
        kind=kind,
        language__in=membership.languages,
        sensitivity__contained_by=opt_ins,
    )
    reachable = (
        Slot.objects.filter(pool__in=pools, state=Slot.State.OPEN)
        .filter(Q(batch=None) | Q(batch__paused_at=None, batch__closed_at=None))
        .filter(Q(task__reserved_for=None) | Q(task__reserved_for=rater))
        .exclude(task__barred_raters__contains=[rater.pk])
        .exclude(
            task__in=Assignment.objects.filter(rater=rater)
            .exclude(state=Assignment.State.EXPIRED)
            .values("task")
        )
        .order_by()
        .values_list("task", flat=True)[: COUNT_BOUND * SLOTS_LOOKED_AT]
    )
    return min(len(set(reachable)), COUNT_BOUND)


@dataclass(frozen=True)
class Effort:
    """What a person did in a project. Times in seconds, days in UTC."""

    today: int
    this_week: int
    active_seconds_today: float


def effort_of(*, membership: Membership) -> Effort:
    midnight = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    monday = midnight - timedelta(days=midnight.weekday())
    mine = Assignment.objects.filter(rater=_rater(membership), project=membership.project)
    submitted = mine.filter(state=Assignment.State.SUBMITTED, submitted_at__gte=monday).aggregate(
        this_week=Count("pk"), today=Count("pk", filter=Q(submitted_at__gte=midnight))
    )
    active = ActiveTime.objects.filter(
        rater=_rater(membership), day=midnight.date(), assignment__project=membership.project
    ).aggregate(seconds=Coalesce(Sum("seconds"), 0.0))
    return Effort(active_seconds_today=active["seconds"], **submitted)


def kept_of(*, membership: Membership) -> list[dict[str, Any]]:
    """Submissions that came after the slot was taken, newest first."""
    rows = Assignment.objects.filter(
        rater=_rater(membership), project=membership.project, kept_submission__isnull=False
    ).order_by("-last_beat_at")[:20]
    return [{"assignment": row.pk, "kind": row.kind, "at": row.last_beat_at} for row in rows]


@dataclass(frozen=True)
class Returned:
    """A demonstration that came back to its author: the task to claim and what the reviewer said."""

    task: int
    conversation: int
    title: str
    comment: str
    returned_at: datetime


def returned_to(*, membership: Membership) -> list[Returned]:
    """Redo tasks reserved for the person that are still open."""
    tasks = (
        Task.objects.filter(
            project=membership.project,
            reserved_for=_rater(membership),
            state=Task.State.OPEN,
            subject__state=Conversation.State.RETURNED,
        )
        .select_related("subject__prompt")
        .prefetch_related("subject__reviews")
        .order_by("pk")[:20]
    )
    found = []
    for task in tasks:
        subject = task.subject
        assert subject is not None
        # One that its author took back was not reviewed.
        review = max(subject.reviews.all(), key=lambda row: row.pk, default=None)
        title = subject.prompt.text if subject.prompt else "Your own idea"
        found.append(
            Returned(
                task=task.pk,
                conversation=subject.pk,
                title=title[:120],
                comment=review.comment if review else "",
                returned_at=review.created_at if review else task.created_at,
            )
        )
    return found
