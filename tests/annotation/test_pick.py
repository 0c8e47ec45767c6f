"""The pick: uniform over conversations, then within each, and the same again on a grown table."""

from collections import Counter
from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation import pick

seeds = st.integers(-(2**63), 2**63 - 1)
ids = st.integers(1, 2**62)
tables = st.dictionaries(ids, st.lists(ids, min_size=1, max_size=5, unique=True), max_size=30)


@given(tables, st.integers(1, 40), seeds)
def test_draws_what_was_wanted_at_most_one_a_conversation(table, n_wanted, seed):
    drawn = pick.draw(table.items(), n_wanted=n_wanted, seed=seed)

    assert drawn.population == len(table)
    assert len(drawn.picks) == min(n_wanted, len(table))
    assert len({p.conversation_id for p in drawn.picks}) == len(drawn.picks)
    assert all(p.message_id in table[p.conversation_id] for p in drawn.picks)


@given(tables, st.integers(1, 40), seeds, st.randoms(use_true_random=False))
def test_does_not_depend_on_the_order_rows_come_in(table, n_wanted, seed, random):
    rows = [(conversation, random.sample(m, len(m))) for conversation, m in table.items()]
    random.shuffle(rows)

    assert pick.draw(rows, n_wanted=n_wanted, seed=seed) == pick.draw(
        table.items(), n_wanted=n_wanted, seed=seed
    )


@given(tables, st.integers(1, 40), st.integers(1, 40), seeds)
def test_wanting_more_only_adds(table, fewer, more, seed):
    few = pick.draw(table.items(), n_wanted=min(fewer, more), seed=seed).picks
    many = pick.draw(table.items(), n_wanted=max(fewer, more), seed=seed).picks

    assert [p.message_id for p in few] == [p.message_id for p in many[: len(few)]]


@given(tables.filter(bool), st.integers(1, 40), seeds)
def test_probability_of_a_run_sums_to_the_picks_it_makes(table, n_wanted, seed):
    """Summed over every message that could have been drawn, the chances are the number drawn."""
    drawn = pick.draw(table.items(), n_wanted=n_wanted, seed=seed)

    by_message = [p.probability * len(table[p.conversation_id]) for p in drawn.picks]
    assert sum(by_message) * len(table) / len(drawn.picks) == pytest.approx(len(drawn.picks))


def test_long_conversations_are_not_drawn_more_often():
    """Ten chats, one of them with 90 of the 99 messages: it takes a tenth of the picks, not most."""
    table = {1: list(range(1000, 1090))} | {n: [n * 10] for n in range(2, 11)}
    drawn = Counter(
        pick.draw(table.items(), n_wanted=1, seed=seed).picks[0].conversation_id
        for seed in range(3000)
    )

    # 300 expected, standard deviation 16.4; five of them either side.
    assert all(218 < drawn[conversation] < 382 for conversation in table)


def test_messages_within_a_conversation_are_drawn_alike():
    drawn = Counter(
        pick.draw([(7, [1, 2, 3])], n_wanted=1, seed=seed).picks[0].message_id
        for seed in range(3000)
    )

    # 1000 expected, standard deviation 25.8.
    assert all(870 < drawn[message] < 1130 for message in (1, 2, 3))


def test_the_order_is_fixed_for_ever():
    """Stored picks must replay under every later version: these figures may never change."""
    assert pick.order_key(7, 42, draw="message") == 0x7F6D5B7CE523B80F
    assert pick.shuffled(range(1, 9), seed=3, draw="candidates") == [1, 7, 4, 5, 3, 8, 6, 2]


weights = st.dictionaries(ids, st.floats(0.01, 100), min_size=1, max_size=6)


@given(st.integers(1, 9), weights, seeds)
def test_shares_are_quotas_rounded_down_or_up(n, weights, seed):
    split = pick.shares(n, weights, seed=seed)
    total = sum(map(Fraction, weights.values()))

    assert sum(split.values()) == n
    for row_id, weight in weights.items():
        quota = n * Fraction(weight) / total
        slack = Fraction(1, 10**9)
        assert floor(quota - slack) <= split.get(row_id, 0) <= ceil(quota + slack)


def test_mean_share_is_the_quota():
    split = Counter()
    for seed in range(2000):
        split.update(pick.shares(3, {10: 1.0, 20: 2.0, 30: 5.0}, seed=seed))

    # Quotas 0.375, 0.75 and 1.875 of 3; standard deviations of the means below 0.011.
    assert split[10] / 2000 == pytest.approx(0.375, abs=0.055)
    assert split[20] / 2000 == pytest.approx(0.75, abs=0.055)
    assert split[30] / 2000 == pytest.approx(1.875, abs=0.055)
