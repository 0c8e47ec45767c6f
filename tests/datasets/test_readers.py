import io

import orjson
import pytest

from annotation.datasets import readers
from annotation.datasets.records import (
    MessageRecord,
    RejectCode,
)
from tests.datasets.reading import CONTEXT, HELLO, HI, SYSTEM, TAUGHT, USER, read, says, turns_of


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
            {"messages": [HI, HELLO | {"weight": 0}, HI, HELLO | {"weight": None}]},
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
