"""How far raters agree on orders: pairwise agreement, Kendall's tau-b, the noise ceiling (DATA.md §4).

The unit is the candidate pair: over the planned rankings of one comparison, rater pairs × candidate
pairs that both order strictly, the share in the same order; the mean within the comparison, then over
comparisons. InstructGPT (arXiv 2203.02155, section 3.4) reports such a figure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from itertools import combinations
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from annotation.measures.intervals import N_DRAWS, Estimate, Floats, clustered_means
from annotation.measures.judged import Block, Integers, Judged, blocks, within_eras

# Below so many comparisons with two rankings there is nothing to say (DATA.md §4).
ENOUGH = 30
# InstructGPT's figures, reported beside ours and no target: its training labellers, and held-out
# labellers who had not been screened.
REPORTED = {"training": 0.726, "held_out": 0.773}


@dataclass(frozen=True, slots=True)
class Meetings:
    """Every two raters' rankings of one comparison set side by side: one entry a meeting.

    Of `n_pairs` candidate pairs both ordered `n_strict`, `n_same` of them alike; both tied `n_tied`, and
    one tied what the other ordered in the rest. `tau_b` is NaN where a ranking is one single tie.
    """

    comparison: Integers
    cluster: Integers
    rater_a: Integers
    rater_b: Integers
    guideline_a: Integers
    guideline_b: Integers
    n_pairs: Integers
    n_strict: Integers
    n_same: Integers
    n_tied: Integers
    tau_b: Floats

    def __len__(self) -> int:
        return len(self.comparison)

    def where(self, chosen: NDArray[np.bool_] | NDArray[np.int64]) -> Meetings:
        return Meetings(*(getattr(self, column.name)[chosen] for column in fields(self)))


def meetings(judged: Iterable[Judged]) -> Meetings:
    """All meetings of two raters, within one era of the guidelines each."""
    parts = [
        _meeting(block, a, b)
        for block in blocks(within_eras(judged))
        for a, b in combinations(range(block.raters.shape[1]), 2)
    ]
    return Meetings(
        *(
            np.concatenate([part[index] for part in parts]) if parts else np.array([])
            for index in range(len(fields(Meetings)))
        )
    )


def _meeting(block: Block, a: int, b: int) -> tuple[NDArray[np.generic], ...]:
    left, right = block.signs[:, a], block.signs[:, b]
    n_pairs = np.full(len(left), left.shape[1])
    product = left * right
    n_strict = np.abs(product).sum(axis=1, dtype=np.int64)
    n_same = (product == 1).sum(axis=1)
    n_tied = ((left == 0) & (right == 0)).sum(axis=1)
    ordered_a = np.abs(left).sum(axis=1, dtype=np.int64)
    ordered_b = np.abs(right).sum(axis=1, dtype=np.int64)
    with np.errstate(invalid="ignore", divide="ignore"):
        # Kendall's tau-b: concordant less discordant pairs over the geometric mean of the pairs that
        # each ranking orders.
        tau_b = (2 * n_same - n_strict) / np.sqrt(ordered_a * ordered_b)
    return (
        np.array([row.comparison for row in block.rows]),
        block.clusters,
        block.raters[:, a],
        block.raters[:, b],
        _guidelines(block, a),
        _guidelines(block, b),
        n_pairs,
        n_strict,
        n_same,
        n_tied,
        tau_b,
    )


def _guidelines(block: Block, rater: int) -> Integers:
    return np.array([row.guidelines[rater] if row.guidelines else 0 for row in block.rows])


@dataclass(frozen=True, slots=True)
class Agreement:
    """The figures of a set of meetings; the estimates are None where there is not enough overlap."""

    n_comparisons: int
    n_rater_pairs: int
    same_order: Estimate | None
    strict_share: Estimate | None
    with_ties: Estimate | None
    tau_b: Estimate | None
    noise_ceiling: Estimate | None


def agreement(met: Meetings, *, enough: int = ENOUGH, n_draws: int = N_DRAWS) -> Agreement:
    """Agreement over these meetings.

    `strict_share` is the share of candidate pairs that both of a rater pair ordered; `with_ties` counts
    every candidate pair, tie and tie 1, tie and order ½. `tau_b` is averaged over comparisons.
    """
    per = _per_comparison(met)
    n_comparisons, n_rater_pairs = len(per["cluster"]), _distinct_pairs(met)
    if n_comparisons < enough:
        return Agreement(n_comparisons, n_rater_pairs, None, None, None, None, None)
    half_tied = per["n_pairs"] - per["n_strict"] - per["n_tied"]
    with np.errstate(invalid="ignore", divide="ignore"):
        same = per["n_same"] / per["n_strict"]
        strict = per["n_strict"] / per["n_pairs"]
        with_ties = (per["n_same"] + per["n_tied"] + half_tied / 2) / per["n_pairs"]
        tau_b = per["tau_sum"] / per["tau_n"]
    found, strictly, tied, tau = clustered_means(
        [same, strict, with_ties, tau_b], per["cluster"], n_draws=n_draws
    )
    return Agreement(n_comparisons, n_rater_pairs, found, strictly, tied, tau, _ceiling(found))


def _per_comparison(met: Meetings) -> dict[str, Floats]:
    """Sums over the rater pairs of each comparison, and its cluster."""
    _, first, which = np.unique(met.comparison, return_index=True, return_inverse=True)
    n = len(first)

    def sums(values: NDArray[np.generic]) -> Floats:
        return np.asarray(np.bincount(which, weights=values.astype(float), minlength=n), float)

    known = ~np.isnan(met.tau_b)
    return {
        "cluster": met.cluster[first].astype(float),
        "n_pairs": sums(met.n_pairs),
        "n_strict": sums(met.n_strict),
        "n_same": sums(met.n_same),
        "n_tied": sums(met.n_tied),
        "tau_sum": sums(np.where(known, met.tau_b, 0.0)),
        "tau_n": sums(known),
    }


def _distinct_pairs(met: Meetings) -> int:
    both = np.sort(np.column_stack([met.rater_a, met.rater_b]), axis=1)
    return len(np.unique(both, axis=0)) if len(both) else 0


def pair_agreement(tiers: Sequence[Sequence[int]]) -> float | None:
    """The agreement within one comparison, given a row of tiers a rater; None where no two raters
    both ordered any candidate pair."""
    met = meetings([Judged(0, 0, list(range(len(tiers))), tiers)])
    n_strict = int(met.n_strict.sum())
    return int(met.n_same.sum()) / n_strict if n_strict else None


def noise_ceiling(agreed: float) -> float | None:
    """The share of pairs in which an oracle of the consensus matches one rater.

    Two raters who each follow the consensus with probability p and err independently agree with
    a = p² + (1 − p)², so p = (1 + √(2a − 1))/2. None below ½, where no such p exists. Raters are taken
    to be equally able and their errors independent, which no team quite is.
    """
    return (1 + sqrt(2 * agreed - 1)) / 2 if agreed >= 0.5 else None


def _ceiling(found: Estimate | None) -> Estimate | None:
    if found is None:
        return None
    value, low, high = (noise_ceiling(end) for end in (found.value, found.low, found.high))
    if value is None or high is None:
        return None
    return Estimate(value, 0.5 if low is None else low, high, found.n, found.n_clusters)
