"""Exports over the API: asking, following, stopping; the Django admin's button."""

from __future__ import annotations

import gzip
import hashlib
import io
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
import zstandard
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from pyarrow import parquet
from rest_framework.test import APIClient

from annotation import jobs, leased_work
from annotation.models import Conversation, Dataset, Export
from annotation.services import dataset_files, datasets, exports, leased_jobs
from labelhub import clock
from labelhub.accounts import services as accounts
from labelhub.accounts.models import AuditEvent, Membership, Project
from tests.exporting import ask, made, stored
from tests.factories import MembershipFactory, ProjectFactory, UserFactory
from tests.importing import dialogue, ranking, take_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_storage", "no_renewal")]


@pytest.fixture
def project() -> Project:
    project = ProjectFactory()
    take_in(project, dialogue("Hi?", "Hello."), dialogue("And?", "Bye."))
    return project


@pytest.fixture
def manager(project: Project) -> APIClient:
    client = APIClient()
    client.force_login(MembershipFactory(project=project, role=Membership.Role.MANAGER).user)
    return client


class TestAsking:
    def test_from_asking_to_done(self, project: Project, manager: APIClient) -> None:
        answer = ask(manager, project, with_metadata=True)
        assert answer.status_code == 201
        asked = answer.json()
        assert (asked["state"], asked["n_rows"], asked["error"]) == ("queued", None, None)
        assert AuditEvent.objects.filter(verb="export", object_id=str(asked["id"])).exists()
        jobs.export(asked["id"])
        done = manager.get(f"/api/v1/exports/{asked['id']}/").json()
        assert done | {"sha256": "", "n_bytes": 0, "finished_at": None} == asked | {
            "state": "done",
            "n_rows": 2,
            "n_written": 2,
            "n_bytes": 0,
            "file_name": f"{project.slug}-sft-1-messages.jsonl",
        }
        export = Export.objects.get()
        content = stored()
        assert hashlib.sha256(content).hexdigest() == done["sha256"] == export.sha256
        assert len(content) == done["n_bytes"]
        assert export.manifest["files"][0]["sha256"] == done["sha256"]

    def test_the_newest_comes_first(self, project: Project, manager: APIClient) -> None:
        ids = [ask(manager, project).json()["id"] for _ in range(2)]
        page = manager.get(f"/api/v1/projects/{project.slug}/exports/").json()
        assert [row["id"] for row in page["results"]] == ids[::-1]
        assert page["next"] is None

    def test_a_split_is_an_archive_of_its_files(self, project: Project, manager: APIClient) -> None:
        done = made(manager, project, split="train=0.5,test=0.5")
        assert done["file_name"].endswith(".zip")
        archive = zipfile.ZipFile(io.BytesIO(stored()))
        stem = f"{project.slug}-sft-1-messages"
        assert archive.namelist() == [
            f"{stem}.test.jsonl",
            f"{stem}.train.jsonl",
            f"{stem}.jsonl.manifest.json",
        ]
        assert sum(len(archive.read(name).splitlines()) for name in archive.namelist()[:2]) == 2

    def test_what_is_left_out_is_told(self, project: Project, manager: APIClient) -> None:
        take_in(project, ranking("A", "B"), ranking("AB", group_id="g2"))
        take_in(project, ranking("A", "B", purpose="eval"))
        done = made(manager, project, kind="comparisons", format="preference")
        assert (done["n_rows"], done["n_written"]) == (2, 1)
        assert done["excluded"] == {"all_tied": 1, "not_for_training": 1}

    def test_a_refusal_is_in_the_row(self, project: Project, manager: APIClient) -> None:
        take_in(project, ranking("A", "B"), ranking("A", "B", criterion="helpfulness"))
        failed = made(manager, project, kind="comparisons", format="ranking")
        assert failed["state"] == "failed"
        assert failed["error"]["code"] == "criteria_mixed"
        assert not Dataset.objects.exists()

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({"format": "nectar"}, "format_unknown"),
            ({"format": "ranking"}, "format_unknown"),
            ({"split": "train=2"}, "split_refused"),
            ({"kind": "everything"}, "invalid"),
            ({"format": 7.5}, "format_unknown"),
            ({"format": "x" * 41}, "invalid"),
            ({"with_metadata": "perhaps"}, "invalid"),
        ],
    )
    def test_bad_requests(
        self, project: Project, manager: APIClient, body: dict[str, Any], code: str
    ) -> None:
        answer = ask(manager, project, **body)
        assert (answer.status_code, answer.json()["code"]) == (400, code)
        assert not Export.objects.exists()

    def test_the_formats(self, project: Project, manager: APIClient) -> None:
        answer = manager.get(f"/api/v1/projects/{project.slug}/export-formats/").json()
        assert answer["sft"][0] == "messages"
        assert answer["comparisons"][0] == "ranking"
        assert answer["prompts"] == ["prompt-only"]

    def test_an_export_token_may_start_and_stop(self, project: Project) -> None:
        user = MembershipFactory(project=project, role=Membership.Role.MANAGER).user
        for scope, status in (("export", 201), ("read", 403)):
            _, secret = accounts.make_token(user=user, name="ci", scopes=[scope], days=1)
            client = APIClient()
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
            assert ask(client, project).status_code == status

    def test_managers_of_other_projects_find_nothing(
        self, project: Project, manager: APIClient
    ) -> None:
        done = made(manager, project)
        for role, where in (("manager", ProjectFactory()), ("trainer", project)):
            client = APIClient()
            client.force_login(MembershipFactory(project=where, role=role).user)
            for path in ("", "download/"):
                answer = client.get(f"/api/v1/exports/{done['id']}/{path}")
                assert answer.status_code == 404, (role, path)
            assert client.post(f"/api/v1/exports/{done['id']}/cancel/").status_code == 404


class TestPreview:
    def preview(self, client: APIClient, project: Project, **body: Any) -> Any:
        body = {"kind": "sft", "format": "messages"} | body
        return client.post(f"/api/v1/projects/{project.slug}/exports/preview/", body)

    def test_counts_and_first_lines_without_keeping_anything(
        self, project: Project, manager: APIClient
    ) -> None:
        take_in(project, *(dialogue(f"{n}?", "Long. " * 300) for n in range(3)))
        take_in(project, dialogue("Later?", "Yes."), as_drafts=True)
        before = AuditEvent.objects.count()
        shown = self.preview(manager, project).json()
        assert (shown["n_rows"], shown["excluded"]) == (5, {"waiting_for_review": 1})
        assert len(shown["lines"]) == 3
        assert orjson.loads(shown["lines"][0]) == dialogue("Hi?", "Hello.")
        assert (len(shown["lines"][2]), shown["lines"][2][-1]) == (1001, "…")
        assert not Dataset.objects.exists()
        assert AuditEvent.objects.count() == before

    def test_one_chunk_is_frozen_however_many_rows_there_are(
        self, project: Project, manager: APIClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(datasets, "CHUNK_ROWS", 3)
        take_in(project, *(dialogue(f"{n}?", "Yes.") for n in range(20)))
        frozen: list[Dataset] = []
        freeze = datasets.freeze_rows

        def watched(**arguments: Any) -> Dataset:
            frozen.append(freeze(**arguments))
            return frozen[-1]

        monkeypatch.setattr(datasets, "freeze_rows", watched)
        shown = self.preview(manager, project).json()
        assert (shown["n_rows"], len(shown["lines"])) == (22, 3)
        assert [dataset.n_rows for dataset in frozen] == [3]

    @pytest.mark.parametrize(("kind", "file_format"), [("sft", "messages"), ("comparisons", "hh")])
    def test_of_nothing_there_is_nothing(
        self, project: Project, manager: APIClient, kind: str, file_format: str
    ) -> None:
        Conversation.objects.update(allowed_use=["eval"])
        shown = self.preview(manager, project, kind=kind, format=file_format).json()
        assert (shown["n_rows"], shown["lines"]) == (0, [])

    def test_options_change_the_lines(self, project: Project, manager: APIClient) -> None:
        take_in(project, ranking("A", "B", "C"))
        asked = {"kind": "comparisons", "format": "preference"}
        assert len(self.preview(manager, project, **asked).json()["lines"]) == 3
        assert len(self.preview(manager, project, **asked, pairs="best-worst").json()["lines"]) == 1
        assert self.preview(manager, project, **asked, min_raters=2).json()["lines"] == []

    def test_what_an_export_refuses_is_refused(self, project: Project, manager: APIClient) -> None:
        take_in(project, ranking("A", "B"), ranking("A", "B", criterion="helpfulness"))
        answer = self.preview(manager, project, kind="comparisons", format="ranking")
        assert (answer.status_code, answer.json()["code"]) == (409, "criteria_mixed")
        answer = self.preview(manager, project, format="nectar")
        assert (answer.status_code, answer.json()["code"]) == (400, "format_unknown")
        answer = self.preview(manager, project, format="messages", thumbs=True)
        assert (answer.status_code, answer.json()["code"]) == (400, "thumbs_refused")


def test_a_parquet_file(project: Project, manager: APIClient) -> None:
    done = made(manager, project, pack="parquet")
    assert (done["state"], done["file_name"]) == ("done", f"{project.slug}-sft-1-messages.parquet")
    rows = parquet.read_table(io.BytesIO(stored()))["messages"].to_pylist()
    assert rows == [dialogue(*turns)["messages"] for turns in (("Hi?", "Hello."), ("And?", "Bye."))]
    assert done["sha256"] == hashlib.sha256(stored()).hexdigest()


@pytest.mark.parametrize(
    ("pack", "suffix", "unpack"),
    [
        ("gzip", ".gz", gzip.decompress),
        (
            "zstd",
            ".zst",
            lambda packed: zstandard.ZstdDecompressor().decompressobj().decompress(packed),
        ),
    ],
)
def test_packed_files(
    project: Project, manager: APIClient, pack: str, suffix: str, unpack: Any
) -> None:
    done = made(manager, project, pack=pack)
    assert done["file_name"] == f"{project.slug}-sft-1-messages.jsonl{suffix}"
    lines = unpack(stored()).splitlines()
    assert [orjson.loads(line) for line in lines] == [
        dialogue("Hi?", "Hello."),
        dialogue("And?", "Bye."),
    ]


class TestRunning:
    def test_a_second_message_finds_nothing(self, project: Project, manager: APIClient) -> None:
        done = made(manager, project)
        jobs.export(done["id"])
        assert Export.objects.get().attempt == 1

    def test_a_waiting_export_is_cancelled_at_once(
        self, project: Project, manager: APIClient
    ) -> None:
        pk = ask(manager, project).json()["id"]
        for _ in range(2):
            assert manager.post(f"/api/v1/exports/{pk}/cancel/").status_code == 204
        jobs.export(pk)
        assert Export.objects.get().state == "cancelled"

    def test_a_finished_export_stays_as_it_is(self, project: Project, manager: APIClient) -> None:
        done = made(manager, project)
        assert manager.post(f"/api/v1/exports/{done['id']}/cancel/").status_code == 204
        assert manager.get(f"/api/v1/exports/{done['id']}/").json() == done

    def test_a_running_one_hears_of_it(
        self, project: Project, manager: APIClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pk = ask(manager, project).json()["id"]

        def cancelled_meanwhile(**arguments: Any) -> Any:
            manager.post(f"/api/v1/exports/{pk}/cancel/")
            export = Export.objects.get()
            assert (export.state, export.cancel_requested_at is None) == ("running", False)
            assert not exports.renew(export=export, n_written=1)
            raise leased_work.Stopped

        monkeypatch.setattr(dataset_files, "write_files", cancelled_meanwhile)
        jobs.export(pk)
        export = Export.objects.get()
        assert (export.state, export.lease_until) == ("cancelled", None)

    def test_a_fault_is_in_the_row_and_raised(
        self, project: Project, manager: APIClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pk = ask(manager, project).json()["id"]
        storage_folder = Path(default_storage.location)
        storage_folder.mkdir(parents=True, exist_ok=True)
        (storage_folder / "exports").write_text("in the way")
        with pytest.raises(NotADirectoryError):
            jobs.export(pk)
        export = Export.objects.get()
        assert (export.state, export.error_code) == ("failed", "internal")
        assert list((storage_folder / "unfinished").iterdir()) == []

    def test_a_dead_workers_export_is_made_from_the_same_rows(
        self, project: Project, manager: APIClient
    ) -> None:
        pk = ask(manager, project).json()["id"]
        lost = exports.claim(export_id=pk)
        assert lost is not None
        frozen = exports.dataset_of(export=lost)
        take_in(project, dialogue("Too late?", "Yes."))
        jobs.export(pk)
        assert Export.objects.get().state == "running"

        with clock.held_at(clock.now() + timedelta(minutes=2)):
            jobs.sweep()
            assert Export.objects.get().state == "queued"
            jobs.export(pk)
        export = Export.objects.get()
        assert (export.state, export.attempt, export.dataset) == ("done", 2, frozen)
        assert export.n_written == 2

        # The first worker was not dead but slow; its file goes, the row stays.
        lost.file_name, lost.sha256, lost.n_bytes = "late.jsonl", "0" * 64, 1
        default_storage.save(exports.storage_name(lost), io.BytesIO(b"late"))
        exports.finish(export=lost)
        assert not default_storage.exists(exports.storage_name(lost))
        assert not leased_jobs.fail(lost, code="x", detail="")
        assert Export.objects.get().state == "done"

    def test_a_sweep_that_fails_elsewhere_frees_the_export_all_the_same(
        self, project: Project, manager: APIClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail() -> None:
            raise RuntimeError("a row that cannot be read")

        pk = ask(manager, project).json()["id"]
        assert exports.claim(export_id=pk) is not None
        monkeypatch.setattr(jobs.leases, "sweep_expired", fail)
        with clock.held_at(clock.now() + timedelta(minutes=2)), pytest.raises(ExceptionGroup):
            jobs.sweep()
        assert Export.objects.get().state == "queued"

    def test_a_worker_that_always_dies_is_not_fed_for_ever(
        self, project: Project, manager: APIClient
    ) -> None:
        pk = ask(manager, project).json()["id"]
        now = clock.now()
        for attempt in range(leased_jobs.MAX_ATTEMPTS):
            with clock.held_at(now + timedelta(minutes=2 * attempt)):
                assert exports.claim(export_id=pk) is not None
            with clock.held_at(now + timedelta(minutes=2 * attempt, seconds=90)):
                exports.sweep()
        assert manager.get(f"/api/v1/exports/{pk}/").json()["error"]["code"] == "worker_lost"

    def test_a_lost_message_is_sent_again(
        self,
        project: Project,
        manager: APIClient,
        monkeypatch: pytest.MonkeyPatch,
        django_capture_on_commit_callbacks: Any,
    ) -> None:
        rung: list[tuple[str, int]] = []
        for module in (exports, leased_jobs):
            monkeypatch.setattr(module, "ring", lambda job, *ids: rung.append((job, *ids)))
        pk = ask(manager, project).json()["id"]
        exports.sweep()
        assert rung == [("annotation.export", pk)]
        with clock.held_at(clock.now() + timedelta(minutes=1)):
            exports.sweep()
        assert rung == [("annotation.export", pk)] * 2


class TestAdmin:
    def test_the_action_starts_the_same_job(self, project: Project) -> None:
        client = Client()
        client.force_login(UserFactory(is_staff=True, is_superuser=True))
        answer = client.post(
            reverse("admin:accounts_project_changelist"),
            {"action": "export_demonstrations", "_selected_action": [project.pk]},
            follow=True,
        )
        export = Export.objects.get()
        assert (export.kind, export.format, export.state) == ("sft", "messages", "queued")
        row = reverse("admin:annotation_export_change", args=[export.pk])
        assert f'<a href="{row}">' in answer.content.decode()
        assert "download/" not in client.get(row).content.decode()
        jobs.export(export.pk)
        page = client.get(row).content.decode()
        assert f"/api/v1/exports/{export.pk}/download/" in page
        assert client.get(f"/api/v1/exports/{export.pk}/download/").status_code == 302
