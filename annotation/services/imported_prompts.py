"""Imported contexts as prompts."""

from __future__ import annotations

from collections.abc import Mapping

from annotation.datasets.records import PromptRecord
from annotation.models import ImportRun, Prompt, words
from annotation.services.copying import copy_rows, json_text, stored_among
from annotation.services.imported_dialogues import SOURCE_LENGTH
from labelhub import clock

_COLUMNS = (
    "text",
    "turns_before",
    "category",
    "language",
    "licence",
    "origin_key",
    "content_sha256",
    "source_row",
    "imported_fields",
)


def add(*, run: ImportRun, by_sha256: Mapping[str, PromptRecord]) -> int:
    """Store those that the project does not have yet, by their `content_sha256`; how many they were.

    The caller holds the transaction and the project's import lock.
    """
    stored = stored_among(Prompt, "content_sha256", by_sha256, project_id=run.project_id)
    new = [(sha256, record) for sha256, record in by_sha256.items() if sha256 not in stored]
    if not new:
        return 0
    copy_rows(
        Prompt,
        _COLUMNS,
        (
            (
                record.messages[-1].content,
                json_text([{"role": m.role, "content": m.content} for m in record.messages[:-1]]),
                record.category or "",
                record.language or "en",
                record.licence or run.licence,
                record.origin_key,
                sha256,
                record.row,
                json_text(record.metadata),
            )
            for sha256, record in new
        ),
        same={
            "project_id": run.project_id,
            "kind": Prompt.Kind.PROMPT.value,
            "source": run.file_name[-SOURCE_LENGTH:],
            "allowed_use": run.allowed_use or words.every_use(),
            "import_run_id": run.pk,
            "created_at": clock.now(),
        },
    )
    return len(new)
