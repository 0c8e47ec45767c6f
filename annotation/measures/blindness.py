"""How well order and length alone give the original away (DATA.md §3): at best no better than chance.

A conditional logit over the candidates of a page (D. McFadden, 1974) learns from the slot and the
length which one is the picked message; it is asked about conversations that it has not seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from annotation.measures.intervals import Estimate, Floats, clustered_mean
from annotation.measures.judged import Judged

ENOUGH = 30
N_FOLDS = 5
_MAX_CANDIDATES = 9
# Slots, the log length against the page's mean, that squared, and its rank.
_N_FEATURES = _MAX_CANDIDATES + 3
_PENALTY = 0.5


@dataclass(frozen=True, slots=True)
class Blindness:
    """`guessed` is the share of pages whose original was told; `chance` is what luck would tell."""

    n_pages: int
    guessed: Estimate | None
    chance: float | None


@dataclass(frozen=True, slots=True)
class _Page:
    cluster: int
    features: Floats
    # The slot that holds the original.
    answer: int


def blindness(judged: Iterable[Judged]) -> Blindness:
    """Over every page that somebody was shown and that holds its original."""
    pages = [page for one in judged for page in _pages(one)]
    if len(pages) < ENOUGH or len({page.cluster for page in pages}) < N_FOLDS:
        return Blindness(len(pages), None, None)
    clusters = np.array([page.cluster for page in pages])
    _, which = np.unique(clusters, return_inverse=True)
    told = np.empty(len(pages))
    for fold in range(N_FOLDS):
        held_out = which % N_FOLDS == fold
        weights = _fit([page for page, out in zip(pages, held_out, strict=True) if not out])
        for index in np.flatnonzero(held_out):
            scores = pages[index].features @ weights
            best = np.isclose(scores, scores.max())
            told[index] = best[pages[index].answer] / best.sum()
    chance = float(np.mean([1 / len(page.features) for page in pages]))
    return Blindness(len(pages), clustered_mean(told, clusters), chance)


def _pages(one: Judged) -> list[_Page]:
    if one.original is None or not one.words:
        return []
    return [
        _Page(one.cluster, _features(one.words, order), list(order).index(one.original))
        for order in one.orders
    ]


def _features(words: Sequence[int], order: Sequence[int]) -> Floats:
    """[K, features], a row a slot."""
    lengths = np.log(np.maximum(np.array([words[candidate] for candidate in order], float), 1.0))
    centred = lengths - lengths.mean()
    features = np.zeros((len(order), _N_FEATURES))
    features[range(len(order)), range(len(order))] = 1.0
    features[:, -3] = centred
    features[:, -2] = centred**2
    features[:, -1] = (lengths[:, None] > lengths[None, :]).mean(axis=1)
    return features


def _fit(pages: Sequence[_Page]) -> Floats:
    shapes = sorted({len(page.features) for page in pages})
    stacks = [
        (
            np.stack([page.features for page in pages if len(page.features) == shape]),
            np.array([page.answer for page in pages if len(page.features) == shape]),
        )
        for shape in shapes
    ]

    def loss(weights: Floats) -> tuple[float, Floats]:
        total, gradient = _PENALTY * float(weights @ weights), 2 * _PENALTY * weights
        for features, answers in stacks:
            log_p = scipy.special.log_softmax(features @ weights, axis=1)
            rows = np.arange(len(answers))
            total -= float(log_p[rows, answers].sum())
            expected = np.einsum("nk,nkf->f", np.exp(log_p), features)
            gradient = gradient - features[rows, answers].sum(axis=0) + expected
        return total, gradient

    found = scipy.optimize.minimize(loss, np.zeros(_N_FEATURES), jac=True, method="L-BFGS-B")
    return np.asarray(found.x)
