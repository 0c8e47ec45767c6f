"""Adding rows by the hundred thousand: PostgreSQL's COPY, ids drawn beforehand.

Lines are written here rather than by psycopg's `write_row`, which looks for a dumper for each value
of each row: of a row most columns are the same as in the row before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from django.db import connection, models

_BLOCK_CHARACTERS = 2**18
_NULL = r"\N"
# The backslash first, since the others are written with one.
_ESCAPED = (("\\", r"\\"), ("\n", r"\n"), ("\r", r"\r"), ("\t", r"\t"))


def new_ids(model: type[models.Model], n: int) -> list[int]:
    """Ids that nobody else gets, for rows that name each other before they are stored."""
    with connection.cursor() as cursor:
        # As one text: a row for each takes the driver longer than PostgreSQL.
        cursor.execute(
            "SELECT coalesce(string_agg(nextval(pg_get_serial_sequence(%s, 'id'))::text, ','), '')"
            " FROM generate_series(1, %s)",
            [model._meta.db_table, n],
        )
        return [int(pk) for pk in cursor.fetchone()[0].split(",") if pk]


def stored_among(
    model: type[models.Model], column: str, values: Collection[str], **same: Any
) -> set[str]:
    """Which of the values are in that column already, among rows whose columns are the `same`."""
    if not values:
        return set()
    quote = connection.ops.quote_name
    conditions = "".join(f" AND {quote(name)} = %s" for name in same)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {quote(column)} FROM {quote(model._meta.db_table)}"  # noqa: S608 our own names
            f" WHERE {quote(column)} = ANY(%s::text[]){conditions}",
            [array_text(values), *same.values()],
        )
        return {row[0] for row in cursor.fetchall()}


def copy_rows(
    model: type[models.Model],
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    same: Mapping[str, Any] | None = None,
) -> None:
    """Store rows of these columns; columns in `same` hold one value for all of them, every other
    column gets its field's default.

    `rows` is read while the connection is busy and so asks the database nothing. JSON columns take
    text, see `json_text`. Constraints and triggers hold as for any INSERT.
    """
    meta = model._meta
    constant = dict(same or {})
    for field in meta.concrete_fields:
        if not field.primary_key and field.column not in (*columns, *constant):
            constant[str(field.column)] = _default(field)
    quoted = ", ".join(connection.ops.quote_name(name) for name in (*columns, *constant))
    tail = "".join("\t" + copy_text(value) for value in constant.values()) + "\n"
    with (
        connection.cursor() as cursor,
        cursor.copy(
            f"COPY {connection.ops.quote_name(meta.db_table)} ({quoted}) FROM STDIN"
        ) as copy,
    ):
        block: list[str] = []
        n_characters = 0
        for row in rows:
            line = "\t".join([copy_text(value) for value in row]) + tail
            block.append(line)
            n_characters += len(line)
            if n_characters > _BLOCK_CHARACTERS:
                copy.write("".join(block))
                block, n_characters = [], 0
        copy.write("".join(block))


def copy_text(value: Any) -> str:
    r"""A value as a field of a line of COPY's text format (tabs between fields, `\N` for null).

    Raises KeyError for a value of a type that no column of ours has.
    """
    return _FIELDS[type(value)](value)


def json_text(value: Any) -> str:
    return orjson.dumps(value).decode()


def array_text(values: Iterable[str | int]) -> str:
    """`{"a",1}`, an array as PostgreSQL reads it: texts are quoted, so that none is taken for null or for
    a bracket."""
    quoted = (
        str(value) if isinstance(value, int) else '"{}"'.format(re.sub(r'(["\\])', r"\\\1", value))
        for value in values
    )
    return "{" + ",".join(quoted) + "}"


def _text(value: str) -> str:
    for character, escaped in _ESCAPED:
        if character in value:
            value = value.replace(character, escaped)
    return value


def _array(values: Sequence[Any]) -> str:
    return _text(array_text(values))


_FIELDS: Mapping[type, Callable[[Any], str]] = {
    str: _text,
    int: str,
    bool: lambda value: "t" if value else "f",
    float: repr,
    type(None): lambda value: _NULL,
    datetime: datetime.isoformat,
    list: _array,
}


def _default(field: models.Field[Any, Any]) -> Any:
    value = field.get_default()
    if isinstance(field, models.JSONField):
        return json_text(value)
    return value.value if isinstance(value, models.Choices) else value
