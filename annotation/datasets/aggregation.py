"""Several people's rankings of one comparison → one opinion: the pairs they agree on, or one order
(DATA.md §4 and §6)."""

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum

from annotation.datasets.records import CandidateRecord, RankingRecord
from annotation.measures.agreement import pair_agreement
from annotation.measures.consensus import CLEAR, borda, consensus_pairs
from annotation.measures.opinions import OPINIONS, PLANNED

# Opinions are added up from so many people on.
MIN_RATERS = 2
# Metadata that is of the comparison, not of one person's look at it.
_SHARED_METADATA = (
    "source",
    "source_row",
    "origin_key",
    "licence",
    "output_licences",
    "category",
    "pick_probability",
    "cut_by_length",
    "near_identical",
)


class Aggregate(StrEnum):
    """What becomes of several rankings of one comparison."""

    RATERS = "raters"  # each stands for itself
    CONSENSUS = "consensus"  # the pairs that a clear share of the raters order alike
    BORDA = "borda"  # one order by mean mid-rank


def opinions(group: Sequence[RankingRecord]) -> list[RankingRecord]:
    """The rankings of the group that a consensus is made of (see measures.opinions)."""
    return [ranking for ranking in group if ranking.is_raters and ranking.reason in OPINIONS]


def planned(group: Sequence[RankingRecord]) -> list[RankingRecord]:
    """The opinions of the group that alone say how far people agree."""
    return [ranking for ranking in opinions(group) if ranking.reason in PLANNED]


def agreement_of(group: Sequence[RankingRecord]) -> float | None:
    """The share of candidate pairs that two planned raters order alike; None where no two order any."""
    return pair_agreement(_tiers(planned(group)))


def agreed_pairs(
    group: Sequence[RankingRecord], *, clear: float = CLEAR
) -> list[tuple[CandidateRecord, CandidateRecord, float]]:
    """(chosen, rejected, agreement) of the pairs that at least `clear` of the raters order alike, best
    agreed first; none where fewer than two ranked them."""
    candidates = group[0].candidates
    return [
        (candidates[pair.chosen], candidates[pair.rejected], pair.agreement)
        for pair in consensus_pairs(_tiers(opinions(group)), min_raters=MIN_RATERS, clear=clear)
    ]


def borda_ranking(group: Sequence[RankingRecord]) -> RankingRecord:
    """One ranking made of the group's opinions. It has no rater, and says nothing that only one
    person said."""
    rankings = opinions(group)
    first = rankings[0]
    rank_of = {
        item: rank for rank, tier in enumerate(borda(_tiers(rankings)), start=1) for item in tier
    }
    guidelines = {ranking.guideline for ranking in rankings}
    return replace(
        nobodys(first, n_raters=len(rankings)),
        candidates=tuple(
            replace(candidate, rank=rank_of[index], rating=None, flags=None)
            for index, candidate in enumerate(first.candidates)
        ),
        guideline=first.guideline if len(guidelines) == 1 else None,
    )


def nobodys(ranking: RankingRecord, *, n_raters: int) -> RankingRecord:
    """The ranking's comparison without what one person said of it; `n_raters` goes into the metadata."""
    kept = {name: ranking.metadata[name] for name in _SHARED_METADATA if name in ranking.metadata}
    return replace(
        ranking,
        id=None,
        revision=None,
        acceptable_tier=None,
        strength=None,
        rewrite=None,
        comment=None,
        rater=None,
        shown_order=None,
        active_seconds=None,
        created_at=None,
        metadata=kept | {"n_raters": n_raters},
    )


def _tiers(group: Sequence[RankingRecord]) -> list[list[int]]:
    """A row of ranks a rater; candidates of one comparison stand in one order in all of its rankings."""
    return [[candidate.rank for candidate in ranking.candidates] for ranking in group]
