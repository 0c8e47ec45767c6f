"""Files in: rows of a file become conversations, prompts or rankings, each of them once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, TypeAlias

from django.db import connection, transaction

from annotation.datasets import readers
from annotation.datasets.readers import Reader
from annotation.datasets.records import (
    CandidatesRecord,
    DialogueRecord,
    LeftOut,
    PromptRecord,
    RankingRecord,
    Record,
    Reject,
    RejectCode,
    TreeRecord,
    content_sha256,
)
from annotation.datasets.sources import RowError
from annotation.exceptions import DraftsAreDialogues, FileRefused
from annotation.models import ImportRun, RejectedRow
from annotation.services import (
    imported_candidates,
    imported_dialogues,
    imported_prompts,
    imported_rankings,
)
from annotation.services.reading_ahead import read_ahead
from labelhub import clock
from labelhub.accounts import services as accounts
from labelhub.accounts.models import Project, User

Row: TypeAlias = Record | LeftOut | Reject
FORMATS = tuple(readers.READERS)
FORMATS_WITHOUT_DIALOGUES = ("prompt-only", "hh", "ranking", "candidates")
# What one transaction stores: enough that its commit does not matter, little enough for memory.
CHUNK_ROWS = 2000
CHUNK_CHARACTERS = 8 * 2**20


def reader_of(
    *, stream: BinaryIO, file_format: str | None = None, as_drafts: bool = False
) -> Reader:
    """What reads the file, before anything is changed.

    Raises FileRefused where no reader takes it, and DraftsAreDialogues.
    """
    try:
        reader = Reader(stream, file_format=file_format, check=require_storable)
    except readers.UnknownFormatError as error:
        raise FileRefused(str(error)) from error
    if as_drafts and reader.format in FORMATS_WITHOUT_DIALOGUES:
        raise DraftsAreDialogues
    return reader


@transaction.atomic
def begin_run(
    *,
    project: Project,
    reader: Reader,
    file_name: str,
    file_sha256: str = "",
    licence: str = "",
    as_drafts: bool = False,
    allowed_use: Sequence[str] = (),
    started_by: User | None = None,
) -> ImportRun:
    """The run that `read_rows` goes on with: of the same file, where one was cut off, else a new one.

    Imported dialogues count as approved; `as_drafts` sends them to review instead. `licence` is for
    rows that name none. `allowed_use` are words of AllowedUse that hold for every row; none: dialogues
    and prompts for every use, comparisons for comparing alone (DATA.md §6).
    """
    same = {
        "project": project,
        "format": reader.format,
        "file_sha256": file_sha256,
        "licence": licence,
        "as_drafts": as_drafts,
        "allowed_use": sorted(allowed_use),
    }
    if file_sha256:
        cut_off = ImportRun.objects.filter(**same, finished_at=None).order_by("-pk").first()
        if cut_off is not None and _is_nobodys(cut_off):
            return cut_off
    run = ImportRun.objects.create(
        **same, file_name=file_name[-300:], started_by=started_by, started_at=clock.now()
    )
    accounts.record(
        actor=started_by, verb="import", subject=run, project=project, file=run.file_name
    )
    _is_nobodys(run)
    return run


def read_rows(
    *, run: ImportRun, reader: Reader, on_progress: Callable[[ImportRun], None]
) -> ImportRun:
    """Read the file into the run's project, from where the run stands; what became of its rows is in
    the run and its `rejected_rows`.

    Rows that are in the project already are counted, not added. `on_progress` may raise to stop.
    """
    reader.skip_through(run.rows_through)
    for chunk in read_ahead(_chunks(reader)):
        _store(run, chunk)
        on_progress(run)
    run.finished_at = clock.now()
    run.save(update_fields=["finished_at"])
    return run


def _is_nobodys(run: ImportRun) -> bool:
    """Whether no other process reads into this run; it is this one's until its connection ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_lock(hashtextextended('labelhub.import run', %s))", [run.pk]
        )
        return bool(cursor.fetchone()[0])


def require_storable(record: Record) -> None:
    """Raises RowError for a record that is sound but has no place in the database."""
    if isinstance(record, RankingRecord):
        imported_rankings.require_in_range(record)
    elif isinstance(record, PromptRecord) and record.messages[-1].role != "user":
        raise RowError(
            RejectCode.WRONG_LAST_TURN,
            f"The last turn is of the role {record.messages[-1].role}; a prompt ends on a user turn.",
        )


@dataclass
class _Chunk:
    """What is stored at once. Records stand under what tells them from others."""

    dialogues: dict[str, DialogueRecord | TreeRecord] = field(default_factory=dict)
    prompts: dict[str, PromptRecord] = field(default_factory=dict)
    rankings: dict[str, RankingRecord] = field(default_factory=dict)
    candidates: dict[str, CandidatesRecord] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    n_records: int = 0
    n_characters: int = 0
    last_row: int = 0

    def is_full(self) -> bool:
        return self.n_records + len(self.rejects) >= CHUNK_ROWS or (
            self.n_characters > CHUNK_CHARACTERS
        )

    def add(self, row: Row) -> None:
        self.last_row = row.row
        self.n_characters += _size(row)
        if isinstance(row, Reject):
            self.rejects.append(row)
            return
        if isinstance(row, LeftOut):
            self.left_out[row.code.value] += row.count
            return
        self.n_records += 1
        sha256 = content_sha256(row)
        if isinstance(row, PromptRecord):
            self.prompts[sha256] = row
        elif isinstance(row, RankingRecord):
            self.rankings[sha256] = row
        elif isinstance(row, CandidatesRecord):
            self.candidates[sha256] = row
        else:
            self.dialogues[sha256] = row


def _chunks(rows: Iterable[Row]) -> Iterator[_Chunk]:
    """All that a row of the file holds stands in one chunk."""
    chunk = _Chunk()
    for row in rows:
        if chunk.is_full() and row.row != chunk.last_row:
            yield chunk
            chunk = _Chunk()
        chunk.add(row)
    if chunk.last_row:
        yield chunk


def _size(row: Row) -> int:
    if isinstance(row, Reject):
        return len(row.raw)
    if isinstance(row, LeftOut):
        return 0
    if isinstance(row, TreeRecord):
        return sum(len(node.message.content) for node in row.nodes)
    if isinstance(row, RankingRecord | CandidatesRecord):
        replies = sum(len(candidate.content) for candidate in row.candidates)
        before = row.prompt if isinstance(row, RankingRecord) else row.messages
        return replies + sum(len(message.content) for message in before)
    return sum(len(message.content) for message in row.messages)


@transaction.atomic
def _store(run: ImportRun, chunk: _Chunk) -> None:
    with connection.cursor() as cursor:
        # Chunk upon chunk need not wait for the disk: a power cut takes whole ones, with the place in the
        # run, and the run's end is not told before all of them are on it.
        cursor.execute("SET LOCAL synchronous_commit TO off")
        # Two imports into one project would else both find that a row is not there yet.
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('labelhub.import', %s))",
            [run.project_id],
        )
    n_added = (
        imported_dialogues.add(run=run, by_sha256=chunk.dialogues, as_drafts=run.as_drafts)
        + imported_prompts.add(run=run, by_sha256=chunk.prompts)
        + imported_rankings.add(run=run, by_sha256=chunk.rankings)
        + imported_candidates.add(run=run, by_sha256=chunk.candidates)
    )
    RejectedRow.objects.bulk_create(
        RejectedRow(run=run, row=row.row, code=row.code.value, detail=row.detail, raw=row.raw)
        for row in chunk.rejects
    )
    run.n_read += chunk.n_records + len(chunk.rejects)
    run.n_added += n_added
    run.n_duplicates += chunk.n_records - n_added
    rejected = Counter(reject.code.value for reject in chunk.rejects)
    run.rejects = dict(Counter(run.rejects) + rejected)
    run.left_out = dict(Counter(run.left_out) + chunk.left_out)
    run.rows_through = chunk.last_row
    run.save(
        update_fields=["n_read", "n_added", "n_duplicates", "rejects", "left_out", "rows_through"]
    )
