"""Rankings as arrays: what every measure reads, comparisons of one shape together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Signs = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Judged:
    """All planned rankings of one comparison of K candidates.

    `tiers`, `orders`, `ratings` and `flags` have a row a rater, in the order of `raters`; candidates are
    numbered 0 to K − 1. `orders` lists the candidates as that rater was shown them, or is empty where
    that is not known. `ratings` holds None where there is none. `flags` holds the flags raised for each
    candidate, None where the rater was not asked. `cluster` is what is resampled: the conversation.
    """

    comparison: int
    cluster: int
    raters: Sequence[int]
    tiers: Sequence[Sequence[int]]
    words: Sequence[int] = ()
    orders: Sequence[Sequence[int]] = ()
    eras: Sequence[int] = ()
    guidelines: Sequence[int] = ()
    seconds: Sequence[float] = ()
    ratings: Sequence[Sequence[int | None]] = ()
    flags: Sequence[Sequence[Sequence[str]] | None] = ()
    asked_flags: Sequence[str] = ()
    original: int | None = None
    round: int | None = None
    language: str = ""
    category: str = ""

    @property
    def n_candidates(self) -> int:
        return len(self.tiers[0])

    def only(self, rows: Sequence[int]) -> Judged:
        """The same comparison as these of its raters judged it."""

        def of(values: Sequence[object]) -> list[object]:
            return [values[row] for row in rows] if values else []

        per_rater = (
            "raters",
            "tiers",
            "orders",
            "eras",
            "guidelines",
            "seconds",
            "ratings",
            "flags",
        )
        return replace(self, **{name: of(getattr(self, name)) for name in per_rater})  # type: ignore[arg-type]


def within_eras(judged: Iterable[Judged]) -> Iterator[Judged]:
    """Each comparison once for every era of the guidelines it was judged in.

    What two people said before and after a breaking guideline version is never set side by side.
    """
    for one in judged:
        eras = set(one.eras)
        if len(eras) < 2:
            yield one
            continue
        for era in sorted(eras):
            yield one.only([row for row, other in enumerate(one.eras) if other == era])


@dataclass(frozen=True, slots=True)
class Block:
    """Comparisons with the same number of raters R and candidates K, as arrays.

    `signs` is [n, R, P] over the P = K(K−1)/2 candidate pairs i < j: 1 where i stands above j, −1 where
    below, 0 where tied.
    """

    rows: list[Judged]
    raters: Integers
    tiers: Integers
    signs: Signs

    @property
    def clusters(self) -> Integers:
        return np.array([row.cluster for row in self.rows])

    @property
    def pairs(self) -> list[tuple[int, int]]:
        return list(combinations(range(self.tiers.shape[2]), 2))


def blocks(judged: Iterable[Judged]) -> list[Block]:
    """The comparisons by shape. Their order within a block is the order given."""
    shapes: dict[tuple[int, int], list[Judged]] = defaultdict(list)
    for one in judged:
        if one.raters:
            shapes[len(one.raters), one.n_candidates].append(one)
    return [_block(rows) for _, rows in sorted(shapes.items())]


def _block(rows: list[Judged]) -> Block:
    tiers = np.array([row.tiers for row in rows], dtype=np.int64)
    first, second = np.triu_indices(tiers.shape[2], k=1)
    signs = np.sign(tiers[:, :, second] - tiers[:, :, first]).astype(np.int8)
    return Block(rows, np.array([row.raters for row in rows], dtype=np.int64), tiers, signs)
