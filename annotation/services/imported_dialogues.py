"""Imported dialogues as conversations with their messages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from annotation.datasets.records import DialogueRecord, content_sha256
from annotation.models import Conversation, ImportRun, Message, TaskKind, words
from annotation.services.copying import copy_rows, json_text, new_ids
from annotation.services.tasks import NewTask, add_tasks
from labelhub import clock

SOURCE_LENGTH = 200

_CONVERSATION_COLUMNS = (
    "id",
    "project_id",
    "kind",
    "state",
    "category",
    "language",
    "origin_key",
    "source",
    "licence",
    "allowed_use",
    "import_run_id",
    "source_row",
    "imported_fields",
    "content_sha256",
    "created_at",
    "finished_at",
)
_MESSAGE_COLUMNS = (
    "id",
    "project_id",
    "conversation_id",
    "parent_id",
    "position",
    "role",
    "content",
    "origin",
    "trainable",
    "created_at",
)


def add(*, run: ImportRun, records: Sequence[DialogueRecord], as_drafts: bool) -> int:
    """Store those that the project does not have yet; how many they were.

    The caller holds the transaction and the project's import lock.
    """
    by_sha256 = {content_sha256(record): record for record in records}
    present = Conversation.objects.filter(
        project=run.project,
        kind=Conversation.Kind.IMPORTED,
        content_sha256__in=list(by_sha256),
    )
    for sha256 in present.values_list("content_sha256", flat=True):
        del by_sha256[sha256]
    if not by_sha256:
        return 0
    new = list(by_sha256.items())
    ids = new_ids(Conversation, len(new))
    message_ids = new_ids(Message, sum(len(record.messages) for _, record in new))
    copy_rows(
        Conversation, _CONVERSATION_COLUMNS, _conversation_rows(run, new, ids, as_drafts=as_drafts)
    )
    copy_rows(
        Message, _MESSAGE_COLUMNS, _message_rows(run, new, ids, message_ids, as_drafts=as_drafts)
    )
    if as_drafts:
        _ask_for_reviews(run, ids)
    return len(new)


def _conversation_rows(
    run: ImportRun, new: list[tuple[str, DialogueRecord]], ids: list[int], *, as_drafts: bool
) -> Iterator[tuple[Any, ...]]:
    state = Conversation.State.SUBMITTED if as_drafts else Conversation.State.APPROVED
    now, source, uses = clock.now(), run.file_name[-SOURCE_LENGTH:], words.every_use()
    for pk, (sha256, record) in zip(ids, new, strict=True):
        yield (
            pk,
            run.project_id,
            Conversation.Kind.IMPORTED.value,
            state.value,
            record.category or "",
            record.language or "en",
            record.origin_key,
            source,
            record.licence or run.licence,
            uses,
            run.pk,
            record.row,
            json_text(record.metadata),
            sha256,
            now,
            now,
        )


def _message_rows(
    run: ImportRun,
    new: list[tuple[str, DialogueRecord]],
    ids: list[int],
    message_ids: list[int],
    *,
    as_drafts: bool,
) -> Iterator[tuple[Any, ...]]:
    now, origin = clock.now(), Message.Origin.IMPORTED.value
    message_id = iter(message_ids)
    for conversation_id, (_, record) in zip(ids, new, strict=True):
        parent = None
        for position, message in enumerate(record.messages):
            pk = next(message_id)
            yield (
                pk,
                run.project_id,
                conversation_id,
                parent,
                position,
                message.role,
                message.content,
                origin,
                message.trainable and not as_drafts,
                now,
            )
            parent = pk


def _ask_for_reviews(run: ImportRun, ids: list[int]) -> None:
    add_tasks(
        tasks=[
            NewTask(
                project=run.project,
                kind=TaskKind.REVIEW,
                language=conversation.language,
                subject=conversation,
            )
            for conversation in Conversation.objects.filter(pk__in=ids).order_by("pk")
        ]
    )
