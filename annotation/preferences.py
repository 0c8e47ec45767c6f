"""Rankings as ordered tiers, and the preference pairs that follow from them.

A *tier* is a group of tied items; tiers are listed best first. The ranking is the record: pairs
are derived here and nowhere else, all of one ranking together, as InstructGPT (arXiv 2203.02155,
section 3.5) puts all pairs of a prompt into one batch element.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter
from typing import TypeVar

Item = TypeVar("Item")


def preference_pairs(tiers: Sequence[Sequence[Item]]) -> list[tuple[Item, Item]]:
    """Every (chosen, rejected) pair, best first: by the chosen item, then by the rejected one.

    Tied items give no pair, so there are C(K, 2) less the ties of them.
    """
    return [
        (chosen, rejected)
        for better, tier in enumerate(tiers)
        for chosen in tier
        for worse in tiers[better + 1 :]
        for rejected in worse
    ]


def tiers_of(ranked: Iterable[tuple[Item, int]]) -> list[list[Item]]:
    """The tiers of items given with their dense ranks, in any order; within a tier the order
    given is kept.

    Raises ValueError where the ranks are not 1, 2, … without a gap.
    """
    by_rank = sorted(ranked, key=itemgetter(1))
    tiers = {rank: [item for item, _ in tied] for rank, tied in groupby(by_rank, itemgetter(1))}
    if list(tiers) != list(range(1, len(tiers) + 1)):
        raise ValueError(f"ranks must be 1 to {len(tiers)} without a gap, not {sorted(tiers)}")
    return list(tiers.values())
