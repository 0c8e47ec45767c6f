"""Position and length: by hand where small, by simulation where not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.special import expit

from annotation.measures.biases import (
    LengthBias,
    length_bias,
    longer_wins,
    position_bias,
    project_slots,
    slot_credits,
)
from annotation.measures.intervals import holm
from annotation.measures.judged import Judged, blocks
from annotation.measures.simulator import SimulatedRater
from annotation.measures.simulator import judged as simulated
from tests.measures.strategies import tables


@settings(max_examples=40)
@given(tables())
def test_credits_are_those_of_the_definition_and_sum_to_nought(table):
    for block in blocks(table):
        found = slot_credits(block)
        assert np.abs(found.sum(axis=2)).max() < 1e-9
        for row, one in enumerate(block.rows):
            for rater, (tiers, order) in enumerate(zip(one.tiers, one.orders, strict=True)):
                top = [candidate for candidate, tier in enumerate(tiers) if tier == min(tiers)]
                for slot, candidate in enumerate(order):
                    expected = (candidate in top) / len(top) - 1 / len(tiers)
                    assert found[row, rater, slot] == pytest.approx(expected)


def test_whoever_always_prefers_the_first_slot_is_found_and_no_one_else():
    team = [SimulatedRater()] * 7 + [SimulatedRater(ability=0.2, first_slot=2.0)]
    table = simulated(team, n_comparisons=600, n_candidates=4, overlap=2, seed=5)
    found = {one.rater: one for one in position_bias(table)}
    assert set(found) == set(range(8))
    assert found[7].p_value < 0.001
    assert found[7].slots[0].excess.low > 0.2
    assert [rater for rater, one in found.items() if one.p_value < 0.05] == [7]
    (first, *rest) = project_slots(table)
    assert first.excess.low > 0
    assert all(slot.excess.value < first.excess.value for slot in rest)


def test_whoever_favours_length_is_found_though_the_project_prefers_neither():
    team = [SimulatedRater()] * 7 + [SimulatedRater(ability=0.8, length=1.5)]
    table = simulated(team, n_comparisons=800, n_candidates=4, overlap=2, seed=6)
    found = {one.rater: one for one in length_bias(table)}
    assert [rater for rater, one in found.items() if one.p_value < 0.05] == [7]
    assert found[7].slope.low > 0.5
    assert all(one.slope.low < 0 < one.slope.high for rater, one in found.items() if rater != 7)


def test_the_slope_is_the_penalised_likelihoods():
    table = simulated([SimulatedRater()] * 3, n_comparisons=40, n_candidates=3, overlap=3, seed=1)
    rows = []
    for one in table:
        mine = one.raters.index(0)
        for i in range(3):
            for j in range(i + 1, 3):
                signs = [np.sign(tiers[j] - tiers[i]) for tiers in one.tiers]
                others = (sum(signs) - signs[mine]) / 2
                rows.append((signs[mine] > 0, others, np.log(one.words[i] / one.words[j])))
    chosen, features = np.array([row[0] for row in rows]), np.array([row[1:] for row in rows])

    def loss(slopes):
        signed = np.where(chosen, 1, -1) * (features @ slopes)
        return -np.log(expit(signed)).sum() + (slopes**2).sum() / (2 * 2.5**2)

    expected = minimize(loss, [0.0, 0.0], tol=1e-12).x[1]
    (first, *_) = length_bias(table)
    assert (type(first), first.rater) == (LengthBias, 0)
    assert first.slope.value == pytest.approx(expected, abs=1e-4)


def test_longer_wins_is_a_share_of_pairs_of_unequal_length():
    table = [
        Judged(0, 0, [1], [[1, 2, 3]], words=[9, 5, 5]),
        Judged(1, 1, [1, 2], [[1, 2], [2, 1]], words=[1, 8]),
        Judged(2, 2, [1], [[1, 2]], words=[4, 4]),
    ]
    found = longer_wins(table * 15)
    assert found is not None
    assert (found.value, found.n) == ((1.0 + 0.5) / 2, 30)
    assert longer_wins(table[2:] * 15) is None


def test_a_few_pairs_do_not_tell_what_length_does():
    one = Judged(0, 0, [1], [[1, 2]], words=[9, 5])
    assert longer_wins([one] * 29) is None
    assert longer_wins([one] * 30) is not None


def test_a_few_rankings_accuse_nobody():
    table = simulated(
        [SimulatedRater(first_slot=5.0)] * 2, n_comparisons=29, n_candidates=4, overlap=2, seed=1
    )
    assert position_bias(table) == length_bias(table) == project_slots(table[:10]) == []


def test_holm_on_the_textbook_case():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_only_raises_and_keeps_the_order(p_values):
    adjusted = holm(p_values)
    assert all(a >= p for a, p in zip(adjusted, p_values, strict=True))
    assert [p for _, p in sorted(zip(p_values, adjusted, strict=True))] == sorted(adjusted)
