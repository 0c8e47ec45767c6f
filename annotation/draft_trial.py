"""What drafts do to the work: the built-in trial of DATA.md §5, arm against arm, each with an interval."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist, fmean, variance

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

    Intervals are of means over conversations, the unit that the arm was drawn for: normal for means and
    for differences of means (Welch), Wilson's for the share approved in an arm.
    """
    rows = list(observations)
    with_drafts = [row for row in rows if row.arm == "drafts"]
    without = [row for row in rows if row.arm == "no_drafts"]

    def outcome(measure: str, values: tuple[list[float], list[float]]) -> Outcome:
        estimate = share if measure == "approved" else mean
        return Outcome(
            measure, estimate(values[0]), estimate(values[1]), difference(values[0], values[1])
        )

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
    """The mean with a normal interval."""
    if len(values) < 2:
        return Estimate(len(values), fmean(values) if values else None, None, None)
    middle, half = fmean(values), _Z * sqrt(variance(values) / len(values))
    return Estimate(len(values), middle, middle - half, middle + half)


def share(values: Sequence[float]) -> Estimate:
    """The share of ones with Wilson's interval, which stays within [0, 1]."""
    n = len(values)
    if n < 2:
        return Estimate(n, fmean(values) if values else None, None, None)
    p, z2 = fmean(values), _Z * _Z
    middle = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z * sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return Estimate(n, p, max(0.0, middle - half), min(1.0, middle + half))


def difference(left: Sequence[float], right: Sequence[float]) -> Estimate:
    """The mean of `left` minus that of `right`, variances not taken as equal."""
    n = len(left) + len(right)
    if not left or not right:
        return Estimate(n, None, None, None)
    gap = fmean(left) - fmean(right)
    if min(len(left), len(right)) < 2:
        return Estimate(n, gap, None, None)
    half = _Z * sqrt(variance(left) / len(left) + variance(right) / len(right))
    return Estimate(n, gap, gap - half, gap + half)
