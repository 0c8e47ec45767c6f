"""Intervals cover the truth as often as they claim, over many simulated projects."""

import numpy as np
import pytest

from annotation.measures.agreement import agreement, meetings
from annotation.measures.biases import length_bias, position_bias
from annotation.measures.raters import rater_quality
from annotation.measures.simulator import SimulatedRater, judged, plan
from annotation.measures.win_rates import Contest, Source, win_rates

TEAM = [SimulatedRater(ability=ability, tie_width=0.2) for ability in np.linspace(0.8, 2.4, 10)]
N_PROJECTS = 80
N_DRAWS = 400


@pytest.fixture(scope="module")
def truth():
    """So many comparisons that what is left of chance is small beside the intervals."""
    return judged(TEAM, n_comparisons=12_000, n_candidates=4, overlap=2, seed=99)


@pytest.fixture(scope="module")
def projects():
    return [
        judged(TEAM, n_comparisons=200, n_candidates=4, overlap=2, seed=seed)
        for seed in range(N_PROJECTS)
    ]


def covered(found, value):
    return found.low <= value <= found.high


def assert_as_claimed(hits, n):
    """95 % of n, within three standard deviations of a binomial and a point for small samples."""
    assert hits / n >= 0.95 - 3 * (0.95 * 0.05 / n) ** 0.5 - 0.01
    assert hits / n <= 0.95 + 3 * (0.95 * 0.05 / n) ** 0.5 + 0.01


def assert_no_wider_than_needed(found):
    """Intervals that always cover say nothing: half of one is about 1.96 deviations between projects."""
    spread = np.std([one.value for one in found], ddof=1)
    half = np.mean([(one.high - one.low) / 2 for one in found])
    # The deviation of 80 projects is itself known to 8 %.
    assert half / (1.96 * spread) == pytest.approx(1, abs=0.25)


def test_agreement_and_tau(truth, projects):
    expected = agreement(meetings(truth), n_draws=1)
    found = [agreement(meetings(project), n_draws=N_DRAWS) for project in projects]
    for name in ("same_order", "tau_b", "strict_share"):
        value = getattr(expected, name).value
        estimates = [getattr(one, name) for one in found]
        assert_as_claimed(sum(covered(one, value) for one in estimates), N_PROJECTS)
        assert_no_wider_than_needed(estimates)


def test_a_persons_leave_one_out_share(truth, projects):
    expected = {one.rater: one.agreed.value for one in rater_quality(truth)}
    found = [
        covered(one.agreed, expected[one.rater])
        for project in projects
        for one in rater_quality(project)
        if one.agreed is not None
    ]
    assert len(found) > 600
    assert_as_claimed(sum(found), len(found))


def test_a_persons_slots(projects):
    found = [
        covered(slot.excess, 0.0)
        for project in projects
        for one in position_bias(project)
        for slot in one.slots
    ]
    assert len(found) > 2000
    # The slots of a person are not independent of each other; a person's count as one.
    assert_as_claimed(sum(found) / 4, len(found) / 4)


def test_nobody_is_accused_more_often_than_the_level_says(projects):
    for meter in (position_bias, length_bias):
        accused = [any(one.p_value < 0.05 for one in meter(project)) for project in projects]
        assert sum(accused) / N_PROJECTS <= 0.05 + 3 * (0.05 * 0.95 / N_PROJECTS) ** 0.5


def test_win_rates_of_equal_policies(projects):
    sources = [Source(1, ()), Source(2, ()), Source(1, ()), Source(2, ())]
    rates = [
        rate.rate
        for project in projects
        for rate in win_rates(
            Contest(one.comparison, one.cluster, one.tiers, sources, None) for one in project
        )
    ]
    assert_as_claimed(sum(covered(rate, 0.5) for rate in rates), N_PROJECTS)
    assert_no_wider_than_needed(rates)


def test_a_plan_keeps_its_margin():
    found = plan(n_raters=12, overlap=2, n_candidates=4, agreed=0.726, margin=0.04, seed=2)
    assert found.agreement is not None
    assert found.win_rate is not None
    assert found.rater is not None
    assert found.agreement.value == pytest.approx(0.726, abs=0.03)
    for cost in (found.agreement, found.win_rate, found.rater):
        assert cost.margin == pytest.approx(0.04, abs=0.006)
    assert found.agreement.n_rankings == 2 * found.agreement.n_comparisons
    alone = plan(n_raters=12, overlap=1, n_candidates=4, agreed=0.726, margin=0.04, seed=2)
    assert (alone.agreement, alone.rater) == (None, None)
    assert alone.win_rate is not None
    # One ranking a comparison takes more comparisons, but fewer rankings in all.
    assert alone.win_rate.n_comparisons > found.win_rate.n_comparisons
    assert alone.win_rate.n_rankings < found.win_rate.n_rankings
