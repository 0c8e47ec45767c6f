"""Comparisons out of other people's files: Anthropic's transcript pairs, Open-Assistant's trees."""

import io

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotation.datasets import readers
from annotation.datasets.comparison_formats import hh_lines
from annotation.datasets.formats import Options
from annotation.datasets.records import (
    LeftOut,
    LeftOutCode,
    MessageRecord,
    PromptRecord,
    RankingRecord,
    Reject,
    RejectCode,
    TreeRecord,
)
from tests.datasets.strategies import texts


def read(*lines, file_format=None):
    content = b"\n".join(orjson.dumps(line) for line in lines)
    return list(readers.Reader(io.BytesIO(content), file_format=file_format))


def pair(chosen, rejected):
    return {"chosen": chosen, "rejected": rejected}


ASKED = "\n\nHuman: Hi?\n\nAssistant: Yes?\n\nHuman: Why?"


def test_an_hh_pair_is_a_ranking_of_two_in_its_common_context():
    (record,) = read(pair(f"{ASKED}\n\nAssistant: So.", f"{ASKED}\n\nAssistant:  No "))
    assert isinstance(record, RankingRecord)
    assert [(turn.role, turn.content) for turn in record.prompt] == [
        ("user", "Hi?"),
        ("assistant", "Yes?"),
        ("user", "Why?"),
    ]
    # A space after the colon is the format's, the others are the reply's.
    assert [(c.content, c.rank) for c in record.candidates] == [("So.", 1), (" No ", 2)]


@pytest.mark.parametrize(
    ("chosen", "rejected", "code"),
    [
        (f"{ASKED}\n\nAssistant: So.", ASKED, RejectCode.WRONG_LAST_TURN),
        (f"{ASKED}\n\nAssistant: ", f"{ASKED}\n\nAssistant: No.", RejectCode.EMPTY_MESSAGE),
        (f"{ASKED}\n\nAssistant:", f"{ASKED}\n\nAssistant: No.", RejectCode.EMPTY_MESSAGE),
        (f"{ASKED}\n\nAssistant: So.", f"{ASKED}\n\nAssistant: So.", RejectCode.BAD_RANKING),
        (
            "\n\nHuman: Hi?\n\nAssistant: A",
            "\n\nHuman: Ho?\n\nAssistant: B",
            RejectCode.DIVERGING_PAIR,
        ),
        (
            "\n\nHuman: Hi?\n\nHuman: Ho?\n\nAssistant: A",
            "\n\nHuman: Hi?\n\nHuman: Ho?\n\nAssistant: B",
            RejectCode.WRONG_TURN_ORDER,
        ),
        ("Hello", "\n\nHuman: Hi?\n\nAssistant: B", RejectCode.WRONG_SHAPE),
    ],
)
def test_each_other_kind_of_hh_pair_is_refused_under_its_own_code(chosen, rejected, code):
    (refused,) = read(pair(chosen, rejected), file_format="hh")
    assert isinstance(refused, Reject)
    assert refused.code == code
    assert refused.raw


speakers_apart = texts.filter(
    lambda text: "\n\nHuman:" not in text and "\n\nAssistant:" not in text
)


@given(speakers_apart, speakers_apart, speakers_apart)
def test_hh_comes_back_as_it_went(question, better, worse):
    if better == worse:
        return
    (record,) = read(
        pair(
            f"\n\nHuman: {question}\n\nAssistant: {better}",
            f"\n\nHuman: {question}\n\nAssistant: {worse}",
        ),
        file_format="hh",
    )
    assert isinstance(record, RankingRecord), record
    assert hh_lines([record], Options()) == [
        pair(
            f"\n\nHuman: {question}\n\nAssistant: {better}",
            f"\n\nHuman: {question}\n\nAssistant: {worse}",
        )
    ]


def node(text, role, *replies, rank=None, **fields):
    given = {"message_id": text, "text": text, "role": role, "lang": "de", "replies": list(replies)}
    return given | ({} if rank is None else {"rank": rank}) | fields


def tree(root):
    return {"message_tree_id": "t1", "tree_state": "ready_for_export", "prompt": root}


def says(text, *replies, **fields):
    return node(text, "assistant", *replies, **fields)


def asks(text, *replies, **fields):
    return node(text, "prompter", *replies, **fields)


def test_a_tree_is_one_conversation_whose_best_path_lives():
    record, ranking = read(
        tree(
            asks("Q", says("worse", rank=1), says("best", asks("more?"), rank=0), says("unranked"))
        )
    )
    assert isinstance(record, TreeRecord)
    assert [(n.message.content, n.parent, n.is_live) for n in record.nodes] == [
        ("Q", None, True),
        ("worse", 0, False),
        ("best", 0, True),
        # A path that ended on a question would have no answer to learn.
        ("more?", 2, False),
        ("unranked", 0, False),
    ]
    assert record.language == "de"
    assert isinstance(ranking, RankingRecord)
    assert ranking.prompt == (MessageRecord("user", "Q"),)
    assert [(c.content, c.rank) for c in ranking.candidates] == [("worse", 2), ("best", 1)]


def test_each_message_with_two_ranked_replies_is_a_comparison_in_its_own_context():
    inner = asks("Q2", says("c", rank=2), says("d", rank=5))
    _, first, second = read(tree(asks("Q1", says("a", inner, rank=0), says("b", rank=1))))
    assert [turn.content for turn in first.prompt] == ["Q1"]
    assert [turn.content for turn in second.prompt] == ["Q1", "a", "Q2"]
    # Ranks are dense, whatever was deleted between them.
    assert [(c.id, c.rank) for c in second.candidates] == [("c", 1), ("d", 2)]


def test_what_is_deleted_goes_with_what_hangs_below_it_and_is_counted():
    gone = says("gone", asks("below", says("below that")), deleted=True, rank=0)
    left_out, record, *rankings = read(tree(asks("Q", gone, says("kept", rank=1))))
    assert left_out == LeftOut(1, LeftOutCode.DELETED_MESSAGE, 3)
    assert [n.message.content for n in record.nodes] == ["Q", "kept"]
    assert rankings == []


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (says("  "), LeftOutCode.EMPTY_MESSAGE),
        (asks("again"), LeftOutCode.SAME_ROLE_TWICE),
    ],
)
def test_replies_without_text_or_turn_are_left_out(reply, code):
    left_out, record = read(tree(asks("Q", reply, says("A"))))
    assert left_out == LeftOut(1, code, 1)
    assert len(record.nodes) == 2


def test_more_ranked_replies_than_a_comparison_holds_are_counted():
    replies = [says(f"r{n}", rank=n) for n in range(10)]
    record, left_out = read(tree(asks("Q", *replies)))
    assert len(record.nodes) == 11
    assert left_out == LeftOut(1, LeftOutCode.TOO_MANY_REPLIES, 1)


def test_a_tree_without_a_reply_is_a_prompt():
    (record,) = read(tree(asks("Q")))
    assert isinstance(record, PromptRecord)


@pytest.mark.parametrize(
    ("root", "code"),
    [
        (asks("Q", deleted=True), RejectCode.EMPTY_MESSAGE),
        (says("A"), RejectCode.WRONG_TURN_ORDER),
        (node("Q", "owner"), RejectCode.UNKNOWN_ROLE),
        ({"text": "Q", "role": "prompter", "replies": ["?"]}, RejectCode.WRONG_SHAPE),
        ({"role": "prompter"}, RejectCode.WRONG_SHAPE),
    ],
)
def test_a_tree_without_a_sound_root_is_refused(root, code):
    (refused,) = read(tree(root))
    assert isinstance(refused, Reject)
    assert refused.code == code


def test_a_tree_twenty_deep():
    at = says("20", rank=0)
    for depth in range(19, 0, -1):
        at = (asks if depth % 2 else says)(str(depth), at)
    (record,) = read(tree(at))
    assert len(record.nodes) == 20
    assert all(n.is_live for n in record.nodes)


@given(st.data())
def test_every_message_of_a_tree_is_kept_or_counted(data):
    roles = ["prompter", "assistant"]

    def grow(depth):
        n = data.draw(st.integers(0, 3)) if depth < 3 else 0
        fields = {"rank": data.draw(st.integers(0, 5))} if data.draw(st.booleans()) else {}
        return node(
            data.draw(st.sampled_from(["a", "b", " "])),
            data.draw(st.sampled_from([roles[depth % 2]] * 4 + roles)),
            *(grow(depth + 1) for _ in range(n)),
            deleted=data.draw(st.sampled_from([False, False, False, True])),
            **fields,
        )

    def size(given):
        return 1 + sum(size(reply) for reply in given["replies"])

    root = grow(0)
    rows = read(tree(root))
    if any(isinstance(row, Reject) for row in rows):
        return
    n_lost = sum(
        row.count
        for row in rows
        if isinstance(row, LeftOut) and row.code != LeftOutCode.TOO_MANY_REPLIES
    )
    n_kept = sum(len(row.nodes) for row in rows if isinstance(row, TreeRecord))
    n_kept += sum(1 for row in rows if isinstance(row, PromptRecord))
    assert n_kept + n_lost == size(root)
