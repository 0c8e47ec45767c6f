"""Where a row of a dataset comes from: people, policies, guideline, file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db.models import F

from annotation.models import Candidate, Conversation, Feedback, Message, Prompt, Ranking, Review

_SOURCE = ("source", "source_row", "licence", "origin_key", "import_run_id")


def of_rankings(ids: Sequence[int]) -> list[dict[str, Any]]:
    """Each ranking with its rater, guideline, comparison, and the policies of its candidates.

    Two queries however many they are.
    """
    rows = list(
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
    candidates = _by(
        "comparison_id",
        Candidate.objects.filter(comparison_id__in={row["comparison_id"] for row in rows})
        .order_by("comparison_id", "index")
        .values(
            "comparison_id",
            "index",
            "origin",
            candidate=F("pk"),
            policy=F("completion__generation__policy__name"),
            seed=F("completion__seed"),
        ),
    )
    return [_present(row) | {"candidates": candidates[row["comparison_id"]]} for row in rows]


def of_conversations(ids: Sequence[int]) -> list[dict[str, Any]]:
    """Each conversation with its author, reviewers, guideline, prompt and the policies in its text.

    Three queries however many they are.
    """
    rows = (
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
    reviews = _by(
        "conversation_id",
        Review.objects.filter(conversation_id__in=ids)
        .order_by("pk")
        .values("conversation_id", "verdict", "created_at", person=F("rater__user__username")),
    )
    policies: dict[int, list[str]] = defaultdict(list)
    for conversation_id, policy in (
        Message.objects.filter(conversation_id__in=ids, is_live=True, completion__isnull=False)
        .order_by("completion__generation__policy__name")
        .values_list("conversation_id", "completion__generation__policy__name")
        .distinct()
    ):
        policies[conversation_id].append(policy)
    return [
        _present(row)
        | {"reviews": reviews[row["conversation"]], "policies": policies[row["conversation"]]}
        for row in rows
    ]


def of_prompts(ids: Sequence[int]) -> list[dict[str, Any]]:
    rows = (
        Prompt.objects.filter(pk__in=ids)
        .order_by("pk")
        .values(*_SOURCE, "created_at", prompt=F("pk"), person=F("author__user__username"))
    )
    return [_present(row) for row in rows]


def of_feedback(ids: Sequence[int]) -> list[dict[str, Any]]:
    """Each rewrite with its author, the chat it was said in, and the policy whose reply it corrects."""
    rows = (
        Feedback.objects.filter(pk__in=ids)
        .order_by("pk")
        .values(
            "rater_id",
            "message_id",
            "thumb",
            "created_at",
            feedback=F("pk"),
            person=F("rater__user__username"),
            conversation=F("message__conversation_id"),
            licence=F("message__conversation__licence"),
            origin_key=F("message__conversation__origin_key"),
            guideline_version=F("message__conversation__assignment__guideline__version"),
            round_number=F("message__conversation__round__number"),
            policy=F("message__completion__generation__policy__name"),
        )
    )
    return [_present(row) for row in rows]


def _by(key: str, rows: Iterable[Mapping[str, Any]]) -> dict[int, list[dict[str, Any]]]:
    """The rows of each value of `key`, without that key."""
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row[key]].append(_present({name: row[name] for name in row if name != key}))
    return found


def _present(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row without what it does not say."""
    return {key: value for key, value in row.items() if value not in (None, "")}
