"""Typed values out of a decoded JSON object; what is missing or mistyped is a `RowError`.

A key that holds null counts as absent, since other writers spell absence so.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from annotation.datasets.records import RejectCode
from annotation.datasets.sources import RowError

Value = TypeVar("Value")

LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,3}")

_INT64 = range(-(2**63), 2**63)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)")


def optional(row: Mapping[str, Any], key: str, kind: type[Value]) -> Value | None:
    """The value under `key`, of exactly this type (a bool is no int), or None.

    Raises RowError WRONG_SHAPE naming the key, what was expected and what was found.
    """
    value = row.get(key)
    if value is None:
        return None
    if type(value) is not kind or (kind is int and value not in _INT64):
        raise wrong_shape(key, _WORDS[kind], value)
    return value


def required(row: Mapping[str, Any], key: str, kind: type[Value]) -> Value:
    """As `optional`, but absence is an error too."""
    value = optional(row, key, kind)
    if value is None:
        raise wrong_shape(key, _WORDS[kind], None)
    return value


def optional_number(row: Mapping[str, Any], key: str) -> float | None:
    value = row.get(key)
    if value is None or type(value) in (int, float):
        return value
    raise wrong_shape(key, "a number", value)


def optional_time(row: Mapping[str, Any], key: str) -> datetime | None:
    """An RFC 3339 time with an offset, to the microsecond, in UTC."""
    text = optional(row, key, str)
    if text is None:
        return None
    try:
        if _TIME.fullmatch(text):
            return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise wrong_shape(key, "an RFC 3339 time", text)


def optional_texts(row: Mapping[str, Any], key: str) -> tuple[str, ...] | None:
    values = optional(row, key, list)
    if values is None:
        return None
    if not all(type(value) is str for value in values):
        raise wrong_shape(key, "a list of strings", values)
    return tuple(values)


def wrong_shape(key: str, expected: str, found: object) -> RowError:
    if found is None:
        return RowError(RejectCode.WRONG_SHAPE, f"“{key}” is missing; {expected} belongs there.")
    word = "a number" if type(found) is int else _WORDS[type(found)]
    return RowError(RejectCode.WRONG_SHAPE, f"“{key}” must be {expected}; it is {word}.")


_WORDS: dict[type, str] = {
    str: "a string",
    int: "a whole number of 64 bits",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}
