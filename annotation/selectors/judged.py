"""Reading rankings as the measures want them: all planned ones of a comparison together."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.db.models import F, Func, IntegerField, Q, QuerySet

from annotation.measures.opinions import PLANNED
from annotation.models import (
    Candidate,
    Comparison,
    Guideline,
    Placement,
    Purpose,
    Ranking,
    TaskKind,
)
from labelhub.accounts.models import Membership, Project

# What counts in agreement, bias and rater scores (DATA.md §4): planned rankings of people who were
# asked about the data itself, never of their own conversations. None of this changes of a ranking.
_EVER = Q(
    rater__isnull=False,
    reason__in=PLANNED,
    purpose__in=[Purpose.TRAIN, Purpose.EVAL],
    cannot_judge=False,
    own_conversation=False,
)
COUNTS = _EVER & Q(is_current=True)


class Words(Func):
    """How many runs of non-spaces a text has."""

    function = "regexp_count"
    template = "%(function)s(%(expressions)s, '\\S+')"
    output_field = IntegerField()


def eras_of(*, project: Project) -> dict[int, int]:
    """Each ranking guideline's id with how many breaking versions of its purpose there were up to it."""
    n_breaking: Counter[str] = Counter()
    eras = {}
    for pk, purpose, breaking in (
        Guideline.objects.filter(project=project, kind=TaskKind.RANKING)
        .order_by("version")
        .values_list("pk", "purpose", "breaking")
    ):
        n_breaking[purpose] += breaking
        eras[pk] = n_breaking[purpose]
    return eras


def exclusions_of(*, project: Project) -> dict[int, datetime]:
    """Raters whose labels are left out, and from when."""
    rows = Membership.objects.filter(
        project=project, excluded_from__isnull=False, user__rater__isnull=False
    ).values_list("user__rater", "excluded_from")
    return {rater: moment for rater, moment in rows if moment is not None}


def counting(*, project: Project) -> QuerySet[Ranking]:
    """Rankings that count, but for people who were excluded before they gave them."""
    rows = Ranking.objects.filter(COUNTS, project=project)
    for rater, excluded_from in exclusions_of(project=project).items():
        rows = rows.exclude(rater=rater, created_at__gte=excluded_from)
    return rows


def changed_since(*, project: Project, moment: datetime | None) -> list[int]:
    """Comparisons with any person's ranking stored since the moment; all of them where it is None."""
    rows = Ranking.objects.filter(project=project, rater__isnull=False)
    if moment is not None:
        rows = rows.filter(created_at__gte=moment)
    return list(rows.order_by("comparison").values_list("comparison", flat=True).distinct())


def read(*, project: Project, comparison_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """The fields of measures.judged.Judged for each of these comparisons that has a ranking that counts.

    Four queries however many they are.
    """
    return _read(project, counting(project=project).filter(comparison__in=comparison_ids))


def read_frozen(*, project: Project, rankings: QuerySet[Ranking]) -> dict[int, dict[str, Any]]:
    """As `read` of these rankings of the project and no others, though they were revised since, or their
    raters excluded."""
    return _read(project, rankings.filter(_EVER, project=project))


def _read(project: Project, counted: QuerySet[Ranking]) -> dict[int, dict[str, Any]]:
    eras = eras_of(project=project)
    rankings = list(
        counted.annotate(asked_flags=F("rating_schema__flags"))
        .order_by("comparison_id", "pk")
        .values(
            "pk",
            "comparison_id",
            "rater_id",
            "guideline_id",
            "shown_order",
            "active_seconds",
            "asked_flags",
        )
    )
    by_comparison: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for ranking in rankings:
        by_comparison[ranking["comparison_id"]].append(dict(ranking))
    placed = _placements([ranking["pk"] for ranking in rankings])
    candidates = _candidates(by_comparison)
    comparisons = _comparisons(by_comparison)
    return {
        pk: comparisons[pk] | _judged(rows, placed, candidates[pk], eras)
        for pk, rows in by_comparison.items()
    }


def _placements(ranking_ids: Collection[int]) -> dict[int, list[tuple[int, int | None, list[str]]]]:
    found: dict[int, list[tuple[int, int | None, list[str]]]] = defaultdict(list)
    for ranking_id, tier, rating, flags in (
        Placement.objects.filter(ranking__in=ranking_ids)
        .order_by("ranking_id", "candidate__index")
        .values_list("ranking_id", "tier", "rating", "flags")
    ):
        found[ranking_id].append((tier, rating, flags))
    return found


def _candidates(comparison_ids: Iterable[int]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in (
        Candidate.objects.filter(comparison__in=list(comparison_ids))
        .annotate(words=Words("content"))
        .order_by("comparison_id", "index")
        .values("comparison_id", "origin", "words")
    ):
        found[row["comparison_id"]].append(dict(row))
    return found


def _comparisons(comparison_ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    return {
        row["pk"]: {
            "comparison": row["pk"],
            # Resampled together: what came of one conversation, else of one prompt.
            "cluster": row["conversation_id"] or -row["context_id"],
            "round": row["round__number"],
            "language": row["language"],
            "category": row["category"],
        }
        for row in Comparison.objects.filter(pk__in=list(comparison_ids)).values(
            "pk", "conversation_id", "context_id", "round__number", "language", "category"
        )
    }


def _judged(
    rankings: list[dict[str, Any]],
    placed: dict[int, list[tuple[int, int | None, list[str]]]],
    candidates: list[dict[str, Any]],
    eras: dict[int, int],
) -> dict[str, Any]:
    rows = [placed[ranking["pk"]] for ranking in rankings]
    origins = [candidate["origin"] for candidate in candidates]
    asked = {flag["key"] for ranking in rankings for flag in ranking["asked_flags"] or []}
    original = Candidate.Origin.ORIGINAL
    return {
        "raters": [ranking["rater_id"] for ranking in rankings],
        "tiers": [[tier for tier, _, _ in row] for row in rows],
        "words": [candidate["words"] for candidate in candidates],
        "orders": [ranking["shown_order"] for ranking in rankings],
        "eras": [eras.get(ranking["guideline_id"], 0) for ranking in rankings],
        "guidelines": [ranking["guideline_id"] or 0 for ranking in rankings],
        "seconds": [ranking["active_seconds"] for ranking in rankings],
        "ratings": [[rating for _, rating, _ in row] for row in rows],
        "flags": [
            [flags for _, _, flags in row] if ranking["asked_flags"] else None
            for ranking, row in zip(rankings, rows, strict=True)
        ],
        "asked_flags": sorted(asked),
        "original": origins.index(original) if original in origins else None,
    }
