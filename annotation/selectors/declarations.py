"""What a person says of themselves that decides what work they get, and the limits of sensitive work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Sum

from annotation.models import ActiveTime, Assignment, Pool
from labelhub import clock
from labelhub.accounts.models import Membership

# DATA.md §7. A row ends with other work, or with an hour without any.
SENSITIVE_IN_A_ROW = 10
SENSITIVE_SECONDS_A_DAY = 2 * 60 * 60
REST = timedelta(hours=1)


def opt_ins_now(*, rater_id: int, opt_ins: Sequence[str]) -> list[str]:
    """The sensitive topics a person may be given at this moment: their own, or none while they rest."""
    return list(opt_ins) if opt_ins and not _needs_rest(rater_id) else []


def _needs_rest(rater_id: int) -> bool:
    now = clock.now()
    newest = list(
        Assignment.objects.filter(rater=rater_id, leased_at__gte=now - timedelta(days=1))
        .order_by("-leased_at")
        .values_list("task__pool__sensitivity", "leased_at", "last_beat_at")[:SENSITIVE_IN_A_ROW]
    )
    n_in_a_row, later = 0, now
    for sensitivity, begun_at, ended_at in newest:
        if not sensitivity or later - ended_at >= REST:
            break
        n_in_a_row, later = n_in_a_row + 1, begun_at
    if n_in_a_row >= SENSITIVE_IN_A_ROW:
        return True
    seconds: float | None = (
        ActiveTime.objects.filter(rater=rater_id, day=now.date())
        .exclude(assignment__task__pool__sensitivity=[])
        .aggregate(seconds=Sum("seconds"))["seconds"]
    )
    return (seconds or 0.0) >= SENSITIVE_SECONDS_A_DAY


@dataclass(frozen=True)
class Declaration:
    """What a person declared, and what the project has work in."""

    languages: list[str]
    sensitivity_opt_ins: list[str]
    languages_asked_for: list[str]
    sensitive_topics: list[str]


def declaration_of(*, membership: Membership) -> Declaration:
    pools = Pool.objects.filter(project=membership.project).values_list("language", "sensitivity")
    asked = list(pools)
    return Declaration(
        languages=membership.languages,
        sensitivity_opt_ins=membership.sensitivity_opt_ins,
        languages_asked_for=sorted({language for language, _ in asked}),
        sensitive_topics=sorted({topic for _, topics in asked for topic in topics}),
    )
