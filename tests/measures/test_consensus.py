"""Consensus, Borda, Bradley–Terry."""

from fractions import Fraction
from itertools import combinations

import choix
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from annotation.measures.consensus import (
    borda,
    bradley_terry,
    consensus_pairs,
    count_cycles,
    wins_of,
)
from tests.measures.strategies import tiers

teams = st.integers(2, 6).flatmap(lambda k: st.lists(tiers(k), min_size=1, max_size=5))


@given(teams)
def test_consensus_pairs_are_the_shares_counted_by_hand(rows):
    found = {(p.chosen, p.rejected): p.agreement for p in consensus_pairs(rows, min_raters=1)}
    for i, j in combinations(range(len(rows[0])), 2):
        p = sum(
            Fraction(1) if row[i] < row[j] else Fraction(1, 2) if row[i] == row[j] else Fraction(0)
            for row in rows
        ) / len(rows)
        pair, share = ((i, j), p) if p >= 1 - p else ((j, i), 1 - p)
        if share >= Fraction(6, 10):
            assert found.pop(pair) == pytest.approx(float(share))
        else:
            assert pair not in found
    assert not found


def test_weights_and_the_least_number_of_raters():
    rows = [[1, 2], [2, 1]]
    assert consensus_pairs(rows, weights=[3.0, 1.0])[0].agreement == 0.75
    assert consensus_pairs(rows) == []
    assert consensus_pairs([[1, 2]], min_raters=2) == []


def test_a_cycle_is_counted():
    rows = [[1, 2, 3], [3, 1, 2], [2, 3, 1]]
    assert count_cycles(consensus_pairs(rows)) == 1
    assert count_cycles(consensus_pairs([[1, 2, 3]] * 3)) == 0


@given(teams)
def test_borda_orders_by_mean_mid_rank(rows):
    order = borda(rows)
    mean = np.mean([rankdata(row) for row in rows], axis=0)
    assert sorted(item for tier in order for item in tier) == list(range(len(rows[0])))
    for better, worse in combinations(range(len(order)), 2):
        assert mean[order[better][0]] < mean[order[worse][0]]
    for tier in order:
        assert np.ptp(mean[tier]) < 1e-9


@given(st.integers(2, 6).flatmap(tiers))
def test_borda_of_one_ranking_is_that_ranking(row):
    expected = [
        [item for item in range(len(row)) if row[item] == tier] for tier in sorted(set(row))
    ]
    assert borda([row]) == expected


# American League baseball, 1987: wins of the row over the column; A. Agresti, Categorical Data
# Analysis, table 10.10, with the plain estimates printed there, Baltimore at 0.
BASEBALL = [
    [0, 7, 9, 7, 7, 9, 11],
    [6, 0, 7, 5, 11, 9, 9],
    [4, 6, 0, 7, 7, 8, 12],
    [6, 8, 6, 0, 6, 7, 10],
    [6, 2, 6, 7, 0, 7, 12],
    [4, 4, 5, 6, 6, 0, 6],
    [2, 4, 1, 3, 1, 7, 0],
]
PUBLISHED = [1.58, 1.44, 1.29, 1.25, 1.11, 0.68, 0.0]


def test_bradley_terry_with_hardly_a_prior_is_the_published_fit():
    found = np.array(bradley_terry(BASEBALL, prior_deviation=1000.0).means)
    assert found - found[-1] == pytest.approx(PUBLISHED, abs=0.006)


def test_bradley_terry_is_choixs_maximum_a_posteriori():
    """choix's penalty is alpha · Σθ², so N(0, 1) is an alpha of one half."""
    played = [
        (i, j) for i, row in enumerate(BASEBALL) for j, wins in enumerate(row) for _ in range(wins)
    ]
    expected = choix.opt_pairwise(7, played, alpha=0.5, tol=1e-10)
    assert bradley_terry(BASEBALL).means == pytest.approx(expected.tolist(), abs=1e-4)


@given(teams)
def test_bradley_terry_stays_finite_at_one_to_five_raters(rows):
    found = bradley_terry(wins_of(rows))
    assert np.abs(found.means).max() < 5
    assert max(found.deviations) <= 1 + 1e-9
    # Symmetric around nought: what one gains another loses.
    assert sum(found.means) == pytest.approx(0, abs=1e-6)


def test_nothing_played_leaves_the_prior():
    found = bradley_terry(np.zeros((2, 2)))
    assert (found.means, found.deviations) == ([0, 0], [1, 1])
