"""What several raters together say of one comparison, and Bradley–Terry strengths (DATA.md §4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, groupby

import numpy as np
import scipy
from numpy.typing import ArrayLike

from annotation.measures.intervals import Floats

# A consensus pair is told on from this share of the raters' weight on.
CLEAR = 0.6
_STEPS = 100
_CLOSE_ENOUGH = 1e-10


@dataclass(frozen=True, slots=True)
class ConsensusPair:
    """Raters put `chosen` above `rejected` with the share `agreement`, ties counting half."""

    chosen: int
    rejected: int
    agreement: float
    n_raters: int


def shares_above(tiers: Sequence[Sequence[int]], weights: Sequence[float] | None = None) -> Floats:
    """p[i, j] = Σ w (1 where i stands above j, ½ where tied) / Σ w, over the raters' rows of tiers."""
    rows = np.asarray(tiers, dtype=float)
    weight = np.ones(len(rows)) if weights is None else np.asarray(weights, dtype=float)
    above = (np.sign(rows[:, None, :] - rows[:, :, None]) + 1) / 2
    return np.asarray(np.tensordot(weight, above, axes=1) / weight.sum())


def consensus_pairs(
    tiers: Sequence[Sequence[int]],
    *,
    weights: Sequence[float] | None = None,
    min_raters: int = 2,
    clear: float = CLEAR,
) -> list[ConsensusPair]:
    """The candidate pairs on which enough raters agree, best agreed first."""
    if len(tiers) < min_raters:
        return []
    p = shares_above(tiers, weights)
    found = [
        ConsensusPair(
            *((i, j) if p[i, j] >= p[j, i] else (j, i)), float(max(p[i, j], p[j, i])), len(tiers)
        )
        for i, j in combinations(range(len(p)), 2)
        if max(p[i, j], p[j, i]) >= clear and p[i, j] != p[j, i]
    ]
    return sorted(found, key=lambda pair: (-pair.agreement, pair.chosen, pair.rejected))


def count_cycles(pairs: Sequence[ConsensusPair]) -> int:
    """Triples of which each beats the next: no order can hold all of their pairs."""
    beats = {(pair.chosen, pair.rejected) for pair in pairs}
    items = sorted({item for pair in beats for item in pair})
    return sum(
        {(a, b), (b, c), (c, a)} <= beats or {(b, a), (c, b), (a, c)} <= beats
        for a, b, c in combinations(items, 3)
    )


def borda(
    tiers: Sequence[Sequence[int]], weights: Sequence[float] | None = None
) -> list[list[int]]:
    """One order out of many: candidates by their mean mid-rank, best first, equal means tied.

    In a mid-rank the tied share the mean of the places they take.
    """
    mid_ranks = scipy.stats.rankdata(np.asarray(tiers, dtype=float), axis=1)
    # Rounded, so that equal means reached by another order of addition stay equal.
    mean = np.round(np.average(mid_ranks, axis=0, weights=weights), 9)
    order = sorted(range(len(mean)), key=lambda item: (mean[item], item))
    return [list(tied) for _, tied in groupby(order, key=lambda item: mean[item])]


@dataclass(frozen=True, slots=True)
class Strengths:
    """Log-odds strengths around nought, with their standard deviations under the posterior."""

    means: list[float]
    deviations: list[float]


def bradley_terry(wins: ArrayLike, *, prior_deviation: float = 1.0) -> Strengths:
    """The strengths that best explain `wins` under a prior N(0, 1) on each (maximum a posteriori).

    `wins[i, j]` is how often i beat j, a tie counting half to either. The plain estimate diverges for
    an item that never lost, as happens with one to three raters; the prior holds it. Deviations are
    those of a normal approximation at the maximum. R. A. Bradley and M. E. Terry (1952).
    """
    won = np.asarray(wins, dtype=float)
    met = won + won.T
    theta = np.zeros(len(won))
    precision = 1 / prior_deviation**2
    for _ in range(_STEPS):
        p = scipy.special.expit(theta[:, None] - theta[None, :])
        gradient = (won - met * p).sum(axis=1) - precision * theta
        information = met * p * (1 - p)
        hessian = np.diag(information.sum(axis=1) + precision) - information
        step = np.linalg.solve(hessian, gradient)
        # The log-posterior is concave; a long step is cut, not trusted.
        step *= min(1.0, 1.0 / max(np.abs(step).max(initial=0.0), _CLOSE_ENOUGH))
        theta += step
        if np.abs(step).max(initial=0.0) < _CLOSE_ENOUGH:
            break
    covariance = np.linalg.inv(hessian) if len(won) else np.zeros((0, 0))
    return Strengths(theta.tolist(), np.sqrt(np.diag(covariance)).tolist())


def wins_of(tiers: Sequence[Sequence[int]]) -> Floats:
    """wins[i, j] over the raters' rows of tiers, ties half to either."""
    wins = shares_above(tiers) * len(tiers)
    np.fill_diagonal(wins, 0.0)
    return wins
