"""Active time by day and month, as it was counted and as it was granted (DATA.md §7)."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Q, QuerySet, Sum

from annotation.models import ActiveTime, TimeContest
from labelhub import exceptions
from labelhub.accounts.models import Membership, Project, User
from labelhub.accounts.selectors import row_for


@dataclass(frozen=True)
class Day:
    """A person's day in UTC; `n_tasks` were worked on then, each counted on every such day.

    `granted_seconds` is the newest decision, which stands while the day is contested again.
    """

    day: date
    active_seconds: float
    n_tasks: int
    contest: TimeContest | None
    granted_seconds: float | None


def month_bounds(month: str) -> tuple[datetime, datetime]:
    """The first moment of `YYYY-MM` and of the month after. Raises InvalidInput."""
    try:
        first = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
        n_days = calendar.monthrange(first.year, first.month)[1]
        return first, first + timedelta(days=n_days)
    except (ValueError, OverflowError):
        raise exceptions.InvalidInput(fields={"month": ["Write a month as 2026-11."]}) from None


def days_of(*, membership: Membership, month: str) -> list[Day]:
    """The person's days of a month on which something was counted or contested, newest first."""
    first, after = month_bounds(month)
    counted = {
        row["day"]: row
        for row in _by_day(
            ActiveTime.objects.filter(
                rater__user=membership.user, assignment__project=membership.project
            ),
            first,
            after,
        )
    }
    contests: dict[date, TimeContest] = {}
    granted: dict[date, float] = {}
    for contest in TimeContest.objects.filter(
        rater__user=membership.user,
        project=membership.project,
        day__gte=first.date(),
        day__lt=after.date(),
    ).order_by("pk"):
        contests[contest.day] = contest
        if contest.granted_seconds is not None:
            granted[contest.day] = contest.granted_seconds
    return [
        Day(
            day=day,
            active_seconds=counted[day]["seconds"] if day in counted else 0.0,
            n_tasks=counted[day]["n_tasks"] if day in counted else 0,
            contest=contests.get(day),
            granted_seconds=granted.get(day),
        )
        for day in sorted(counted.keys() | contests.keys(), reverse=True)
    ]


def seconds_on(*, membership: Membership, day: date) -> float:
    """What was counted for the person on a day."""
    return sum(
        (
            row.active_seconds
            for row in days_of(membership=membership, month=day.strftime("%Y-%m"))
            if row.day == day
        ),
        0.0,
    )


def _by_day(rows: QuerySet[ActiveTime], first: datetime, after: datetime) -> Any:
    """Rows of {"day", "seconds", "n_tasks"}, which `values` may split further by person."""
    return (
        rows.filter(day__gte=first.date(), day__lt=after.date())
        .order_by()
        .values("day")
        .annotate(seconds=Sum("seconds"), n_tasks=Count("pk"))
    )


# More than a manager decides before looking again.
MAX_OPEN_SHOWN = 200


def open_contests(*, project: Project) -> QuerySet[TimeContest]:
    """What a manager is to decide, oldest first; newer ones follow as these are decided."""
    return (
        TimeContest.objects.filter(project=project, decided_at=None)
        .select_related("rater__user")
        .order_by("pk")[:MAX_OPEN_SHOWN]
    )


def contest_for_manager(*, user: User | AnonymousUser, contest_id: int) -> TimeContest:
    """A contest in a project the person manages. Raises NotFound for any other."""
    return row_for(TimeContest.objects.all(), contest_id, user=user)


def month_rows(*, project: Project, month: str) -> Iterator[tuple[str, str, int, int, int, str]]:
    """The monthly export: name, day, tasks, seconds counted, seconds that stand, how they came about.

    The newest decision replaces the count of its day; an open contest leaves both and is named.
    """
    first, after = month_bounds(month)
    granted: dict[tuple[int, date], float] = {}
    is_open: dict[tuple[int, date], bool] = {}
    for contest in TimeContest.objects.filter(
        project=project, day__gte=first.date(), day__lt=after.date()
    ).order_by("pk"):
        key = contest.rater_id, contest.day
        is_open[key] = contest.granted_seconds is None
        if contest.granted_seconds is not None:
            granted[key] = contest.granted_seconds
    counted = {
        (row["rater"], row["day"]): row
        for row in _by_day(
            ActiveTime.objects.filter(assignment__project=project), first, after
        ).values("rater", "day", "seconds", "n_tasks")
    }
    names = dict(
        Membership.objects.filter(
            Q(user__rater__in={rater for rater, _ in counted.keys() | is_open.keys()}),
            project=project,
        ).values_list("user__rater", "user__username")
    )
    for rater, day in sorted(counted.keys() | is_open.keys()):
        row = counted.get((rater, day))
        seconds = round(row["seconds"]) if row else 0
        how = [
            *(["decided"] if (rater, day) in granted else []),
            *(["contested"] if is_open.get((rater, day)) else []),
        ]
        yield (
            names.get(rater, f"rater {rater}"),
            day.isoformat(),
            row["n_tasks"] if row else 0,
            seconds,
            round(granted.get((rater, day), seconds)),
            " and ".join(how) or "counted",
        )
