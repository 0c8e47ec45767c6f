"""Leave-one-out agreement, shrinkage, gold, retests, flags."""

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotation.measures.judged import Judged
from annotation.measures.raters import (
    Graded,
    balanced_accuracy,
    grade,
    rater_quality,
    retest_share,
    shares_by_rater,
    shrunk_share,
)
from tests.measures.strategies import tables


def sign(row, i, j):
    return (row[i] < row[j]) - (row[i] > row[j])


def counted(table):
    """Everybody's leave-one-out shares by nested loops."""
    found: dict[int, list[float]] = {}
    for one in table:
        for me, rater in enumerate(one.raters):
            others = [
                row
                for index, row in enumerate(one.tiers)
                if index != me and one.eras[index] == one.eras[me]
            ]
            n = right = 0
            for i, j in combinations(range(one.n_candidates), 2):
                mine = sign(one.tiers[me], i, j)
                theirs = sum(sign(row, i, j) for row in others)
                if mine and theirs:
                    n += 1
                    right += (theirs > 0) == (mine > 0)
            if n:
                found.setdefault(rater, []).append(right / n)
    return found


@settings(max_examples=40)
@given(tables())
def test_leave_one_out_shares_are_those_counted_by_hand(table):
    found = {
        rater: sorted(one.agreed) for rater, one in shares_by_rater(table).items() if one.agreed
    }
    expected = {rater: sorted(shares) for rater, shares in counted(table).items()}
    assert found.keys() == expected.keys()
    for rater, shares in expected.items():
        assert found[rater] == pytest.approx(shares)


def test_nobody_is_judged_below_thirty_comparisons_and_all_are_drawn_to_the_team():
    right, wrong = [1, 2], [2, 1]
    table = [Judged(n, n, [1, 2, 3], [right, right, wrong if n < 15 else right]) for n in range(30)]
    found = {one.rater: one for one in rater_quality(table)}
    odd = found[3]
    assert odd.agreed is not None
    assert odd.agreed.value == 0.5
    assert odd.agreed.low < 0.5 < odd.agreed.high
    # For the other two, the odd one out makes the others' view even in 15 comparisons.
    assert found[1].n_with_others == 15
    assert found[1].agreed is None
    team = (15 + 15 + 15) / (15 + 15 + 30)
    assert odd.shrunk == pytest.approx((15 + 20 * team) / 50)
    assert rater_quality(table[:29])[2].agreed is None


@given(st.floats(0, 1), st.integers(0, 500), st.floats(0, 1))
def test_a_shrunk_share_lies_between_the_persons_and_the_teams(own, n, team):
    found = shrunk_share(own * n, n, team=team)
    low, high = sorted((own, team))
    assert low - 1e-9 <= found <= high + 1e-9


def test_a_gold_ranking_is_graded_on_its_clear_pairs_and_a_tie_is_wrong():
    assert grade({10: 1, 11: 2, 12: 2}, [(10, 11), (11, 12), (12, 10)]) == Graded(3, 1)
    assert grade({10: 1}, []).share is None


def test_a_retest_counts_pairs_that_are_strict_both_times():
    assert retest_share([1, 2, 3], [1, 3, 2]) == pytest.approx(2 / 3)
    assert retest_share([1, 1], [1, 2]) is None


def test_balanced_accuracy_does_not_reward_silence():
    truth = [True] * 3 + [False] * 7
    assert balanced_accuracy([False] * 10, truth) == 0.5
    assert balanced_accuracy(truth, truth) == 1.0
    assert balanced_accuracy([True] + [False] * 9, truth) == pytest.approx((1 / 3 + 1) / 2)
    assert balanced_accuracy([True], [True]) is None
