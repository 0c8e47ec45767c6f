"""Adding rows by the hundred thousand: PostgreSQL's COPY, ids drawn beforehand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from django.db import connection, models


def new_ids(model: type[models.Model], n: int) -> list[int]:
    """Ids that nobody else gets, for rows that name each other before they are stored."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [model._meta.db_table, n],
        )
        return [row[0] for row in cursor.fetchall()]


def copy_rows(
    model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Store rows of these columns; every other column gets its field's default.

    `rows` is read while the connection is busy and so asks the database nothing. JSON columns take
    text, see `json_text`. Constraints and triggers hold as for any INSERT.
    """
    meta = model._meta
    left = [
        field
        for field in meta.concrete_fields
        if field.column not in columns and not field.primary_key
    ]
    defaults = tuple(_default(field) for field in left)
    names = [*columns, *(str(field.column) for field in left)]
    quoted = ", ".join(connection.ops.quote_name(name) for name in names)
    with (
        connection.cursor() as cursor,
        cursor.copy(
            f"COPY {connection.ops.quote_name(meta.db_table)} ({quoted}) FROM STDIN"
        ) as copy,
    ):
        for row in rows:
            copy.write_row((*row, *defaults))


def json_text(value: Any) -> str:
    return orjson.dumps(value).decode()


def _default(field: models.Field[Any, Any]) -> Any:
    value = field.get_default()
    if isinstance(field, models.JSONField):
        return orjson.dumps(value).decode()
    return value
