"""Files sent over the API in small parts, and read as a worker reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from django.core.files.storage import default_storage
from rest_framework.test import APIClient

from annotation import jobs, leased_work
from annotation.models import Upload
from labelhub.accounts.models import Membership, Project
from tests.factories import MembershipFactory
from tests.importing import dialogue

SMALL_PART = 1000


def managing(project: Project) -> APIClient:
    """The client of a manager of the project."""
    client = APIClient()
    client.force_login(MembershipFactory(project=project, role=Membership.Role.MANAGER).user)
    return client


def receive_small_parts(monkeypatch: pytest.MonkeyPatch, settings: Any, folder: Path) -> None:
    """Parts of a thousand bytes, into a storage of the test's own."""
    # The lease's thread has a connection of its own, which cannot see what a test has not committed.
    monkeypatch.setattr(leased_work, "RENEW_SECONDS", 3600.0)
    monkeypatch.setattr(Upload, "PART_BYTES", SMALL_PART)
    settings.STORAGES = settings.STORAGES | {
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": folder / "files"},
        }
    }


def lines(*rows: Any) -> bytes:
    return b"".join((row if isinstance(row, bytes) else orjson.dumps(row)) + b"\n" for row in rows)


def begin(client: APIClient, project: Project, content: bytes, **body: Any) -> Any:
    body = {"file_name": "rows.jsonl", "n_bytes": len(content)} | body
    return client.post(f"/api/v1/projects/{project.slug}/uploads/", body)


def put(client: APIClient, pk: int, number: int, content: bytes) -> Any:
    return client.put(
        f"/api/v1/uploads/{pk}/parts/{number}/",
        content,
        content_type="application/octet-stream",
    )


def sent(client: APIClient, project: Project, content: bytes, **body: Any) -> int:
    """The id of an upload whose parts have all come."""
    pk = begin(client, project, content, **body).json()["id"]
    for number, start in enumerate(range(0, len(content), SMALL_PART)):
        answer = put(client, pk, number, content[start : start + SMALL_PART])
        assert answer.status_code == 200, answer.content
    return pk


def read(client: APIClient, pk: int) -> Any:
    """The upload after a worker has been through it."""
    jobs.import_file(pk)
    return client.get(f"/api/v1/uploads/{pk}/").json()


def stored_files() -> list[str]:
    location = Path(default_storage.location)
    return sorted(str(p.relative_to(location)) for p in location.rglob("*") if p.is_file())


DIALOGUES = [dialogue(f"{n}?", f"Yes, {n}. " * 20) for n in range(30)]
