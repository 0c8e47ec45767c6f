"""What strict readers of our files refuse, row by row: a line in, nothing out, or BadRowError.

OpenAI: the chat and preference formats of its fine-tuning reference, with the checks of its cookbook
on preparing chat data. ShareGPT and Alpaca: the shape that LLaMA-Factory's converters and axolotl's
`sharegpt` and `alpaca` types take without skipping a row.
"""

from __future__ import annotations

import io
import json
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

_SPOKEN = ("user", "assistant")


class BadRowError(Exception):
    """A consumer would refuse or skip the row."""


def _refuse(reason: str) -> NoReturn:
    raise BadRowError(reason)


def _require(held: object, reason: str) -> None:
    if not held:
        _refuse(reason)


def row_of(line: bytes) -> dict[str, Any]:
    """The object of one line with its end: UTF-8, no BOM, no key twice, no null, no NaN."""
    _require(line.endswith(b"\n"), "the line has no end")
    _require(b"\n" not in line[:-1] and b"\r" not in line, "the line holds another line's end")
    _require(not line.startswith(b"\xef\xbb\xbf"), "a byte order mark")
    try:
        row = json.loads(
            line.decode("utf-8"), object_pairs_hook=_object, parse_constant=_refuse_constant
        )
    except ValueError as error:
        raise BadRowError(str(error)) from error
    _require(isinstance(row, dict), "not an object")
    return dict(row)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    _require(len(found) == len(pairs), "a key stands twice")
    _require(None not in found.values(), "a null")
    return found


def _refuse_constant(name: str) -> NoReturn:
    _refuse(f"{name} is no JSON")


def openai_chat(row: Mapping[str, Any]) -> None:
    """`{"messages": […]}` that ends on an assistant turn, at least one of them to be learned."""
    _keys(row, {"messages"})
    turns = _list(row["messages"], "messages")
    for turn in turns:
        _openai_turn(turn, may_weigh=True)
    roles = [turn["role"] for turn in turns]
    _require("system" not in roles[1:], "a system turn after the first")
    _require("user" in roles, "no user turn")
    _require(roles[-1] == "assistant", "the last turn is not the assistant's")
    weights = [turn.get("weight", 1) for turn in turns if turn["role"] == "assistant"]
    _require(1 in weights, "no answer to learn from")


def openai_preference(row: Mapping[str, Any]) -> None:
    """`input.messages` that ask, and exactly one assistant turn in each output."""
    _keys(row, {"input", "preferred_output", "non_preferred_output"})
    _require(isinstance(row["input"], dict), "input is no object")
    _keys(row["input"], {"messages"})
    turns = _list(row["input"]["messages"], "input.messages")
    for turn in turns:
        _openai_turn(turn, may_weigh=False)
    roles = [turn["role"] for turn in turns]
    _require("system" not in roles[1:], "a system turn after the first")
    _require(roles[-1] == "user", "the input does not end on a user's turn")
    for name in ("preferred_output", "non_preferred_output"):
        outputs = _list(row[name], name)
        _require(len(outputs) == 1, f"{name} holds {len(outputs)} turns")
        _openai_turn(outputs[0], may_weigh=False)
        _require(outputs[0]["role"] == "assistant", f"{name} is not the assistant's")


def sharegpt(row: Mapping[str, Any]) -> None:
    """`human` at odd places, `gpt` at even ones, an even number; a system text beside or before them."""
    _keys(row, {"conversations"}, optional={"system"})
    turns = _list(row["conversations"], "conversations")
    for turn in turns:
        _require(isinstance(turn, dict), "a turn is no object")
        _keys(turn, {"from", "value"})
        _text(turn["value"], "value")
    if "system" in row:
        _text(row["system"], "system")
    if turns[0]["from"] == "system":
        _require("system" not in row, "two system texts")
        turns = turns[1:]
    _require(len(turns) > 0 and len(turns) % 2 == 0, "a question without an answer")
    for place, turn in enumerate(turns):
        _require(turn["from"] == ("human", "gpt")[place % 2], f"turn {place} is {turn['from']!r}")


def alpaca(row: Mapping[str, Any]) -> None:
    """`instruction`, `input` and `output` as text; `history` as pairs of a question and its answer."""
    _keys(row, {"instruction", "input", "output"}, optional={"system", "history"})
    _require(isinstance(row["input"], str), "input is no text")
    for name in ("instruction", "output", "system"):
        if name in row:
            _text(row[name], name)
    if "history" in row:
        for turns in _list(row["history"], "history"):
            _require(isinstance(turns, list) and len(turns) == 2, "history is not of pairs")
            for text in turns:
                _text(text, "history")


RULES: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
    "openai": openai_chat,
    "openai-dpo": openai_preference,
    "sharegpt": sharegpt,
    "alpaca": alpaca,
}


def require_all(file_format: str, content: bytes) -> list[dict[str, Any]]:
    """The rows of a file, all of which its consumers take."""
    rows = [row_of(line) for line in io.BytesIO(content)]
    for row in rows:
        RULES[file_format](row)
    if file_format == "openai":
        weighted = {"weight" in turn for turn in _answers(rows)}
        _require(len(weighted) < 2, "some answers of the file are weighed and others not")
    return rows


def _answers(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [turn for row in rows for turn in row["messages"] if turn["role"] == "assistant"]


def _openai_turn(turn: Any, *, may_weigh: bool) -> None:
    _require(isinstance(turn, dict), "a turn is no object")
    # A tool's turn needs the id of a call, which text-only rows do not have.
    _require(turn.get("role") in ("system", *_SPOKEN), f"the role {turn.get('role')!r}")
    weighs = may_weigh and turn["role"] == "assistant"
    _keys(turn, {"role", "content"}, optional={"weight"} if weighs else set())
    _text(turn["content"], "content")
    weight = turn.get("weight", 1)
    _require(type(weight) is int and weight in (0, 1), f"the weight {weight!r}")


def _keys(row: Mapping[str, Any], required: set[str], *, optional: set[str] | None = None) -> None:
    _require(required <= row.keys(), f"without {sorted(required - row.keys())}")
    unknown = row.keys() - required - (optional or set())
    _require(not unknown, f"unknown keys {sorted(unknown)}")


def _list(value: Any, name: str) -> list[Any]:
    _require(isinstance(value, list) and len(value) > 0, f"{name} is no list of something")
    return list(value)


def _text(value: Any, name: str) -> None:
    """Text that a tokenizer makes tokens of: something in it, and only what UTF-8 has."""
    _require(isinstance(value, str), f"{name} is no text")
    _require(value != "", f"{name} is empty")
    _require("\0" not in value, f"{name} holds a NUL")
    _require(
        not any(unicodedata.category(character) == "Cs" for character in value),
        f"{name} holds half a surrogate pair",
    )
