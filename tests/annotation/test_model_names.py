"""Replies that name a model are found, and the name is masked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.model_names import MASK, masked, names_one_of, spoken_names

NAMES = {"Llama-3 8B", "demo-policy", "base"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("I am Llama-3 8B, a model.", f"I am {MASK}, a model."),
        ("As llama-3  8b I cannot know.", f"As {MASK} I cannot know."),
        ("Ask Ｌｌａｍａ-3 8B.", f"Ask {MASK}."),
        ("My name is Base.", f"My name is {MASK}."),
        ("I'm the base assistant", f"I'm the {MASK} assistant"),
    ],
)
def test_a_name_is_found_and_masked(text: str, shown: str) -> None:
    assert names_one_of(text, NAMES)
    assert masked(text, NAMES) == shown


@pytest.mark.parametrize(
    "text",
    ["I am Llama-3 8B2.", "A llama has 3 legs.", "", "Mix the base first.", "I am baseless."],
)
def test_words_that_name_nothing_stay(text: str) -> None:
    assert not names_one_of(text, NAMES)
    assert masked(text, NAMES) == text


@given(st.lists(st.sampled_from([*NAMES, "I am", "a", "reply", "LLAMA-3 8b", "\n"])).map(" ".join))
def test_what_was_masked_names_nothing_any_more(text: str) -> None:
    assert not names_one_of(masked(text, NAMES), NAMES)


def test_no_names_are_found_in_nothing() -> None:
    assert not names_one_of("I am anything.", set())


def test_a_policy_may_be_called_by_its_model() -> None:
    assert spoken_names(
        [
            ("first", "openai:http://127.0.0.1:9/v1#org/big-1"),
            ("second", "org/small-2"),
            ("third", "policies/own/"),
        ]
    ) == {"first", "big-1", "second", "small-2", "third", "own"}
