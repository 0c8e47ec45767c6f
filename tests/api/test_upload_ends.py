"""How uploads end before their time: called off, given up, or left behind by a worker that died."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from annotation import import_runner, jobs
from annotation.exceptions import UploadEnded
from annotation.models import Conversation, ImportRun, Upload
from annotation.services import imports, uploads
from annotation.services.leased_jobs import Stopped
from labelhub import clock
from labelhub.accounts.models import Project
from tests.factories import ProjectFactory
from tests.sending import (
    DIALOGUES,
    SMALL_PART,
    begin,
    lines,
    managing,
    put,
    read,
    receive_small_parts,
    sent,
    stored_files,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return ProjectFactory()


@pytest.fixture
def manager(project: Project) -> APIClient:
    return managing(project)


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path) -> None:
    receive_small_parts(monkeypatch, settings, tmp_path)


class TestStopping:
    def test_while_parts_come(self, project: Project, manager: APIClient) -> None:
        pk = begin(manager, project, b"x" * 2 * SMALL_PART).json()["id"]
        put(manager, pk, 0, b"x" * SMALL_PART)
        assert manager.post(f"/api/v1/uploads/{pk}/cancel/").status_code == 204
        assert Upload.objects.get().state == "cancelled"
        assert stored_files() == []
        # Nor what was there already.
        answer = put(manager, pk, 0, b"x" * SMALL_PART)
        assert (answer.status_code, answer.json()["code"]) == (409, "upload_ended")
        answer = put(manager, pk, 1, b"x" * SMALL_PART)
        assert (answer.status_code, answer.json()["code"]) == (409, "upload_ended")

    def test_while_it_waits(self, project: Project, manager: APIClient) -> None:
        pk = sent(manager, project, lines(*DIALOGUES))
        manager.post(f"/api/v1/uploads/{pk}/cancel/")
        assert read(manager, pk)["state"] == "cancelled"
        assert not Conversation.objects.exists()

    def test_while_it_runs_what_went_in_stays(
        self, project: Project, manager: APIClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pk = sent(manager, project, lines(*DIALOGUES))
        monkeypatch.setattr(imports, "CHUNK_ROWS", 10)

        def tell(self: Any, n_bytes: int) -> None:
            uploads.cancel(upload=Upload.objects.get(pk=pk))
            raise Stopped

        monkeypatch.setattr(import_runner.Lease, "tell", tell)
        stopped = read(manager, pk)
        assert (stopped["state"], stopped["counts"]["n_added"]) == ("cancelled", 10)
        assert stored_files() == []

    def test_while_it_finds_no_row(
        self, project: Project, manager: APIClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pk = sent(manager, project, lines(DIALOGUES[0]) + b" " * SMALL_PART)
        n_reads = 0

        def require_wanted(self: Any) -> None:
            nonlocal n_reads
            n_reads += 1
            if n_reads == 2:
                uploads.cancel(upload=Upload.objects.get(pk=pk))
                raise Stopped

        monkeypatch.setattr(import_runner.Lease, "require_wanted", require_wanted)
        assert read(manager, pk)["state"] == "cancelled"
        assert not Conversation.objects.exists()

    def test_a_file_whose_parts_never_come(self, project: Project, manager: APIClient) -> None:
        pk = begin(manager, project, b"x").json()["id"]
        uploads.sweep()
        assert Upload.objects.get(pk=pk).state == "receiving"
        Upload.objects.update(
            created_at=clock.now() - timedelta(days=uploads.RECEIVING_DAYS, hours=1)
        )
        uploads.sweep()
        assert Upload.objects.get(pk=pk).state == "cancelled"


def test_another_worker_goes_on_where_a_dead_one_stood(
    project: Project, manager: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [*DIALOGUES[:12], b"no JSON", *DIALOGUES[12:], DIALOGUES[0]]
    pk = sent(manager, project, lines(*rows))
    monkeypatch.setattr(imports, "CHUNK_ROWS", 10)

    class Killed(BaseException):
        pass

    def die(self: Any, n_bytes: int) -> None:
        if ImportRun.objects.get().rows_through >= 20:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(import_runner.Lease, "tell", die)
        with pytest.raises(Killed):
            jobs.import_file(pk)
    assert (Upload.objects.get().state, Conversation.objects.count()) == ("running", 19)

    looked_at: list[int] = []
    add = imports._Chunk.add
    monkeypatch.setattr(
        imports._Chunk, "add", lambda self, row: (looked_at.append(row.row), add(self, row))
    )
    Upload.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    uploads.sweep()
    done = read(manager, pk)
    assert looked_at == list(range(21, 33))
    assert ImportRun.objects.count() == 1
    assert (done["state"], done["counts"]["n_added"], done["counts"]["n_duplicates"]) == (
        "done",
        30,
        1,
    )
    assert done["counts"]["rejects"] == {"invalid_json": 1}
    rows = manager.get(f"/api/v1/uploads/{pk}/rejects/").json()["results"]
    assert [row["row"] for row in rows] == [13]


def test_an_attempt_that_was_taken_over_leaves_the_parts(
    project: Project, manager: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id = sent(manager, project, lines(*DIALOGUES))
    before = stored_files()

    def refuse_too_late(**anything: Any) -> None:
        Upload.objects.update(attempt=2)
        raise UploadEnded

    monkeypatch.setattr(imports, "read_rows", refuse_too_late)
    import_runner.run_import(upload_id=upload_id)
    assert stored_files() == before
    assert Upload.objects.get().state == "running"
