"""Files in: rows of a file become conversations, prompts or rankings, each of them once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
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


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """What is stored at once; all that a row of the file holds stands in one chunk."""
    chunk: list[Row] = []
    n_characters = 0
    for row in rows:
        full = len(chunk) >= CHUNK_ROWS or n_characters > CHUNK_CHARACTERS
        if full and row.row != chunk[-1].row:
            yield chunk
            chunk, n_characters = [], 0
        chunk.append(row)
        n_characters += _size(row)
    if chunk:
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
def _store(run: ImportRun, chunk: list[Row]) -> None:
    # Two imports into one project would else both find that a row is not there yet.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('labelhub.import', %s))",
            [run.project_id],
        )
    rejects = [row for row in chunk if isinstance(row, Reject)]
    dialogues = [row for row in chunk if isinstance(row, DialogueRecord | TreeRecord)]
    prompts = [row for row in chunk if isinstance(row, PromptRecord)]
    rankings = [row for row in chunk if isinstance(row, RankingRecord)]
    candidates = [row for row in chunk if isinstance(row, CandidatesRecord)]
    n_records = len(dialogues) + len(prompts) + len(rankings) + len(candidates)
    n_added = (
        imported_dialogues.add(run=run, records=dialogues, as_drafts=run.as_drafts)
        + imported_prompts.add(run=run, records=prompts)
        + imported_rankings.add(run=run, records=rankings)
        + imported_candidates.add(run=run, records=candidates)
    )
    RejectedRow.objects.bulk_create(
        RejectedRow(run=run, row=row.row, code=row.code.value, detail=row.detail, raw=row.raw)
        for row in rejects
    )
    run.n_read += n_records + len(rejects)
    run.n_added += n_added
    run.n_duplicates += n_records - n_added
    run.rejects = dict(Counter(run.rejects) + Counter(reject.code.value for reject in rejects))
    total = Counter(run.left_out)
    for part in chunk:
        if isinstance(part, LeftOut):
            total[part.code.value] += part.count
    run.left_out = dict(total)
    run.rows_through = chunk[-1].row
    run.save(
        update_fields=["n_read", "n_added", "n_duplicates", "rejects", "left_out", "rows_through"]
    )
