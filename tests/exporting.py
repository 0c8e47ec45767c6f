"""What tests of exports over the API share: asking for one, having it made, reading its file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from rest_framework.test import APIClient

from annotation import jobs, leased_work
from annotation.models import Export
from annotation.services import exports
from labelhub.accounts.models import Project


@pytest.fixture
def no_renewal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lease's thread has a connection of its own, which cannot see what a test has not committed."""
    monkeypatch.setattr(leased_work, "RENEW_SECONDS", 3600.0)


@pytest.fixture
def own_storage(settings: Any, tmp_path: Path) -> None:
    storages = {**settings.STORAGES}
    storages["default"] = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": tmp_path / "files"},
    }
    settings.STORAGES = storages


def ask(client: APIClient, project: Project, **body: Any) -> Any:
    body = {"kind": "sft", "format": "messages"} | body
    return client.post(f"/api/v1/projects/{project.slug}/exports/", body)


def made(client: APIClient, project: Project, **body: Any) -> dict[str, Any]:
    """An export that a worker has been through."""
    pk = ask(client, project, **body).json()["id"]
    jobs.export(pk)
    answer = client.get(f"/api/v1/exports/{pk}/")
    assert answer.status_code == 200
    return answer.json()


def stored() -> bytes:
    """The one export's file as it lies in the storage."""
    with default_storage.open(exports.storage_name(Export.objects.get())) as file:
        return file.read()
