"""Lines → a Parquet file with the types of their format, none of them guessed from what a file holds.

A column or member stands in the file where at least one line has it, as in a file of lines whose keys
are uniform. Equal lines give equal bytes by one version of pyarrow, which is imported by whoever first
asks for such a file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import orjson

# A column's type: a word, a list of one type, or members by name.
Shape: TypeAlias = "str | list[Shape] | dict[str, Shape]"

# Text that is JSON: what has members of its own in every line.
JSON = "json"
_TURNS: Shape = [{"role": "text", "content": "text"}]
_WEIGHT: dict[str, Shape] = {"group_id": "integer", "pair_weight": "number", "agreement": "number"}
_IMPLICIT: dict[str, Shape] = {"chosen": _TURNS, "rejected": _TURNS, **_WEIGHT}
_SHAPES: Mapping[str, dict[str, Shape]] = {
    "messages": {"messages": _TURNS},
    "openai": {"messages": [{"role": "text", "content": "text", "weight": "integer"}]},
    "prompt-completion": {"prompt": _TURNS, "completion": _TURNS},
    "sharegpt": {"conversations": [{"from": "text", "value": "text"}], "system": "text"},
    "alpaca": {
        "instruction": "text",
        "input": "text",
        "output": "text",
        "system": "text",
        "history": [["text"]],
    },
    "prompt-only": {"prompt": _TURNS},
    "preference": {"prompt": _TURNS, **_IMPLICIT},
    "preference-implicit": _IMPLICIT,
    "reward": {**_IMPLICIT, "margin": "number"},
    "openai-dpo": {
        "input": {"messages": _TURNS},
        "preferred_output": _TURNS,
        "non_preferred_output": _TURNS,
    },
    "hh": {"chosen": "text", "rejected": "text"},
    "nectar": {"prompt": "text", "answers": [{"answer": "text", "rank": "integer"}]},
    "kto": {"prompt": _TURNS, "completion": _TURNS, "label": "truth"},
    "ranking": {
        "schema": "text",
        "id": "integer",
        "group_id": "integer",
        "revision": "integer",
        "project": "text",
        "round": "integer",
        "split": "text",
        "language": "text",
        "criterion": "text",
        "reason": "text",
        "purpose": "text",
        "prompt": _TURNS,
        "context_hash": "text",
        "pick": {"rule": "text", "seed": "integer", "as_of": "time"},
        "candidates": [
            {
                "id": "integer",
                "content": "text",
                "rank": "integer",
                "origin": "text",
                "rating": "integer",
                "flags": ["text"],
                "policy": "text",
                "params": JSON,
                "seed": "integer",
                "finish_reason": "text",
            }
        ],
        "acceptable_tier": "integer",
        "strength": {"grade": "integer", "scale": "text"},
        "rewrite": "text",
        "comment": "text",
        "rater": "text",
        "guideline": "integer",
        "rating_schema": "integer",
        "shown_order": ["integer"],
        "active_seconds": "number",
        "created_at": "time",
    },
}
_TYPES: Mapping[str, tuple[type, ...]] = {
    "text": (str,),
    "integer": (int,),
    "number": (int, float),
    "truth": (bool,),
    "time": (str,),
}
_INTEGERS = range(-(2**63), 2**63)
# Lines of so many bytes are one row group, and all of them that are in memory at once.
ROW_GROUP_BYTES = 2**22
_Path: TypeAlias = tuple[str, ...]


class MisfitError(ValueError):
    """A line has a member that its format does not know, or one of another type: `number` from 1."""

    def __init__(self, number: int, member: str) -> None:
        super().__init__(f"Line {number:,} does not fit its format's columns: “{member}”.")


def write_parquet(lines: BinaryIO, sink: BinaryIO, *, file_format: str) -> None:
    """The lines as rows in their order. Reads them twice: which members there are, then what they say.

    Raises MisfitError.
    """
    import pyarrow
    from pyarrow.parquet import ParquetWriter

    shape = shape_of(file_format)
    seen: set[_Path] = set()
    n_before = 0
    for group in _groups(lines):
        for number, line in enumerate(group, start=n_before + 1):
            _typed_line(line, shape, number, seen)
        n_before += len(group)
    lines.seek(0)
    schema = pyarrow.schema(_fields(shape, (), seen if n_before else None))
    with ParquetWriter(sink, schema, compression="zstd") as writer:
        n_before = 0
        for group in _groups(lines):
            rows = [
                _typed_line(line, shape, number, seen)
                for number, line in enumerate(group, start=n_before + 1)
            ]
            writer.write_batch(pyarrow.RecordBatch.from_pylist(rows, schema))
            n_before += len(group)


def is_parquet(path: Path) -> bool:
    return path.name.endswith(".parquet")


def shape_of(file_format: str) -> dict[str, Shape]:
    """The columns of a format, those included that few files have."""
    return _SHAPES[file_format] | {"metadata": JSON}


def _groups(lines: BinaryIO) -> Iterator[list[bytes]]:
    while group := lines.readlines(ROW_GROUP_BYTES):
        yield group


def _typed_line(
    line: bytes, shape: dict[str, Shape], number: int, seen: set[_Path]
) -> dict[str, Any]:
    try:
        typed: dict[str, Any] = _typed(orjson.loads(line), shape, (), seen)
    except _MisfitHereError as misfit:
        raise MisfitError(number, ".".join(misfit.path)) from None
    return typed


class _MisfitHereError(Exception):
    def __init__(self, path: _Path) -> None:
        self.path = path


def _typed(value: Any, shape: Shape, path: _Path, seen: set[_Path]) -> Any:
    """The value as its column holds it; what members were met is added to `seen`."""
    if isinstance(shape, dict):
        if type(value) is not dict:
            raise _MisfitHereError(path)
        members = {}
        for name, member in value.items():
            below = (*path, name)
            if name not in shape:
                raise _MisfitHereError(below)
            seen.add(below)
            members[name] = _typed(member, shape[name], below, seen)
        return members
    if isinstance(shape, list):
        if type(value) is not list:
            raise _MisfitHereError(path)
        return [_typed(member, shape[0], path, seen) for member in value]
    if shape == JSON:
        return orjson.dumps(value).decode()
    if type(value) not in _TYPES[shape] or (type(value) is int and value not in _INTEGERS):
        raise _MisfitHereError(path)
    return datetime.fromisoformat(value) if shape == "time" else value


def _fields(shape: dict[str, Shape], path: _Path, seen: set[_Path] | None) -> Sequence[Any]:
    """Of the members that were seen; of all where none was, since Parquet has no empty structs."""
    import pyarrow

    names = [name for name in shape if seen is None or (*path, name) in seen] or list(shape)
    return [pyarrow.field(name, _arrow(shape[name], (*path, name), seen)) for name in names]


def _arrow(shape: Shape, path: _Path, seen: set[_Path] | None) -> Any:
    import pyarrow

    if isinstance(shape, dict):
        return pyarrow.struct(_fields(shape, path, seen))
    if isinstance(shape, list):
        return pyarrow.list_(_arrow(shape[0], path, seen))
    return {
        "text": pyarrow.string(),
        "integer": pyarrow.int64(),
        "number": pyarrow.float64(),
        "truth": pyarrow.bool_(),
        "time": pyarrow.timestamp("us", tz="UTC"),
        JSON: pyarrow.string(),
    }[shape]
