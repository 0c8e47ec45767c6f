"""Identical and near-identical candidates."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation import similarity

WORDS = [f"word{n}" for n in range(44)]


def jaccard(one: str, other: str) -> float:
    return similarity.jaccard(similarity.shingles(one), similarity.shingles(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Use the  stairs.\n", "use the stairs."),
        ("ﬁne", "fine"),
        ("a\u00a0b", "a b"),
        ("Straße", "STRASSE"),
    ],
)
def test_what_a_reader_takes_for_the_same_is_identical(one, other):
    assert similarity.normalised(one) == similarity.normalised(other)


def test_a_different_word_is_a_difference():
    assert similarity.normalised("go left") != similarity.normalised("go right")


def test_one_changed_word_at_the_end_of_a_long_text_is_nearly_identical():
    # 40 shingles each, 39 shared of 41 in all: 0.951.
    changed = [*WORDS[:-1], "other"]
    assert jaccard(" ".join(WORDS), " ".join(changed)) == pytest.approx(39 / 41)
    assert similarity.near_identical_to_earlier(["no", " ".join(WORDS), " ".join(changed)]) == [
        False,
        False,
        True,
    ]


def test_one_changed_word_in_the_middle_touches_five_shingles():
    # 35 shared of 45 in all: 0.778.
    changed = [*WORDS[:20], "other", *WORDS[21:]]
    assert jaccard(" ".join(WORDS), " ".join(changed)) == pytest.approx(35 / 45)
    assert similarity.near_identical_to_earlier([" ".join(WORDS), " ".join(changed)]) == [False] * 2


def test_short_texts_are_compared_whole():
    assert jaccard("yes it is", "yes it is") == 1
    assert jaccard("yes it is", "no it is") == 0


@given(st.text(), st.text())
def test_jaccard_is_symmetric_and_one_on_the_same(one, other):
    assert jaccard(one, other) == jaccard(other, one)
    assert 0 <= jaccard(one, other) <= 1
    assert jaccard(one, one) == 1
