"""Health checks without a round trip, and cursors whose statements PostgreSQL plans once."""

from __future__ import annotations

import select
from typing import Any, Self, cast

import psycopg
from django.db.backends.postgresql import base, operations
from django.db.backends.utils import CursorWrapper
from psycopg.types.numeric import Int8Dumper


class PreparingCursor(psycopg.Cursor[Any]):
    """Prepares every statement on its first execution in the connection."""

    def execute(self, query: Any, params: Any = None, **_: Any) -> Self:
        # Nothing else is prepared. A connection that may prepare counts how often it sees each statement,
        # and so keeps the last hundred, megabytes each where rows go in by the thousand.
        self.connection.prepare_threshold = 0
        try:
            return super().execute(query, params, prepare=True)
        finally:
            self.connection.prepare_threshold = None


class DatabaseOperations(operations.DatabaseOperations):
    def last_executed_query(self, cursor: Any, sql: Any, params: Any) -> Any:
        """The statement with its parameters, for logs and for tests that count."""
        if isinstance(cursor, PreparingCursor):
            return self.compose_sql(sql, params)
        return super().last_executed_query(cursor, sql, params)


class DatabaseWrapper(base.DatabaseWrapper):
    ops_class = DatabaseOperations

    def init_connection_state(self) -> None:
        super().init_connection_state()
        # Elsewise the type of a number depends on its size, and each combination of types is
        # another statement to prepare.
        self.connection.adapters.register_dumper(int, Int8Dumper)

    def is_usable(self) -> bool:
        """Whether the server still listens.

        A connection that the server closed has its end to read; one with nothing to read is asked
        nothing, which saves a round trip a request.
        """
        if self.connection is None or self.connection.closed:
            return False
        looking = select.poll()
        looking.register(self.connection.fileno(), select.POLLIN)
        return not looking.poll(0) or super().is_usable()

    def preparing_cursor(self) -> CursorWrapper:
        """A cursor for statements that are executed over and over with other parameters."""
        self.close_if_health_check_failed()
        self.ensure_connection()
        with self.wrap_database_errors:
            cursor = PreparingCursor(self.connection)
            return cast(CursorWrapper, self._prepare_cursor(cursor))  # type: ignore[attr-defined]
