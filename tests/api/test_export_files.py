"""Files of exports, fetched whole or in ranges by links that expire."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core import signing
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import AsyncClient
from rest_framework.test import APIClient

from annotation.views.datasets import stored_file_url
from annotation.views.files import Unsatisfiable, requested_range
from labelhub.accounts.models import Membership, Project
from tests.exporting import ask, made, stored
from tests.factories import MembershipFactory, ProjectFactory
from tests.importing import dialogue, take_in

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


@async_to_sync
async def fetch(link: str, method: str = "get", **headers: str) -> tuple[Any, bytes]:
    """The answer and its whole body."""
    answer = await getattr(AsyncClient(), method)(link, headers=headers)
    if not answer.streaming:
        return answer, answer.content
    return answer, b"".join([piece async for piece in answer.streaming_content])


class TestFetching:
    @pytest.fixture
    def link(self, project: Project, manager: APIClient) -> str:
        done = made(manager, project)
        answer = manager.get(f"/api/v1/exports/{done['id']}/download/")
        assert answer.status_code == 302
        return answer["Location"]

    @pytest.fixture
    def content(self, link: str) -> bytes:
        return stored()

    def test_the_whole_file(self, link: str, content: bytes) -> None:
        answer, body = fetch(link)
        assert (answer.status_code, body) == (200, content)
        assert answer["Content-Length"] == str(len(content))
        assert answer["Accept-Ranges"] == "bytes"
        assert "attachment" in answer["Content-Disposition"]
        assert ".jsonl" in answer["Content-Disposition"]
        head, body = fetch(link, "head")
        assert (head.status_code, body) == (200, b"")
        assert head["Content-Length"] == str(len(content))

    def test_a_range(self, link: str, content: bytes) -> None:
        size = len(content)
        for header, part in (
            ("bytes=0-9", content[:10]),
            ("bytes=5-", content[5:]),
            ("bytes=-7", content[-7:]),
            (f"bytes=3-{size + 100}", content[3:]),
        ):
            answer, body = fetch(link, Range=header)
            assert (answer.status_code, body) == (206, part)
            assert answer["Content-Length"] == str(len(part))
            start = content.index(part)
            assert answer["Content-Range"] == f"bytes {start}-{start + len(part) - 1}/{size}"

    def test_a_range_past_the_end(self, link: str, content: bytes) -> None:
        answer, _ = fetch(link, Range=f"bytes={len(content)}-")
        assert answer.status_code == 416
        assert answer["Content-Range"] == f"bytes */{len(content)}"

    def test_a_range_of_another_file_gives_the_whole(self, link: str, content: bytes) -> None:
        same = fetch(link, "head")[0]["ETag"]
        for etag, status in ((same, 206), ('"other"', 200)):
            answer, body = fetch(link, **{"Range": "bytes=0-1", "If-Range": etag})
            assert answer.status_code == status
            assert body == (content[:2] if status == 206 else content)

    def test_links_expire_and_cannot_be_made_up(self, link: str, settings: Any) -> None:
        for wrong in (link.replace("/files/", "/files/x"), "/files/x/y.jsonl"):
            answer, _ = fetch(wrong)
            assert (answer.status_code, answer.json()["code"]) == (410, "link_expired")
        elsewhere = signing.dumps({"name": "../secret_key", "sha256": ""}, salt="another purpose")
        assert fetch(f"/files/{elsewhere}/key")[0].status_code == 410
        settings.DOWNLOAD_LINK_SECONDS = -1
        assert fetch(link)[0].status_code == 410

    def test_only_reading(self, link: str) -> None:
        assert fetch(link, "post")[0].status_code == 405

    def test_not_before_it_is_whole(self, project: Project, manager: APIClient) -> None:
        pk = ask(manager, project).json()["id"]
        answer = manager.get(f"/api/v1/exports/{pk}/download/")
        assert (answer.status_code, answer.json()["code"]) == (409, "export_not_ready")


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        ("", None),
        ("bytes=0-0", (0, 1)),
        ("bytes=2-", (2, 10)),
        ("bytes=-3", (7, 10)),
        ("bytes=-30", (0, 10)),
        ("bytes=5-2", None),
        ("bytes=-", None),
        ("bytes=0-1,3-4", None),
        ("items=0-1", None),
        ("bytes=a-b", None),
        ("bytes=²-", None),
        (f"bytes=0-{'9' * 5000}", None),
    ],
)
def test_range_headers(header: str, wanted: tuple[int, int] | None) -> None:
    assert requested_range(header, 10) == wanted


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=99999999999999999999-", "bytes=-0"])
def test_ranges_outside(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        requested_range(header, 10)


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("a.jsonl", "application/jsonl"),
        ("a.jsonl.gz", "application/gzip"),
        ("a.jsonl.zst", "application/zstd"),
        ("a.parquet", "application/vnd.apache.parquet"),
        ("a.zip", "application/zip"),
        ("a.made-up", "application/octet-stream"),
    ],
)
def test_a_file_is_of_the_type_that_its_name_tells(name: str, content_type: str) -> None:
    default_storage.save("exports/1-1/file", ContentFile(b"bytes"))
    answer, body = fetch(stored_file_url(name="exports/1-1/file", sha256="s", file_name=name))
    assert (answer.status_code, body) == (200, b"bytes")
    assert answer["Content-Type"] == content_type
    assert "Content-Encoding" not in answer
