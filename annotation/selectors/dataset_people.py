"""Whose rows a dataset holds: who wrote or ranked them, and who wrote the prompts."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from annotation.models import Dataset, DatasetChunk
from annotation.selectors.datasets import chunks_of

RowsOf = DatasetChunk.RowsOf


def rater_of_rows(rows_of: str, ids: Sequence[int]) -> dict[int, int]:
    """Who ranked or wrote each of these rows; absent where nobody of ours did."""
    return _read(_RATERS[RowsOf(rows_of)], ids)


def prompt_author_of_rows(rows_of: str, ids: Sequence[int]) -> dict[int, int]:
    """Who wrote the prompt of each row, or held the conversation that it opens; absent where it came
    in a file."""
    return _read(_PROMPT_AUTHORS[RowsOf(rows_of)], ids)


def raters_of(dataset: Dataset) -> list[int]:
    """Everybody who ranked or wrote a row of the dataset."""
    return sorted(
        {
            rater
            for chunk in chunks_of(dataset)
            for rater in rater_of_rows(chunk.rows_of, chunk.row_ids).values()
        }
    )


def _read(sql: str, ids: Sequence[int]) -> dict[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [list(ids)])
        return {pk: rater for pk, rater in cursor.fetchall() if rater is not None}


_RATERS = {
    RowsOf.RANKING: "SELECT id, rater_id FROM annotation_ranking WHERE id = ANY(%s)",
    RowsOf.CONVERSATION: "SELECT id, author_id FROM annotation_conversation WHERE id = ANY(%s)",
    RowsOf.PROMPT: "SELECT id, author_id FROM annotation_prompt WHERE id = ANY(%s)",
    RowsOf.FEEDBACK: "SELECT id, rater_id FROM annotation_feedback WHERE id = ANY(%s)",
}
_PROMPT_AUTHORS = {
    RowsOf.FEEDBACK: (
        "SELECT f.id, coalesce(p.author_id, c.author_id) FROM annotation_feedback f"
        " JOIN annotation_message m ON m.id = f.message_id"
        " JOIN annotation_conversation c ON c.id = m.conversation_id"
        " LEFT JOIN annotation_prompt p ON p.id = c.prompt_id AND p.kind = 'prompt'"
        " WHERE f.id = ANY(%s)"
    ),
    RowsOf.RANKING: (
        "SELECT r.id, coalesce(p.author_id, c.author_id) FROM annotation_ranking r"
        " JOIN annotation_comparison q ON q.id = r.comparison_id"
        " LEFT JOIN annotation_conversation c ON c.id = q.conversation_id"
        " LEFT JOIN annotation_prompt p ON p.id = c.prompt_id AND p.kind = 'prompt'"
        " WHERE r.id = ANY(%s)"
    ),
    # A brief tells its reader what to ask: who asked is the conversation's author.
    RowsOf.CONVERSATION: (
        "SELECT c.id, coalesce(p.author_id, c.author_id) FROM annotation_conversation c"
        " LEFT JOIN annotation_prompt p ON p.id = c.prompt_id AND p.kind = 'prompt'"
        " WHERE c.id = ANY(%s)"
    ),
    RowsOf.PROMPT: "SELECT id, author_id FROM annotation_prompt WHERE id = ANY(%s)",
}
