"""What people said a model should have said, or said best: read as dialogues that end on it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from django.db import connection
from django.db.models import F
from orjson import loads

from annotation.datasets.records import DialogueRecord, MessageRecord
from annotation.models import Feedback
from annotation.selectors.dataset_rankings import AS_SAID

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

# The reply of a ranking `r` to train on: of its best tier the first that has words and was not cut short.
BEST_REPLY = """
SELECT p.candidate_id FROM annotation_placement p JOIN annotation_candidate d ON d.id = p.candidate_id
WHERE p.ranking_id = r.id AND p.tier = 1 AND d.content <> '' AND NOT d.cut_by_length
ORDER BY d.index LIMIT 1
"""
_BEST_REPLIES = """
SELECT r.id, best.candidate_id FROM annotation_ranking r JOIN LATERAL (BEST_REPLY) AS best ON TRUE
WHERE r.id = ANY(%s)
""".replace("BEST_REPLY", BEST_REPLY)
_ANSWERED = """
SELECT r.id, x.messages::text, CASE WHEN r.rewrite <> '' THEN r.rewrite ELSE AS_SAID END
FROM annotation_ranking r
JOIN annotation_comparison q ON q.id = r.comparison_id
JOIN sampling_context x ON x.id = q.context_id
LEFT JOIN LATERAL (BEST_REPLY) AS best ON r.rewrite = ''
LEFT JOIN annotation_candidate d ON d.id = best.candidate_id
LEFT JOIN sampling_completion c ON c.id = d.completion_id
WHERE r.id = ANY(%s)
""".replace("AS_SAID", AS_SAID).replace("BEST_REPLY", BEST_REPLY)


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
            output_licence=F("message__completion__generation__policy__output_licence"),
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
                **({"output_licences": [row["output_licence"]]} if row["output_licence"] else {}),
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


def best_replies(ids: Sequence[int]) -> dict[int, int]:
    """The candidate that each of these rankings found best; without it those of which none can be had."""
    with connection.cursor() as cursor:
        cursor.execute(_BEST_REPLIES, [list(ids)])
        return dict(cursor.fetchall())


def answered_texts(ids: Sequence[int]) -> dict[int, list[str]]:
    """The turns of each ranking's context, and the answer that it gives: the better reply that its rater
    wrote, else the one they found best."""
    with connection.cursor() as cursor:
        cursor.execute(_ANSWERED, [list(ids)])
        return {
            pk: [*(turn["content"] for turn in loads(messages)), answer]
            for pk, messages, answer in cursor.fetchall()
        }
