"""Whether people favour a slot of the page, or length (DATA.md §4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import sqrt

import numpy as np
import scipy

from annotation.measures.intervals import (
    Estimate,
    Floats,
    clustered_mean,
    clustered_means,
    holm,
    mean_of,
)
from annotation.measures.judged import Block, Integers, Judged, blocks, within_eras
from annotation.measures.raters import ENOUGH

# The width of the prior on the logistic's slopes: wide, but it holds a slope that nothing opposes.
PRIOR_DEVIATION = 2.5
_STEPS = 50


@dataclass(frozen=True, slots=True)
class SlotCredit:
    """The credit a slot gets beyond its fair share 1/K: 0 where the page's order does not matter."""

    slot: int
    excess: Estimate


@dataclass(frozen=True, slots=True)
class PositionBias:
    """One person's slots. `p_value` is of all slots together, corrected by Holm for the number of people."""

    rater: int
    slots: list[SlotCredit]
    p_value: float


@dataclass(frozen=True, slots=True)
class LengthBias:
    """What length is worth to one person beyond what others made of the same pair.

    `slope` is that of the log token ratio in a logistic of the person's own choices, given the others'
    consensus; 0 is no bias. `p_value` is corrected by Holm for the number of people.
    """

    rater: int
    slope: Estimate
    p_value: float


@dataclass(slots=True)
class _Pairs:
    chosen: list[Floats] = field(default_factory=list)
    features: list[Floats] = field(default_factory=list)
    comparison: list[Floats] = field(default_factory=list)


def slot_credits(block: Block) -> Floats:
    """[n, R, K]: top-tier credit, split over ties, of the candidate shown in each slot, minus 1/K."""
    n_candidates = block.tiers.shape[2]
    best = block.tiers == block.tiers.min(axis=2, keepdims=True)
    credit = best / best.sum(axis=2, keepdims=True) - 1 / n_candidates
    orders = np.array([row.orders for row in block.rows], dtype=np.int64)
    return np.asarray(np.take_along_axis(credit, orders, axis=2))


def _with_orders(judged: Iterable[Judged]) -> list[Block]:
    return blocks(one for one in judged if one.orders)


@dataclass(slots=True)
class _Shown:
    """One person's credits by slot, and what a test of them needs."""

    credits: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    # By number of candidates: the slots' summed credits, and the variance chance gives each sum.
    sums: dict[int, Floats] = field(default_factory=dict)
    variances: dict[int, float] = field(default_factory=lambda: defaultdict(float))

    def add(self, row: Floats) -> None:
        n_candidates = len(row)
        for slot, credit in enumerate(row):
            self.credits[slot].append(float(credit))
        self.sums[n_candidates] = self.sums.get(n_candidates, np.zeros(n_candidates)) + row
        self.variances[n_candidates] += float((row**2).mean())

    def p_value(self) -> float:
        """Of the order of the page not mattering: it is random, so the sums' variance is known.

        Pearson's chi-square, generalised to credit that ties split, summed over page sizes.
        """
        total, freedom = 0.0, 0
        for n_candidates, sums in self.sums.items():
            if self.variances[n_candidates]:
                share = 1 - 1 / n_candidates
                total += share * float((sums**2).sum()) / self.variances[n_candidates]
                freedom += n_candidates - 1
        return float(scipy.stats.chi2.sf(total, freedom)) if freedom else 1.0


def position_bias(judged: Iterable[Judged]) -> list[PositionBias]:
    """Everybody with enough rankings, by rater."""
    shown: dict[int, _Shown] = defaultdict(_Shown)
    for block in _with_orders(judged):
        found = slot_credits(block)
        for position in range(block.raters.shape[1]):
            for rater, row in zip(block.raters[:, position], found[:, position], strict=True):
                shown[int(rater)].add(row)
    enough = [(rater, one) for rater, one in sorted(shown.items()) if len(one.credits[0]) >= ENOUGH]
    adjusted = holm([one.p_value() for _, one in enough])
    return [
        PositionBias(rater, list(_slots(one.credits)), p)
        for (rater, one), p in zip(enough, adjusted, strict=True)
    ]


def _slots(by_slot: dict[int, list[float]]) -> Iterator[SlotCredit]:
    for slot, given in sorted(by_slot.items()):
        excess = mean_of(given)
        if len(given) >= ENOUGH and excess is not None:
            yield SlotCredit(slot, excess)


def _p_value(found: Estimate) -> float:
    """Two-sided, of the estimate being nought; read back from its interval."""
    half = (found.high - found.low) / 2
    if half == 0:
        return 1.0 if found.value == 0 else 0.0
    freedom = max(found.n_clusters - 1, 1)
    deviation = half / scipy.stats.t.ppf(0.975, freedom)
    return float(2 * scipy.stats.t.sf(abs(found.value) / deviation, freedom))


def project_slots(judged: Iterable[Judged]) -> list[SlotCredit]:
    """The slots over everybody, resampled by conversation."""
    columns: list[Floats] = []
    clusters: list[Integers] = []
    found = _with_orders(judged)
    n_slots = max((block.tiers.shape[2] for block in found), default=0)
    for block in found:
        rows = slot_credits(block).reshape(-1, block.tiers.shape[2])
        columns.append(np.pad(rows, ((0, 0), (0, n_slots - rows.shape[1])), constant_values=np.nan))
        clusters.append(np.repeat(block.clusters, block.raters.shape[1]))
    if not columns:
        return []
    estimates = clustered_means(list(np.concatenate(columns).T), np.concatenate(clusters))
    return [
        SlotCredit(slot, excess)
        for slot, excess in enumerate(estimates)
        if excess is not None and excess.n >= ENOUGH
    ]


def longer_wins(judged: Iterable[Judged]) -> Estimate | None:
    """The share of strictly ordered pairs of unequal length in which the longer stands above; None
    where fewer comparisons have such a pair than tell anything.

    The project's figure and nobody's bias: longer answers may well be better ones.
    """
    values: list[float] = []
    clusters: list[int] = []
    for block in blocks(one for one in judged if one.words):
        longer = np.sign(_log_ratios(block))[:, None, :]
        product = block.signs * longer
        with np.errstate(invalid="ignore"):
            share = (product == 1).sum(axis=(1, 2)) / np.abs(product).sum(axis=(1, 2))
        values += share.tolist()
        clusters += block.clusters.tolist()
    found = clustered_mean(values, clusters)
    return found if found is not None and found.n >= ENOUGH else None


def _log_ratios(block: Block) -> Floats:
    """[n, P]: the log of the ratio of the two candidates' lengths in tokens, an empty one counting 1."""
    logs = np.log(np.maximum(np.array([row.words for row in block.rows], dtype=float), 1.0))
    first, second = np.triu_indices(logs.shape[1], k=1)
    return np.asarray(logs[:, first] - logs[:, second])


def length_bias(judged: Iterable[Judged]) -> list[LengthBias]:
    """Everybody with enough comparisons that others ranked too, by rater."""
    by_rater: dict[int, _Pairs] = defaultdict(_Pairs)
    kept = (one for one in judged if one.words)
    for block in blocks(one for one in within_eras(kept) if len(one.raters) > 1):
        signs = block.signs.astype(np.int64)
        others = (signs.sum(axis=1, keepdims=True) - signs) / (signs.shape[1] - 1)
        ratios = _log_ratios(block)
        for position in range(signs.shape[1]):
            for row, rater in enumerate(block.raters[:, position]):
                strict = signs[row, position] != 0
                pairs = by_rater[int(rater)]
                pairs.chosen.append((signs[row, position][strict] > 0).astype(float))
                pairs.features.append(
                    np.column_stack([others[row, position][strict], ratios[row][strict]])
                )
                pairs.comparison.append(np.full(strict.sum(), block.rows[row].comparison))
    found = [
        (rater, slope)
        for rater, pairs in sorted(by_rater.items())
        if len(pairs.chosen) >= ENOUGH and (slope := _length_slope(pairs)) is not None
    ]
    adjusted = holm([_p_value(slope) for _, slope in found])
    return [LengthBias(rater, slope, p) for (rater, slope), p in zip(found, adjusted, strict=True)]


def _length_slope(pairs: _Pairs) -> Estimate | None:
    """The slope with an interval that takes the pairs of one ranking as one observation."""
    chosen, features = np.concatenate(pairs.chosen), np.concatenate(pairs.features)
    comparison = np.concatenate(pairs.comparison)
    if not len(chosen) or not features[:, 1].any():
        return None
    slopes, bread = _logistic(features, chosen)
    scores = features * (chosen - scipy.special.expit(features @ slopes))[:, None]
    _, which = np.unique(comparison, return_inverse=True)
    n_clusters = int(which.max()) + 1
    summed = np.zeros((n_clusters, 2))
    np.add.at(summed, which, scores)
    covariance = bread @ (summed.T @ summed) @ bread * n_clusters / (n_clusters - 1)
    deviation = sqrt(covariance[1, 1])
    half = float(scipy.stats.t.ppf(0.975, n_clusters - 1)) * deviation
    slope = float(slopes[1])
    return Estimate(slope, slope - half, slope + half, len(chosen), n_clusters)


def _logistic(features: Floats, chosen: Floats) -> tuple[Floats, Floats]:
    """Slopes of a logistic without an intercept under a wide normal prior, and the inverse Hessian.

    No intercept: which candidate of a pair comes first is arbitrary.
    """
    ridge = np.eye(features.shape[1]) / PRIOR_DEVIATION**2
    slopes = np.zeros(features.shape[1])
    for _ in range(_STEPS):
        p = scipy.special.expit(features @ slopes)
        hessian = (features * (p * (1 - p))[:, None]).T @ features + ridge
        step = np.linalg.solve(hessian, features.T @ (chosen - p) - ridge @ slopes)
        # The log-posterior is concave; a long step is cut, not trusted.
        step *= min(1.0, 1.0 / max(np.abs(step).max(), 1e-9))
        slopes = slopes + step
        if np.abs(step).max() < 1e-9:
            break
    return slopes, np.linalg.inv(hessian)
