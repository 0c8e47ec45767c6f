"""How many rankings a comparison gets, and whether those it has are split (DATA.md §4)."""

from __future__ import annotations

from collections.abc import Sequence

from annotation import pick
from annotation.measures.agreement import pair_agreement

# Below this share of pairs in the same order the raters do not agree.
AGREED = 0.5


def n_planned(*, seed: int, comparison_id: int, n_overlap: int, share: float) -> int:
    """`n_overlap` rankings for a seeded `share` of comparisons, one for the others."""
    point = pick.order_key(seed, comparison_id, draw="overlap") / 2**64
    return n_overlap if point < share else 1


def is_split(tiers: Sequence[Sequence[int]]) -> bool:
    """Whether two or more rankings disagree so far that another opinion is wanted.

    They agree in fewer than half of the pairs that two of them order, or no candidate stands in the
    top tier of more than half of them. `tiers` has a row a rater.
    """
    if len(tiers) < 2:
        return False
    agreed = pair_agreement(tiers)
    if agreed is not None and agreed < AGREED:
        return True
    return max(sum(row[i] == min(row) for row in tiers) for i in range(len(tiers[0]))) <= (
        len(tiers) / 2
    )
