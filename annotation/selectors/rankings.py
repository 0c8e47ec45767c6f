"""Reading rankings back as tiers."""

from __future__ import annotations

from collections.abc import Sequence

from annotation.models import Placement, Ranking


def tiers_of(rankings: Sequence[Ranking]) -> dict[int, list[int]]:
    """Each ranking's tier of every candidate, by the candidates' index, in one query.

    By ranking id, in the order given; a ranking without an order is left out.
    """
    found: dict[int, list[int]] = {ranking.pk: [] for ranking in rankings}
    for ranking_id, tier in (
        Placement.objects.filter(ranking__in=list(found))
        .order_by("ranking_id", "candidate__index")
        .values_list("ranking_id", "tier")
    ):
        found[ranking_id].append(tier)
    return {ranking_id: tiers for ranking_id, tiers in found.items() if tiers}


def tiers_by_candidate(ranking: Ranking) -> dict[int, int]:
    """The tier of every candidate of one ranking, by candidate id."""
    return dict(ranking.placements.values_list("candidate_id", "tier"))
