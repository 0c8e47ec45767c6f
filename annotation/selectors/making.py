"""Following how comparisons are made: runs with how far they are, states, and how fast it goes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncHour

from annotation.models import Comparison, PickRun
from annotation.selectors import comparisons as selectors
from labelhub import clock
from labelhub.accounts import selectors as accounts
from labelhub.accounts.models import Project, User

State = Comparison.State
# A run's pace is that of its last ten minutes.
PACE_OVER = timedelta(minutes=10)
HOURS = 24
# Counts stop here; the page shows "999+".
COUNT_BOUND = 1000


def pick_runs_of(*, project: Project) -> QuerySet[PickRun]:
    """Runs with how many comparisons each began, and in which state these are."""
    began = Q(comparisons__supersedes=None)
    return PickRun.objects.filter(project=project).annotate(
        n_picked=Count("comparisons", filter=began),
        n_sampling=Count("comparisons", filter=Q(comparisons__state=State.SAMPLING)),
        n_ready=Count("comparisons", filter=Q(comparisons__state=State.READY)),
        n_failed=Count("comparisons", filter=Q(comparisons__state=State.FAILED)),
        n_cancelled=Count("comparisons", filter=Q(comparisons__state=State.CANCELLED)),
        n_lately=Count("comparisons", filter=Q(comparisons__ready_at__gte=clock.now() - PACE_OVER)),
    )


def seconds_left(run: Any) -> float | None:
    """How long a run of `pick_runs_of` will still be sampled; None where nothing came of it lately."""
    if run.n_sampling == 0:
        return 0.0
    if run.n_lately == 0:
        return None
    looked_at = min(PACE_OVER, clock.now() - run.created_at)
    return float(run.n_sampling * looked_at.total_seconds() / run.n_lately)


def pick_run_for_manager(*, user: User | AnonymousUser, run_id: int) -> PickRun:
    """A run of a project that the person manages. Raises NotFound for any other."""
    return accounts.row_for(PickRun.objects.all(), run_id, user=user)


@dataclass(frozen=True)
class Hour:
    hour: datetime
    n_ready: int


@dataclass(frozen=True)
class Making:
    """Comparisons by state, how many became ready in each of the last hours, what could be drawn."""

    states: dict[str, int]
    hours: list[Hour]
    eligible: dict[str, int]


def making(*, project: Project) -> Making:
    rows = Comparison.objects.filter(project=project)
    round_ = selectors.open_round(project=project)
    moment: dict[str, Any] = {"project": project, "round_": round_, "as_of": clock.now()}
    eligible: dict[str, QuerySet[Any, Any]] = {
        PickRun.Source.CHATS.value: _conversations(selectors.eligible_rows(**moment)),
        PickRun.Source.IMPORTED.value: _conversations(selectors.imported_rows(**moment)),
        PickRun.Source.PROMPTS.value: selectors.prompt_rows(**moment),
    }
    return Making(
        states={state.value: _bounded(rows.filter(state=state)) for state in State},
        hours=_hours(project),
        eligible={source: _bounded(found) for source, found in eligible.items()},
    )


def _hours(project: Project) -> list[Hour]:
    this = clock.now().replace(minute=0, second=0, microsecond=0)
    first = this - timedelta(hours=HOURS - 1)
    counts = dict(
        Comparison.objects.filter(
            project=project, pick_run__isnull=False, ready_at__isnull=False, ready_at__gte=first
        )
        .values(hour=TruncHour("ready_at"))
        .annotate(n=Count("pk"))
        .values_list("hour", "n")
    )
    hours = [first + timedelta(hours=number) for number in range(HOURS)]
    return [Hour(hour, counts.get(hour, 0)) for hour in hours]


def _conversations(rows: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    return rows.order_by().values("conversation").distinct()


def _bounded(rows: QuerySet[Any, Any]) -> int:
    return rows[:COUNT_BOUND].count()
