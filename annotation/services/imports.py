"""Files in: rows of a file become conversations, prompts or rankings, each of them once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
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
from annotation.models import ImportRun
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


def import_rows(
    *,
    project: Project,
    reader: Reader,
    file_name: str,
    licence: str = "",
    as_drafts: bool = False,
    started_by: User | None = None,
    on_reject: Callable[[Reject], None],
    on_progress: Callable[[ImportRun], None],
) -> ImportRun:
    """Read the whole file into the project; what became of its rows is in the run.

    Imported dialogues count as approved; `as_drafts` sends them to review instead. `licence` is for
    rows that name none. Rows that are here already are counted, not added, so a file whose import
    was cut off is simply imported again.
    """
    with transaction.atomic():
        run = ImportRun.objects.create(
            project=project,
            file_name=file_name[-300:],
            format=reader.format,
            licence=licence,
            started_by=started_by,
            started_at=clock.now(),
        )
        accounts.record(
            actor=started_by, verb="import", subject=run, project=project, file=run.file_name
        )
    for chunk in read_ahead(_chunks(reader)):
        rejects = [row for row in chunk if isinstance(row, Reject)]
        records = [row for row in chunk if not isinstance(row, Reject | LeftOut)]
        left_out = [row for row in chunk if isinstance(row, LeftOut)]
        _store(run, records, rejects, left_out, as_drafts=as_drafts)
        for reject in rejects:
            on_reject(reject)
        on_progress(run)
    run.finished_at = clock.now()
    run.save(update_fields=["finished_at"])
    return run


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
    chunk: list[Row] = []
    n_characters = 0
    for row in rows:
        chunk.append(row)
        n_characters += _size(row)
        if len(chunk) == CHUNK_ROWS or n_characters > CHUNK_CHARACTERS:
            yield chunk
            chunk, n_characters = [], 0
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
def _store(
    run: ImportRun,
    records: list[Record],
    rejects: list[Reject],
    left_out: list[LeftOut],
    *,
    as_drafts: bool,
) -> None:
    # Two imports into one project would else both find that a row is not there yet.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('labelhub.import', %s))",
            [run.project_id],
        )
    dialogues = [record for record in records if isinstance(record, DialogueRecord | TreeRecord)]
    prompts = [record for record in records if isinstance(record, PromptRecord)]
    rankings = [record for record in records if isinstance(record, RankingRecord)]
    candidates = [record for record in records if isinstance(record, CandidatesRecord)]
    n_added = (
        imported_dialogues.add(run=run, records=dialogues, as_drafts=as_drafts)
        + imported_prompts.add(run=run, records=prompts)
        + imported_rankings.add(run=run, records=rankings)
        + imported_candidates.add(run=run, records=candidates)
    )
    run.n_read += len(records) + len(rejects)
    run.n_added += n_added
    run.n_duplicates += len(records) - n_added
    run.rejects = dict(Counter(run.rejects) + Counter(reject.code.value for reject in rejects))
    total = Counter(run.left_out)
    for part in left_out:
        total[part.code.value] += part.count
    run.left_out = dict(total)
    run.save(update_fields=["n_read", "n_added", "n_duplicates", "rejects", "left_out"])
