"""Files in an S3-compatible bucket, over a real HTTP server that speaks S3: in, out, and gone."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import httpx2
import pytest
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
from rest_framework.test import APIClient

from annotation import jobs, leased_work
from annotation.models import Conversation, Upload
from labelhub.accounts.models import Project
from labelhub.config import file_storage
from labelhub.settings import CONFIG, DOWNLOAD_LINK_SECONDS
from tests.factories import ProjectFactory
from tests.sending import DIALOGUES, SMALL_PART, lines, managing, read, sent

pytestmark = pytest.mark.django_db

BROKEN = b'{"messages":['


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Any:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "labelhub")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    service = boto3.resource("s3", endpoint_url=endpoint)
    service.create_bucket(Bucket="labelhub")
    settings.STORAGES = settings.STORAGES | {
        "default": file_storage(
            CONFIG.model_copy(
                update={"storage": "s3", "s3_bucket": "labelhub", "s3_endpoint_url": endpoint}
            ),
            link_seconds=DOWNLOAD_LINK_SECONDS,
        )
    }
    # The lease's thread has a connection of its own, which cannot see what a test has not committed.
    monkeypatch.setattr(leased_work, "RENEW_SECONDS", 3600.0)
    monkeypatch.setattr(Upload, "PART_BYTES", SMALL_PART)
    bucket = service.Bucket("labelhub")
    bucket.objects.delete()
    return bucket


@pytest.fixture
def project() -> Project:
    return ProjectFactory()


@pytest.fixture
def manager(project: Project) -> APIClient:
    return managing(project)


def keys(bucket: Any) -> list[str]:
    return sorted(each.key for each in bucket.objects.all())


def exported(client: APIClient, project: Project, **body: Any) -> dict[str, Any]:
    body = {"kind": "sft", "format": "messages"} | body
    pk = client.post(f"/api/v1/projects/{project.slug}/exports/", body).json()["id"]
    jobs.export(pk)
    return client.get(f"/api/v1/exports/{pk}/").json()


def link_to(client: APIClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 302, answer.content
    return answer["Location"]


def test_an_upload_is_read_and_leaves_only_its_rejects(
    bucket: Any, project: Project, manager: APIClient
) -> None:
    content = lines(*DIALOGUES[:7], BROKEN, *DIALOGUES[7:])
    done = read(manager, sent(manager, project, content))
    assert (done["state"], done["counts"]["n_added"]) == ("done", 30)
    assert Conversation.objects.filter(project=project).count() == 30
    (key,) = keys(bucket)
    assert key.endswith("rejects.jsonl")
    link = link_to(manager, f"/api/v1/uploads/{done['id']}/rejects-file/")
    answer = httpx2.get(link)
    assert (answer.status_code, answer.content) == (200, BROKEN + b"\n")
    assert "rows.rejects.jsonl" in answer.headers["Content-Disposition"]


@pytest.mark.parametrize("pack", ["none", "gzip"])
def test_an_export_is_fetched_from_the_bucket_whole_and_in_ranges(
    bucket: Any, project: Project, manager: APIClient, pack: str
) -> None:
    read(manager, sent(manager, project, lines(*DIALOGUES)))
    done = exported(manager, project, pack=pack)
    assert done["state"] == "done", done
    link = link_to(manager, f"/api/v1/exports/{done['id']}/download/")
    # The storage's own link, as short-lived as ours and naming the file.
    assert parse_qs(urlsplit(link).query)["X-Amz-Expires"] == ["300"]
    answer = httpx2.get(link)
    assert done["file_name"] in answer.headers["Content-Disposition"]
    # This client unpacks by itself what is declared as packed, as browsers do.
    content = answer.content
    assert sha256(content).hexdigest() == done["sha256"]
    rows = (gzip.decompress(content) if pack == "gzip" else content).splitlines()
    assert len(rows) == 30
    part = httpx2.get(link, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, content[10:20])


def test_a_frozen_version_is_stored_and_goes_when_it_is_withdrawn(
    bucket: Any,
    project: Project,
    manager: APIClient,
    django_capture_on_commit_callbacks: Any,
) -> None:
    read(manager, sent(manager, project, lines(*DIALOGUES)))
    recipe = manager.post(
        f"/api/v1/projects/{project.slug}/recipes/",
        {
            "name": "mix",
            "kind": "sft",
            "contents": {
                "sources": [{"name": "ours", "project": project.slug}],
                "file": {"format": "messages"},
            },
        },
    )
    assert recipe.status_code == 201, recipe.content
    freezing = manager.post(
        f"/api/v1/recipes/{recipe.json()['id']}/freezings/", {"is_trial": False}
    )
    assert freezing.status_code == 201, freezing.content
    jobs.freeze(freezing.json()["id"])
    made = manager.get(f"/api/v1/freezings/{freezing.json()['id']}/").json()
    assert made["state"] == "done", made
    link = link_to(manager, f"/api/v1/versions/{made['version']}/download/")
    archive = httpx2.get(link)
    assert archive.content.startswith(b"PK")
    assert "mix-v1.zip" in archive.headers["Content-Disposition"]
    with django_capture_on_commit_callbacks(execute=True):
        answer = manager.post(
            f"/api/v1/versions/{made['version']}/withdraw/", {"because": "A mistake."}
        )
    assert answer.status_code == 200, answer.content
    assert keys(bucket) == []
