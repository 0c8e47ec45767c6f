"""All figures of a project as one value that JSON can hold: what the figures' job stores."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from annotation.measures.agreement import ENOUGH, REPORTED, Meetings, agreement, meetings
from annotation.measures.alpha import alpha, flag_agreement, rating_units
from annotation.measures.biases import length_bias, longer_wins, position_bias, project_slots
from annotation.measures.blindness import blindness
from annotation.measures.consensus import consensus_pairs, count_cycles
from annotation.measures.intervals import Estimate, clustered_mean, mean_of
from annotation.measures.judged import Judged
from annotation.measures.raters import Graded, RaterQuality, rater_quality
from annotation.measures.win_rates import Contest, WinRate, policy_strengths, win_rates

Json = dict[str, Any]
# A person's gold and retest scores get an interval from so many rankings on.
ENOUGH_KNOWN = 5


@dataclass(slots=True)
class Measured:
    """One person's answers to known items, and how far they agreed with themselves later."""

    gold: list[Graded] = field(default_factory=list)
    retests: list[float] = field(default_factory=list)


def figures(
    judged: Sequence[Judged],
    *,
    contests: Sequence[Contest] = (),
    measured: Mapping[int, Measured] | None = None,
) -> Json:
    """Everything DATA.md §4 asks for. Estimates are {value, low, high, n, n_clusters} or None."""
    met = meetings(judged)
    return {
        "n_comparisons": len(judged),
        "n_rankings": sum(len(one.raters) for one in judged),
        "reported": REPORTED,
        "agreement": _agreement(met, judged),
        "rater_pairs": _rater_pairs(met),
        "ratings_alpha": _estimate(alpha(rating_units(judged), level="ordinal")),
        "flags": [_plain(one) for one in flag_agreement(judged)],
        "slots": [_plain(slot) for slot in project_slots(judged)],
        "longer_wins": _estimate(longer_wins(judged)),
        "blindness": _plain(blindness(judged)),
        "consensus": _consensus(judged),
        "raters": _raters(judged, measured or {}),
        "policies": _policies(contests),
    }


def _agreement(met: Meetings, judged: Sequence[Judged]) -> Json:
    by_comparison = {one.comparison: one for one in judged}
    everything = _plain(agreement(met))

    def by(key: Callable[[Judged], Hashable]) -> list[Json]:
        keys = np.array([str(key(by_comparison[int(pk)])) for pk in met.comparison])
        if len(set(keys.tolist())) == 1:
            return [{"key": str(keys[0]), **everything}]
        return [
            {"key": name, **_plain(agreement(met.where(keys == name)))}
            for name in sorted(set(keys.tolist()), key=_natural)
        ]

    same = met.guideline_a == met.guideline_b
    by_guideline = [
        {
            "key": str(int(version)),
            **_plain(agreement(met.where(same & (met.guideline_a == version)))),
        }
        for version in np.unique(met.guideline_a[same])
    ]
    return {
        "all": everything,
        "by_round": by(lambda one: one.round or 0),
        "by_language": by(lambda one: one.language),
        "by_category": by(lambda one: one.category),
        "by_guideline": by_guideline,
    }


def _natural(name: str) -> tuple[int, str]:
    return (int(name) if name.isdigit() else -1, name)


def _rater_pairs(met: Meetings) -> list[Json]:
    """Every two people with anything in common; a figure where it is enough, counts where not."""
    ids = np.sort(np.column_stack([met.rater_a, met.rater_b]), axis=1).astype(np.int64)
    rows: dict[tuple[int, int], list[int]] = defaultdict(list)
    for row, (a, b) in enumerate(ids.tolist()):
        rows[a, b].append(row)
    found = []
    for (a, b), chosen in sorted(rows.items()):
        # Two people meet in a comparison once an era; only those who met often are looked at closely.
        both = agreement(met.where(np.array(chosen))) if len(chosen) >= ENOUGH else None
        found.append(
            {
                "rater_a": a,
                "rater_b": b,
                "n_comparisons": both.n_comparisons if both else len(chosen),
                "same_order": _estimate(both.same_order) if both else None,
                "tau_b": _estimate(both.tau_b) if both else None,
            }
        )
    return found


def _consensus(judged: Sequence[Judged]) -> Json:
    """Over comparisons with at least two rankings: clear pairs, and orders that contradict themselves."""
    n_pairs, n_clear, cyclic, shares, clusters = 0, 0, 0, [], []
    for one in judged:
        if len(one.raters) < 2:
            continue
        pairs = consensus_pairs(one.tiers)
        k = one.n_candidates
        n_pairs += k * (k - 1) // 2
        n_clear += len(pairs)
        cyclic += count_cycles(pairs) > 0
        shares.append(2 * len(pairs) / (k * (k - 1)))
        clusters.append(one.cluster)
    return {
        "n_comparisons": len(shares),
        "n_pairs": n_pairs,
        "n_clear": n_clear,
        "n_cyclic": cyclic,
        "clear_share": _estimate(clustered_mean(shares, clusters)),
    }


def _raters(judged: Sequence[Judged], measured: Mapping[int, Measured]) -> list[Json]:
    quality = {one.rater: one for one in rater_quality(judged)}
    positions = {one.rater: one for one in position_bias(judged)}
    lengths = {one.rater: one for one in length_bias(judged)}
    found = []
    for rater in sorted(quality.keys() | measured.keys()):
        one = quality.get(rater) or RaterQuality(rater, 0, 0, None, None, None, None)
        known = measured.get(rater) or Measured()
        position, length = positions.get(rater), lengths.get(rater)
        found.append(
            {
                **_plain(one),
                "slots": [_plain(slot) for slot in position.slots] if position else None,
                "position_p": position.p_value if position else None,
                "length_slope": _estimate(length.slope) if length else None,
                "length_p": length.p_value if length else None,
                "gold": _known([share for one in known.gold if (share := one.share) is not None]),
                "retest": _known(known.retests),
            }
        )
    return found


def _known(shares: Sequence[float]) -> Json:
    return {
        "n": len(shares),
        "share": _estimate(mean_of(shares)) if len(shares) >= ENOUGH_KNOWN else None,
    }


def _policies(contests: Sequence[Contest]) -> Json:
    rates = win_rates(contests)
    rounds = sorted({contest.round for contest in contests if contest.round is not None})
    found = policy_strengths(rates)
    return {
        "n_contests": len(contests),
        "rates": _rates(rates),
        "by_round": [
            {
                "round": number,
                "rates": _rates(win_rates(one for one in contests if one.round == number)),
            }
            for number in rounds
        ],
        "strengths": [
            {"policy": policy, "mean": mean, "deviation": deviation}
            for policy, mean, deviation in zip(
                found.policies, found.strengths.means, found.strengths.deviations, strict=True
            )
        ],
    }


def _rates(rates: Iterable[WinRate]) -> list[Json]:
    return [_plain(one) for one in rates]


def _plain(one: object) -> Json:
    return asdict(one)  # type: ignore[call-overload, no-any-return]


def _estimate(found: Estimate | None) -> Json | None:
    return asdict(found) if found is not None else None
