"""Imported dialogues as conversations with their messages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from annotation.datasets.records import DialogueRecord, content_sha256
from annotation.models import Conversation, ImportRun, Message, TaskKind, words
from annotation.services.copying import copy_rows, json_text, new_ids, stored_among
from annotation.services.tasks import NewTask, add_tasks
from labelhub import clock

SOURCE_LENGTH = 200

_CONVERSATION_COLUMNS = (
    "id",
    "category",
    "language",
    "origin_key",
    "licence",
    "source_row",
    "imported_fields",
    "content_sha256",
)
_MESSAGE_COLUMNS = (
    "id",
    "conversation_id",
    "parent_id",
    "position",
    "role",
    "content",
    "trainable",
)


def add(*, run: ImportRun, records: Sequence[DialogueRecord], as_drafts: bool) -> int:
    """Store those that the project does not have yet; how many they were.

    The caller holds the transaction and the project's import lock.
    """
    by_sha256 = {content_sha256(record): record for record in records}
    for sha256 in stored_among(
        Conversation,
        "content_sha256",
        by_sha256,
        project_id=run.project_id,
        kind=Conversation.Kind.IMPORTED.value,
    ):
        del by_sha256[sha256]
    if not by_sha256:
        return 0
    new = list(by_sha256.items())
    ids = new_ids(Conversation, len(new))
    message_ids = new_ids(Message, sum(len(record.messages) for _, record in new))
    now = clock.now()
    state = Conversation.State.SUBMITTED if as_drafts else Conversation.State.APPROVED
    copy_rows(
        Conversation,
        _CONVERSATION_COLUMNS,
        _conversation_rows(run, new, ids),
        same={
            "project_id": run.project_id,
            "kind": Conversation.Kind.IMPORTED.value,
            "state": state.value,
            "source": run.file_name[-SOURCE_LENGTH:],
            "allowed_use": words.every_use(),
            "import_run_id": run.pk,
            "created_at": now,
            "finished_at": now,
        },
    )
    copy_rows(
        Message,
        _MESSAGE_COLUMNS,
        _message_rows(new, ids, message_ids, as_drafts=as_drafts),
        same={
            "project_id": run.project_id,
            "origin": Message.Origin.IMPORTED.value,
            "created_at": now,
        },
    )
    if as_drafts:
        _ask_for_reviews(run, ids)
    return len(new)


def _conversation_rows(
    run: ImportRun, new: list[tuple[str, DialogueRecord]], ids: list[int]
) -> Iterator[tuple[Any, ...]]:
    for pk, (sha256, record) in zip(ids, new, strict=True):
        yield (
            pk,
            record.category or "",
            record.language or "en",
            record.origin_key,
            record.licence or run.licence,
            record.row,
            json_text(record.metadata),
            sha256,
        )


def _message_rows(
    new: list[tuple[str, DialogueRecord]],
    ids: list[int],
    message_ids: list[int],
    *,
    as_drafts: bool,
) -> Iterator[tuple[Any, ...]]:
    message_id = iter(message_ids)
    for conversation_id, (_, record) in zip(ids, new, strict=True):
        parent = None
        for position, message in enumerate(record.messages):
            pk = next(message_id)
            trainable = message.trainable and not as_drafts
            yield pk, conversation_id, parent, position, message.role, message.content, trainable
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
