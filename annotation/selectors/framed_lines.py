"""Lines that PostgreSQL writes whole: conversations in the frame of a format, streamed by COPY.

Reading the turns and writing them again takes Python several times as long as PostgreSQL. A text's
JSON is the same in both: they escape what JSON must have escaped and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from django.db import connection, transaction

from annotation.models import Dataset


class FramedLine(NamedTuple):
    """A conversation's line with its end, and whether all of its answers, and any, may be trained on.

    Who asked about it has its id and its language.
    """

    learned_all: bool
    learned_any: bool
    line: bytes
    pk: int = 0
    language: str = ""


def framed_lines(
    dataset: Dataset, *, chunks: range, before: str, after: str, about: bool
) -> Iterator[FramedLine]:
    """The live paths of the chunks' conversations as `[{"role","content"}…]` between two texts, in the
    order of their ids, which is that of the chunks."""
    with (
        _in_order_of_an_index(),
        connection.cursor() as cursor,
        cursor.copy(
            _LINES.format(about=_ABOUT if about else ""),
            {
                "dataset": dataset.pk,
                "first": chunks.start,
                "end": chunks.stop,
                "before": f'{before}[{{"role":"',
                "after": f"}}]{after}",
            },
        ) as rows,
    ):
        for row in rows:
            # Two letters, each with the separator after it.
            learned_all, learned_any, line = row[0] == _TRUE, row[2] == _TRUE, bytes(row[4:])
            if about:
                pk, language, line = line.split(_SEPARATOR, 2)
                yield FramedLine(learned_all, learned_any, line, int(pk), language.decode())
            else:
                yield FramedLine(learned_all, learned_any, line)


@contextmanager
def _in_order_of_an_index() -> Iterator[None]:
    """The planner takes so many chunks for ten rows, and would sort what an index gives in order."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_sort = off; SET LOCAL enable_incremental_sort = off")
        yield
        # Whatever transaction this is part of goes on without the settings.
        transaction.set_rollback(True)


_TRUE = ord("t")
_SEPARATOR = b"\x02"
# Neither separator nor quote is ever in JSON, which escapes both, so that lines come as they are.
# What is the same around every turn is put between them: a text is copied for each piece added to it.
_LINES = r"""
COPY (
  SELECT coalesce(bool_and(trainable) FILTER (WHERE role = 'assistant'), true), bool_or(trainable),
    {about} %(before)s || string_agg(
      role || '","content":' || to_json(content), '}},{{"role":"' ORDER BY position
    ) || %(after)s
  FROM annotation_message
  WHERE is_live AND conversation_id = ANY (ARRAY(
    SELECT unnest(row_ids) FROM annotation_datasetchunk
    WHERE dataset_id = %(dataset)s AND number >= %(first)s AND number < %(end)s
  ))
  GROUP BY conversation_id ORDER BY conversation_id
) TO STDOUT (FORMAT csv, DELIMITER E'\x02', QUOTE E'\x01')
"""
_ABOUT = """
    conversation_id,
    (SELECT language FROM annotation_conversation c WHERE c.id = conversation_id),
"""
