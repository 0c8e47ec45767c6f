"""Imported dialogues and message trees as conversations with their messages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from annotation.datasets.records import DialogueRecord, NodeRecord, TreeRecord
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
    "sibling",
    "is_live",
    "role",
    "content",
    "trainable",
)


def add(
    *, run: ImportRun, by_sha256: Mapping[str, DialogueRecord | TreeRecord], as_drafts: bool
) -> int:
    """Store those that the project does not have yet, by their `content_sha256`; how many they were.

    The caller holds the transaction and the project's import lock.
    """
    stored = stored_among(
        Conversation,
        "content_sha256",
        by_sha256,
        project_id=run.project_id,
        kind=Conversation.Kind.IMPORTED.value,
    )
    new = [(sha256, record) for sha256, record in by_sha256.items() if sha256 not in stored]
    if not new:
        return 0
    ids = new_ids(Conversation, len(new))
    message_ids = new_ids(Message, sum(len(_nodes(record)) for _, record in new))
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
            "allowed_use": run.allowed_use or words.every_use(),
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
    run: ImportRun, new: list[tuple[str, DialogueRecord | TreeRecord]], ids: list[int]
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
    new: list[tuple[str, DialogueRecord | TreeRecord]],
    ids: list[int],
    message_ids: list[int],
    *,
    as_drafts: bool,
) -> Iterator[tuple[Any, ...]]:
    next_id = iter(message_ids)
    for conversation_id, (_, record) in zip(ids, new, strict=True):
        # Of each node its id and depth, and how many children it has so far.
        placed: list[tuple[int, int]] = []
        n_children: Counter[int | None] = Counter()
        for node in _nodes(record):
            pk, position, parent = next(next_id), 0, None
            if node.parent is not None:
                parent, above = placed[node.parent]
                position = above + 1
            placed.append((pk, position))
            yield (
                pk,
                conversation_id,
                parent,
                position,
                n_children[node.parent],
                node.is_live,
                node.message.role,
                node.message.content,
                node.message.trainable and not as_drafts,
            )
            n_children[node.parent] += 1


def _nodes(record: DialogueRecord | TreeRecord) -> Sequence[NodeRecord]:
    """A dialogue is a tree of one branch."""
    if isinstance(record, TreeRecord):
        return record.nodes
    return [
        NodeRecord(message, place - 1 if place else None, is_live=True)
        for place, message in enumerate(record.messages)
    ]


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
