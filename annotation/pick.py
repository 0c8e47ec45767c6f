"""Seeded draws that anybody can repeat: which messages are compared, which policies answer.

Everything here is ordered by blake2b(seed ‖ id). Such an order depends on nothing but the seed and
the ids themselves, so a draw over the rows of a moment comes out the same however many rows came
later (DATA.md §2).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import accumulate, pairwise
from math import floor

_KEY_BITS = 64


def order_key(seed: int, row_id: int, *, draw: str) -> int:
    """A number in [0, 2⁶⁴) that is uniform over seeds; `draw` keeps draws of one seed independent."""
    digest = blake2b(
        f"{seed}:{row_id}".encode(), digest_size=_KEY_BITS // 8, person=draw.encode()
    ).digest()
    return int.from_bytes(digest)


@dataclass(frozen=True, slots=True)
class Pick:
    """A message drawn to be compared.

    `probability` is the chance, over seeds, that exactly this message is drawn out of the
    population of its run: min(1, wanted / eligible conversations) for its conversation, times
    1 / eligible messages within that conversation. Its inverse weighs a sample back to all messages.
    """

    conversation_id: int
    message_id: int
    probability: float


@dataclass(frozen=True, slots=True)
class Draw:
    """The picks of one run in their order, and how many conversations they were drawn from."""

    picks: list[Pick]
    population: int


def draw(eligible: Iterable[tuple[int, Sequence[int]]], *, n_wanted: int, seed: int) -> Draw:
    """Draw conversations uniformly without replacement, then one message uniformly within each.

    `eligible` gives each conversation once, as its id and the ids of its eligible messages (at least
    one), in any order; it is read once and only the picks are held.
    """
    population = 0

    def keyed() -> Iterable[tuple[int, int, Sequence[int]]]:
        nonlocal population
        for conversation_id, message_ids in eligible:
            population += 1
            yield (
                order_key(seed, conversation_id, draw="conversation"),
                conversation_id,
                message_ids,
            )

    first = heapq.nsmallest(n_wanted, keyed())
    share = min(1.0, n_wanted / population) if population else 0.0
    picks = [
        Pick(
            conversation_id,
            min(message_ids, key=lambda message_id: order_key(seed, message_id, draw="message")),
            share / len(message_ids),
        )
        for _, conversation_id, message_ids in first
    ]
    return Draw(picks, population)


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
