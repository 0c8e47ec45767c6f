"""Survival and model share: the figures of DATA.md §5."""

import json
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.draft_ledger import Overlap, overlap, words

DIALOGUES = Path(__file__).parents[2] / "fixtures" / "dialogues"
WORD = st.sampled_from(
    [
        "the",
        "of",
        "a",
        "boat",
        "keeps",
        "its",
        "lamp",
        "under",
        "grey",
        "water",
        "and",
        "nobody",
        "sees",
        "it",
    ]
)
TEXT = st.lists(WORD, max_size=40).map(" ".join)
OTHER = st.lists(st.sampled_from(["ein", "zwei", "drei", "vier"]), min_size=1, max_size=20).map(
    " ".join
)


def replies(kind: str) -> list[str]:
    """The first reply of each fixture dialogue of one kind, where it is a paragraph or more."""
    lines = (DIALOGUES / f"{kind}.jsonl").read_text().splitlines()
    threads = [json.loads(line)["messages"] for line in lines]
    first = [next(turn["content"] for turn in t if turn["role"] == "assistant") for t in threads]
    return [reply for reply in first if len(words(reply)) >= 50]


def test_unrelated_english_shares_nearly_nothing() -> None:
    pairs = list(product(replies("open_qa"), replies("brainstorming")))
    assert len(pairs) >= 100
    for draft, final in pairs:
        shares = overlap(draft=draft, final=final)
        assert shares.survival < 0.1
        assert shares.model_share < 0.1


@given(TEXT)
def test_an_untouched_draft_survives_whole(text: str) -> None:
    assert overlap(draft=text, final=text) == Overlap(survival=1.0, model_share=1.0)


@given(TEXT, OTHER)
def test_words_put_before_and_after_leave_the_draft_whole(draft: str, added: str) -> None:
    n_draft, n_added = len(draft.split()), len(added.split())
    shares = overlap(draft=draft, final=f"{added} {draft} {added}")
    if n_draft >= 3:
        assert shares.survival == 1.0
        assert shares.model_share == pytest.approx(n_draft / (n_draft + 2 * n_added))
    else:
        assert shares == Overlap(survival=0.0, model_share=0.0)


@given(TEXT, TEXT)
def test_shares_are_shares_and_two_sides_of_one_alignment(draft: str, final: str) -> None:
    there, back = overlap(draft=draft, final=final), overlap(draft=final, final=draft)
    for share in (there.survival, there.model_share):
        assert 0.0 <= share <= 1.0
    # Either both sides hold a common block or neither does.
    assert (there.survival > 0) == (there.model_share > 0) == (back.survival > 0)


@given(TEXT, OTHER)
def test_texts_of_different_words_share_nothing(draft: str, other: str) -> None:
    assert overlap(draft=draft, final=other).model_share == 0.0


def test_a_word_changed_in_the_middle_breaks_the_block_there() -> None:
    shares = overlap(
        draft="one two three four five six seven", final="one two three and five six seven"
    )
    assert shares.survival == pytest.approx(6 / 7)
    assert shares.model_share == pytest.approx(6 / 7)


def test_a_repeated_word_before_a_block_does_not_break_it() -> None:
    assert overlap(draft="alpha beta gamma", final="alpha x alpha beta gamma").survival == 1.0


def test_case_and_punctuation_are_not_words() -> None:
    assert overlap(draft="**Don’t** stop, now!", final="don't stop now").survival == 1.0


def test_scripts_without_spaces_count_characters() -> None:
    assert words("今天天气 ok") == ["今", "天", "天", "气", "ok"]
    assert overlap(draft="今天天气很好", final="我说今天天气很好").model_share == pytest.approx(
        6 / 8
    )
