"""Imported contexts as prompts."""

from __future__ import annotations

from collections.abc import Sequence

from annotation.datasets.records import PromptRecord, content_sha256
from annotation.models import ImportRun, Prompt, words
from annotation.services.copying import copy_rows, json_text
from annotation.services.imported_dialogues import SOURCE_LENGTH
from labelhub import clock

_COLUMNS = (
    "project_id",
    "kind",
    "text",
    "turns_before",
    "category",
    "language",
    "source",
    "licence",
    "allowed_use",
    "origin_key",
    "content_sha256",
    "import_run_id",
    "source_row",
    "imported_fields",
    "created_at",
)


def add(*, run: ImportRun, records: Sequence[PromptRecord]) -> int:
    """Store those that the project does not have yet; how many they were.

    The caller holds the transaction and the project's import lock.
    """
    by_sha256 = {content_sha256(record): record for record in records}
    present = Prompt.objects.filter(project=run.project, content_sha256__in=list(by_sha256))
    for sha256 in present.values_list("content_sha256", flat=True):
        del by_sha256[sha256]
    if not by_sha256:
        return 0
    now, source, uses = clock.now(), run.file_name[-SOURCE_LENGTH:], words.every_use()
    copy_rows(
        Prompt,
        _COLUMNS,
        (
            (
                run.project_id,
                Prompt.Kind.PROMPT.value,
                record.messages[-1].content,
                json_text([{"role": m.role, "content": m.content} for m in record.messages[:-1]]),
                record.category or "",
                record.language or "en",
                source,
                record.licence or run.licence,
                uses,
                record.origin_key,
                sha256,
                run.pk,
                record.row,
                json_text(record.metadata),
                now,
            )
            for sha256, record in by_sha256.items()
        ),
    )
    return len(by_sha256)
