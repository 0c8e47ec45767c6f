"""What people said a model should have said instead: read as dialogues that end on it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from django.db import connection
from django.db.models import F

from annotation.datasets.records import DialogueRecord, MessageRecord
from annotation.models import Feedback, Ranking

# The turns before the message that was judged, on its own branch: it may live no more.
_TURNS_BEFORE = """
WITH RECURSIVE path AS (
  SELECT f.id AS feedback, above.parent_id, above.position, above.role, above.content
  FROM annotation_feedback f JOIN annotation_message m ON m.id = f.message_id
  JOIN annotation_message above ON above.id = m.parent_id WHERE f.id = ANY(%s)
  UNION ALL
  SELECT path.feedback, above.parent_id, above.position, above.role, above.content
  FROM path JOIN annotation_message above ON above.id = path.parent_id
)
SELECT feedback, role, content FROM path ORDER BY feedback, position
"""


def rewrites(ids: Sequence[int], *, metadata: bool) -> list[DialogueRecord]:
    """The rewrites of these feedbacks in the order of their ids, each the answer to what stood before
    the reply; earlier replies are context, not to be trained on (DATA.md §6)."""
    before = turns_before(ids)
    found = (
        Feedback.objects.filter(pk__in=ids)
        .order_by("pk")
        .values(
            "pk",
            "rewrite",
            "thumb",
            "reasons",
            conversation=F("message__conversation"),
            origin_key=F("message__conversation__origin_key"),
            licence=F("message__conversation__licence"),
            language=F("message__conversation__language"),
            category=F("message__conversation__category"),
        )
    )
    return [
        DialogueRecord(
            (*before[row["pk"]], MessageRecord("assistant", row["rewrite"], trainable=True)),
            0,
            row["origin_key"],
            row["licence"] or None,
            row["language"],
            row["category"] or None,
            {
                "feedback": row["pk"],
                "conversation": row["conversation"],
                "thumb": row["thumb"],
                "reasons": row["reasons"],
                "origin_key": row["origin_key"],
            }
            if metadata
            else {},
        )
        for row in found
    ]


def turns_before(ids: Sequence[int]) -> Mapping[int, list[MessageRecord]]:
    """What stood before the reply that each of these feedbacks is about, on the reply's own branch."""
    before: dict[int, list[MessageRecord]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_TURNS_BEFORE, [list(ids)])
        for pk, role, content in cursor.fetchall():
            before[pk].append(MessageRecord(role, content))
    return before


def rewrite_texts(ids: Sequence[int]) -> dict[int, list[str]]:
    """The turns of each feedback's rewritten dialogue."""
    records = rewrites(ids, metadata=False)
    return {
        pk: [turn.content for turn in record.messages]
        for pk, record in zip(sorted(ids), records, strict=True)
    }


def better_reply_texts(ids: Sequence[int]) -> dict[int, list[str]]:
    """The turns of each ranking's context, and the better reply that its rater wrote."""
    return {
        pk: [*(turn["content"] for turn in messages), rewrite]
        for pk, messages, rewrite in Ranking.objects.filter(pk__in=ids).values_list(
            "pk", "comparison__context__messages", "rewrite"
        )
    }
