"""Krippendorff's alpha: ordinal on ratings, nominal on flags, never on ranks (DATA.md §4).

After K. Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011): coincidences of the values
that different raters gave one unit, against those of chance. Units are candidates; a unit with a
single value says nothing and is left out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from annotation.measures.intervals import Estimate, Floats, bootstrap, by_cluster
from annotation.measures.judged import Judged, within_eras

Level = Literal["nominal", "ordinal"]
# A unit's cluster, and the values given to it.
Unit = tuple[int, Sequence[int]]


def alpha(units: Iterable[Unit], *, level: Level) -> Estimate | None:
    """Alpha with its bootstrap interval over clusters.

    None where no unit has two values, or all values are the same: then chance alone would agree as
    much, and alpha is undefined.
    """
    usable = [(cluster, values) for cluster, values in units if len(values) > 1]
    known = sorted({value for _, values in usable for value in values})
    index = {value: position for position, value in enumerate(known)}
    counts = np.zeros((len(usable), len(known)))
    for row, (_, values) in enumerate(usable):
        for value in values:
            counts[row, index[value]] += 1
    return alpha_of_counts(counts, [cluster for cluster, _ in usable], level=level)


def alpha_of_counts(counts: Floats, clusters: Sequence[int], *, level: Level) -> Estimate | None:
    """The same of how often each value, in its order, was given to each unit: [n_units, V]."""
    n_given = counts.sum(axis=1)
    usable = n_given > 1
    counts, n_given = counts[usable], n_given[usable]
    n_values = counts.shape[1]
    if (counts.sum(axis=0) > 0).sum() < 2:
        return None
    pairs = counts[:, :, None] * counts[:, None, :]
    pairs[:, range(n_values), range(n_values)] -= counts
    columns = (pairs / (n_given - 1)[:, None, None]).reshape(len(counts), -1)

    def statistic(totals: Floats) -> Floats:
        return _alphas(totals.reshape(-1, n_values, n_values), level)

    return bootstrap(
        by_cluster(np.asarray(clusters)[usable], columns), statistic, n=int(usable.sum())
    )


def _alphas(coincidences: Floats, level: Level) -> Floats:
    """Alpha of each coincidence matrix [n, V, V]; NaN where expected disagreement is nought."""
    marginals = coincidences.sum(axis=2)
    total = marginals.sum(axis=1)
    if level == "nominal":
        distance = np.broadcast_to(1.0 - np.eye(marginals.shape[1]), coincidences.shape)
    else:
        # The number of values from one rank to the other, half of those at either end.
        middle = np.cumsum(marginals, axis=1) - marginals / 2
        distance = (middle[:, :, None] - middle[:, None, :]) ** 2
    observed = (coincidences * distance).sum(axis=(1, 2))
    expected = (marginals[:, :, None] * marginals[:, None, :] * distance).sum(axis=(1, 2))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(1.0 - (total - 1) * observed / expected)


def rating_units(judged: Iterable[Judged]) -> list[Unit]:
    """Each candidate's ratings, within one era of the guidelines."""
    return [
        (one.cluster, [row[candidate] for row in one.ratings if row[candidate] is not None])  # type: ignore[misc]
        for one in within_eras(judged)
        if one.ratings
        for candidate in range(one.n_candidates)
    ]


@dataclass(frozen=True, slots=True)
class FlagAgreement:
    """One flag: its alpha, and how often it was raised, without which alpha cannot be read."""

    flag: str
    alpha: Estimate | None
    prevalence: float
    n_judgements: int


def flag_agreement(judged: Iterable[Judged]) -> list[FlagAgreement]:
    """Every flag that was asked for, by name."""
    raised: dict[str, list[int]] = defaultdict(list)
    asked: dict[str, list[int]] = defaultdict(list)
    clusters: dict[str, list[int]] = defaultdict(list)
    for one in within_eras(judged):
        given = [row for row in one.flags if row is not None]
        for candidate in range(one.n_candidates):
            times = Counter(flag for row in given for flag in row[candidate])
            for flag in one.asked_flags if given else ():
                raised[flag].append(times[flag])
                asked[flag].append(len(given))
                clusters[flag].append(one.cluster)
    found = []
    for flag in sorted(asked):
        n_raised, n_asked = np.array(raised[flag], float), np.array(asked[flag], float)
        counts = np.column_stack([n_asked - n_raised, n_raised])
        n_judgements = int(n_asked.sum())
        found.append(
            FlagAgreement(
                flag,
                alpha_of_counts(counts, clusters[flag], level="nominal"),
                float(n_raised.sum()) / n_judgements,
                n_judgements,
            )
        )
    return found
