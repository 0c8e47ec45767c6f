"""Lines that PostgreSQL writes whole: conversations in the frame of a format, streamed by COPY.

Reading the turns and writing them again takes Python several times as long as PostgreSQL. A text's
JSON is the same in both: they escape what JSON must have escaped and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from django.db import connection

from annotation.models import Dataset


class FramedLine(NamedTuple):
    """A conversation's line with its end, and whether all of its answers, and any, may be trained on."""

    learned_all: bool
    learned_any: bool
    line: bytes


def framed_lines(dataset: Dataset, *, chunk: int, before: str, after: str) -> Iterator[FramedLine]:
    """The live paths of the chunk's conversations as `[{"role","content"}…]` between two texts, in the
    order of their ids."""
    with (
        connection.cursor() as cursor,
        cursor.copy(
            _LINES, {"dataset": dataset.pk, "chunk": chunk, "before": before, "after": after}
        ) as rows,
    ):
        for row in rows:
            # Two letters, each with the separator after it.
            yield FramedLine(row[0] == _TRUE, row[2] == _TRUE, bytes(row[4:]))


_TRUE = ord("t")
# Neither separator nor quote is ever in JSON, which escapes both, so that lines come as they are.
_LINES = r"""
COPY (
  SELECT coalesce(bool_and(trainable) FILTER (WHERE role = 'assistant'), true), bool_or(trainable),
    %(before)s || '[' || string_agg(
      '{"role":"' || role || '","content":' || to_json(content) || '}', ',' ORDER BY position
    ) || ']' || %(after)s
  FROM annotation_message
  WHERE is_live AND conversation_id = ANY ((
    SELECT row_ids FROM annotation_datasetchunk
    WHERE dataset_id = %(dataset)s AND number = %(chunk)s
  )::bigint[])
  GROUP BY conversation_id ORDER BY conversation_id
) TO STDOUT (FORMAT csv, DELIMITER E'\x02', QUOTE E'\x01')
"""
