"""Win rates are said only of fair meetings."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotation.measures.win_rates import Contest, Source, policy_strengths, win_rates
from tests.measures.strategies import tiers

A, B, C = (Source(policy, ("t", 1.0)) for policy in (1, 2, 3))


def contests(n, row, *, chat_by=None, sources=(A, B), first=0):
    return [Contest(first + k, first + k, [row], sources, chat_by) for k in range(n)]


def test_the_mean_over_candidates_and_raters_then_over_comparisons():
    one = Contest(1, 1, [[1, 2, 2], [2, 1, 1]], [A, B, B], None)
    two = Contest(2, 2, [[1, 1, 2]], [A, B, A], None)
    table = [
        replace(contest, comparison=2 * k + n, cluster=2 * k + n)
        for k in range(20)
        for n, contest in enumerate((one, two))
    ]
    (found,) = win_rates(table)
    assert found.rate is not None
    # ½ in the one; in the other a tie and a loss: ¼.
    assert found.rate.value == pytest.approx((0.5 + 0.25) / 2)
    assert (found.policy_a, found.policy_b, found.n_comparisons, found.rate.n) == (1, 2, 40, 40)


def test_chats_by_one_alone_say_nothing_and_are_left_out_beside_single_prompts():
    """A wins in its own chats, as whoever held a chat does; the single prompts say even."""
    own = contests(60, [1, 2], chat_by=1)
    (found,) = win_rates(own)
    assert (found.rate, found.kinds) == (None, {"by_a": 60})

    even = contests(20, [1, 2], first=100) + contests(20, [2, 1], first=200)
    (found,) = win_rates(own + even)
    assert found.rate is not None
    assert (found.rate.value, found.rate.n, found.weighed) == (0.5, 40, ["single"])


def test_chats_by_both_and_single_prompts_weigh_alike_however_many_there_are():
    table = (
        contests(80, [1, 2], chat_by=1)
        + contests(20, [2, 1], chat_by=2, first=100)
        + contests(10, [1, 1], first=200)
        + contests(50, [1, 2], chat_by=9, first=300)
    )
    (found,) = win_rates(table)
    assert found.rate is not None
    assert found.rate.value == pytest.approx((1 + 0 + 0.5) / 3)
    assert found.weighed == ["by_a", "by_b", "single"]
    assert found.kinds == {"by_a": 80, "by_b": 20, "other": 50, "single": 10}


def test_unlike_params_originals_and_too_few_are_no_contest():
    hot = Source(2, ("t", 1.5))
    assert win_rates(contests(40, [1, 2], sources=(A, hot))) == []
    assert win_rates(contests(40, [1, 2], sources=(A, None))) == []
    (found,) = win_rates(contests(29, [1, 2]))
    assert (found.rate, found.n_comparisons) == (None, 29)


def test_pairs_of_one_conversation_are_not_taken_for_independent():
    values = [[1, 2]] * 150 + [[2, 1]] * 150
    alone = [Contest(k, k, [row], (A, B), None) for k, row in enumerate(values)]
    clumped = [replace(one, cluster=one.comparison // 10) for one in alone]
    (apart,), (together,) = win_rates(alone), win_rates(clumped)
    assert apart.rate is not None
    assert together.rate is not None
    width = apart.rate.high - apart.rate.low
    assert together.rate.high - together.rate.low > 2.5 * width


@settings(max_examples=20)
@given(st.lists(tiers(4), min_size=30, max_size=40))
def test_what_one_wins_the_other_loses(rows):
    table = [Contest(k, k, [row], (A, B, A, C), None) for k, row in enumerate(rows)]
    swap = {1: 2, 2: 1, 3: 3}
    turned = [
        replace(one, sources=[replace(s, policy=swap[s.policy]) for s in one.sources if s])
        for one in table
    ]
    (found, *_), (mirrored, *_) = win_rates(table), win_rates(turned)
    assert found.rate is not None
    assert mirrored.rate is not None
    assert found.rate.value + mirrored.rate.value == pytest.approx(1)


def test_strengths_rest_on_fair_rates_alone():
    table = (
        contests(40, [1, 2])
        + contests(40, [1, 2], sources=(B, C), first=100)
        + contests(40, [2, 1], sources=(A, C), chat_by=3, first=200)
    )
    found = policy_strengths(win_rates(table))
    assert found.policies == [1, 2, 3]
    best, middle, worst = found.strengths.means
    assert best > middle > worst
