"""Where a row of a dataset comes from: people, policies, guideline, file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import F, QuerySet

from annotation.models import Candidate, Conversation, Message, Prompt, Ranking

_SOURCE = ("source", "source_row", "licence", "origin_key", "import_run_id")


def of_rankings(ids: Sequence[int]) -> list[dict[str, Any]]:
    """Each ranking with its rater, guideline, comparison, and the policies of its candidates."""
    rows = _present(
        Ranking.objects.filter(pk__in=ids)
        .order_by("pk")
        .values(
            "comparison_id",
            "reason",
            "purpose",
            "created_at",
            "rater_id",
            ranking=F("pk"),
            person=F("rater__user__username"),
            guideline_version=F("guideline__version"),
            rating_schema_version=F("rating_schema__version"),
            round_number=F("comparison__round__number"),
            conversation=F("comparison__conversation_id"),
            pick_run=F("comparison__pick_run_id"),
            source=F("comparison__source"),
            source_row=F("comparison__source_row"),
            licence=F("comparison__licence"),
        )
    )
    for row in rows:
        row["candidates"] = _present(
            Candidate.objects.filter(comparison_id=row["comparison_id"])
            .order_by("index")
            .values(
                "index",
                "origin",
                candidate=F("pk"),
                policy=F("completion__generation__policy__name"),
                seed=F("completion__seed"),
            )
        )
    return rows


def of_conversations(ids: Sequence[int]) -> list[dict[str, Any]]:
    """Each conversation with its author, reviewers, guideline, prompt and the policies in its text."""
    rows = _present(
        Conversation.objects.filter(pk__in=ids)
        .order_by("pk")
        .values(
            *_SOURCE,
            "kind",
            "state",
            "created_at",
            "finished_at",
            "prompt_id",
            "author_id",
            conversation=F("pk"),
            person=F("author__user__username"),
            guideline_version=F("assignment__guideline__version"),
            round_number=F("round__number"),
        )
    )
    for row in rows:
        row["reviews"] = _present(
            Conversation.objects.get(pk=row["conversation"]).reviews.values(
                "verdict", "created_at", person=F("rater__user__username")
            )
        )
        row["policies"] = list(
            Message.objects.filter(
                conversation_id=row["conversation"], is_live=True, completion__isnull=False
            )
            .order_by("completion__generation__policy__name")
            .values_list("completion__generation__policy__name", flat=True)
            .distinct()
        )
    return rows


def of_prompts(ids: Sequence[int]) -> list[dict[str, Any]]:
    return _present(
        Prompt.objects.filter(pk__in=ids)
        .order_by("pk")
        .values(*_SOURCE, "created_at", prompt=F("pk"), person=F("author__user__username"))
    )


def _present(rows: QuerySet[Any, Any]) -> list[dict[str, Any]]:
    """Rows without what they do not say."""
    return [{key: value for key, value in row.items() if value not in (None, "")} for row in rows]
