"""Reading frozen rows as the records that formats write, and the exports of a project."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet, TextField
from django.db.models.functions import Cast
from orjson import loads

from annotation.datasets.records import DialogueRecord, MessageRecord, PromptRecord
from annotation.models import (
    Conversation,
    Dataset,
    DatasetChunk,
    Export,
    Message,
    Prompt,
    Ranking,
)
from labelhub import exceptions
from labelhub.accounts.models import Membership
from labelhub.accounts.selectors import membership_for

RowsOf = DatasetChunk.RowsOf


def exports_of(*, membership: Membership) -> QuerySet[Export]:
    return Export.objects.filter(project=membership.project)


def export_for(*, user: Any | AnonymousUser, export_id: int) -> Export:
    """An export of a project that the person manages. Raises NotFound for any other."""
    export = Export.objects.select_related("project").filter(pk=export_id).first()
    if export is None:
        raise exceptions.NotFound
    try:
        membership_for(user=user, slug=export.project.slug, roles={Membership.Role.MANAGER})
    except exceptions.NotAllowed:
        raise exceptions.NotFound from None
    return export


def chunks_of(dataset: Dataset) -> Iterator[DatasetChunk]:
    """The dataset's chunks in order, each read by its key when its turn comes."""
    numbers = DatasetChunk.objects.filter(dataset=dataset).order_by("number")
    for number in list(numbers.values_list("number", flat=True)):
        yield DatasetChunk.objects.get(dataset=dataset, number=number)


def dialogues(ids: Sequence[int], *, metadata: bool) -> list[DialogueRecord]:
    """The live paths of these conversations, in the order of their ids."""
    messages = _live_messages(ids)
    columns = ["id", "source_row", "origin_key", "licence", "language", "category"]
    rows = Conversation.objects.filter(pk__in=ids).order_by("pk")
    if metadata:
        rows = rows.annotate(fields_text=Cast("imported_fields", TextField()))
        columns += ["kind", "source", "fields_text"]
    return [
        DialogueRecord(
            tuple(MessageRecord(role, text, learns) for _, role, text, learns in messages[row[0]]),
            row[1] or 0,
            row[2],
            row[3] or None,
            row[4],
            row[5] or None,
            _metadata(columns, row) if metadata else {},
        )
        for row in rows.values_list(*columns)
    ]


def prompts(ids: Sequence[int], *, metadata: bool) -> list[PromptRecord]:
    """The contexts that these prompts are, in the order of their ids."""
    columns = ["id", "source_row", "origin_key", "licence", "language", "category"]
    columns += ["text", "turns_before"]
    rows = Prompt.objects.filter(pk__in=ids).order_by("pk")
    if metadata:
        rows = rows.annotate(fields_text=Cast("imported_fields", TextField()))
        columns += ["kind", "source", "fields_text"]
    return [
        PromptRecord(
            (
                *(MessageRecord(turn["role"], turn["content"]) for turn in row[7]),
                MessageRecord("user", row[6]),
            ),
            row[1] or 0,
            row[2],
            row[3] or None,
            row[4],
            row[5] or None,
            _metadata(columns, row) if metadata else {},
        )
        for row in rows.values_list(*columns)
    ]


def first_contexts(ids: Sequence[int], *, metadata: bool) -> list[PromptRecord]:
    """What stands before the first answer of these conversations, in the order of their ids."""
    return [
        PromptRecord(
            tuple(_until_first_answer(record.messages)),
            record.row,
            record.origin_key,
            record.licence,
            record.language,
            record.category,
            record.metadata,
        )
        for record in dialogues(ids, metadata=metadata)
    ]


def trained_in_part(ids: Sequence[int]) -> list[int]:
    """Those of these dialogues that have both kinds of answers (OpenAI's weights, FORMATS.md), in order."""
    answers = Message.objects.filter(conversation=OuterRef("pk"), is_live=True, role="assistant")
    in_part = Conversation.objects.filter(
        Exists(answers.filter(trainable=True)), Exists(answers.filter(trainable=False)), pk__in=ids
    )
    return list(in_part.order_by("pk").values_list("pk", flat=True))


def strength_collected(dataset: Dataset) -> bool:
    """Whether people said of any of these rankings by how much the best is better."""
    return any(
        Ranking.objects.filter(pk__in=chunk.row_ids, strength_grade__isnull=False).exists()
        for chunk in chunks_of(dataset)
    )


@dataclass(frozen=True)
class Provenance:
    """What the rows of a dataset stand on: licences, our guidelines' versions, policies' names."""

    licences: list[str]
    guidelines: list[int]
    policies: list[str]


def provenance_of(dataset: Dataset) -> Provenance:
    licences: set[Any] = set()
    guidelines: set[Any] = set()
    policies: set[Any] = set()
    for chunk in chunks_of(dataset):
        for found, sql in zip(
            (licences, guidelines, policies), _PROVENANCE[RowsOf(chunk.rows_of)], strict=True
        ):
            if sql:
                with connection.cursor() as cursor:
                    cursor.execute(sql, [chunk.row_ids])
                    found.update(value for (value,) in cursor.fetchall() if value)
    return Provenance(sorted(licences), sorted(guidelines), sorted(policies))


_PROVENANCE = {
    RowsOf.CONVERSATION: (
        "SELECT DISTINCT licence FROM annotation_conversation WHERE id = ANY(%s)",
        "SELECT DISTINCT g.version FROM annotation_conversation c"
        " JOIN annotation_assignment a ON a.id = c.assignment_id"
        " JOIN annotation_guideline g ON g.id = a.guideline_id WHERE c.id = ANY(%s)",
        "SELECT DISTINCT p.name FROM annotation_message m"
        " JOIN sampling_completion s ON s.id = m.completion_id"
        " JOIN sampling_generation n ON n.id = s.generation_id"
        " JOIN sampling_policy p ON p.id = n.policy_id"
        " WHERE m.is_live AND m.conversation_id = ANY(%s)",
    ),
    RowsOf.PROMPT: (
        "SELECT DISTINCT licence FROM annotation_prompt WHERE id = ANY(%s)",
        "",
        "",
    ),
    RowsOf.RANKING: (
        "SELECT DISTINCT q.licence FROM annotation_ranking r"
        " JOIN annotation_comparison q ON q.id = r.comparison_id WHERE r.id = ANY(%s)",
        "SELECT DISTINCT g.version FROM annotation_ranking r"
        " JOIN annotation_guideline g ON g.id = r.guideline_id WHERE r.id = ANY(%s)",
        "SELECT DISTINCT coalesce(p.name, d.provenance ->> 'policy') FROM annotation_ranking r"
        " JOIN annotation_candidate d ON d.comparison_id = r.comparison_id"
        " LEFT JOIN sampling_completion s ON s.id = d.completion_id"
        " LEFT JOIN sampling_generation n ON n.id = s.generation_id"
        " LEFT JOIN sampling_policy p ON p.id = n.policy_id WHERE r.id = ANY(%s)",
    ),
}


def _live_messages(ids: Sequence[int]) -> dict[int, list[tuple[int, str, str, bool]]]:
    messages: dict[int, list[tuple[int, str, str, bool]]] = {pk: [] for pk in ids}
    for row in (
        Message.objects.filter(conversation_id__in=ids, is_live=True)
        .order_by("conversation_id", "position")
        .values_list("conversation_id", "role", "content", "trainable")
    ):
        messages[row[0]].append(row)
    return messages


def _until_first_answer(messages: Sequence[MessageRecord]) -> Iterator[MessageRecord]:
    for message in messages:
        if message.role == "assistant":
            return
        yield message


def _metadata(columns: Sequence[str], row: Sequence[Any]) -> dict[str, Any]:
    """A line's `metadata`: what is known of the row, and in `imported` what its file said of it."""
    values = dict(zip(columns, row, strict=True))
    # As text and by orjson: jsonb writes 1e300 as an integer, which orjson would not write again.
    imported = loads(values["fields_text"])
    known = {
        "id": values["id"],
        "kind": values["kind"],
        "source": values["source"],
        "source_row": values["source_row"],
        "origin_key": values["origin_key"],
        "licence": values["licence"],
        "language": values["language"],
        "category": values["category"],
        "imported": imported,
    }
    return {key: value for key, value in known.items() if value not in (None, "", {})}
