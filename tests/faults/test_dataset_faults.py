"""Imports and exports whose process is killed: nothing half-made counts, and again makes it whole."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit

import numpy
import orjson
import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection, transaction
from hypothesis import settings as hypothesis_settings

from annotation import export_runner
from annotation.datasets.kept_parts import KEEP_BYTES, note_of, note_path, partial_path
from annotation.exceptions import FileBeingWritten
from annotation.models import Conversation, Dataset, Export, ImportRun, Message
from annotation.services import dataset_files, exports, imports
from annotation.services.file_options import FileOptions
from annotation.services.leased_jobs import MAX_ATTEMPTS
from labelhub import clock
from labelhub.accounts.models import Project
from tests.factories import ProjectFactory
from tests.importing import dialogue, lines_of, ranking, take_in, write_out
from tests.processes import wait_until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.faults,
    pytest.mark.timeout(900),
]
ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def manage(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """`manage.py …` on the test's own database, killed at the latest when the block ends."""
    database = urlsplit(settings.DATABASE_URL)._replace(path=f"/{connection.settings_dict['NAME']}")
    process = subprocess.Popen(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": database.geturl(), "REDIS_URL": settings.REDIS_URL},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def killed(process: subprocess.Popen[bytes]) -> None:
    assert process.poll() is None
    process.kill()
    process.wait()


def test_a_killed_import_run_again_completes(tmp_path: Path) -> None:
    project = ProjectFactory(slug="news")
    n_rows = imports.CHUNK_ROWS + 500
    # Files are read by the quarter megabyte; a chunk of rows must be more than what may be left.
    lines = [orjson.dumps(dialogue(f"{n}?", "Yes. " * 200)) + b"\n" for n in range(n_rows)]
    pipe = tmp_path / "pipe.jsonl"
    os.mkfifo(pipe)
    with (
        manage("import_jsonl", str(pipe), "--project", "news") as process,
        pipe.open("wb") as sink,
    ):
        sink.write(b"".join(lines))
        sink.flush()
        # It has stored the first chunk and waits for the rest of the second.
        wait_until(lambda: Conversation.objects.exists(), "the first chunk")
        killed(process)
    cut_off = ImportRun.objects.get()
    assert (cut_off.n_added, cut_off.finished_at) == (imports.CHUNK_ROWS, None)
    assert Conversation.objects.count() == imports.CHUNK_ROWS
    assert Message.objects.count() == 2 * imports.CHUNK_ROWS

    again, _ = take_in(project, *lines)
    assert (again.n_added, again.n_duplicates) == (500, imports.CHUNK_ROWS)
    assert Conversation.objects.count() == n_rows
    assert Message.objects.count() == 2 * n_rows


@contextmanager
def locked(what: str) -> Iterator[None]:
    """Hold a lock on a table, however long a process takes to come to it."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            cursor.execute(f"LOCK TABLE {what}")
        yield


@contextmanager
def no_new_messages() -> Iterator[None]:
    """Whoever wants to store a message waits, and so stands still in the middle of its import."""
    with locked("annotation_message IN SHARE MODE"):
        yield


def test_a_killed_import_of_the_same_file_goes_on_where_it_stood(tmp_path: Path) -> None:
    project = ProjectFactory(slug="news")
    n_rows = imports.CHUNK_ROWS + 500
    lines = [orjson.dumps(dialogue(f"{n}?", "Yes.")) + b"\n" for n in range(n_rows)]
    path = tmp_path / "news.jsonl"
    path.write_bytes(b"no JSON\n" + b"".join(lines))
    take_in(project, dialogue("Before?", "Yes."))
    # Killed with its first chunk half stored, then begun again: nothing of that chunk is there.
    with no_new_messages(), manage("import_jsonl", str(path), "--project", "news") as process:
        wait_until(
            lambda: ImportRun.objects.filter(file_name="news.jsonl").exists(),
            "the import's beginning",
        )
        killed(process)
    assert Conversation.objects.count() == 1
    run = ImportRun.objects.get(file_name="news.jsonl")
    # As a process killed between its chunks leaves it.
    ImportRun.objects.filter(pk=run.pk).update(rows_through=1 + 500, n_read=501, n_added=500)
    call_command("import_jsonl", str(path), project="news", stderr=(said := StringIO()))
    assert "goes on after row 501" in said.getvalue()
    run.refresh_from_db()
    assert run.finished_at is not None
    assert (run.n_read, run.n_added) == (n_rows + 1, n_rows)
    assert Conversation.objects.count() == 1 + n_rows - 500


@contextmanager
def unreadable_candidates() -> Iterator[None]:
    """Whoever wants to read a candidate waits, and so stands still after the freeze of its export."""
    with locked("annotation_candidate IN ACCESS EXCLUSIVE MODE"):
        yield


@pytest.fixture
def project() -> Project:
    project = ProjectFactory(slug="news")
    take_in(project, *(ranking("A", "B", id=n, group_id=n) for n in range(20)))
    return project


RANKINGS = FileOptions(kind="comparisons", file_format="ranking")


def test_a_killed_export_leaves_the_old_file_under_its_name(
    project: Project, tmp_path: Path
) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text("old\n")
    with (
        unreadable_candidates(),
        manage("export_jsonl", "comparisons", "--project", "news", "--out", str(path)) as process,
    ):
        wait_until(lambda: list(tmp_path.glob(".out.jsonl.partial")), "a file being written")
        assert Dataset.objects.filter(project=project).exists()
        killed(process)
    assert path.read_text() == "old\n"
    assert not path.with_name("out.jsonl.manifest.json").exists()

    call_command("export_jsonl", "comparisons", "--project", "news", "--out", str(path))
    assert len(lines_of(path)) == 20


# By the first the lines are PostgreSQL's, by the second Python's.
@pytest.mark.parametrize("metadata", [False, True])
def test_killed_again_and_again_it_keeps_its_parts(*, metadata: bool, tmp_path: Path) -> None:
    project = ProjectFactory(slug="news")
    text = "Many words, “quoted” and not. " * 150
    take_in(project, *(dialogue(f"{n}?", f"{text}{n}") for n in range(2500)))
    whole, path = tmp_path / "whole.jsonl", tmp_path / "out.jsonl"
    write_out(project, "sft", "messages", whole, with_metadata=metadata)
    n_bytes = whole.stat().st_size
    assert n_bytes > 2 * KEEP_BYTES
    draw = numpy.random.default_rng(6)
    arguments = ("export_jsonl", "sft", "--project", "news", "--out", str(path))
    arguments += ("--with-metadata",) if metadata else ()
    kept: list[int] = []
    n_killed = 0
    while n_killed < (20 if hypothesis_settings().max_examples > 100 else 2):
        # The first far enough that a part is kept.
        least = draw.integers(min(kept[-1], n_bytes - 1) if kept else KEEP_BYTES, n_bytes)
        with manage(*arguments) as process:
            wait_until(
                # Lines are on the disk a moment before it is noted that they are kept.
                lambda least=least: (
                    (size_of(partial_path(path)) > least and note_of(path) is not None)
                    or process.poll() is not None
                ),
                "so much of the file",
            )
            process.kill()
            process.wait()
        if path.exists():
            # It was whole before it was killed; the next begins another.
            assert path.read_bytes() == whole.read_bytes()
            path.unlink()
            kept = []
            continue
        note = note_of(path)
        assert note is not None, n_killed
        rows, n_kept_bytes, _ = note["files"][""]
        assert note["progress"]["n_kept"] == rows
        kept.append(n_kept_bytes)
        assert kept == sorted(kept)
        n_killed += 1
    n_frozen = Dataset.objects.count()
    # As a kill leaves it that comes while something is noted.
    tmp_path.joinpath(f".{note_path(path).name}.0.partial").touch()
    take_in(project, dialogue("Too late?", "Yes."))
    options = FileOptions.checked(kind="sft", file_format="messages", with_metadata=metadata)
    begun = dataset_files.begun(path=path, project=project, options=options)
    assert begun is not None
    seen: list[int] = []
    written = dataset_files.write_files(
        dataset=begun, options=options, path=path, progress=seen.append
    )
    assert path.read_bytes() == whole.read_bytes()
    # None of the rows whose lines were kept was written again.
    assert min(seen, default=2501) > rows > 0
    # Frozen once, by the first that was killed.
    assert written.manifest["dataset"] == {
        "project": "news",
        "kind": "sft",
        "number": n_frozen,
        "rows": 2500,
    }
    assert sorted(left.name for left in tmp_path.glob(".*")) == []

    call_command(*arguments, "--afresh")
    assert len(lines_of(path)) == 2501


def size_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def test_what_was_begun_of_other_rows_or_damaged_is_written_anew(
    project: Project, tmp_path: Path
) -> None:
    path = tmp_path / "out.jsonl"
    written = write_out(project, "comparisons", "ranking", path)
    whole = path.read_bytes()
    dataset = Dataset.objects.get()
    for damage, identity in (
        (b"x", dataset_files._identity(dataset, RANKINGS)),
        (b"", {"dataset": 0}),
    ):
        partial_path(path).write_bytes(whole[: len(whole) // 2] + damage)
        note = {
            "identity": identity,
            "progress": {},
            "files": {"": [10, len(whole) // 2 + 1, written.files[0].sha256]},
        }
        note_path(path).write_bytes(orjson.dumps(note))
        dataset_files.write_files(
            dataset=dataset, options=RANKINGS, path=path, progress=lambda n: None
        )
        assert path.read_bytes() == whole


def test_one_process_at_a_time_writes_a_file(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    arguments = ("export_jsonl", "comparisons", "--project", "news", "--out", str(path))
    with unreadable_candidates(), manage(*arguments):
        wait_until(partial_path(path).exists, "a file being written")
        # It takes the file before it reads.
        wait_until(somebody_waits, "its first question")
        with pytest.raises(FileBeingWritten):
            dataset_files.write_files(
                dataset=Dataset.objects.get(),
                options=RANKINGS,
                path=path,
                progress=lambda n: None,
            )


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        return bool(cursor.fetchone()[0])


def test_another_worker_finishes_what_a_killed_one_began(project: Project) -> None:
    export = exports.start_export(
        project=project,
        options=RANKINGS,
        requested_by=None,
    )
    run = f"from annotation import export_runner; export_runner.run_export(export_id={export.pk})"
    with unreadable_candidates(), manage("shell", "-v0", "-c", run) as process:
        wait_until(lambda: Dataset.objects.exists(), "the freeze")
        unfinished = Path(default_storage.location) / "unfinished"
        wait_until(lambda: list(unfinished.glob("*/.*.partial")), "a file being written")
        killed(process)
    export.refresh_from_db()
    frozen = Dataset.objects.get()
    assert (export.state, export.dataset, export.file_name) == ("running", frozen, "")
    take_in(project, ranking("A", "B", id="late", group_id="late"))

    Export.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    exports.sweep()
    export_runner.run_export(export_id=export.pk)
    export.refresh_from_db()
    assert (export.state, export.attempt, export.n_written) == ("done", 2, 20)
    assert Dataset.objects.get() == frozen
    with default_storage.open(exports.storage_name(export)) as stored:
        assert len(stored.read().splitlines()) == 20
    assert list(unfinished.iterdir()) == []


def test_what_dead_attempts_left_goes_with_the_job(project: Project) -> None:
    lost, done = (
        exports.start_export(project=project, options=RANKINGS, requested_by=None) for _ in range(2)
    )
    unfinished = Path(default_storage.location) / "unfinished"
    for export in (lost, done):
        # As a worker leaves it that died after it had stored its file.
        exports.claim(export_id=export.pk)
        (unfinished / f"labelhub-export-{export.pk}").mkdir(parents=True)
        default_storage.save(f"exports/{export.pk}-1/late.jsonl", io.BytesIO(b"late"))
    attempts = {lost.pk: MAX_ATTEMPTS, done.pk: 1}
    for pk, attempt in attempts.items():
        Export.objects.filter(pk=pk).update(
            attempt=attempt, lease_until=clock.now() - timedelta(seconds=1)
        )
    exports.sweep()
    assert [folder.name for folder in unfinished.iterdir()] == [f"labelhub-export-{done.pk}"]
    assert not default_storage.exists(f"exports/{lost.pk}-1")
    export_runner.run_export(export_id=done.pk)
    done.refresh_from_db()
    assert (done.state, done.attempt) == ("done", 2)
    assert list(unfinished.iterdir()) == []
    assert not default_storage.exists(f"exports/{done.pk}-1")
    assert default_storage.exists(exports.storage_name(done))
