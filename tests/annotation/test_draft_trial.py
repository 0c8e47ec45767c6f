"""Arm against arm."""

import pytest

from annotation.draft_trial import (
    Observation,
    compare,
    difference,
    mean,
    share,
    share_difference,
)


def test_a_mean_has_students_interval() -> None:
    """3 ± 2.7764 · sqrt(2.5 / 5), four degrees of freedom."""
    estimate = mean([1.0, 2.0, 3.0, 4.0, 5.0])
    assert (estimate.n, estimate.mean) == (5, 3.0)
    assert (estimate.low, estimate.high) == (
        pytest.approx(1.0368, abs=1e-4),
        pytest.approx(4.9632, abs=1e-4),
    )


def test_a_share_stays_within_nought_and_one() -> None:
    """Wilson's interval for 10 of 10, as tabulated: 0.722 to 1."""
    estimate = share([1.0] * 10)
    assert (estimate.mean, estimate.high) == (1.0, 1.0)
    assert estimate.low == pytest.approx(0.722, abs=1e-3)


def test_too_few_values_have_no_interval() -> None:
    assert (mean([]).mean, mean([]).low) == (None, None)
    assert (mean([2.0]).mean, mean([2.0]).low) == (2.0, None)
    assert difference([1.0], []).mean is None


def test_a_difference_does_not_take_variances_as_equal() -> None:
    """Welch: 3 − 1 with standard error sqrt(2/2 + 0/2) and one degree of freedom, t = 12.7062."""
    estimate = difference([2.0, 4.0], [1.0, 1.0])
    assert estimate.mean == 2.0
    assert estimate.low == pytest.approx(2 - 12.7062, abs=1e-3)
    assert difference([0.0, 0.0], [0.0, 0.0]).high == 0.0


def test_a_difference_of_shares_is_newcombes() -> None:
    """56 of 70 against 48 of 80, as in Newcombe (1998): 0.20, 0.0524 to 0.3339."""
    estimate = share_difference([1.0] * 56 + [0.0] * 14, [1.0] * 48 + [0.0] * 32)
    assert (estimate.n, estimate.mean) == (150, pytest.approx(0.2))
    assert (estimate.low, estimate.high) == (
        pytest.approx(0.0524, abs=1e-4),
        pytest.approx(0.3339, abs=1e-4),
    )
    # A few verdicts that are all the same are no proof that there is no difference.
    alike = share_difference([1.0] * 3, [1.0] * 3)
    assert (alike.mean, alike.low, alike.high) == (
        0.0,
        pytest.approx(-0.5615, abs=1e-4),
        pytest.approx(0.5615, abs=1e-4),
    )
    assert share_difference([1.0], []).low is None


def test_arms_are_kept_apart_and_undecided_verdicts_left_out() -> None:
    rows = [
        Observation("drafts", 60, 100, 0.5, approved=True),
        Observation("drafts", 120, 200, 0.5, approved=None),
        Observation("no_drafts", 600, 50, 0.0, approved=False),
    ]
    outcomes = {outcome.measure: outcome for outcome in compare(rows)}
    assert outcomes["minutes"].drafts.mean == 1.5
    assert outcomes["minutes"].no_drafts.mean == 10.0
    assert outcomes["minutes"].difference.mean == -8.5
    assert (outcomes["approved"].drafts.n, outcomes["approved"].drafts.mean) == (1, 1.0)
    assert outcomes["words"].difference.mean == 100.0
    assert outcomes["model_share"].drafts.mean == 0.5
