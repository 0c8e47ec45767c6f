"""How far a project has come: the manager's tiles and people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from annotation.models import (
    ActiveTime,
    Assignment,
    Comparison,
    Conversation,
    Ranking,
    Review,
    Round,
    Task,
    TaskKind,
)
from annotation.selectors.comparisons import eligible_rows, open_round
from labelhub import clock
from labelhub.accounts.models import Membership, Project

# Counts stop here; the page shows "999+".
COUNT_BOUND = 1000
PEOPLE_BOUND = 500


@dataclass(frozen=True)
class PersonProgress:
    """What one member did. Active time counts work that was skipped or rejected too (DATA.md §7)."""

    display_name: str
    role: str
    today: int
    this_week: int
    active_seconds_this_week: float


def newest_round(*, project: Project) -> Round | None:
    return Round.objects.filter(project=project).order_by("-number").first()


def tiles_of(*, project: Project) -> dict[str, dict[str, int]]:
    """What is open, under way and done, each count exact below COUNT_BOUND."""
    open_tasks = Task.objects.filter(project=project, state=Task.State.OPEN)
    held = Assignment.objects.filter(project=project, state=Assignment.State.LEASED)
    conversations = Conversation.objects.filter(project=project)
    demonstrations = conversations.filter(kind=Conversation.Kind.DEMONSTRATION)
    comparisons = Comparison.objects.filter(project=project)
    eligible = (
        eligible_rows(project=project, round_=open_round(project=project), as_of=clock.now())
        .order_by()
        .values("conversation")
        .distinct()
    )
    return {
        "demonstrations": {
            "open": _bounded(open_tasks.filter(kind=TaskKind.DEMONSTRATION)),
            "held": _bounded(held.filter(kind=TaskKind.DEMONSTRATION)),
            "submitted": _bounded(demonstrations.filter(state=Conversation.State.SUBMITTED)),
            "approved": _bounded(
                demonstrations.filter(
                    state__in=[
                        Conversation.State.APPROVED,
                        Conversation.State.ACCEPTED_BY_SAMPLING,
                    ]
                )
            ),
        },
        "chats": {
            "open": _bounded(open_tasks.filter(kind=TaskKind.CHAT)),
            "finished": _bounded(
                conversations.filter(kind=Conversation.Kind.CHAT, state=Conversation.State.FINISHED)
            ),
            "eligible": _bounded(eligible),
        },
        "comparisons": {
            "sampling": _bounded(comparisons.filter(state=Comparison.State.SAMPLING)),
            "ready": _bounded(comparisons.filter(state=Comparison.State.READY)),
            "failed": _bounded(comparisons.filter(state=Comparison.State.FAILED)),
        },
        "rankings": {
            "open": _bounded(open_tasks.filter(kind=TaskKind.RANKING)),
            "done": _bounded(
                Ranking.objects.filter(project=project, is_current=True, rater__isnull=False)
            ),
        },
        "reviews": {
            "open": _bounded(open_tasks.filter(kind=TaskKind.REVIEW)),
            "done": _bounded(Review.objects.filter(project=project)),
        },
    }


def _bounded(rows: QuerySet[Any, Any]) -> int:
    return rows[:COUNT_BOUND].count()


def people_of(*, project: Project) -> list[PersonProgress]:
    """Active members by name. Days and weeks are UTC, weeks begin on Monday."""
    midnight = clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    monday = midnight - timedelta(days=midnight.weekday())
    members = list(
        Membership.objects.filter(project=project, deactivated_at=None)
        .select_related("user__rater")
        .order_by("user__display_name", "user__username")[:PEOPLE_BOUND]
    )
    raters = [member.user.rater.pk for member in members]
    mine = Assignment.objects.filter(project=project, rater__in=raters)
    submitted = {
        rater: (today, this_week)
        for rater, today, this_week in mine.filter(
            state=Assignment.State.SUBMITTED, submitted_at__gte=monday
        )
        .values("rater")
        .annotate(today=Count("pk", filter=Q(submitted_at__gte=midnight)), this_week=Count("pk"))
        .values_list("rater", "today", "this_week")
    }
    active = dict(
        ActiveTime.objects.filter(
            rater__in=raters, day__gte=monday.date(), assignment__project=project
        )
        .values("rater")
        .annotate(seconds=Sum("seconds"))
        .values_list("rater", "seconds")
    )
    return [
        PersonProgress(
            str(member.user),
            member.role,
            *submitted.get(rater, (0, 0)),
            active_seconds_this_week=active.get(rater, 0.0),
        )
        for member, rater in zip(members, raters, strict=True)
    ]
