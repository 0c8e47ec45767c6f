import gzip
import io
import json
import tracemalloc

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from annotation.datasets import readers
from annotation.datasets.records import (
    DialogueRecord,
    MessageRecord,
    PromptRecord,
    RankingRecord,
    Reject,
    RejectCode,
    content_sha256,
)
from annotation.datasets.sources import RowError
from tests.datasets.strategies import json_values, labels

USER = MessageRecord("user", "Hi?")
TAUGHT = MessageRecord("assistant", "Hello.", trainable=True)
CONTEXT = MessageRecord("assistant", "Hello.")
SYSTEM = MessageRecord("system", "Be kind.")


def read(*lines, file_format=None):
    content = b"\n".join(line if type(line) is bytes else orjson.dumps(line) for line in lines)
    return list(readers.Reader(io.BytesIO(content), file_format=file_format))


def turns_of(line, file_format):
    (record,) = read(line, file_format=file_format)
    assert not isinstance(record, Reject), record
    return record.messages


def says(role, content):
    return {"role": role, "content": content}


HI = says("user", "Hi?")
HELLO = says("assistant", "Hello.")


@pytest.mark.parametrize(
    ("file_format", "line", "messages"),
    [
        ("messages", {"messages": [HI, HELLO]}, (USER, TAUGHT)),
        ("messages", {"messages": [says("system", "Be kind."), HI, HELLO]}, (SYSTEM, USER, TAUGHT)),
        (
            "messages",
            {"messages": [HI, HELLO, says("tool", "7"), says("tool", "8"), HELLO]},
            (USER, TAUGHT, MessageRecord("tool", "7"), MessageRecord("tool", "8"), TAUGHT),
        ),
        (
            "openai",
            {"messages": [HI, HELLO | {"weight": 0}, HI, HELLO | {"weight": 1}]},
            (USER, CONTEXT, USER, TAUGHT),
        ),
        ("prompt-completion", {"prompt": "Hi?", "completion": "Hello."}, (USER, TAUGHT)),
        (
            "prompt-completion",
            {"prompt": [HI, HELLO, HI], "completion": [HELLO]},
            (USER, CONTEXT, USER, TAUGHT),
        ),
        ("prompt-completion", {"prompt": [HI], "completion": "Hello."}, (USER, TAUGHT)),
        ("prompt-only", {"prompt": "Hi?"}, (USER,)),
        ("prompt-only", {"prompt": [HI, HELLO, HI]}, (USER, CONTEXT, USER)),
        ("alpaca", {"instruction": "Hi?", "input": "", "output": "Hello."}, (USER, TAUGHT)),
        (
            "alpaca",
            {"instruction": "Sum up.", "input": "A text.", "output": "Hello."},
            (MessageRecord("user", "Sum up.\n\nA text."), TAUGHT),
        ),
        (
            "alpaca",
            {
                "instruction": "Hi?",
                "output": "Hello.",
                "system": "Be kind.",
                "history": [["Hi?", "Hello."]],
            },
            (SYSTEM, USER, TAUGHT, USER, TAUGHT),
        ),
        (
            "sharegpt",
            {
                "conversations": [
                    {"from": "human", "value": "Hi?"},
                    {"from": "gpt", "value": "Hello."},
                ]
            },
            (USER, TAUGHT),
        ),
        (
            "sharegpt",
            {
                "conversations": [
                    {"from": "user", "value": "Hi?"},
                    {"from": "assistant", "value": "Hello."},
                ],
                "system": "Be kind.",
            },
            (SYSTEM, USER, TAUGHT),
        ),
    ],
)
def test_each_format_gives_its_turns_and_is_detected(file_format, line, messages):
    assert turns_of(line, file_format) == messages
    detected = readers.Reader(io.BytesIO(orjson.dumps(line))).format
    assert detected == ("messages" if file_format == "openai" else file_format)


def test_a_self_instruct_row_gives_a_dialogue_for_each_instance():
    line = {
        "id": "seed_task_1",
        "name": "antonyms",
        "instruction": "Give the opposite.",
        "instances": [{"input": "day", "output": "night"}, {"input": "", "output": "none"}],
        "is_classification": False,
    }
    first, second = read(line)
    assert [m.content for m in first.messages] == ["Give the opposite.\n\nday", "night"]
    assert [m.content for m in second.messages] == ["Give the opposite.", "none"]
    assert first.row == second.row == 1
    assert first.metadata == {
        "id": "seed_task_1",
        "name": "antonyms",
        "is_classification": False,
        "instance": 0,
    }


def test_one_bad_instance_keeps_the_whole_row_out():
    line = {"instruction": "Say it.", "instances": [{"output": "yes"}, {"output": " "}]}
    (reject,) = read(line)
    assert (reject.code, reject.raw) == (RejectCode.EMPTY_MESSAGE, orjson.dumps(line))


def test_text_is_taken_exactly_as_written():
    text = "  \ufeff tabs\tand \r\n\u2028 lines \U0001f600 "
    assert turns_of({"messages": [says("user", text), HELLO]}, "messages")[0].content == text


def test_where_a_row_comes_from_is_kept():
    line = {
        "messages": [HI, HELLO | {"name": "bot"}],
        "license": "CC-BY-4.0",
        "lang": "pt-BR",
        "category": "chat",
        "source_id": 17,
        "metadata": {"split": "a"},
    }
    (record,) = read(line)
    assert (record.licence, record.language, record.category) == ("CC-BY-4.0", "pt-BR", "chat")
    assert record.metadata == {
        "split": "a",
        "source_id": 17,
        "message_fields": {"1": {"name": "bot"}},
    }


def test_what_is_no_language_tag_or_label_stays_where_nothing_is_lost():
    line = {"prompt": "Hi?", "language": "English", "licence": "", "category": ["a"], "metadata": 3}
    (record,) = read(line)
    assert (record.licence, record.language, record.category) == (None, None, None)
    assert record.metadata == {
        "language": "English",
        "licence": "",
        "category": ["a"],
        "metadata": 3,
    }


def test_rows_carry_their_number():
    records = read({"prompt": "a"}, b"", {"prompt": "b"}, b"oops", {"prompt": "c"})
    assert [record.row for record in records] == [1, 3, 4, 5]


def test_rows_of_one_opening_share_an_origin():
    first, second, other = read(
        {"prompt": "What is  \uff23\uff2f2?"},
        {"prompt": "what is co2? \n"},
        {"prompt": "what is h2o?"},
    )
    assert first.origin_key == second.origin_key != other.origin_key


def test_a_megabyte_turn_is_taken():
    long = "é" * 2**20
    assert turns_of({"messages": [HI, says("assistant", long)]}, None)[1].content == long


RANKING = {
    "schema": "labelhub.ranking/1",
    "prompt": [HI],
    "candidates": [{"id": 1, "content": "A", "rank": 1}, {"id": 2, "content": "B", "rank": 2}],
}


def ranked(**changes):
    return RANKING | changes


def candidate(**changes):
    return ranked(candidates=[RANKING["candidates"][0] | changes, RANKING["candidates"][1]])


@pytest.mark.parametrize(
    ("file_format", "line", "code"),
    [
        ("messages", b"{", RejectCode.INVALID_JSON),
        ("messages", b'{"a":"\xff"}', RejectCode.INVALID_UTF8),
        ("messages", b'{"a":"\\ud800"}', RejectCode.LONE_SURROGATE),
        ("messages", b'{"a":"\\u0000"}', RejectCode.NUL),
        ("messages", b"[" * 200_000, RejectCode.TOO_DEEP),
        ("messages", gzip.compress(b"{}" * 99, mtime=0)[:-9], RejectCode.TRUNCATED),
        ("messages", b"[] x", RejectCode.TRAILING_CONTENT),
        ("messages", {}, RejectCode.WRONG_SHAPE),
        ("messages", {"messages": "Hi?"}, RejectCode.WRONG_SHAPE),
        ("messages", {"messages": ["Hi?"]}, RejectCode.WRONG_SHAPE),
        ("messages", {"messages": [HI, HELLO | {"weight": 2}]}, RejectCode.WRONG_SHAPE),
        ("messages", {"messages": [HI, HELLO | {"weight": [1]}]}, RejectCode.WRONG_SHAPE),
        ("messages", {"messages": []}, RejectCode.EMPTY_MESSAGE),
        ("messages", {"messages": [HI, says("assistant", " \n")]}, RejectCode.EMPTY_MESSAGE),
        ("messages", {"messages": [HI, {"role": "assistant"}]}, RejectCode.EMPTY_MESSAGE),
        (
            "messages",
            {"messages": [HI, says("assistant", [{"type": "text", "text": "x"}])]},
            RejectCode.UNSUPPORTED_CONTENT,
        ),
        (
            "messages",
            {"messages": [HI, {"role": "assistant", "tool_calls": [{"id": "1"}]}]},
            RejectCode.UNSUPPORTED_CONTENT,
        ),
        ("messages", {"messages": [says("bot", "x"), HELLO]}, RejectCode.UNKNOWN_ROLE),
        ("messages", {"messages": [says(["user"], "x"), HELLO]}, RejectCode.UNKNOWN_ROLE),
        ("messages", {"messages": [{"content": "x"}, HELLO]}, RejectCode.UNKNOWN_ROLE),
        ("messages", {"messages": [HELLO, HI]}, RejectCode.WRONG_TURN_ORDER),
        ("messages", {"messages": [HI, HI, HELLO]}, RejectCode.WRONG_TURN_ORDER),
        ("messages", {"messages": [HI, HELLO, HELLO]}, RejectCode.WRONG_TURN_ORDER),
        ("messages", {"messages": [HI, says("system", "x"), HELLO]}, RejectCode.WRONG_TURN_ORDER),
        ("messages", {"messages": [HI, HELLO, HI]}, RejectCode.WRONG_LAST_TURN),
        ("prompt-completion", {"prompt": "Hi?"}, RejectCode.WRONG_SHAPE),
        ("prompt-completion", {"prompt": "Hi?", "completion": ""}, RejectCode.EMPTY_MESSAGE),
        ("prompt-completion", {"prompt": [HI], "completion": []}, RejectCode.WRONG_LAST_TURN),
        ("prompt-only", {"prompt": 7}, RejectCode.WRONG_SHAPE),
        ("prompt-only", {"prompt": []}, RejectCode.EMPTY_MESSAGE),
        ("prompt-only", {"prompt": [HI, HELLO]}, RejectCode.WRONG_LAST_TURN),
        ("alpaca", {"instruction": "Hi?"}, RejectCode.WRONG_SHAPE),
        ("alpaca", {"instruction": "", "output": "x"}, RejectCode.EMPTY_MESSAGE),
        ("alpaca", {"instruction": "Hi?", "input": 3, "output": "x"}, RejectCode.WRONG_SHAPE),
        ("alpaca", {"instruction": "Hi?", "instances": []}, RejectCode.WRONG_SHAPE),
        ("alpaca", {"instruction": "Hi?", "instances": ["x"]}, RejectCode.WRONG_SHAPE),
        (
            "alpaca",
            {"instruction": "Hi?", "output": "x", "history": [["a"]]},
            RejectCode.WRONG_SHAPE,
        ),
        ("sharegpt", {"conversations": ["Hi?"]}, RejectCode.WRONG_SHAPE),
        (
            "sharegpt",
            {"conversations": [{"from": "gpt", "value": "x"}]},
            RejectCode.WRONG_TURN_ORDER,
        ),
        ("sharegpt", {"conversations": [{"from": "bing", "value": "x"}]}, RejectCode.UNKNOWN_ROLE),
        ("ranking", ranked(schema="labelhub.ranking/2"), RejectCode.UNSUPPORTED_SCHEMA),
        ("ranking", ranked(prompt=[HI, HELLO]), RejectCode.WRONG_LAST_TURN),
        ("ranking", ranked(candidates=["A", "B"]), RejectCode.WRONG_SHAPE),
        ("ranking", ranked(candidates=RANKING["candidates"][:1]), RejectCode.BAD_RANKING),
        ("ranking", ranked(candidates=[]), RejectCode.BAD_RANKING),
        ("candidates", {"prompt": "Hi", "candidates": ["One."]}, RejectCode.BAD_CANDIDATES),
        ("ranking", candidate(id=None), RejectCode.WRONG_SHAPE),
        ("ranking", candidate(id=2), RejectCode.BAD_RANKING),
        ("ranking", candidate(rank=True), RejectCode.WRONG_SHAPE),
        ("ranking", candidate(rank=0), RejectCode.BAD_RANKING),
        ("ranking", candidate(rank=3), RejectCode.BAD_RANKING),
        ("ranking", candidate(content=None), RejectCode.WRONG_SHAPE),
        ("ranking", candidate(rating=8), RejectCode.BAD_RANKING),
        ("ranking", candidate(rating=5.5), RejectCode.WRONG_SHAPE),
        ("ranking", candidate(flags=[1]), RejectCode.WRONG_SHAPE),
        ("ranking", candidate(seed=2**63), RejectCode.WRONG_SHAPE),
        ("ranking", ranked(acceptable_tier=3), RejectCode.BAD_RANKING),
        ("ranking", ranked(shown_order=[1]), RejectCode.BAD_RANKING),
        ("ranking", ranked(shown_order=[1, 1]), RejectCode.BAD_RANKING),
        ("ranking", ranked(shown_order=[[1], 2]), RejectCode.WRONG_SHAPE),
        ("ranking", ranked(created_at="2026-02-30T00:00:00Z"), RejectCode.WRONG_SHAPE),
        ("ranking", ranked(created_at="2026-02-20T00:00:00"), RejectCode.WRONG_SHAPE),
        ("ranking", ranked(created_at="0001-01-01T00:00:00+23:00"), RejectCode.WRONG_SHAPE),
        ("ranking", ranked(created_at="2026-02-20T00:00:00.0000001Z"), RejectCode.WRONG_SHAPE),
        ("ranking", ranked(pick={"seed": 1}), RejectCode.WRONG_SHAPE),
        ("ranking", ranked(strength={"grade": "much", "scale": "x"}), RejectCode.WRONG_SHAPE),
        ("ranking", ranked(active_seconds="long"), RejectCode.WRONG_SHAPE),
    ],
)
def test_a_bad_row_becomes_a_reject_and_the_next_row_goes_in(file_format, line, code):
    reject, *_ = read(line, file_format=file_format)
    assert isinstance(reject, Reject), reject
    assert (reject.row, reject.code) == (1, code)
    assert reject.detail.endswith(".")
    assert len(reject.detail) < 300


def test_the_rows_around_a_bad_one_go_in():
    good = {"messages": [HI, HELLO]}
    kinds = [type(record) for record in read(good, b'{"messages":[{]}', good)]
    assert kinds == [DialogueRecord, Reject, DialogueRecord]


def test_a_check_refuses_records_as_a_reader_refuses_rows():
    def check(record):
        if record.messages[0].content == "no":
            raise RowError(RejectCode.OUT_OF_RANGE, "This one may not go in.")

    lines = [
        orjson.dumps({"messages": [{"role": "user", "content": text}, HELLO]})
        for text in ("yes", "no", "yes")
    ]
    given = list(readers.Reader(io.BytesIO(b"\n".join(lines)), check=check))
    assert [type(one) for one in given] == [DialogueRecord, Reject, DialogueRecord]
    assert given[1] == Reject(2, RejectCode.OUT_OF_RANGE, "This one may not go in.", lines[1])


def test_every_reject_code_but_three_is_met_above():
    (parameters,) = [
        mark.args[1]
        for mark in test_a_bad_row_becomes_a_reject_and_the_next_row_goes_in.pytestmark
        if mark.name == "parametrize"
    ]
    assert {code for _, _, code in parameters} == set(RejectCode) - {
        RejectCode.TOO_LONG,  # a row of 32 MiB, below
        RejectCode.OUT_OF_RANGE,  # what a check refuses
        RejectCode.DIVERGING_PAIR,  # see test_foreign_comparisons
    }


@given(
    st.sampled_from(sorted(readers.READERS)),
    st.dictionaries(
        st.sampled_from(
            [
                *("messages", "prompt", "completion", "instruction", "input", "output"),
                *("instances", "conversations", "history", "system", "schema", "candidates"),
                *("metadata", "pick", "shown_order", "created_at"),
            ]
        )
        | labels,
        json_values
        | st.just("labelhub.ranking/1")
        | st.lists(
            st.dictionaries(
                st.sampled_from(
                    ["role", "content", "from", "value", "weight", "id", "rank", "input", "output"]
                ),
                json_values | st.sampled_from(["user", "assistant", "human", "gpt"]),
                max_size=4,
            ),
            max_size=4,
        ),
        max_size=6,
    ),
)
@example("ranking", {"schema": "labelhub.ranking/1", "prompt": [HI], "candidates": [None]})
def test_no_row_whatever_it_holds_raises(file_format, line):
    for record in read(line, file_format=file_format):
        assert isinstance(record, DialogueRecord | PromptRecord | RankingRecord | Reject)


@given(st.binary(max_size=200), st.sampled_from(sorted(readers.READERS)))
def test_no_bytes_whatever_they_are_raise(content, file_format):
    assert all(
        record.row >= 1 for record in readers.Reader(io.BytesIO(content), file_format=file_format)
    )


def test_the_format_is_that_of_most_of_the_first_rows():
    good = {"messages": [HI, HELLO]}
    records = read({"prompt": "x"}, b"oops", good, good)
    assert [type(record) for record in records] == [Reject, Reject, DialogueRecord, DialogueRecord]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no JSON rows"),
        (b"a,b\n1,2\n", "no JSON rows"),
        (b'{"text":"x","score":1}\n', "text, score"),
        (b'{"prompt":"x","chosen":"a","rejected":"b"}\n', "prompt, chosen, rejected"),
    ],
)
def test_a_file_of_no_known_format_is_refused_with_what_was_seen(content, says):
    with pytest.raises(readers.UnknownFormatError, match=says):
        readers.Reader(io.BytesIO(content))


def test_a_name_that_is_no_format_is_refused():
    with pytest.raises(readers.UnknownFormatError, match="csv"):
        readers.Reader(io.BytesIO(b"{}"), file_format="csv")


@pytest.mark.parametrize("array", [False, True], ids=["lines", "array"])
def test_memory_does_not_grow_with_the_file(tmp_path, array):
    def peak(n_rows):
        path = tmp_path / f"{n_rows}.json"
        line = json.dumps({"messages": [HI, says("assistant", "x" * 2000)]})
        opening, between, closing = ("[", ",", "]") if array else ("", "\n", "\n")
        path.write_text(opening + between.join([line] * n_rows) + closing)
        tracemalloc.start()
        with path.open("rb", buffering=0) as stream:
            n_records = sum(1 for _ in readers.Reader(stream))
        peak_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert n_records == n_rows
        return peak_bytes

    peak(10)
    assert peak(5000) < peak(500) + 2**20


def test_duplicates_share_a_hash_and_other_rows_do_not():
    dialogue, again, otherwise = (
        read(line, file_format="messages")[0]
        for line in (
            {"messages": [HI, HELLO]},
            {"messages": [HI, HELLO], "category": "chat"},
            {"messages": [HI, HELLO | {"weight": 0}]},
        )
    )
    assert content_sha256(dialogue) == content_sha256(again) != content_sha256(otherwise)

    (ranking,), (same,), (other_rater,) = (
        read(line, file_format="ranking") for line in (RANKING, RANKING, ranked(rater="r2"))
    )
    assert content_sha256(ranking) == content_sha256(same) != content_sha256(other_rater)
