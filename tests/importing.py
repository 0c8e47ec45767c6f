"""What tests of imports and exports share: files in from lines, files out as lines."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import orjson

from annotation.datasets.records import DialogueRecord, Reject, RejectCode
from annotation.models import Dataset, ImportRun
from annotation.services import dataset_files, datasets, imports
from annotation.services.dataset_files import Written
from annotation.services.file_options import FileOptions
from labelhub.accounts.models import Project

FIXTURES = sorted((Path(__file__).parents[1] / "fixtures" / "dialogues").glob("*.jsonl"))


def said(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def dialogue(*texts: str) -> dict[str, Any]:
    """A `messages` line whose turns are the user's and the assistant's by turns."""
    roles = ("user", "assistant")
    return {"messages": [said(roles[index % 2], text) for index, text in enumerate(texts)]}


def weighted(record: DialogueRecord) -> dict[str, Any]:
    """A line that says of each answer whether it may be trained on."""
    return {
        "messages": [
            said(turn.role, turn.content)
            | ({"weight": int(turn.trainable)} if turn.role == "assistant" else {})
            for turn in record.messages
        ]
    }


def ranking(*tiers: str, **fields: Any) -> dict[str, Any]:
    """A `ranking` line; a tier is the letters of its candidates: "B", "AC" means B above A and C."""
    ranks = {letter: rank for rank, tier in enumerate(tiers, start=1) for letter in tier}
    line = {
        "schema": "labelhub.ranking/1",
        "id": "r1",
        "group_id": "g1",
        "prompt": [said("user", "Which is best?")],
        "candidates": [
            {"id": letter, "content": f"Reply {letter}.", "rank": ranks[letter]}
            for letter in sorted(ranks)
        ],
    }
    return line | fields


def take_in(
    project: Project,
    *lines: Any,
    file_format: str | None = None,
    licence: str = "",
    as_drafts: bool = False,
    allowed_use: Sequence[str] = (),
) -> tuple[ImportRun, list[Reject]]:
    """Import these lines, given as bytes or as what JSON says."""
    content = b"".join(
        (line if isinstance(line, bytes) else orjson.dumps(line)) + b"\n" for line in lines
    )
    reader = imports.reader_of(
        stream=io.BytesIO(content), file_format=file_format, as_drafts=as_drafts
    )
    run = imports.begin_run(
        project=project,
        reader=reader,
        file_name="rows.jsonl",
        licence=licence,
        as_drafts=as_drafts,
        allowed_use=allowed_use,
    )
    imports.read_rows(run=run, reader=reader, on_progress=lambda run: None)
    run.refresh_from_db()
    return run, [
        Reject(row.row, RejectCode(row.code), row.detail, bytes(row.raw))
        for row in run.rejected_rows.order_by("pk")
    ]


def write_out(project: Project, kind: str, file_format: str, path: Path, **options: Any) -> Written:
    """Freeze and write to `path`."""
    file_options = FileOptions.checked(kind=kind, file_format=file_format, **options)
    return dataset_files.write_files(
        dataset=_frozen(project, file_options),
        options=file_options,
        path=path,
        progress=lambda n: None,
    )


def lines_out(project: Project, kind: str, file_format: str, **options: Any) -> list[Any]:
    """Freeze and write; the lines, of which no disk has to be sure."""
    file_options = FileOptions.checked(kind=kind, file_format=file_format, **options)
    sink = io.BytesIO()
    dataset_files.write_stream(
        dataset=_frozen(project, file_options),
        options=file_options,
        sink=sink,
        progress=lambda n: None,
    )
    return [orjson.loads(line) for line in sink.getvalue().splitlines()]


def _frozen(project: Project, options: FileOptions) -> Dataset:
    return datasets.freeze(
        project=project,
        kind=Dataset.Kind(options.kind),
        criterion=options.criterion,
        grouped=options.grouped,
        thumbs=options.thumbs,
        allow_use=options.allow_use,
    )


def lines_of(path: Path) -> list[Any]:
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def unlike(number: int) -> str:
    """A question that is like that of no other number."""
    digest = hashlib.sha256(str(number).encode()).hexdigest()
    return " ".join(digest[start : start + 8] for start in range(0, 64, 8)) + "?"


def joined(files: Iterable[Path]) -> bytes:
    return b"".join(file.read_bytes() for file in files)
