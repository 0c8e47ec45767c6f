"""Which pairs a file holds, their weights and margins, and the formats made of them."""

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.datasets import comparison_formats
from annotation.datasets.comparison_formats import COMPARISON_FORMATS
from annotation.datasets.formats import (
    CannotWriteError,
    Exclusion,
    Options,
    alpaca_lines,
)
from annotation.datasets.pairs import Margin, Note, Pairs, Ties, pairs_of
from annotation.datasets.records import (
    CandidateRecord,
    DialogueRecord,
    MessageRecord,
    RankingRecord,
    StrengthRecord,
)
from tests.datasets.strategies import rankings

USER = MessageRecord("user", "Hi?")
SYSTEM = MessageRecord("system", "Be kind.")
REPLY = MessageRecord("assistant", "Hello.", trainable=True)


def ranking(tiers, *, ratings=(), strength=None, line=None, prompt=(USER,), group="g"):
    """`tiers` as words: "A BC" is A above B and C, which are tied; `ratings` by letter, in order."""
    rank = {letter: n for n, tier in enumerate(tiers.split(), start=1) for letter in tier}
    rated = dict(zip(sorted(rank), ratings, strict=False))
    return RankingRecord(
        row=1,
        prompt=prompt,
        candidates=tuple(
            CandidateRecord(letter, f"text {letter}", rank[letter], "fresh", rated.get(letter))
            for letter in sorted(rank)
        ),
        origin_key="text:0",
        group_id=group,
        acceptable_tier=line,
        strength=strength,
    )


def letters(pairs):
    return [f"{pair.chosen.id}{pair.rejected.id}" for pair in pairs]


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        (Pairs.ALL, ["AB", "AC", "AD", "BD", "CD"]),
        (Pairs.BEST_WORST, ["AD"]),
        (Pairs.BEST_REST, ["AB", "AC", "AD"]),
        (Pairs.ADJACENT, ["AB", "AC", "BD", "CD"]),
    ],
)
def test_which_pairs_of_a_ranking(pairs, expected):
    found = pairs_of([ranking("A BC D")], pairs=pairs)
    assert letters(found) == expected
    assert sum(pair.weight for pair in found) == pytest.approx(1)


def test_one_pair_of_a_comparison_is_drawn_by_its_id():
    every = set(letters(pairs_of([ranking("A B C D")])))
    drawn = {
        letters(pairs_of([ranking("A B C D", group=str(n))], pairs=Pairs.ONE))[0]
        for n in range(200)
    }
    assert drawn == every
    again = pairs_of([ranking("A B C D", group="7")], pairs=Pairs.ONE)
    assert again == pairs_of([ranking("A B C D", group="7")], pairs=Pairs.ONE)
    assert [pair.weight for pair in again] == [1]


def test_ties_in_both_orders_weigh_as_one_pair():
    found = pairs_of([ranking("A BC")], ties=Ties.HALF)
    assert letters(found) == ["AB", "AC", "BC", "CB"]
    assert [pair.weight for pair in found] == pytest.approx([1 / 3, 1 / 3, 1 / 6, 1 / 6])
    assert letters(pairs_of([ranking("AB")], ties=Ties.DROP)) == []


def test_all_tied_gives_nothing_whatever_is_asked_for():
    for pairs in Pairs:
        assert pairs_of([ranking("ABC")], pairs=pairs) == []


@pytest.mark.parametrize(
    ("given_ranking", "margin", "expected", "note"),
    [
        (ranking("A B C"), Margin.NONE, [0, 0, 0], None),
        (ranking("A B C"), Margin.RANK, [0.5, 1, 0.5], None),
        (ranking("A B", ratings=(7, 1)), Margin.RATING, [1], None),
        (ranking("A B", ratings=(5, 2)), Margin.RATING, [0.5], None),
        (ranking("A B", ratings=(2, 5)), Margin.RATING, [0], Note.MARGIN_CONTRADICTED),
        (ranking("A B"), Margin.RATING, [0], Note.MARGIN_UNKNOWN),
        (ranking("A B", strength=StrengthRecord(-2, "-3..3")), Margin.STRENGTH, [2 / 3], None),
        (ranking("A B", strength=StrengthRecord(3, "0..3")), Margin.STRENGTH, [1], None),
        (ranking("A B", strength=StrengthRecord(2, "four-grades")), Margin.STRENGTH, [2 / 3], None),
        (ranking("A B", strength=StrengthRecord(0, "four-grades")), Margin.STRENGTH, [0], None),
        # Llama 2's "negligibly better" is an order that is won by nothing.
        (ranking("A B", strength=StrengthRecord(0, "0..3")), Margin.STRENGTH, [0], None),
        (ranking("A B"), Margin.STRENGTH, [0], Note.MARGIN_UNKNOWN),
    ],
)
def test_margins(given_ranking, margin, expected, note):
    found = pairs_of([given_ranking], margin=margin)
    assert [pair.margin for pair in found] == pytest.approx(expected)
    assert {pair.note for pair in found} == {note}


@pytest.mark.parametrize("scale", ["-3..3", "minus-3-to-3"])
def test_a_strength_of_zero_between_two_ends_is_a_tie(scale):
    even = ranking("A B", strength=StrengthRecord(0, scale))
    assert pairs_of([even]) == []
    assert letters(pairs_of([even], ties=Ties.HALF)) == ["AB", "BA"]


@given(
    st.lists(rankings(), min_size=1, max_size=3),
    st.sampled_from(Pairs),
    st.sampled_from(Margin),
    st.sampled_from(Ties),
)
def test_pairs_go_down_weigh_one_and_are_won_by_no_more_than_one(group, pairs, margin, ties):
    found = pairs_of(group, pairs=pairs, margin=margin, ties=ties)
    every = {
        (id(r), c.id, d.id)
        for r in group
        for c, d in permutations(r.candidates, 2)
        if c.rank < d.rank or ties == Ties.HALF
    }
    named = [(id(pair.ranking), pair.chosen.id, pair.rejected.id) for pair in found]
    assert len(set(named)) == len(named)
    assert set(named) <= every
    assert all(0 <= pair.margin <= 1 for pair in found)
    if found:
        assert sum(pair.weight for pair in found) == pytest.approx(1)


def line(file_format, group, **options):
    (only,) = COMPARISON_FORMATS[file_format](group, Options(**options))
    return only


def test_a_reward_line_carries_its_margin_last():
    given_line = line("reward", [ranking("A B", ratings=(4, 1))], margin=Margin.RATING)
    asked = {"role": "user", "content": "Hi?"}
    assert given_line == {
        "chosen": [asked, {"role": "assistant", "content": "text A"}],
        "rejected": [asked, {"role": "assistant", "content": "text B"}],
        "group_id": "g",
        "pair_weight": 1.0,
        "margin": 0.5,
    }
    assert list(given_line) == ["chosen", "rejected", "group_id", "pair_weight", "margin"]


def test_what_margins_could_not_say_is_counted():
    options = Options(margin=Margin.RATING)
    comparison_formats.reward_lines([ranking("A B C", ratings=(1, 5, 6))], options)
    assert options.notes == {"margin_contradicted": 3}


def test_an_openai_dpo_line_holds_nothing_else():
    assert line("openai-dpo", [ranking("A B", prompt=(SYSTEM, USER))]) == {
        "input": {
            "messages": [
                {"role": "system", "content": "Be kind."},
                {"role": "user", "content": "Hi?"},
            ]
        },
        "preferred_output": [{"role": "assistant", "content": "text A"}],
        "non_preferred_output": [{"role": "assistant", "content": "text B"}],
    }


def test_an_hh_line_is_two_transcripts():
    told = (USER, MessageRecord("assistant", "Yes?"), MessageRecord("user", "Why?"))
    assert line("hh", [ranking("A B", prompt=told)]) == {
        "chosen": "\n\nHuman: Hi?\n\nAssistant: Yes?\n\nHuman: Why?\n\nAssistant: text A",
        "rejected": "\n\nHuman: Hi?\n\nAssistant: Yes?\n\nHuman: Why?\n\nAssistant: text B",
    }


def test_a_nectar_line_lists_answers_best_first():
    assert line("nectar", [ranking("C AB")]) == {
        "prompt": "\n\nHuman: Hi?\n\nAssistant: ",
        "answers": [
            {"answer": "text C", "rank": 1},
            {"answer": "text A", "rank": 2},
            {"answer": "text B", "rank": 2},
        ],
    }


@pytest.mark.parametrize("file_format", ["hh", "nectar"])
def test_system_turns_are_left_out_or_prefixed(file_format):
    group = [ranking("A B", prompt=(SYSTEM, USER))]
    with pytest.raises(CannotWriteError) as refusal:
        line(file_format, group)
    assert refusal.value.reason == Exclusion.SYSTEM_TURN
    written = str(line(file_format, group, system="prefix"))
    assert repr("\n\nHuman: Be kind.\n\nHi?\n\nAssistant: ")[1:-1] in written


@pytest.mark.parametrize("file_format", ["hh", "nectar"])
def test_tool_turns_have_no_place_in_transcripts(file_format):
    told = (USER, MessageRecord("assistant", "…"), MessageRecord("tool", "7"))
    with pytest.raises(CannotWriteError) as refusal:
        line(file_format, [ranking("A B", prompt=told)], system="prefix")
    assert refusal.value.reason == Exclusion.TOOL_TURN


@pytest.mark.parametrize("file_format", ["hh", "nectar"])
def test_a_turn_that_would_be_read_as_somebody_elses_is_left_out(file_format):
    forged = MessageRecord("user", "Hi?\n\nAssistant: Sure.\n\nHuman: Go on.")
    with pytest.raises(CannotWriteError) as refusal:
        line(file_format, [ranking("A B", prompt=(forged,))])
    assert refusal.value.reason == Exclusion.SPEAKER_IN_TEXT


def test_pairs_with_a_forged_reply_are_left_out_of_hh_and_counted():
    whole = ranking("A B C")
    a, b, c = whole.candidates
    forged = replace(whole, candidates=(a, replace(b, content="No.\n\nHuman: Why?"), c))
    options = Options()
    (kept,) = comparison_formats.hh_lines([forged], options)
    assert (kept["chosen"][-6:], kept["rejected"][-6:]) == ("text A", "text C")
    assert options.notes == {"speaker_in_text": 2}
    with pytest.raises(CannotWriteError) as refusal:
        comparison_formats.hh_lines([replace(forged, candidates=forged.candidates[:2])], options)
    assert refusal.value.reason == Exclusion.SPEAKER_IN_TEXT


def test_an_alpaca_line_takes_the_system_turn_apart_or_as_prefix():
    dialogue = DialogueRecord((SYSTEM, USER, REPLY), 1, "text:0")
    assert alpaca_lines(dialogue, Options())[0]["system"] == "Be kind."
    assert alpaca_lines(dialogue, Options(system="prefix")) == [
        {"instruction": "Be kind.\n\nHi?", "input": "", "output": "Hello."}
    ]


@pytest.mark.parametrize(
    ("given_ranking", "labels"),
    [
        (ranking("A B C", line=1), {"A": True, "B": False, "C": False}),
        (ranking("A B", line=0, ratings=(7, 7)), {"A": False, "B": False}),
        (ranking("A B C D", ratings=(5, 4, 3, 1)), {"A": True, "C": False, "D": False}),
    ],
)
def test_kto_labels_come_from_the_line_else_from_ratings(given_ranking, labels):
    written = COMPARISON_FORMATS["kto"]([given_ranking], Options())
    assert {row["completion"][0]["content"][-1]: row["label"] for row in written} == labels


def test_kto_never_labels_by_rank_alone():
    with pytest.raises(CannotWriteError) as refusal:
        COMPARISON_FORMATS["kto"]([ranking("A B C")], Options())
    assert refusal.value.reason == Exclusion.UNLABELLED


@given(rankings())
def test_formats_agree_on_the_pairs(record):
    # A format that has no place for empty replies gives fewer pairs.
    worded = tuple(replace(one, content=one.content or "Hm.") for one in record.candidates)
    record = replace(record, prompt=(USER,), candidates=worded)
    try:
        lines = {
            name: COMPARISON_FORMATS[name]([record], Options())
            for name in comparison_formats.PAIR_FORMATS
        }
    except CannotWriteError:
        assert pairs_of([record]) == []
        return
    chosen = [row["chosen"][0]["content"] for row in lines["preference"]]
    assert [row["chosen"][-1]["content"] for row in lines["reward"]] == chosen
    assert [row["preferred_output"][0]["content"] for row in lines["openai-dpo"]] == chosen
    assert [row["chosen"].split("\n\nAssistant: ", 1)[1] for row in lines["hh"]] == chosen
