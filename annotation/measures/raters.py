"""How one rater judges, beside the others: leave-one-out agreement, shrunk; gold and retest scores."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from annotation.measures.intervals import Estimate, Floats, mean_of
from annotation.measures.judged import Block, Integers, Judged, blocks, within_eras

# Figures of a person are shown from so many comparisons on (DATA.md §4).
ENOUGH = 30
# What the team's mean weighs against a person's own comparisons.
SHRINK = 20


@dataclass(slots=True)
class Shares:
    """A person's shares of pairs, one value a comparison in which there was any such pair."""

    agreed: list[float] = field(default_factory=list)
    tied: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RaterQuality:
    """One person's figures.

    `agreed` is their share of strictly ordered pairs that stand as in the strict majority of the others
    who ranked the same comparison; `shrunk` draws it towards the team's mean as far as there is little
    to go by. All but the counts are None below ENOUGH comparisons: with others for the first two, of
    their own for the rest.
    """

    rater: int
    n_rankings: int
    n_with_others: int
    agreed: Estimate | None
    shrunk: float | None
    tie_rate: Estimate | None
    seconds: float | None


def rater_quality(judged: Iterable[Judged]) -> list[RaterQuality]:
    """Everybody who ranked, by rater. Comparisons count alike however many pairs they hold."""
    shares = shares_by_rater(judged)
    n_all = sum(len(one.agreed) for one in shares.values())
    team = sum(sum(one.agreed) for one in shares.values()) / n_all if n_all else 0.0
    return [_quality(rater, one, team) for rater, one in sorted(shares.items())]


def shrunk_share(agreed: float, n: int, *, team: float) -> float:
    """(agreed + 20 · team mean) / (n + 20), `agreed` being the sum of a person's n shares."""
    return (agreed + SHRINK * team) / (n + SHRINK)


def _quality(rater: int, shares: Shares, team: float) -> RaterQuality:
    n = len(shares.agreed)
    known = n >= ENOUGH
    shown = len(shares.tied) >= ENOUGH
    return RaterQuality(
        rater=rater,
        n_rankings=len(shares.tied),
        n_with_others=n,
        agreed=mean_of(shares.agreed) if known else None,
        shrunk=shrunk_share(sum(shares.agreed), n, team=team) if known else None,
        tie_rate=mean_of(shares.tied) if shown else None,
        seconds=float(np.median(shares.seconds)) if shown and shares.seconds else None,
    )


def shares_by_rater(judged: Iterable[Judged]) -> dict[int, Shares]:
    """Per rater, a value a comparison; those ranked alone give ties and times only."""
    found: dict[int, Shares] = defaultdict(Shares)
    for block in blocks(within_eras(judged)):
        tied = (block.signs == 0).mean(axis=2)
        agreed = _agreed(block)
        for row, one in enumerate(block.rows):
            for position, rater in enumerate(one.raters):
                shares = found[rater]
                shares.tied.append(float(tied[row, position]))
                if one.seconds:
                    shares.seconds.append(one.seconds[position])
                if not np.isnan(agreed[row, position]):
                    shares.agreed.append(float(agreed[row, position]))
    return dict(found)


def others_sign(block: Block) -> Integers:
    """[n, R, P]: the strict majority of everybody else on each pair, 0 where they are even."""
    signs = block.signs.astype(np.int64)
    return np.asarray(np.sign(signs.sum(axis=1, keepdims=True) - signs))


def _agreed(block: Block) -> Floats:
    """[n, R]: the share of a rater's strict pairs with a strict consensus of the others that agree."""
    product = block.signs * others_sign(block)
    n_strict = np.abs(product).sum(axis=2)
    with np.errstate(invalid="ignore"):
        return np.asarray((product == 1).sum(axis=2) / n_strict)


@dataclass(frozen=True, slots=True)
class Graded:
    """One ranking held against pairs known beforehand: how many there are, how many stand right."""

    n_pairs: int
    n_right: int

    @property
    def share(self) -> float | None:
        return self.n_right / self.n_pairs if self.n_pairs else None


def grade(tiers: Mapping[int, int], clear: Iterable[tuple[int, int]]) -> Graded:
    """A ranking, as the tier of each candidate, against (better, worse) pairs. A tie is not right."""
    pairs = list(clear)
    return Graded(len(pairs), sum(tiers[better] < tiers[worse] for better, worse in pairs))


def retest_share(first: Sequence[int], again: Sequence[int]) -> float | None:
    """A person with themselves: the share of pairs strict both times that stand alike."""
    (block,) = blocks([Judged(0, 0, [0, 1], [first, again])])
    value = float(_agreed(block)[0, 0])
    return None if np.isnan(value) else value


def balanced_accuracy(said: Iterable[bool], truly: Iterable[bool]) -> float | None:
    """The mean of the shares of positives and of negatives told right; None where either is absent.

    Raw agreement would reward whoever never raises a flag.
    """
    answers = list(zip(said, truly, strict=True))
    rates = list(_rates(answers))
    return sum(rates) / 2 if len(rates) == 2 else None


def _rates(answers: Sequence[tuple[bool, bool]]) -> Iterator[float]:
    for truth in (True, False):
        told = [said for said, truly in answers if truly is truth]
        if told:
            yield sum(one is truth for one in told) / len(told)
