"""Seeded draws that anybody can repeat: which messages are compared, which policies answer.

Everything here is ordered by blake2b(seed ‖ id). Such an order depends on nothing but the seed and
the ids themselves, so a draw over the rows of a moment comes out the same however many rows came
later (DATA.md §2).
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import blake2b
from itertools import accumulate, pairwise
from math import floor
from operator import itemgetter
from typing import NamedTuple

_KEY_BITS = 64


def order_key(seed: int, row_id: int, *, draw: str) -> int:
    """A number in [0, 2⁶⁴) that is uniform over seeds; `draw` keeps draws of one seed independent."""
    digest = blake2b(
        f"{seed}:{row_id}".encode(), digest_size=_KEY_BITS // 8, person=draw.encode()
    ).digest()
    return int.from_bytes(digest)


class Group(NamedTuple):
    """What at most one pick may come from: a conversation with its eligible messages, or a prompt.

    `item_ids` holds at least one id; of a prompt it is the prompt's own.
    """

    group_id: int
    item_ids: Sequence[int]
    category: str = ""


@dataclass(frozen=True, slots=True)
class Pick:
    """An item drawn to be compared, out of its group.

    `probability` is the chance, over seeds, that exactly this item is drawn out of the population of
    its run: that of its group, times 1 / items of the group. Its inverse weighs a sample back to all
    items.
    """

    group_id: int
    item_id: int
    probability: float


@dataclass(frozen=True, slots=True)
class Draw:
    """The picks of one run in their order, and how many groups they were drawn from."""

    picks: list[Pick]
    population: int


def draw(groups: Iterable[Group], *, n_wanted: int, seed: int) -> Draw:
    """Draw groups uniformly without replacement, then one item uniformly within each (DATA.md §2).

    The groups come in any order; they are read once and only the picks are held.
    """
    population = 0

    def keyed() -> Iterable[tuple[int, Group]]:
        nonlocal population
        for group in groups:
            population += 1
            yield _key(group, seed), group

    first = heapq.nsmallest(n_wanted, keyed(), key=itemgetter(0))
    share = min(1.0, n_wanted / population) if population else 0.0
    return Draw([_picked(group, seed, share) for _, group in first], population)


def draw_by_items(groups: Iterable[Group], *, n_wanted: int, seed: int) -> Draw:
    """Draw as if uniformly over all items: a group's chance is in proportion to how many it has.

    Still at most one item a group, so that a group which were due more than once is certain instead.
    Systematic sampling in a seeded order: each group's chance is exactly its quota.
    """
    ordered = sorted(groups, key=lambda group: _key(group, seed))
    quotas = _quotas({group.group_id: len(group.item_ids) for group in ordered}, n_wanted)
    # Fractions, so that exactly as many are drawn as were wanted.
    point = Fraction(order_key(seed, 0, draw="offset"), 2**_KEY_BITS)
    picks = []
    for group in ordered:
        quota = quotas[group.group_id]
        point += quota
        if point >= 1:
            picks.append(_picked(group, seed, float(quota)))
            point -= 1
    return Draw(picks, len(ordered))


def draw_by_category(groups: Iterable[Group], *, n_wanted: int, seed: int) -> Draw:
    """Draw as many groups of every category, or all of a small one, uniformly within each."""
    by_category: dict[str, list[Group]] = defaultdict(list)
    population = 0
    for group in groups:
        by_category[group.category].append(group)
        population += 1
    taken = dict.fromkeys(sorted(by_category), 0)
    n_left = min(n_wanted, population)
    while n_left:
        # Fewest first, and by name: what does not divide goes to the first names.
        open_ones = [name for name in taken if taken[name] < len(by_category[name])]
        for name in open_ones[:n_left]:
            taken[name] += 1
        n_left -= len(open_ones[:n_left])
    picks = [
        pick
        for name, n in taken.items()
        for pick in draw(by_category[name], n_wanted=n, seed=seed).picks
    ]
    return Draw(picks, population)


def _quotas(sizes: Mapping[int, int], n_wanted: int) -> dict[int, Fraction]:
    """Each group's share of `n_wanted` by size; where that is 1 or more it is 1, and the rest share on."""
    quotas = dict.fromkeys(sizes, Fraction(1))
    if n_wanted >= len(sizes):
        return quotas
    rest = dict(sizes)
    while rest:
        scale = Fraction(n_wanted - (len(sizes) - len(rest)), sum(rest.values()))
        certain = [group_id for group_id, size in rest.items() if size * scale >= 1]
        if not certain:
            break
        for group_id in certain:
            del rest[group_id]
    return quotas | {group_id: size * scale for group_id, size in rest.items()}


def _key(group: Group, seed: int) -> int:
    return order_key(seed, group.group_id, draw="conversation")


def _picked(group: Group, seed: int, share: float) -> Pick:
    item_id = min(group.item_ids, key=lambda item: order_key(seed, item, draw="message"))
    return Pick(group.group_id, item_id, share / len(group.item_ids))


def shuffled(row_ids: Iterable[int], *, seed: int, draw: str) -> list[int]:
    """The ids in an order that the seed alone decides and that tells nothing of the ids."""
    return sorted(row_ids, key=lambda row_id: order_key(seed, row_id, draw=draw))


def shares(n: int, weights: Mapping[int, float], *, seed: int) -> dict[int, int]:
    """Split `n` over ids by weight: each gets its quota rounded down or up, together exactly `n`.

    Systematic sampling: one uniform offset shifts all the quotas' boundaries, so that over seeds an
    id's mean share is exactly its quota. Ids with no share are left out. Weights are positive.
    """
    ids = sorted(weights)
    total = sum(weights.values())
    offset = order_key(seed, n, draw="shares") / 2**_KEY_BITS
    running = accumulate((weights[row_id] for row_id in ids), initial=0.0)
    # The last boundary is n itself: a sum of floats divided by itself need not be.
    boundaries = [*(n * weight / total for weight in list(running)[:-1]), float(n)]
    counts = [
        floor(upper + offset) - floor(lower + offset) for lower, upper in pairwise(boundaries)
    ]
    return {row_id: count for row_id, count in zip(ids, counts, strict=True) if count}
