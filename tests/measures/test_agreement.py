"""Agreement against a direct count, scipy, published figures and its own laws."""

import math
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau

from annotation.measures.agreement import (
    Meetings,
    agreement,
    meetings,
    noise_ceiling,
    pair_agreement,
)
from annotation.measures.judged import Judged
from tests.measures.strategies import judged, tables, tiers


def order_of(row: list[int], i: int, j: int) -> int:
    return (row[i] < row[j]) - (row[i] > row[j])


def counted(table: list[Judged]) -> list[tuple[int, int, int, int, int, int, int]]:
    """Every meeting by nested loops: comparison, raters, pairs, strict for both, same, both tied."""
    found = []
    for one in table:
        for a, b in combinations(range(len(one.raters)), 2):
            if one.eras and one.eras[a] != one.eras[b]:
                continue
            n_strict = n_same = n_tied = n_pairs = 0
            for i, j in combinations(range(one.n_candidates), 2):
                said_a, said_b = order_of(one.tiers[a], i, j), order_of(one.tiers[b], i, j)
                n_pairs += 1
                n_tied += said_a == said_b == 0
                if said_a and said_b:
                    n_strict += 1
                    n_same += said_a == said_b
            ids = sorted([one.raters[a], one.raters[b]])
            found.append((one.comparison, *ids, n_pairs, n_strict, n_same, n_tied))
    return sorted(found)


def listed(met: Meetings) -> list[tuple[int, ...]]:
    columns = (met.n_pairs, met.n_strict, met.n_same, met.n_tied)
    return sorted(
        (int(comparison), *sorted([int(a), int(b)]), *map(int, counts))
        for comparison, a, b, *counts in zip(
            met.comparison, met.rater_a, met.rater_b, *columns, strict=True
        )
    )


@settings(max_examples=40)
@given(tables())
def test_every_meeting_is_counted_as_by_hand(table):
    assert listed(meetings(table)) == counted(table)


@settings(max_examples=40)
@given(tables())
def test_the_figures_are_means_of_comparisons_counted_by_hand(table):
    by_comparison: dict[int, list[tuple[int, ...]]] = {}
    for comparison, _, _, *counts in counted(table):
        by_comparison.setdefault(comparison, []).append(tuple(counts))
    same, strict, with_ties = [], [], []
    for rows in by_comparison.values():
        n_pairs, n_strict, n_same, n_tied = (sum(column) for column in zip(*rows, strict=True))
        strict.append(n_strict / n_pairs)
        with_ties.append((n_same + n_tied + (n_pairs - n_strict - n_tied) / 2) / n_pairs)
        if n_strict:
            same.append(n_same / n_strict)

    found = agreement(meetings(table), enough=1)

    assert found.n_comparisons == len(by_comparison)
    for estimate, values in (
        (found.same_order, same),
        (found.strict_share, strict),
        (found.with_ties, with_ties),
    ):
        if not values:
            assert estimate is None
            continue
        assert estimate is not None
        assert estimate.value == pytest.approx(sum(values) / len(values))
        assert estimate.low - 1e-12 <= estimate.value <= estimate.high + 1e-12
        assert estimate.n == len(values)


@given(st.integers(2, 9).flatmap(lambda k: st.tuples(tiers(k), tiers(k))))
def test_tau_b_is_scipys(two):
    (found,) = meetings([Judged(0, 0, [1, 2], list(two))]).tau_b
    expected = kendalltau(*two).statistic
    assert (math.isnan(found) and math.isnan(expected)) or found == pytest.approx(expected)


def test_tau_b_of_a_published_example():
    """scipy's own worked example, after W. R. Knight, 1966: −0.4714."""
    first, second = [12, 2, 1, 12, 2], [1, 4, 7, 1, 0]
    (found,) = meetings([Judged(0, 0, [1, 2], [first, second])]).tau_b
    assert found == pytest.approx(-0.47140452)


@given(judged())
def test_agreement_is_symmetric(one):
    turned = replace(
        one,
        raters=one.raters[::-1],
        tiers=one.tiers[::-1],
        eras=one.eras[::-1],
        orders=(),
        ratings=(),
    )
    assert listed(meetings([one])) == listed(meetings([turned]))


@given(st.integers(2, 9).flatmap(tiers))
def test_identical_rankings_agree_wholly(row):
    assert pair_agreement([row, row]) == (1.0 if len(set(row)) > 1 else None)


@settings(max_examples=40)
@given(tables(), st.randoms(use_true_random=False))
def test_relabelling_candidates_and_raters_changes_nothing(table, random):
    def relabelled(one: Judged) -> Judged:
        order = random.sample(range(one.n_candidates), one.n_candidates)
        return replace(
            one,
            raters=[100 - rater for rater in one.raters],
            tiers=[[row[i] for i in order] for row in one.tiers],
        )

    assert agreement(meetings(table), enough=1) == agreement(
        meetings([relabelled(one) for one in table]), enough=1
    )


def test_what_was_said_before_and_after_a_breaking_guideline_never_meets():
    one = Judged(1, 1, [1, 2, 3], [[1, 2], [1, 2], [2, 1]], eras=[0, 1, 1])
    assert listed(meetings([one])) == [(1, 2, 3, 1, 1, 0, 0)]


def test_too_little_overlap_gives_no_figure():
    table = [Judged(number, number, [1, 2], [[1, 2], [1, 2]]) for number in range(29)]
    too_few = agreement(meetings(table))
    assert (too_few.same_order, too_few.n_comparisons) == (None, 29)

    table.append(Judged(29, 29, [1, 2], [[1, 2], [2, 1]]))
    found = agreement(meetings(table)).same_order
    assert found is not None
    assert (found.value, found.n) == (pytest.approx(29 / 30), 30)
    assert found.low < 29 / 30 < found.high


def test_the_interval_is_the_same_every_time_and_wider_for_fewer_conversations():
    table = [
        Judged(number, number, [1, 2], [[1, 2, 3], [1, 2, 3] if number % 3 else [3, 2, 1]])
        for number in range(90)
    ]
    few = [
        replace(one, cluster=one.comparison // 9)
        for one in sorted(table, key=lambda one: one.comparison % 3)
    ]
    clumped = [replace(one, cluster=row // 9) for row, one in enumerate(few)]
    alone, together = agreement(meetings(table)).same_order, agreement(meetings(clumped)).same_order
    assert alone == agreement(meetings(table)).same_order
    assert alone is not None
    assert together is not None
    assert together.high - together.low > 2 * (alone.high - alone.low)


@pytest.mark.parametrize(
    ("agreed", "ceiling"),
    [(1.0, 1.0), (0.5, 0.5), (0.726, 0.83615), (0.773, 0.86946), (0.49, None)],
)
def test_noise_ceiling(agreed, ceiling):
    found = noise_ceiling(agreed)
    assert found is None if ceiling is None else found == pytest.approx(ceiling, abs=1e-5)


def test_the_noise_ceiling_is_what_an_oracle_reaches():
    """Two raters who each err in 15 % of pairs, at random, and the oracle who never does."""
    rng = np.random.default_rng(4)
    truth = np.ones(200_000)
    one, other = (np.where(rng.random(len(truth)) < 0.15, -1, 1) for _ in "ab")
    agreed = float((one == other).mean())
    assert noise_ceiling(agreed) == pytest.approx(float((one == truth).mean()), abs=0.004)
