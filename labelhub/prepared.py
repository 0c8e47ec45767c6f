"""SQL for what runs many times a second: PostgreSQL plans it once a connection, Django compiles nothing.

A query of the ORM costs up to ten times the CPU of the same statement here (docs/PERFORMANCE.md),
most of it spent on writing the SQL anew each time. Everything that is not on the way of every label
keeps to the ORM.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar, cast

import orjson
from django.db import connection, models

from labelhub.postgres.base import DatabaseWrapper

M = TypeVar("M", bound=models.Model)


def fetch(sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """The rows that a statement with named parameters, `%(name)s`, returns.

    Columns of type jsonb come as text, as with all of Django's cursors.
    """
    with cast(DatabaseWrapper, connection).preparing_cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def execute(sql: str, parameters: Mapping[str, Any]) -> None:
    """Run a statement that returns no rows."""
    with cast(DatabaseWrapper, connection).preparing_cursor() as cursor:
        cursor.execute(sql, parameters)


def is_id(number: int) -> bool:
    """Whether a number from outside could be a row's id at all; a larger one PostgreSQL refuses."""
    return number < 2**63


@cache
def columns(model: type[models.Model], alias: str) -> str:
    """The model's columns of the table `alias`, in the order that `from_row` wants them."""
    return ", ".join(f'{alias}."{field.column}"' for field in model._meta.concrete_fields)


def n_columns(model: type[models.Model]) -> int:
    return len(model._meta.concrete_fields)


def from_row(model: type[M], values: Sequence[Any]) -> M:
    """The stored row of `model` whose `columns` have these values."""
    names, conversions = _loading(model)
    values = list(values)
    for index, convert in conversions:
        values[index] = convert(values[index], None, connection)
    return model.from_db(connection.alias, names, values)


@cache
def _loading(
    model: type[models.Model],
) -> tuple[list[str], list[tuple[int, Callable[[Any, Any, Any], Any]]]]:
    fields = model._meta.concrete_fields
    conversions = [
        (index, field.from_db_value)
        for index, field in enumerate(fields)
        if hasattr(field, "from_db_value")
    ]
    return [field.attname for field in fields], conversions


def by_key(model: type[M], key: Any) -> M | None:
    """The row with this primary key; None where there is none."""
    rows = fetch(_by_key(model), {"key": key})
    return from_row(model, rows[0]) if rows else None


@cache
def _by_key(model: type[models.Model]) -> str:
    options = model._meta
    assert options.pk is not None
    return (
        f"SELECT {columns(model, 'it')} FROM {options.db_table} it"
        f' WHERE it."{options.pk.column}" = %(key)s'
    )


def insert(rows: Sequence[models.Model]) -> None:
    """Store unsaved rows of one model by one statement, in their order; they get their ids.

    No signals are sent; values must be such as JSON holds.
    """
    if not rows:
        return
    model = type(rows[0])
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    content = [{field.column: field.pre_save(row, True) for field in fields} for row in rows]
    stored = fetch(_insert(model), {"rows": orjson.dumps(content).decode()})
    for row, (key,) in zip(rows, stored, strict=True):
        row.pk = key
        row._state.adding = False
        row._state.db = connection.alias


@cache
def _insert(model: type[models.Model]) -> str:
    options = model._meta
    names = ", ".join(
        f'"{field.column}"' for field in options.concrete_fields if not field.primary_key
    )
    assert options.pk is not None
    return (
        f"INSERT INTO {options.db_table} ({names}) SELECT {names}"
        f" FROM jsonb_populate_recordset(NULL::{options.db_table}, %(rows)s::jsonb)"
        f" RETURNING {options.pk.column}"
    )
