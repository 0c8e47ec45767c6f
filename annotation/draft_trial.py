"""What drafts do to the work: the built-in trial of DATA.md §5, arm against arm, each with an interval."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist, fmean, variance

import scipy

CONFIDENCE = 0.95
_Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)


@dataclass(frozen=True)
class Observation:
    """One handed-in demonstration. `approved` is None until a reviewer has decided."""

    arm: str
    active_seconds: float
    n_words: int
    model_share: float
    approved: bool | None


@dataclass(frozen=True)
class Estimate:
    """A mean over `n` conversations with its 95 % interval; the ends are None under two of them."""

    n: int
    mean: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Outcome:
    """One measure: each arm's estimate, and drafts minus no drafts."""

    measure: str
    drafts: Estimate
    no_drafts: Estimate
    difference: Estimate


def compare(observations: Iterable[Observation]) -> list[Outcome]:
    """Minutes at work, words by the assistant, share approved, share model-written, by arm.

    Intervals are of means over conversations, the unit that the arm was drawn for: Student's for means
    and Welch's for their differences; Wilson's for the share approved in an arm and Newcombe's for the
    difference of two, which stay wide where a few verdicts were all the same.
    """
    rows = list(observations)
    with_drafts = [row for row in rows if row.arm == "drafts"]
    without = [row for row in rows if row.arm == "no_drafts"]

    def outcome(measure: str, values: tuple[list[float], list[float]]) -> Outcome:
        of_arm, between = (share, share_difference) if measure == "approved" else (mean, difference)
        return Outcome(measure, of_arm(values[0]), of_arm(values[1]), between(*values))

    return [
        outcome("minutes", (_minutes(with_drafts), _minutes(without))),
        outcome("words", (_words(with_drafts), _words(without))),
        outcome("approved", (_approved(with_drafts), _approved(without))),
        outcome("model_share", (_shares(with_drafts), _shares(without))),
    ]


def _minutes(rows: Sequence[Observation]) -> list[float]:
    return [row.active_seconds / 60 for row in rows]


def _words(rows: Sequence[Observation]) -> list[float]:
    return [float(row.n_words) for row in rows]


def _approved(rows: Sequence[Observation]) -> list[float]:
    return [float(row.approved) for row in rows if row.approved is not None]


def _shares(rows: Sequence[Observation]) -> list[float]:
    return [row.model_share for row in rows]


def mean(values: Sequence[float]) -> Estimate:
    """The mean with Student's interval."""
    if len(values) < 2:
        return Estimate(len(values), fmean(values) if values else None, None, None)
    middle = fmean(values)
    half = _t(len(values) - 1) * sqrt(variance(values) / len(values))
    return Estimate(len(values), middle, middle - half, middle + half)


def share(values: Sequence[float]) -> Estimate:
    """The share of ones with Wilson's interval, which stays within [0, 1]."""
    n = len(values)
    if n < 2:
        return Estimate(n, fmean(values) if values else None, None, None)
    p, low, high = _wilson(values)
    return Estimate(n, p, low, high)


def difference(left: Sequence[float], right: Sequence[float]) -> Estimate:
    """The mean of `left` minus that of `right`, variances not taken as equal."""
    if min(len(left), len(right)) < 2:
        return _bare_difference(left, right)
    gap = fmean(left) - fmean(right)
    errors = [variance(values) / len(values) for values in (left, right)]
    spread = sum(errors)
    if spread:
        freedom = spread**2 / sum(
            error**2 / (len(values) - 1)
            for error, values in zip(errors, (left, right), strict=True)
        )
        half = _t(freedom) * sqrt(spread)
    else:
        half = 0.0
    return Estimate(len(left) + len(right), gap, gap - half, gap + half)


def share_difference(left: Sequence[float], right: Sequence[float]) -> Estimate:
    """The share of ones in `left` minus that in `right`, by Newcombe's score interval (1998, method 10)."""
    if min(len(left), len(right)) < 2:
        return _bare_difference(left, right)
    p1, low1, high1 = _wilson(left)
    p2, low2, high2 = _wilson(right)
    gap = p1 - p2
    return Estimate(
        len(left) + len(right),
        gap,
        gap - sqrt((p1 - low1) ** 2 + (high2 - p2) ** 2),
        gap + sqrt((high1 - p1) ** 2 + (p2 - low2) ** 2),
    )


def _bare_difference(left: Sequence[float], right: Sequence[float]) -> Estimate:
    gap = fmean(left) - fmean(right) if left and right else None
    return Estimate(len(left) + len(right), gap, None, None)


def _wilson(values: Sequence[float]) -> tuple[float, float, float]:
    """The share of ones and both ends of its interval."""
    n, p, z2 = len(values), fmean(values), _Z * _Z
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z * sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return p, max(0.0, middle - half), min(1.0, middle + half)


def _t(freedom: float) -> float:
    """Student's quantile for both ends of the interval."""
    return float(scipy.special.stdtrit(freedom, (1 + CONFIDENCE) / 2))
