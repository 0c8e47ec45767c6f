"""Which preference pairs of a comparison a file holds, what each weighs, and by how much it is won
(DATA.md §6)."""

import re
from collections.abc import Sequence
from enum import StrEnum
from hashlib import blake2b
from itertools import combinations, pairwise
from typing import NamedTuple

from annotation import preferences
from annotation.datasets.aggregation import agreed_pairs, nobodys, opinions
from annotation.datasets.records import CandidateRecord, RankingRecord, StrengthRecord

# InstructGPT rates from 1 to 7 and Llama 2 grades up to 3: the widest differences there are.
_RATING_SPAN = 6
_STRENGTH_TOP = 3
_SCALE = re.compile(r"-?\d+\.\.(\d+)")
# Those whose 0 says that the two are equal; the second is RatingSchema.Strength's.
_SIGNED_SCALE = re.compile(r"-\d+\.\.\d+|minus-\d+-to-\d+")


class Pairs(StrEnum):
    """Which pairs of a ranking are written; `one` and `best-worst` suit stock pairwise trainers,
    which shuffle the pairs of a comparison apart."""

    ALL = "all"  # each item above another one: C(K, 2) less the ties
    BEST_WORST = "best-worst"  # the best tier against the worst
    BEST_REST = "best-rest"  # the best tier against every other
    ADJACENT = "adjacent"  # each tier against the next
    ONE = "one"  # one of all pairs of the comparison, drawn by its id


class Margin(StrEnum):
    """What a pair's margin is made of; it lies in [0, 1]."""

    STRENGTH = "strength"  # the grade over its scale's top; none given: 0
    RATING = "rating"  # the ratings' difference over 6; 0 where it contradicts the order
    RANK = "rank"  # tiers apart over tiers less one
    NONE = "none"  # 0


class Ties(StrEnum):
    """What becomes of tied candidates."""

    DROP = "drop"  # they give no pair, as in InstructGPT
    HALF = "half"  # both orders, each at half the weight, margin 0


class Note(StrEnum):
    """What a file had to do with some pairs; its manifest counts them."""

    MARGIN_CONTRADICTED = "margin_contradicted"  # the ratings say the opposite of the order
    MARGIN_UNKNOWN = "margin_unknown"  # no strength or no ratings: margin 0
    EMPTY_REPLY = "empty_reply"  # left out: the format has no place for a reply without words
    SPEAKER_IN_TEXT = (
        "speaker_in_text"  # left out: read as a transcript, a reply would be two turns
    )


class Pair(NamedTuple):
    """One pair of one ranking. Weights of a group's pairs add up to 1. `agreement` is the share of
    raters who order it so, where it is several people's."""

    ranking: RankingRecord
    chosen: CandidateRecord
    rejected: CandidateRecord
    weight: float
    margin: float = 0.0
    note: Note | None = None
    agreement: float | None = None


def pairs_of(
    group: Sequence[RankingRecord],
    *,
    pairs: Pairs = Pairs.ALL,
    margin: Margin = Margin.NONE,
    ties: Ties = Ties.DROP,
) -> list[Pair]:
    """The pairs of all rankings of one comparison: ranking by ranking, each best first, ties last.

    A tied pair stands in both orders and counts as one pair in the weights. Empty where everything
    is tied and ties are dropped.
    """
    found: list[tuple[RankingRecord, CandidateRecord, CandidateRecord, bool]] = []
    for ranking in group:
        tiers = _tiers(ranking)
        found += [(ranking, *pair, False) for pair in _strict(tiers, pairs)]
        if ties == Ties.HALF:
            found += [(ranking, *pair, True) for pair in _tied(tiers, pairs)]
    if pairs == Pairs.ONE and found:
        found = [found[_drawn(group[0], len(found))]]
    written: list[Pair] = []
    for ranking, chosen, rejected, tied in found:
        if tied:
            half = 0.5 / len(found)
            written.append(Pair(ranking, chosen, rejected, half))
            written.append(Pair(ranking, rejected, chosen, half))
        else:
            won_by, note = _margin(ranking, chosen, rejected, margin)
            written.append(Pair(ranking, chosen, rejected, 1 / len(found), won_by, note))
    return written


def consensus_pairs_of(
    group: Sequence[RankingRecord], *, clear: float, pairs: Pairs = Pairs.ALL
) -> list[Pair]:
    """The pairs of one comparison that at least `clear` of its raters order alike, best agreed first;
    of `pairs`, all or one, drawn by the comparison's id."""
    found = agreed_pairs(group, clear=clear)
    if pairs == Pairs.ONE and found:
        found = [found[_drawn(group[0], len(found))]]
    ranking = nobodys(group[0], n_raters=len(opinions(group)))
    return [
        Pair(ranking, chosen, rejected, 1 / len(found), agreement=agreement)
        for chosen, rejected, agreement in found
    ]


def _tiers(ranking: RankingRecord) -> list[list[CandidateRecord]]:
    """The ranking's tiers; of two, a strength of 0 between −n and n says that they are tied."""
    tiers = ranking.tiers
    strength = ranking.strength
    of_two = len(ranking.candidates) == 2
    if of_two and strength and not strength.grade and _SIGNED_SCALE.fullmatch(strength.scale):
        return [[candidate for tier in tiers for candidate in tier]]
    return tiers


def _strict(
    tiers: list[list[CandidateRecord]], pairs: Pairs
) -> list[tuple[CandidateRecord, CandidateRecord]]:
    if pairs == Pairs.BEST_WORST:
        return preferences.preference_pairs([tiers[0], tiers[-1]]) if len(tiers) > 1 else []
    if pairs == Pairs.BEST_REST:
        rest = [candidate for tier in tiers[1:] for candidate in tier]
        return preferences.preference_pairs([tiers[0], rest])
    if pairs == Pairs.ADJACENT:
        return [
            pair
            for better, worse in pairwise(tiers)
            for pair in preferences.preference_pairs([better, worse])
        ]
    return preferences.preference_pairs(tiers)


def _tied(
    tiers: list[list[CandidateRecord]], pairs: Pairs
) -> list[tuple[CandidateRecord, CandidateRecord]]:
    """Tied pairs belong to a file of all pairs; the other choices are about who is above whom."""
    if pairs not in (Pairs.ALL, Pairs.ONE):
        return []
    return [pair for tier in tiers for pair in combinations(tier, 2)]


def _drawn(ranking: RankingRecord, n: int) -> int:
    digest = blake2b(str(ranking.group_id).encode(), digest_size=8, person=b"one pair").digest()
    return int.from_bytes(digest, "big") % n


def _margin(
    ranking: RankingRecord, chosen: CandidateRecord, rejected: CandidateRecord, margin: Margin
) -> tuple[float, Note | None]:
    if margin == Margin.RANK:
        n_tiers = max(candidate.rank for candidate in ranking.candidates)
        return (rejected.rank - chosen.rank) / (n_tiers - 1), None
    if margin == Margin.RATING:
        if chosen.rating is None or rejected.rating is None:
            return 0.0, Note.MARGIN_UNKNOWN
        difference = chosen.rating - rejected.rating
        if difference < 0:
            return 0.0, Note.MARGIN_CONTRADICTED
        return difference / _RATING_SPAN, None
    if margin == Margin.STRENGTH:
        if ranking.strength is None:
            return 0.0, Note.MARGIN_UNKNOWN
        return _strength(ranking.strength), None
    return 0.0, None


def _strength(strength: StrengthRecord) -> float:
    scale = _SCALE.fullmatch(strength.scale)
    top = int(scale.group(1)) if scale else _STRENGTH_TOP
    return min(1.0, abs(strength.grade) / max(top, 1))
