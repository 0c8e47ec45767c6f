"""The pick: uniform over conversations, then within each, and the same again on a grown table."""

from collections import Counter
from fractions import Fraction
from itertools import cycle
from math import ceil, floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation import pick

seeds = st.integers(-(2**63), 2**63 - 1)
ids = st.integers(1, 2**62)
tables = st.dictionaries(ids, st.lists(ids, min_size=1, max_size=5, unique=True), max_size=30)
rules = st.sampled_from([pick.draw, pick.draw_by_items, pick.draw_by_category])


def groups(table, categories=("",)):
    """The table's groups, each of the next category by turns."""
    turns = cycle(categories)
    return [pick.Group(group, items, next(turns)) for group, items in table.items()]


@given(rules, tables, st.integers(1, 40), seeds)
def test_draws_what_was_wanted_at_most_one_a_conversation(rule, table, n_wanted, seed):
    drawn = rule(groups(table, "abc"), n_wanted=n_wanted, seed=seed)

    assert drawn.population == len(table)
    assert len(drawn.picks) == min(n_wanted, len(table))
    assert len({p.group_id for p in drawn.picks}) == len(drawn.picks)
    assert all(p.item_id in table[p.group_id] for p in drawn.picks)


@given(tables, st.integers(1, 40), seeds, st.randoms(use_true_random=False))
def test_does_not_depend_on_the_order_rows_come_in(table, n_wanted, seed, random):
    rows = [pick.Group(group, random.sample(m, len(m))) for group, m in table.items()]
    random.shuffle(rows)

    assert pick.draw(rows, n_wanted=n_wanted, seed=seed) == pick.draw(
        groups(table), n_wanted=n_wanted, seed=seed
    )


@given(tables, st.integers(1, 40), st.integers(1, 40), seeds)
def test_wanting_more_only_adds(table, fewer, more, seed):
    few = pick.draw(groups(table), n_wanted=min(fewer, more), seed=seed).picks
    many = pick.draw(groups(table), n_wanted=max(fewer, more), seed=seed).picks

    assert [p.item_id for p in few] == [p.item_id for p in many[: len(few)]]


@given(tables.filter(bool), st.integers(1, 40), seeds)
def test_probability_of_a_run_sums_to_the_picks_it_makes(table, n_wanted, seed):
    """Summed over every message that could have been drawn, the chances are the number drawn."""
    drawn = pick.draw(groups(table), n_wanted=n_wanted, seed=seed)

    by_message = [p.probability * len(table[p.group_id]) for p in drawn.picks]
    assert sum(by_message) * len(table) / len(drawn.picks) == pytest.approx(len(drawn.picks))


def test_long_conversations_are_not_drawn_more_often():
    """Ten chats, one of them with 90 of the 99 messages: it takes a tenth of the picks, not most."""
    table = {1: list(range(1000, 1090))} | {n: [n * 10] for n in range(2, 11)}
    drawn = Counter(
        pick.draw(groups(table), n_wanted=1, seed=seed).picks[0].group_id for seed in range(3000)
    )

    # 300 expected, standard deviation 16.4; five of them either side.
    assert all(218 < drawn[conversation] < 382 for conversation in table)


def test_messages_within_a_conversation_are_drawn_alike():
    drawn = Counter(
        pick.draw([pick.Group(7, [1, 2, 3])], n_wanted=1, seed=seed).picks[0].item_id
        for seed in range(3000)
    )

    # 1000 expected, standard deviation 25.8.
    assert all(870 < drawn[message] < 1130 for message in (1, 2, 3))


def test_uniform_over_messages_takes_long_conversations_more_often():
    """Chats of 1, 2 and 3 messages: one pick falls on them as 1 : 2 : 3, on every message alike."""
    table = {1: [10], 2: [20, 21], 3: [30, 31, 32]}
    drawn = Counter(
        pick.draw_by_items(groups(table), n_wanted=1, seed=seed).picks[0].item_id
        for seed in range(3000)
    )

    # 500 expected, standard deviation 20.4.
    assert all(398 < drawn[item] < 602 for items in table.values() for item in items)


def test_a_conversation_due_twice_is_certain_and_counts_once():
    table = {1: list(range(100, 198)), 2: [20], 3: [30]}
    drawn = pick.draw_by_items(groups(table), n_wanted=2, seed=4)

    (first,) = [p for p in drawn.picks if p.group_id == 1]
    (other,) = [p for p in drawn.picks if p.group_id != 1]
    assert first.probability == pytest.approx(1 / 98)
    assert other.probability == pytest.approx(0.5)


def test_every_category_gives_as_many_or_all_it_has():
    table = {n: [n] for n in range(1, 21)}
    by_category = [
        pick.Group(n, [n], "rare" if n == 1 else "common" if n < 15 else "other") for n in table
    ]
    drawn = pick.draw_by_category(by_category, n_wanted=9, seed=2)

    category = {group.group_id: group.category for group in by_category}
    assert Counter(category[p.group_id] for p in drawn.picks) == {
        "rare": 1,
        "common": 4,
        "other": 4,
    }
    assert {p.probability for p in drawn.picks if category[p.group_id] == "common"} == {4 / 13}


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
