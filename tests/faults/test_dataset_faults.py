"""Imports and exports whose process is killed: nothing half-made counts, and again makes it whole."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit

import orjson
import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import connection, transaction

from annotation import export_runner
from annotation.models import Conversation, Dataset, Export, ImportRun, Message
from annotation.services import exports, imports
from annotation.services.dataset_lines import FileOptions
from labelhub import clock
from labelhub.accounts.models import Project
from tests.factories import ProjectFactory
from tests.importing import dialogue, lines_of, take_in
from tests.processes import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]
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
def no_new_messages() -> Iterator[None]:
    """Whoever wants to store a message waits, and so stands still in the middle of its import."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE annotation_message IN SHARE MODE")
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
def unreadable_messages() -> Iterator[None]:
    """Whoever wants to read a message waits, and so stands still in the middle of its export."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("LOCK TABLE annotation_message IN ACCESS EXCLUSIVE MODE")
        yield


@pytest.fixture
def project() -> Project:
    project = ProjectFactory(slug="news")
    take_in(project, *(dialogue(f"{n}?", "Yes.") for n in range(20)))
    return project


def test_a_killed_export_leaves_the_old_file_under_its_name(
    project: Project, tmp_path: Path
) -> None:
    path = tmp_path / "out.jsonl"
    path.write_text("old\n")
    with (
        unreadable_messages(),
        manage("export_jsonl", "sft", "--project", "news", "--out", str(path)) as process,
    ):
        wait_until(lambda: list(tmp_path.glob(".out.jsonl.*.partial")), "a file being written")
        assert Dataset.objects.filter(project=project).exists()
        killed(process)
    assert path.read_text() == "old\n"
    assert not path.with_name("out.jsonl.manifest.json").exists()

    call_command("export_jsonl", "sft", "--project", "news", "--out", str(path))
    assert len(lines_of(path)) == 20


def test_another_worker_finishes_what_a_killed_one_began(project: Project) -> None:
    export = exports.start_export(
        project=project,
        options=FileOptions(kind="sft", file_format="messages"),
        requested_by=None,
    )
    run = f"from annotation import export_runner; export_runner.run_export(export_id={export.pk})"
    with unreadable_messages(), manage("shell", "-v0", "-c", run) as process:
        wait_until(lambda: Dataset.objects.exists(), "the freeze")
        unfinished = Path(default_storage.location) / "unfinished"
        wait_until(lambda: list(unfinished.glob("*/.*.partial")), "a file being written")
        killed(process)
    export.refresh_from_db()
    frozen = Dataset.objects.get()
    assert (export.state, export.dataset, export.file_name) == ("running", frozen, "")
    take_in(project, dialogue("Too late?", "Yes."))

    Export.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    exports.sweep()
    export_runner.run_export(export_id=export.pk)
    export.refresh_from_db()
    assert (export.state, export.attempt, export.n_written) == ("done", 2, 20)
    assert Dataset.objects.get() == frozen
    with default_storage.open(exports.storage_name(export)) as stored:
        assert len(stored.read().splitlines()) == 20
    assert list(unfinished.iterdir()) == []
