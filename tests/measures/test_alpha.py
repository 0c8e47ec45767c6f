"""Krippendorff's alpha against his own worked example and a direct count."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.measures.alpha import alpha, flag_agreement, rating_units
from annotation.measures.judged import Judged

# K. Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), section C: four observers,
# twelve units, holes; 0 stands for a value not given.
OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3],
    [0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0],
]
UNITS = [(number, [row[number] for row in OBSERVERS if row[number]]) for number in range(12)]


@pytest.mark.parametrize(("level", "published"), [("nominal", 0.743), ("ordinal", 0.815)])
def test_the_published_example(level, published):
    found = alpha(UNITS, level=level)
    assert found is not None
    assert found.value == pytest.approx(published, abs=5e-4)
    assert found.low < found.value < found.high


def direct(units, level):
    """1 − observed / expected disagreement, by looping over every pair of values."""
    usable = [values for values in units if len(values) > 1]
    everything = [value for values in usable for value in values]
    known = sorted(set(everything))

    def distance(one, other):
        if level == "nominal":
            return float(one != other)
        low, high = sorted((one, other))
        between = sum(everything.count(value) for value in known if low <= value <= high)
        return (between - (everything.count(low) + everything.count(high)) / 2) ** 2

    n = len(everything)
    observed = sum(
        distance(a, b) / (len(values) - 1) for values in usable for a, b in permutations(values, 2)
    )
    expected = sum(distance(a, b) for a, b in permutations(everything, 2)) / (n - 1)
    return 1 - observed / expected if expected else None


@given(
    st.lists(st.lists(st.integers(1, 5), max_size=4), max_size=10),
    st.sampled_from(["nominal", "ordinal"]),
)
def test_alpha_is_what_a_direct_count_gives(units, level):
    found = alpha(list(enumerate(units)), level=level)
    expected = direct(units, level)
    if expected is None:
        assert found is None
    else:
        assert found is not None
        assert found.value == pytest.approx(expected)


def test_ratings_that_were_not_given_are_holes():
    one = Judged(7, 3, [1, 2], [[1, 2], [1, 2]], ratings=[[5, None], [6, 2]])
    assert rating_units([one]) == [(3, [5, 6]), (3, [2])]


def test_flags_carry_their_prevalence_and_are_judged_only_where_asked():
    asked = ["hallucination", "opinion"]
    table = [
        Judged(
            number,
            number,
            [1, 2, 3],
            [[1, 2]] * 3,
            flags=[[["hallucination"], []], [["hallucination"] if number % 2 else [], []], None],
            asked_flags=asked,
        )
        for number in range(40)
    ]
    hallucination, opinion = flag_agreement(table)
    assert (hallucination.flag, hallucination.n_judgements) == ("hallucination", 160)
    assert hallucination.prevalence == pytest.approx(60 / 160)
    assert hallucination.alpha is not None
    units = [(n, [1, int(bool(n % 2))]) for n in range(40)] + [(n, [0, 0]) for n in range(40)]
    expected = alpha(units, level="nominal")
    assert expected is not None
    assert hallucination.alpha.value == pytest.approx(expected.value)
    # Nobody raised it: chance alone would agree as well.
    assert (opinion.prevalence, opinion.alpha) == (0.0, None)
