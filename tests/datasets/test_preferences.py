from itertools import combinations
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation import preferences
from tests.datasets.strategies import tiers_of_sizes


def ranked_from(tiers):
    """Each item with its rank: tied ones share it, none is left out."""
    return [(item, rank) for rank, tier in enumerate(tiers, start=1) for item in tier]


def test_pairs_run_best_first():
    assert preferences.preference_pairs([["a"], ["b", "c"], ["d"]]) == [
        ("a", "b"),
        ("a", "c"),
        ("a", "d"),
        ("b", "d"),
        ("c", "d"),
    ]


@given(tiers_of_sizes())
def test_pairs_go_down_a_tier_and_leave_out_ties_only(tiers):
    pairs = preferences.preference_pairs(tiers)
    rank = dict(ranked_from(tiers))
    n_items = sum(map(len, tiers))
    n_ties = sum(comb(len(tier), 2) for tier in tiers)

    assert all(rank[chosen] < rank[rejected] for chosen, rejected in pairs)
    assert len(set(pairs)) == len(pairs) == comb(n_items, 2) - n_ties
    sizes = [len(tier) for tier in tiers]
    assert len(pairs) == sum(better * worse for better, worse in combinations(sizes, 2))
    assert [rank[chosen] for chosen, _ in pairs] == sorted(rank[chosen] for chosen, _ in pairs)


@given(tiers_of_sizes())
def test_every_two_items_are_tied_or_a_pair(tiers):
    pairs = {frozenset(pair) for pair in preferences.preference_pairs(tiers)}
    ties = {frozenset(two) for tier in tiers for two in combinations(tier, 2)}
    items = [item for tier in tiers for item in tier]
    assert pairs | ties == {frozenset(two) for two in combinations(items, 2)}
    assert not pairs & ties


@given(tiers_of_sizes(), st.randoms(use_true_random=False))
def test_ranks_give_the_tiers_back_in_whatever_order_they_come(tiers, random):
    ranked = ranked_from(tiers)
    assert preferences.tiers_of(ranked) == tiers
    random.shuffle(ranked)
    assert [sorted(tier) for tier in preferences.tiers_of(ranked)] == [sorted(t) for t in tiers]


@pytest.mark.parametrize("ranks", [[0, 1], [1, 3], [2, 3], [1, 2, 4], [-1, 1]])
def test_ranks_with_a_gap_are_refused(ranks):
    with pytest.raises(ValueError, match="without a gap"):
        preferences.tiers_of(enumerate(ranks))
