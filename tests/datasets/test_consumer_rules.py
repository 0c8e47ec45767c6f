"""The rules refuse each row that a strict consumer would, so that passing them says something."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.datasets.consumer_rules import RULES, BadRowError, require_all, row_of
from tests.datasets.reading import says

USER, REPLY = says("user", "Hi?"), says("assistant", "Hello.")
SYSTEM = says("system", "Be kind.")
HUMAN, GPT = {"from": "human", "value": "Hi?"}, {"from": "gpt", "value": "Hello."}
TOLD = {"from": "system", "value": "Be kind."}
TASK = {"instruction": "Say.", "input": "", "output": "Said."}
PAIR = {"input": {"messages": [USER]}, "preferred_output": [REPLY], "non_preferred_output": [REPLY]}


def chat(*turns: Any, **more: Any) -> dict[str, Any]:
    return {"messages": list(turns)} | more


def talk(*turns: Any, **more: Any) -> dict[str, Any]:
    return {"conversations": list(turns)} | more


SOUND = [
    ("openai", chat(SYSTEM, USER, REPLY)),
    ("openai", chat(USER, REPLY | {"weight": 0}, USER, REPLY | {"weight": 1})),
    ("openai-dpo", PAIR),
    ("openai-dpo", PAIR | {"input": chat(SYSTEM, USER, REPLY, USER)}),
    ("sharegpt", talk(HUMAN, GPT, HUMAN, GPT, system="Be kind.")),
    ("sharegpt", talk(TOLD, HUMAN, GPT)),
    ("alpaca", TASK),
    ("alpaca", TASK | {"system": "Be kind.", "history": [["Hi?", "Hello."]]}),
]
MALFORMED = [
    ("openai", chat(USER, REPLY, metadata={})),
    ("openai", {"turns": [USER, REPLY]}),
    ("openai", chat()),
    ("openai", chat("Hi?", REPLY)),
    ("openai", chat(USER, REPLY | {"trainable": True})),
    ("openai", chat(USER | {"weight": 1}, REPLY)),
    ("openai", chat(USER, REPLY | {"weight": 0.5})),
    ("openai", chat(USER, REPLY | {"weight": True})),
    ("openai", chat(USER, REPLY | {"weight": 0})),
    ("openai", chat(USER, REPLY, USER)),
    ("openai", chat(SYSTEM, REPLY)),
    ("openai", chat(USER, SYSTEM, REPLY)),
    ("openai", chat(USER, REPLY, says("tool", "7"), REPLY)),
    ("openai", chat(says("human", "Hi?"), REPLY)),
    ("openai", chat(USER, says("assistant", ""))),
    ("openai", chat(USER, says("assistant", ["Hello."]))),
    ("openai", chat(USER, says("assistant", "Hel\0lo."))),
    ("openai-dpo", PAIR | {"pair_weight": 1.0}),
    ("openai-dpo", {key: PAIR[key] for key in ("input", "preferred_output")}),
    ("openai-dpo", PAIR | {"input": [USER]}),
    ("openai-dpo", PAIR | {"input": chat(USER, temperature=1)}),
    ("openai-dpo", PAIR | {"input": chat(USER, REPLY)}),
    ("openai-dpo", PAIR | {"input": chat(USER, SYSTEM, USER)}),
    ("openai-dpo", PAIR | {"input": chat(USER, REPLY | {"weight": 1}, USER)}),
    ("openai-dpo", PAIR | {"preferred_output": []}),
    ("openai-dpo", PAIR | {"preferred_output": [REPLY, REPLY]}),
    ("openai-dpo", PAIR | {"non_preferred_output": [USER]}),
    ("openai-dpo", PAIR | {"non_preferred_output": [says("assistant", "")]}),
    ("sharegpt", talk(HUMAN, GPT, id=1)),
    ("sharegpt", talk(HUMAN, GPT, HUMAN)),
    ("sharegpt", talk(GPT, HUMAN)),
    ("sharegpt", talk(HUMAN, HUMAN, GPT, GPT)),
    ("sharegpt", talk(TOLD)),
    ("sharegpt", talk(TOLD, HUMAN, GPT, system="Be kind.")),
    ("sharegpt", talk(HUMAN, GPT, system="")),
    ("sharegpt", talk(HUMAN | {"role": "user"}, GPT)),
    ("sharegpt", talk({"from": "user", "value": "Hi?"}, GPT)),
    ("sharegpt", talk(USER, REPLY)),
    ("alpaca", {"instruction": "Say.", "output": "Said."}),
    ("alpaca", TASK | {"output": ""}),
    ("alpaca", TASK | {"input": 7}),
    ("alpaca", TASK | {"text": "Say. Said."}),
    ("alpaca", TASK | {"history": []}),
    ("alpaca", TASK | {"history": [["Hi?"]]}),
    ("alpaca", TASK | {"history": ["Hi?", "Hello."]}),
    ("alpaca", TASK | {"history": [["Hi?", 7]]}),
]


@pytest.mark.parametrize(("file_format", "row"), SOUND)
def test_sound_rows_pass(file_format: str, row: dict[str, Any]) -> None:
    assert require_all(file_format, orjson.dumps(row) + b"\n") == [row]


@pytest.mark.parametrize(("file_format", "row"), MALFORMED)
def test_malformed_rows_are_refused(file_format: str, row: dict[str, Any]) -> None:
    with pytest.raises(BadRowError):
        RULES[file_format](row)


@pytest.mark.parametrize(
    "line",
    [
        b'{"a":1}',
        b'{"a":1}\r\n',
        b'{"a":\n1}\n',
        b'\xef\xbb\xbf{"a":1}\n',
        b'{"a":1,"a":2}\n',
        b'{"a":null}\n',
        b'{"a":NaN}\n',
        b'{"a":"\xff"}\n',
        b"[1]\n",
        b'{"a":1\n',
    ],
)
def test_lines_that_are_no_strict_json_are_refused(line: bytes) -> None:
    with pytest.raises(BadRowError):
        row_of(line)


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(BadRowError):
        RULES["alpaca"](row_of(b'{"instruction":"\\ud83d","input":"","output":"x"}\n'))


def test_weights_are_on_every_answer_of_a_file_or_on_none() -> None:
    lines = [chat(USER, REPLY), chat(USER, REPLY | {"weight": 1})]
    with pytest.raises(BadRowError):
        require_all("openai", b"".join(orjson.dumps(line) + b"\n" for line in lines))
