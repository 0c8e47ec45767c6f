import gzip
import io

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from annotation.datasets import readers
from annotation.datasets.records import (
    DialogueRecord,
    PromptRecord,
    RankingRecord,
    Reject,
    RejectCode,
)
from annotation.datasets.sources import RowError
from tests.datasets.reading import HELLO, HI, RANKING, ranked, read, says
from tests.datasets.strategies import json_values, labels


def candidate(**changes):
    return ranked(candidates=[RANKING["candidates"][0] | changes, RANKING["candidates"][1]])


@pytest.mark.parametrize(
    ("file_format", "line", "code"),
    [
        ("messages", b"{", RejectCode.INVALID_JSON),
        ("messages", b'{"a":"\xff"}', RejectCode.INVALID_UTF8),
        ("messages", b'{"a":"\\ud800"}', RejectCode.LONE_SURROGATE),
        ("messages", b'{"a":"\\u0000"}', RejectCode.NUL),
        ("messages", b'{"a":1,"a":2}', RejectCode.DUPLICATE_KEY),
        (
            "messages",
            b'{"messages":[{"role":"user","role":"assistant"}]}',
            RejectCode.DUPLICATE_KEY,
        ),
        # However they are written, and whatever else in the row looks like a key.
        ("messages", b'{"a" : 1,"b":2,"b":3}', RejectCode.DUPLICATE_KEY),
        ("messages", b'{"a":1,"\\u0061":2}', RejectCode.DUPLICATE_KEY),
        ("messages", b'{"a":"\\u0022:","a":"\\u0022:"}', RejectCode.DUPLICATE_KEY),
        ("messages", b'{"a":"\\"\\u003a","a":1}', RejectCode.DUPLICATE_KEY),
        ("messages", b'{"a":"\\"\\u003a\\"\\u003A","b":1,"b":2}', RejectCode.DUPLICATE_KEY),
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
