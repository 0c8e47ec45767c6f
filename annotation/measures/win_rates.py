"""How often one policy's reply is put above another's, and when that may be said (DATA.md §4)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from annotation.measures.consensus import Strengths, bradley_terry
from annotation.measures.intervals import Estimate, Floats, bootstrap, by_cluster

# Below so many comparisons no rate is shown, and a kind of context with fewer is not weighed.
ENOUGH = 30
ENOUGH_OF_A_KIND = 10

BY_A, BY_B, SINGLE, OTHER = "by_a", "by_b", "single", "other"


@dataclass(frozen=True, slots=True)
class Source:
    """Who wrote a candidate, and with which params: unlike params are another contest."""

    policy: int
    params: Hashable


@dataclass(frozen=True, slots=True)
class Contest:
    """One held-out comparison with its rankings.

    `sources` has None for a candidate that proves nothing of its policy: the original, a reference, a
    reply that was cut or that names its model. `chat_by` is the policy that held the chat before the
    picked message, None where the context is a prompt alone.
    """

    comparison: int
    cluster: int
    tiers: Sequence[Sequence[int]]
    sources: Sequence[Source | None]
    chat_by: int | None
    round: int | None = None


@dataclass(slots=True)
class _Met:
    values: list[float] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    clusters: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class WinRate:
    """Policy A against policy B; `rate` is A's, ties half, None where it cannot be said fairly.

    `kinds` counts the comparisons by who wrote the chat before them; `weighed` are the kinds that the
    rate weighs alike.
    """

    policy_a: int
    policy_b: int
    n_comparisons: int
    kinds: dict[str, int]
    weighed: list[str]
    rate: Estimate | None


def win_rates(contests: Iterable[Contest], *, enough: int = ENOUGH) -> list[WinRate]:
    """Every two policies that met with the same params, the lower id as A.

    Per comparison the mean over (a, b, rater) of 1, ½, 0; then the mean, with chats by A, chats by B
    and single prompts weighed alike, since a chat favours whoever wrote it. Resampled by conversation:
    taking pairs for independent would make the interval far too narrow.
    """
    met: dict[tuple[int, int], _Met] = defaultdict(_Met)
    for contest in contests:
        for (a, b), value in _duels(contest):
            record = met[a, b]
            record.values.append(value)
            record.kinds.append(_kind(contest.chat_by, a, b))
            record.clusters.append(contest.cluster)
    return [_win_rate(a, b, record, enough) for (a, b), record in sorted(met.items())]


def _duels(contest: Contest) -> Iterator[tuple[tuple[int, int], float]]:
    """Each two policies of one comparison, and the mean over candidate pairs and raters."""
    values: dict[tuple[int, int], list[float]] = defaultdict(list)
    for i, j in combinations(range(len(contest.sources)), 2):
        one, other = contest.sources[i], contest.sources[j]
        if one is None or other is None or one.policy == other.policy:
            continue
        if one.params != other.params:
            continue
        a, b = (i, j) if one.policy < other.policy else (j, i)
        key = min(one.policy, other.policy), max(one.policy, other.policy)
        values[key] += [(np.sign(tiers[b] - tiers[a]) + 1) / 2 for tiers in contest.tiers]
    for key, found in values.items():
        yield key, sum(found) / len(found)


def _kind(chat_by: int | None, a: int, b: int) -> str:
    if chat_by is None:
        return SINGLE
    return {a: BY_A, b: BY_B}.get(chat_by, OTHER)


def _win_rate(a: int, b: int, met: _Met, enough: int) -> WinRate:
    kinds = Counter(met.kinds)
    weighed = _weighed(kinds)
    chosen = [row for row, kind in enumerate(met.kinds) if kind in weighed]
    rate = None
    if weighed and len(chosen) >= enough:
        columns = np.zeros((len(chosen), 2 * len(weighed)))
        for position, row in enumerate(chosen):
            at = weighed.index(met.kinds[row])
            columns[position, 2 * at : 2 * at + 2] = met.values[row], 1.0
        sums = by_cluster([met.clusters[row] for row in chosen], columns)
        rate = bootstrap(sums, _mean_of_kinds, n=len(chosen))
    return WinRate(a, b, len(met.values), dict(sorted(kinds.items())), weighed, rate)


def _weighed(kinds: Counter[str]) -> list[str]:
    """Chats by A only beside chats by B, and single prompts; chats by a third favour one unknown."""
    enough = {kind for kind, n in kinds.items() if n >= ENOUGH_OF_A_KIND}
    chats = [BY_A, BY_B] if {BY_A, BY_B} <= enough else []
    return chats + ([SINGLE] if SINGLE in enough else [])


def _mean_of_kinds(sums: Floats) -> Floats:
    """The mean over kinds of context of (sum of values) / (comparisons)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((sums[:, 0::2] / sums[:, 1::2]).mean(axis=1))


@dataclass(frozen=True, slots=True)
class PolicyStrengths:
    policies: list[int]
    strengths: Strengths


def policy_strengths(rates: Sequence[WinRate]) -> PolicyStrengths:
    """Bradley–Terry strengths from the fair rates alone, a comparison counting once a policy pair."""
    fair = [found for found in rates if found.rate is not None]
    policies = sorted({policy for found in fair for policy in (found.policy_a, found.policy_b)})
    wins = np.zeros((len(policies), len(policies)))
    for found in fair:
        assert found.rate is not None
        a, b = policies.index(found.policy_a), policies.index(found.policy_b)
        wins[a, b] = found.rate.value * found.rate.n
        wins[b, a] = (1 - found.rate.value) * found.rate.n
    return PolicyStrengths(policies, bradley_terry(wins))
