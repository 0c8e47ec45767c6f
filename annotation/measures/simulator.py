"""Raters with known abilities and biases, and what they would say: to plan with and to test with.

A rater's view of a candidate is its quality times their ability, plus what its slot and its length are
worth to them, plus noise of their own (Gumbel, so that two candidates alone follow Bradley–Terry).
They order by it, and tie neighbours that seem alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np

from annotation.measures.agreement import meetings
from annotation.measures.intervals import Floats
from annotation.measures.judged import Integers, Judged
from annotation.measures.raters import shares_by_rater

_MEDIAN_WORDS = 120
_WORDS_SPREAD = 0.5
_ABILITY_SPREAD = 0.25
_N_TRIAL = 2000
_STEPS = 14


@dataclass(frozen=True, slots=True)
class SimulatedRater:
    """`careless` is the share of rankings they order at random; the rest are in units of noise."""

    ability: float = 1.5
    first_slot: float = 0.0
    length: float = 0.0
    careless: float = 0.0
    tie_width: float = 0.0


@dataclass(frozen=True, slots=True)
class World:
    """Candidates as they are: quality and length of each, [n, K]."""

    quality: Floats
    words: Integers

    @staticmethod
    def made(n_comparisons: int, n_candidates: int, rng: np.random.Generator) -> World:
        shape = (n_comparisons, n_candidates)
        words = np.exp(rng.normal(np.log(_MEDIAN_WORDS), _WORDS_SPREAD, shape))
        return World(rng.normal(size=shape), np.maximum(words.round(), 1).astype(np.int64))


def views(
    team: Sequence[SimulatedRater],
    quality: Floats,
    words: Integers,
    order: Integers,
    rng: np.random.Generator,
) -> Floats:
    """What each candidate [n, K] is worth to the rater of its row, shown in that order [n, K]."""
    view = rng.gumbel(size=quality.shape)
    careful = rng.random(len(team)) >= np.array([rater.careless for rater in team])
    ability = np.array([rater.ability for rater in team]) * careful
    length = np.array([rater.length for rater in team]) * careful
    view += ability[:, None] * quality + length[:, None] * np.log(words)
    view[np.arange(len(team)), order[:, 0]] += [rater.first_slot for rater in team]
    return view


def tiers_by_view(view: Floats, tie_width: Floats) -> Integers:
    """Dense tiers from 1 along the last axis; neighbours no further apart than `tie_width` tie."""
    best_first = np.argsort(-view, axis=-1)
    gaps = -np.diff(np.take_along_axis(view, best_first, axis=-1), axis=-1)
    steps = np.cumsum(gaps > tie_width[..., None], axis=-1)
    tiers = np.ones(view.shape, dtype=np.int64)
    np.put_along_axis(tiers, best_first[..., 1:], steps + 1, axis=-1)
    return tiers


def judged(
    raters: Sequence[SimulatedRater],
    *,
    n_comparisons: int,
    n_candidates: int,
    overlap: int,
    seed: int,
) -> list[Judged]:
    """Comparisons, each its own conversation, ranked by `overlap` raters drawn anew."""
    rng = np.random.default_rng(seed)
    world = World.made(n_comparisons, n_candidates, rng)
    n_together = min(overlap, len(raters))
    teams = rng.random((n_comparisons, len(raters))).argsort(axis=1)[:, :n_together]
    orders = rng.random((n_comparisons, n_together, n_candidates)).argsort(axis=2)
    tiers = np.empty_like(orders)
    for seat in range(n_together):
        team = [raters[who] for who in teams[:, seat]]
        view = views(team, world.quality, world.words, orders[:, seat], rng)
        tiers[:, seat] = tiers_by_view(view, np.array([rater.tie_width for rater in team]))
    return [
        Judged(number, number, who, rows, words=words, orders=order)
        for number, (who, rows, words, order) in enumerate(
            zip(teams.tolist(), tiers.tolist(), world.words.tolist(), orders.tolist(), strict=True)
        )
    ]


def ability_for(
    agreed: float, *, n_candidates: int, tie_width: float = 0.0, seed: int = 1
) -> float:
    """The ability at which two raters agree in this share of pairs, to about a percentage point."""
    low, high = 0.0, 20.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        raters = [SimulatedRater(ability=middle, tie_width=tie_width)] * 2
        met = meetings(
            judged(raters, n_comparisons=_N_TRIAL, n_candidates=n_candidates, overlap=2, seed=seed)
        )
        if met.n_same.sum() < agreed * met.n_strict.sum():
            low = middle
        else:
            high = middle
    return (low + high) / 2


@dataclass(frozen=True, slots=True)
class Cost:
    """What it takes to know one figure to within a margin, and the margin found when it was tried.

    `n_comparisons` counts comparisons, or one person's own where the figure is a person's.
    """

    value: float
    n_comparisons: int
    n_rankings: int
    margin: float


@dataclass(frozen=True, slots=True)
class Plan:
    """Costs by figure; None where the overlap is too small for it to be defined."""

    agreement: Cost | None
    win_rate: Cost | None
    rater: Cost | None
    ability: float


def plan(
    *,
    n_raters: int,
    overlap: int,
    n_candidates: int,
    agreed: float,
    margin: float,
    tie_width: float = 0.0,
    seed: int = 1,
) -> Plan:
    """How many rankings make each figure known to within ± `margin` at 95 %.

    The team is simulated so that it agrees as often as `agreed`, each with an ability of their own. A
    first trial tells how much a figure varies between comparisons, a second one of the size that
    follows tells whether the margin is kept.
    """
    ability = ability_for(agreed, n_candidates=n_candidates, tie_width=tie_width, seed=seed)
    rng = np.random.default_rng(seed)
    team = [
        SimulatedRater(ability=ability * factor, tie_width=tie_width)
        for factor in np.exp(rng.normal(0.0, _ABILITY_SPREAD, n_raters))
    ]

    def trial(n_comparisons: int, seed: int) -> list[Judged]:
        return judged(
            team, n_comparisons=n_comparisons, n_candidates=n_candidates, overlap=overlap, seed=seed
        )

    def cost(values_of: Callable[[list[Judged]], Floats], n_rankings_each: int) -> Cost | None:
        first = values_of(trial(_N_TRIAL, seed))
        if not len(first):
            return None
        n = needed(float(first.std(ddof=1)), margin)
        # The figure may be undefined for some comparisons; so many more are needed.
        n_comparisons = ceil(n * _N_TRIAL / len(first)) if n_rankings_each > 1 else n
        again = values_of(trial(max(n_comparisons, 2), seed + 1))
        half = 1.96 * float(again.std(ddof=1)) / n**0.5
        return Cost(float(first.mean()), n_comparisons, n_comparisons * n_rankings_each, half)

    n_together = min(overlap, n_raters)
    return Plan(
        agreement=cost(_agreements, n_together),
        win_rate=cost(_wins, n_together),
        rater=cost(_shares, 1),
        ability=ability,
    )


def needed(spread: float, margin: float) -> int:
    """How many independent values with this standard deviation give a mean ± margin at 95 %."""
    return ceil((1.96 * spread / margin) ** 2)


def _agreements(trial: list[Judged]) -> Floats:
    """A value a comparison: the agreement within it, where defined."""
    met = meetings(trial)
    if not len(met):
        return np.array([])
    n_strict = np.bincount(met.comparison, weights=met.n_strict)
    n_same = np.bincount(met.comparison, weights=met.n_same)
    return np.asarray(n_same[n_strict > 0] / n_strict[n_strict > 0])


def _wins(trial: list[Judged]) -> Floats:
    """A value a comparison: two equal policies that wrote every other candidate."""
    values = []
    for one in trial:
        tiers = np.array(one.tiers)
        ours, theirs = tiers[:, 0::2], tiers[:, 1::2]
        values.append(((np.sign(theirs[:, None, :] - ours[:, :, None]) + 1) / 2).mean())
    return np.array(values)


def _shares(trial: list[Judged]) -> Floats:
    """A value a ranking that others gave too: everybody's leave-one-out shares together."""
    return np.array([share for one in shares_by_rater(trial).values() for share in one.agreed])
