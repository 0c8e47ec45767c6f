"""Replies in chats that people gave a thumb: good or bad by itself, as KTO learns (DATA.md §6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.db import connection
from django.db.models import F

from annotation.datasets.records import JudgedReplyRecord, MessageRecord, RankingRecord
from annotation.models import Dataset, DatasetChunk, Feedback
from annotation.selectors.dataset_rewrites import rewrite_texts, turns_before

# Candidates that are a reply of a chat which got a thumb that is in the dataset.
_THUMBED = """
SELECT d.id FROM annotation_candidate d
JOIN annotation_comparison q ON q.id = d.comparison_id
JOIN annotation_feedback f ON f.message_id = q.message_id
JOIN annotation_datasetchunk k
  ON k.dataset_id = %s AND k.rows_of = %s AND f.id = ANY (k.row_ids)
WHERE d.origin = 'original' AND q.id = ANY (%s)
"""


def judged_replies(ids: Sequence[int], *, metadata: bool) -> list[JudgedReplyRecord]:
    """The replies that these feedbacks are about, each with what stood before it, in the order of the
    feedbacks' ids."""
    before = turns_before(ids)
    found = (
        Feedback.objects.filter(pk__in=ids)
        .order_by("pk")
        .values(
            "pk",
            "thumb",
            "reasons",
            reply=F("message__content"),
            conversation=F("message__conversation"),
            origin_key=F("message__conversation__origin_key"),
            licence=F("message__conversation__licence"),
            language=F("message__conversation__language"),
            category=F("message__conversation__category"),
            output_licence=F("message__completion__generation__policy__output_licence"),
        )
    )
    return [
        JudgedReplyRecord(
            (*before[row["pk"]], MessageRecord("assistant", row["reply"])),
            0,
            row["origin_key"],
            row["licence"] or None,
            row["language"],
            row["category"] or None,
            {
                "feedback": row["pk"],
                "conversation": row["conversation"],
                "reasons": row["reasons"],
                "origin_key": row["origin_key"],
                **({"output_licences": [row["output_licence"]]} if row["output_licence"] else {}),
            }
            if metadata
            else {},
            is_good=row["thumb"] == Feedback.Thumb.UP,
        )
        for row in found
    ]


def judged_texts(ids: Sequence[int]) -> dict[int, list[str]]:
    """What stood before each reply that these feedbacks are about, and the reply."""
    records = judged_replies(ids, metadata=False)
    return {
        pk: [turn.content for turn in record.messages]
        for pk, record in zip(sorted(ids), records, strict=True)
    }


def feedback_texts(ids: Sequence[int]) -> dict[int, list[str]]:
    """Everything that a line made of these feedbacks may hold: what stood before the reply, what it
    should have been, and the reply."""
    replies = Feedback.objects.filter(pk__in=ids).values_list("pk", "message__content")
    texts = rewrite_texts(ids)
    return {pk: [*texts[pk], reply] for pk, reply in replies}


def without_thumbed(rankings: Sequence[RankingRecord], *, dataset: Dataset) -> list[RankingRecord]:
    """The rankings without candidates whose label is the thumb that they got as a chat's reply."""
    groups = list({ranking.group_id for ranking in rankings})
    with connection.cursor() as cursor:
        cursor.execute(_THUMBED, [dataset.pk, DatasetChunk.RowsOf.FEEDBACK.value, groups])
        thumbed = {pk for (pk,) in cursor.fetchall()}
    return [
        replace(ranking, candidates=tuple(c for c in ranking.candidates if c.id not in thumbed))
        for ranking in rankings
    ]
