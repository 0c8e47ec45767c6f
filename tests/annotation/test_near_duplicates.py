"""Which texts are said to be alike, exactly and by what the hashes tell of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.near_duplicates import (
    ALIKE,
    N_BANDS,
    NearDuplicates,
    bands,
    likeness,
    runs,
)

WEATHER = "What is the difference between weather and climate?"
ALIKE_PAIRS = [
    (WEATHER, "What's the difference between weather and climate?"),
    (WEATHER, "  what is the DIFFERENCE between weather\nand climate ?"),
    (
        "Explain to a shop owner why a shop needs a certificate for its website.",
        "Explain to the shop owner why a shop needs a certificate for its website!",
    ),
    (
        "天気と気候の違いを分かりやすく教えてください。",
        "天気と気候の違いを分かりやすく教えてください",
    ),
]
UNLIKE_PAIRS = [
    (WEATHER, "What is the difference between a virus and a bacterium?"),
    ("Write a poem about autumn rain.", "Summarise this contract in three sentences."),
    ("ok", "no"),
]


@pytest.mark.parametrize(("one", "other"), ALIKE_PAIRS)
def test_small_changes_leave_texts_alike(one: str, other: str) -> None:
    assert likeness(one, other) >= ALIKE
    assert set(bands(one)) & set(bands(other))
    known = NearDuplicates()
    known.add(7, other)
    assert known.alike(one) == [7]


@pytest.mark.parametrize(("one", "other"), UNLIKE_PAIRS)
def test_other_questions_are_not_alike(one: str, other: str) -> None:
    assert likeness(one, other) < ALIKE
    known = NearDuplicates()
    known.add(7, other)
    assert known.alike(one) == []


def test_the_most_alike_come_first() -> None:
    known = NearDuplicates()
    known.add(3, WEATHER.replace("climate", "climates"))
    known.add(2, WEATHER)
    known.add(1, WEATHER)
    assert known.alike(WEATHER) == [1, 2, 3]


def test_an_empty_text_is_like_nothing() -> None:
    known = NearDuplicates()
    known.add(1, " \n")
    assert known.alike("") == []
    assert bands(" ") == []
    assert runs("") == frozenset()


def test_a_number_stands_for_one_text() -> None:
    known = NearDuplicates()
    known.add(1, WEATHER)
    with pytest.raises(ValueError, match="number 1 is taken"):
        known.add(1, "Another text")


def test_stored_bands_stay_what_they_are() -> None:
    """They lie in the database: another value here means that every stored one must be made again."""
    assert bands(WEATHER)[:2] == [-3703694242776077145, -8579452305943088377]


@given(st.text(max_size=200))
def test_bands_fit_the_column_and_repeat(text: str) -> None:
    made = bands(text)
    assert made == bands(text)
    assert len(made) == (N_BANDS if runs(text) else 0)
    assert all(-(2**63) <= band < 2**63 for band in made)
    assert likeness(text, text) == 1.0
