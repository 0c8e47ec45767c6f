"""Estimates with their 95 % intervals: the cluster bootstrap, means, shares, and Holm's correction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

N_DRAWS = 2000
SEED = 2203_02155
LEVEL = 0.95
# Resampled cluster numbers held at once: about 32 MB of them.
_HELD_AT_ONCE = 2**22


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval, and how many values from how many clusters it rests on."""

    value: float
    low: float
    high: float
    n: int
    n_clusters: int


def bootstrap(
    sums: Floats,
    statistic: Callable[[Floats], Floats],
    *,
    n: int,
    n_draws: int = N_DRAWS,
    seed: int = SEED,
) -> Estimate | None:
    """The percentile interval of a statistic of column sums, whole clusters resampled.

    `sums` is [n_clusters, n_columns]; `statistic` takes sums of rows [n_draws, n_columns] to a value a
    row, NaN where it is undefined. None where it is undefined for the clusters as they are.
    """
    if not len(sums):
        return None
    value = statistic(sums.sum(axis=0, keepdims=True))
    draws = statistic(_resampled_sums(sums, n_draws, seed))
    return _percentiles(float(value[0]), draws, n=n, n_clusters=len(sums))


def _percentiles(value: float, draws: Floats, *, n: int, n_clusters: int) -> Estimate | None:
    draws = draws[~np.isnan(draws)]
    if np.isnan(value) or not len(draws):
        return None
    low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    # Rounding may put the ends a hair inside a value that never varies.
    return Estimate(value, min(float(low), value), max(float(high), value), n, n_clusters)


def _resampled_sums(sums: Floats, n_draws: int, seed: int) -> Floats:
    """Column sums of `n_draws` resamples, with replacement, of the rows of `sums`."""
    n_clusters = len(sums)
    rng = np.random.default_rng(seed)
    found = np.empty((n_draws, sums.shape[1]))
    step = max(1, _HELD_AT_ONCE // n_clusters)
    for start in range(0, n_draws, step):
        n_rows = min(step, n_draws - start)
        drawn = rng.integers(0, n_clusters, (n_rows, n_clusters))
        drawn += np.arange(n_rows)[:, None] * n_clusters
        counts = np.bincount(drawn.ravel(), minlength=n_rows * n_clusters)
        found[start : start + n_rows] = counts.reshape(n_rows, n_clusters) @ sums
    return found


def by_cluster(clusters: ArrayLike, columns: Floats) -> Floats:
    """The rows of `columns` [n, m] summed within each distinct cluster: [n_clusters, m]."""
    _, which = np.unique(np.asarray(clusters), return_inverse=True)
    sums = np.zeros((which.max() + 1 if which.size else 0, columns.shape[1]))
    np.add.at(sums, which, columns)
    return sums


def ratio(sums: Floats) -> Floats:
    """First column over second, NaN where the second is nought."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(sums[:, 0] / sums[:, 1])


def clustered_mean(
    values: ArrayLike, clusters: ArrayLike, *, n_draws: int = N_DRAWS, seed: int = SEED
) -> Estimate | None:
    """The mean of the values, NaN ones left out, resampled by cluster; None without any value."""
    (found,) = clustered_means([values], clusters, n_draws=n_draws, seed=seed)
    return found


def clustered_means(
    columns: Sequence[ArrayLike],
    clusters: ArrayLike,
    *,
    n_draws: int = N_DRAWS,
    seed: int = SEED,
) -> list[Estimate | None]:
    """Several means over the same clusters, out of the same draws; `n_clusters` counts those with a
    value."""
    given = [np.asarray(values, dtype=float) for values in columns]
    known = [~np.isnan(values) for values in given]
    if not known or not len(known[0]):
        return [None] * len(given)
    pairs = [
        column
        for values, there in zip(given, known, strict=True)
        for column in (np.where(there, values, 0.0), there)
    ]
    sums = by_cluster(clusters, np.column_stack(pairs).astype(float))
    draws = _resampled_sums(sums, n_draws, seed)
    total = sums.sum(axis=0, keepdims=True)
    return [
        _percentiles(
            float(ratio(total[:, at : at + 2])[0]),
            ratio(draws[:, at : at + 2]),
            n=int(total[0, at + 1]),
            n_clusters=int((sums[:, at + 1] > 0).sum()),
        )
        for at in range(0, 2 * len(given), 2)
    ]


def mean_of(values: ArrayLike) -> Estimate | None:
    """The mean of independent values with Student's interval; None for fewer than two."""
    given = np.asarray(values, dtype=float)
    n = len(given)
    if n < 2:
        return None
    mean = float(given.mean())
    half = float(scipy.stats.t.ppf((1 + LEVEL) / 2, n - 1) * given.std(ddof=1) / np.sqrt(n))
    return Estimate(mean, mean - half, mean + half, n, n)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjusted p-values, in the order given: reject where one is below the level."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = highest
    return adjusted
