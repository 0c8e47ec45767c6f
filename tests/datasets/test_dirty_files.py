"""What real files hold, asked of every reader that it concerns."""

import gzip
import io
from collections import Counter

import orjson
import pytest
import zstandard

from annotation.datasets import readers
from annotation.datasets.records import (
    CandidatesRecord,
    LeftOut,
    LeftOutCode,
    RankingRecord,
    Reject,
    RejectCode,
    TreeRecord,
)
from tests.datasets.reading import SOUND, says

READERS = sorted(readers.READERS)
MEGABYTE = "é 🌊\r\n" * (2**20 // 9)


def read(content, file_format):
    return list(readers.Reader(io.BytesIO(content), file_format=file_format))


def line(file_format, text="Yes, that one."):
    return orjson.dumps(SOUND[file_format](text))


def texts_of(record):
    """Everything that is said in a record."""
    if isinstance(record, TreeRecord):
        return [node.message.content for node in record.nodes]
    if isinstance(record, RankingRecord):
        return [m.content for m in record.prompt] + [c.content for c in record.candidates]
    if isinstance(record, CandidatesRecord):
        return [m.content for m in record.messages] + [c.content for c in record.candidates]
    return [m.content for m in record.messages]


def test_every_reader_is_asked():
    assert set(SOUND) == set(readers.READERS)


@pytest.mark.parametrize("file_format", READERS)
@pytest.mark.parametrize("compress", [bytes, gzip.compress, zstandard.compress])
@pytest.mark.parametrize(
    "wrapped",
    [
        lambda lines: b"\xef\xbb\xbf" + b"\r\n".join(lines) + b"\r\n",
        lambda lines: b"[\n  " + b",\r\n  ".join(lines) + b"\n]\n",
    ],
    ids=["bom and crlf", "array"],
)
def test_wrapping_changes_nothing(file_format, wrapped, compress):
    lines = [line(file_format, text) for text in ("One.", "Two.", "Three.")]
    plain = read(b"\n".join(lines), file_format)
    assert not [record for record in plain if isinstance(record, Reject)]
    assert read(compress(wrapped(lines)), file_format) == plain


@pytest.mark.parametrize("file_format", READERS)
@pytest.mark.parametrize(
    ("dirt", "code"),
    [
        (b"\\u0000", RejectCode.NUL),
        (b"\x00", RejectCode.NUL),
        (b"\\ud83d", RejectCode.LONE_SURROGATE),
        (b"\\udc4d!", RejectCode.LONE_SURROGATE),
        (b"\xed\xa0\xbd", RejectCode.INVALID_UTF8),
        (b'"', RejectCode.INVALID_JSON),
    ],
)
def test_what_cannot_be_held_costs_its_own_row(file_format, dirt, code):
    good = line(file_format)
    broken = line(file_format, "HERE").replace(b"HERE", dirt)
    records = read(b"\n".join([good, broken, good]), file_format)
    (reject,) = [record for record in records if isinstance(record, Reject)]
    assert (reject.row, reject.code, reject.raw) == (2, code, broken)
    assert {record.row for record in records} == {1, 2, 3}


@pytest.mark.parametrize("file_format", READERS)
@pytest.mark.parametrize("text", [MEGABYTE, "a\r\nb\rc", "\ufeffx", "👍", "\\ud83d as text"])
def test_odd_texts_are_taken_as_they_stand(file_format, text):
    records = read(line(file_format, text), file_format)
    assert not [record for record in records if isinstance(record, Reject)]
    assert any(text in texts_of(record) for record in records)


def turns(*roles):
    return [says(role, f"As {role}.") for role in roles]


def shared(*speakers):
    return {"conversations": [{"from": speaker, "value": "So."} for speaker in speakers]}


def transcript(*speakers):
    text = "".join(f"\n\n{speaker}: So." for speaker in speakers)
    return {"chosen": text + " Yes.", "rejected": text + " No."}


def replies(*, prompt=None, contents=("A", "B")):
    return {
        "schema": "labelhub.ranking/1",
        "prompt": turns("user") if prompt is None else prompt,
        "candidates": [
            {"id": place, "content": content, "rank": place}
            for place, content in enumerate(contents, start=1)
        ],
    }


def tree(*replies, role="prompter", **fields):
    return {
        "message_tree_id": "t",
        "prompt": {"text": "So?", "role": role, "replies": list(replies)} | fields,
    }


def node(role, *replies, text="So.", **fields):
    return {"text": text, "role": role, "replies": list(replies)} | fields


ENDS, ORDER = RejectCode.WRONG_LAST_TURN, RejectCode.WRONG_TURN_ORDER
EMPTY, ROLE = RejectCode.EMPTY_MESSAGE, RejectCode.UNKNOWN_ROLE


@pytest.mark.parametrize(
    ("file_format", "row", "code"),
    [
        # The wrong turn is the last.
        ("messages", {"messages": turns("user", "assistant", "user")}, ENDS),
        ("messages", {"messages": turns("user", "assistant", "tool")}, ENDS),
        ("openai", {"messages": turns("user")}, ENDS),
        ("prompt-completion", {"prompt": "So?", "completion": turns("assistant", "user")}, ENDS),
        ("prompt-only", {"prompt": turns("user", "assistant")}, ENDS),
        ("candidates", {"prompt": turns("user", "assistant"), "candidates": ["A", "B"]}, ENDS),
        ("ranking", replies(prompt=turns("user", "assistant")), ENDS),
        ("sharegpt", shared("human", "gpt", "human"), ENDS),
        ("hh", transcript("Human", "Assistant", "Human"), ENDS),
        # Nothing is said.
        ("messages", {"messages": [*turns("user"), says("assistant", "")]}, EMPTY),
        ("openai", {"messages": [*turns("user"), says("assistant", None)]}, EMPTY),
        ("prompt-completion", {"prompt": "So?", "completion": " \n\u3000"}, EMPTY),
        ("prompt-only", {"prompt": "\t"}, EMPTY),
        ("candidates", {"prompt": "", "candidates": ["A", "B"]}, EMPTY),
        ("ranking", replies(prompt=[says("user", " ")]), EMPTY),
        ("alpaca", {"instruction": "So?", "output": ""}, EMPTY),
        ("alpaca", {"instruction": "So?", "instances": [{"input": "", "output": " "}]}, EMPTY),
        (
            "sharegpt",
            {"conversations": [{"from": "human", "value": "So?"}, {"from": "gpt", "value": ""}]},
            EMPTY,
        ),
        (
            "hh",
            {"chosen": "\n\nHuman: a\n\nAssistant:", "rejected": "\n\nHuman: a\n\nAssistant: b"},
            EMPTY,
        ),
        ("oasst", tree(node("assistant"), text=" "), EMPTY),
        # Who speaks.
        ("messages", {"messages": turns("user", "function")}, ROLE),
        ("openai", {"messages": turns("developer", "user", "assistant")}, ROLE),
        ("prompt-completion", {"prompt": turns("User"), "completion": "Yes."}, ROLE),
        ("prompt-only", {"prompt": turns("")}, ROLE),
        ("candidates", {"prompt": turns("bot"), "candidates": ["A", "B"]}, ROLE),
        ("ranking", replies(prompt=turns("bot")), ROLE),
        ("sharegpt", shared("human", "bing"), ROLE),
        ("oasst", tree(node("moderator")), ROLE),
        ("oasst", tree(node("prompter"), role="assistant"), ORDER),
        ("messages", {"messages": turns("user", "system", "assistant")}, ORDER),
        ("prompt-only", {"prompt": turns("user", "user")}, ORDER),
        ("sharegpt", shared("gpt", "human", "gpt"), ORDER),
        ("hh", transcript("Human", "Human", "Assistant"), ORDER),
        ("hh", transcript("Assistant", "Human", "Assistant"), ORDER),
    ],
)
def test_turns_out_of_place_cost_their_row_under_a_code(file_format, row, code):
    good = SOUND[file_format]("Yes, that one.")
    records = read(b"\n".join(orjson.dumps(one) for one in (row, good)), file_format)
    assert [(r.row, r.code) for r in records if isinstance(r, Reject)] == [(1, code)]
    assert {record.row for record in records} == {1, 2}


def test_an_empty_reply_that_somebody_ranked_stays_a_reply():
    (record,) = read(orjson.dumps(replies(contents=("A", ""))), "ranking")
    assert [c.content for c in record.candidates] == ["A", ""]


def test_empty_candidates_are_left_out_and_counted():
    row = {"prompt": "So?", "candidates": ["A", " ", "B", ""]}
    record, left_out = read(orjson.dumps(row), "candidates")
    assert [c.content for c in record.candidates] == ["A", "B"]
    assert left_out == LeftOut(1, LeftOutCode.EMPTY_CANDIDATE, 2)


def twenty_deep(**at_ten):
    at = node("assistant", text="20", rank=0)
    for depth in range(19, 0, -1):
        role = "prompter" if depth % 2 else "assistant"
        at = node(role, at, text=str(depth), **(at_ten if depth == 10 else {}))
    return {"message_tree_id": "deep", "prompt": at}


def test_a_tree_twenty_deep_is_cut_below_what_was_deleted():
    (whole,) = read(orjson.dumps(twenty_deep()), "oasst")
    assert [n.message.content for n in whole.nodes] == [str(n) for n in range(1, 21)]
    left_out, cut = read(orjson.dumps(twenty_deep(deleted=True)), "oasst")
    assert left_out == LeftOut(1, LeftOutCode.DELETED_MESSAGE, 11)
    assert [n.message.content for n in cut.nodes if n.is_live] == [str(n) for n in range(1, 9)]
    assert len(cut.nodes) == 9


@pytest.mark.parametrize("lang", ["pt-BR", "x" * 40, "", "English, mostly"])
def test_what_a_tree_calls_its_language_is_kept_whatever_it_is(lang):
    record, *_ = read(orjson.dumps(tree(node("assistant"), lang=lang)), "oasst")
    assert (record.language or record.metadata["lang"]) == lang
    assert record.language in (None, "pt-BR")


@pytest.mark.parametrize("file_format", READERS)
def test_a_file_of_nothing_but_dirt_says_what_each_line_was(file_format):
    lines = [b"\x00", b"{", b"[]", b'"x"', b"null", b"7", b"\xff", b'{"a":"\\udead"}', b"{}"]
    records = read(b"\n".join(lines), file_format)
    assert Counter(record.code for record in records) == {
        RejectCode.NUL: 1,
        RejectCode.INVALID_JSON: 1,
        RejectCode.WRONG_SHAPE: 5,
        RejectCode.INVALID_UTF8: 1,
        RejectCode.LONE_SURROGATE: 1,
    }
    assert [record.raw for record in records] == lines
