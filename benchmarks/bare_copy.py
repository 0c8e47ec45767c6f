"""What the same rows take by PostgreSQL's own COPY: into the same tables, and out as the same lines."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from django.db import connection

_BLOCK_BYTES = 2**18

# Spelled out as orjson writes: PostgreSQL's own JSON functions put spaces between keys and values.
MESSAGES = """
SELECT '{"messages":[' || string_agg('{"role":"' || m.role || '","content":' || to_json(m.content)
  || '}', ',' ORDER BY m.position) || ']}'
FROM annotation_conversation c JOIN annotation_message m ON m.conversation_id = c.id AND m.is_live
WHERE c.project_id = %s AND c.state = 'approved'
GROUP BY c.id ORDER BY c.id
"""
PREFERENCES = """
SELECT '{"prompt":[' || (SELECT string_agg('{"role":"' || (turn ->> 'role') || '","content":'
    || to_json(turn ->> 'content') || '}', ',') FROM jsonb_array_elements(x.messages) AS turn)
  || '],"chosen":[{"role":"assistant","content":' || to_json(better.content)
  || '}],"rejected":[{"role":"assistant","content":' || to_json(worse.content)
  || '}],"group_id":' || r.comparison_id || ',"pair_weight":'
  || to_json(1 / (count(*) OVER (PARTITION BY r.comparison_id))::float8) || '}'
FROM annotation_ranking r
JOIN annotation_comparison q ON q.id = r.comparison_id
JOIN sampling_context x ON x.id = q.context_id
JOIN annotation_placement above ON above.ranking_id = r.id
JOIN annotation_placement below ON below.ranking_id = r.id AND below.tier > above.tier
JOIN annotation_candidate better ON better.id = above.candidate_id
JOIN annotation_candidate worse ON worse.id = below.candidate_id
WHERE r.project_id = %s AND r.is_current
ORDER BY r.comparison_id, r.id, above.tier, below.tier
"""
# Which rows of each table an import into a project stored, in the order in which they can be stored.
_OF_PROJECT = "project_id = %s"
DIALOGUE_TABLES = {"annotation_conversation": _OF_PROJECT, "annotation_message": _OF_PROJECT}
RANKING_TABLES = {
    "sampling_context": "id IN (SELECT context_id FROM annotation_comparison WHERE project_id = %s)",
    "annotation_comparison": _OF_PROJECT,
    "annotation_candidate": _OF_PROJECT,
    "annotation_ranking": _OF_PROJECT,
    "annotation_placement": "ranking_id IN (SELECT id FROM annotation_ranking WHERE project_id = %s)",
}
# What those rows point to.
_POINTED_TO = {"accounts_project": "id = %s", "annotation_importrun": _OF_PROJECT}


class EmptyDatabase:
    """Another database with the same tables, taken while they were empty."""

    def __init__(self) -> None:
        name = connection.settings_dict["NAME"]
        self._name = f"{name}_empty"
        connection.close()
        with self._connected("postgres") as maintenance:
            maintenance.execute(f'CREATE DATABASE "{self._name}" TEMPLATE "{name}"')

    def seconds_to_copy_in(self, project_id: int, tables: dict[str, str], folder: Path) -> float:
        """How long COPY takes to store the project's rows of these tables, keys and indexes kept.

        Triggers of our own do not run; those of foreign keys do.
        """
        with self._connected(self._name) as there:
            for table, condition in _POINTED_TO.items():
                self._take_over(there, table, condition, project_id, folder)
            return sum(
                self._take_over(there, table, condition, project_id, folder)
                for table, condition in tables.items()
            )

    def _take_over(
        self,
        there: psycopg.Connection[Any],
        table: str,
        condition: str,
        project_id: int,
        folder: Path,
    ) -> float:
        path = folder / f"{table}.copy"
        _copy_to_file(f"SELECT * FROM {table} WHERE {condition} ORDER BY id", project_id, path)
        there.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        began = time.monotonic()
        with (
            path.open("rb") as file,
            there.cursor() as cursor,
            cursor.copy(f"COPY {table} FROM STDIN") as copy,
        ):
            while block := file.read(_BLOCK_BYTES):
                copy.write(block)
        seconds = time.monotonic() - began
        path.unlink()
        return seconds

    @contextmanager
    def _connected(self, name: str) -> Iterator[psycopg.Connection[Any]]:
        given = connection.get_connection_params()
        place = {key: given[key] for key in ("host", "port", "user", "password") if key in given}
        with psycopg.connect(dbname=name, autocommit=True, **place) as other:
            yield other


def seconds_to_copy_out(query: str, project_id: int, path: Path) -> float:
    """How long COPY takes to write the query's lines to a file."""
    began = time.monotonic()
    # Neither quote nor delimiter is in our texts, so that every line is as the query built it.
    _copy_to_file(
        query, project_id, path, options=r"(FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02')"
    )
    return time.monotonic() - began


def _copy_to_file(query: str, project_id: int, path: Path, *, options: str = "") -> None:
    statement = f"COPY ({query}) TO STDOUT {options}"
    with (
        connection.cursor() as cursor,
        path.open("wb") as file,
        cursor.copy(statement, [project_id]) as copy,
    ):
        for block in copy:
            file.write(block)
