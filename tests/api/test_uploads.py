"""Files in over the API: parts, the job that reads them, and what was not taken."""

from __future__ import annotations

import gzip
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.files.storage import FileSystemStorage
from django.test import AsyncClient
from rest_framework.test import APIClient

from annotation.models import Conversation, ImportRun, Prompt, Upload, UploadPart
from annotation.services import uploads
from labelhub import clock
from labelhub.accounts.models import AuditEvent, Membership, Project
from tests.factories import MembershipFactory, ProjectFactory
from tests.importing import dialogue
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


def test_from_parts_to_rows(project: Project, manager: APIClient) -> None:
    content = lines(*DIALOGUES)
    begun = begin(manager, project, content, licence="MIT").json()
    n_parts = -(-len(content) // SMALL_PART)
    assert begun["state"] == "receiving"
    assert begun["parts_missing"] == list(range(n_parts))
    # In any order, and one of them twice.
    for number in [*range(1, n_parts), 1, 0]:
        start = number * SMALL_PART
        answer = put(manager, begun["id"], number, content[start : start + SMALL_PART]).json()
    assert (answer["state"], answer["parts_missing"]) == ("queued", [])
    done = read(manager, begun["id"])
    assert done["state"] == "done"
    assert done["n_bytes_read"] == len(content)
    assert done["counts"] == {
        "format": "messages",
        "n_read": 30,
        "n_added": 30,
        "n_duplicates": 0,
        "rejects": {},
        "left_out": {},
    }
    first = Conversation.objects.order_by("pk").first()
    assert (first.licence, first.source, first.source_row) == ("MIT", "rows.jsonl", 1)
    assert AuditEvent.objects.filter(verb="upload", object_id=str(begun["id"])).exists()
    assert stored_files() == []
    page = manager.get(f"/api/v1/projects/{project.slug}/uploads/").json()
    assert [row["id"] for row in page["results"]] == [begun["id"]]


@pytest.mark.parametrize("pack", [gzip.compress, lambda content: b"\xef\xbb\xbf" + content])
def test_packed_files_and_prompts(project: Project, manager: APIClient, pack: Any) -> None:
    content = pack(lines(*({"prompt": f"Why is {n} so?"} for n in range(200))))
    done = read(manager, sent(manager, project, content, format="prompt-only"))
    assert (done["state"], done["counts"]["n_added"]) == ("done", 200)
    assert Prompt.objects.filter(project=project).count() == 200


def test_what_rows_may_be_used_for(project: Project, manager: APIClient) -> None:
    pk = sent(manager, project, lines(*DIALOGUES), allowed_use=["sft", "eval", "sft"])
    done = read(manager, pk)
    assert (done["state"], done["allowed_use"]) == ("done", ["eval", "sft"])
    assert set(map(tuple, Conversation.objects.values_list("allowed_use", flat=True))) == {
        ("eval", "sft")
    }


def test_the_same_file_again_adds_nothing(project: Project, manager: APIClient) -> None:
    content = lines(*DIALOGUES)
    read(manager, sent(manager, project, content))
    again = read(manager, sent(manager, project, content))["counts"]
    assert (again["n_added"], again["n_duplicates"]) == (0, 30)


def test_rejects_are_listed_by_kind_and_fetched_to_be_mended(
    project: Project, manager: APIClient
) -> None:
    bad = [b'{"messages":[', lines(dialogue("Unanswered?")).strip(), b'{"messages":[{"role":']
    done = read(manager, sent(manager, project, lines(bad[0], DIALOGUES[0], *bad[1:])))
    assert done["counts"]["rejects"] == {"invalid_json": 2, "wrong_last_turn": 1}
    pk = done["id"]
    rows = manager.get(f"/api/v1/uploads/{pk}/rejects/").json()["results"]
    assert [(row["row"], row["code"]) for row in rows] == [
        (1, "invalid_json"),
        (3, "wrong_last_turn"),
        (4, "invalid_json"),
    ]
    assert rows[1]["detail"].endswith("a dialogue ends on an assistant turn.")
    of_kind = manager.get(f"/api/v1/uploads/{pk}/rejects/", {"code": "wrong_last_turn"}).json()
    assert [row["row"] for row in of_kind["results"]] == [3]

    answer = manager.get(f"/api/v1/uploads/{pk}/rejects-file/")
    assert answer.status_code == 302
    assert answer["Location"].endswith("/rows.rejects.jsonl")
    assert fetched(answer["Location"]) == lines(*bad)
    # Mended, the rest goes in.
    mended = lines(dialogue("a", "b"), dialogue("Unanswered?", "No."), dialogue("c", "d"))
    assert read(manager, sent(manager, project, mended))["counts"]["n_added"] == 3


@async_to_sync
async def fetched(link: str) -> bytes:
    answer = await AsyncClient().get(link)
    return b"".join([piece async for piece in answer.streaming_content])


def test_no_rejects_no_file(project: Project, manager: APIClient) -> None:
    pk = sent(manager, project, lines(*DIALOGUES))
    read(manager, pk)
    answer = manager.get(f"/api/v1/uploads/{pk}/rejects-file/")
    assert (answer.status_code, answer.json()["code"]) == (409, "no_rejects")


def test_parts_of_another_size_are_refused(project: Project, manager: APIClient) -> None:
    pk = begin(manager, project, b"x" * (SMALL_PART + 7)).json()["id"]
    for number, n_bytes in [(0, 7), (0, SMALL_PART + 1), (1, 8), (1, 0), (2, 7)]:
        answer = put(manager, pk, number, b"x" * n_bytes)
        assert (answer.status_code, answer.json()["code"]) == (400, "upload_part_refused")
    assert not UploadPart.objects.exists()


def test_nothing_else_is_taken_once_it_is_whole(project: Project, manager: APIClient) -> None:
    content = lines(DIALOGUES[0])
    pk = sent(manager, project, content)
    answer = put(manager, pk, 0, b"x" * len(content))
    assert (answer.status_code, answer.json()["code"]) == (409, "upload_ended")
    assert read(manager, pk)["counts"]["n_added"] == 1


def test_a_part_whose_answer_was_lost_may_be_sent_again(
    project: Project, manager: APIClient
) -> None:
    content = lines(*DIALOGUES[:3])
    pk = sent(manager, project, content)
    last = (len(content) - 1) // SMALL_PART
    again = put(manager, pk, last, content[last * SMALL_PART :])
    assert (again.status_code, again.json()["state"]) == (200, "queued")
    assert read(manager, pk)["counts"]["n_added"] == 3
    late = put(manager, pk, last, content[last * SMALL_PART :])
    assert (late.status_code, late.json()["state"]) == (200, "done")
    assert stored_files() == []


def test_other_bytes_in_a_parts_place_replace_it(project: Project, manager: APIClient) -> None:
    content = lines(*DIALOGUES[:3])
    pk = begin(manager, project, content).json()["id"]
    put(manager, pk, 0, b"x" * SMALL_PART)
    for number, start in enumerate(range(0, len(content), SMALL_PART)):
        put(manager, pk, number, content[start : start + SMALL_PART])
    assert len(stored_files()) == -(-len(content) // SMALL_PART)
    assert read(manager, pk)["counts"]["n_added"] == 3


# Of one part, which makes the file whole, and of several.
@pytest.mark.parametrize("n_dialogues", [2, 9])
def test_two_who_send_the_same_part_at_once_leave_one(
    project: Project, manager: APIClient, monkeypatch: pytest.MonkeyPatch, n_dialogues: int
) -> None:
    content = lines(*DIALOGUES[:n_dialogues])
    pk = begin(manager, project, content).json()["id"]
    save = FileSystemStorage.save

    def meanwhile(self: Any, name: str, part: Any) -> str:
        """Between the first sender's file and its row comes the second's."""
        saved = save(self, name, part)
        monkeypatch.setattr(FileSystemStorage, "save", save)
        assert put(manager, pk, 0, content[:SMALL_PART]).status_code == 200
        return saved

    monkeypatch.setattr(FileSystemStorage, "save", meanwhile)
    assert put(manager, pk, 0, content[:SMALL_PART]).status_code == 200
    assert len(stored_files()) == UploadPart.objects.count() == 1
    for number in range(1, -(-len(content) // SMALL_PART)):
        put(manager, pk, number, content[number * SMALL_PART : (number + 1) * SMALL_PART])
    assert read(manager, pk)["counts"]["n_added"] == n_dialogues


def test_a_part_that_comes_while_the_upload_is_called_off_leaves_nothing(
    project: Project, manager: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    pk = begin(manager, project, b"x" * 2 * SMALL_PART).json()["id"]
    save = FileSystemStorage.save

    def meanwhile(self: Any, name: str, part: Any) -> str:
        saved = save(self, name, part)
        manager.post(f"/api/v1/uploads/{pk}/cancel/")
        return saved

    monkeypatch.setattr(FileSystemStorage, "save", meanwhile)
    answer = put(manager, pk, 0, b"x" * SMALL_PART)
    assert (answer.status_code, answer.json()["code"]) == (409, "upload_ended")
    assert stored_files() == []


def test_no_more_than_so_many_files_are_on_their_way(
    project: Project, manager: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MAX_RECEIVING", 2)
    first, _ = (begin(manager, project, b"{}\n").json()["id"] for _ in range(2))
    refused = begin(manager, project, b"{}\n")
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_uploads")
    # Whole, called off or given up, a file is on its way no more.
    assert put(manager, first, 0, b"{}\n").json()["state"] == "queued"
    second = begin(manager, project, b"{}\n").json()["id"]
    manager.post(f"/api/v1/uploads/{second}/cancel/")
    assert begin(manager, project, b"{}\n").status_code == 201
    Upload.objects.filter(state="receiving").update(
        created_at=clock.now() - timedelta(days=uploads.RECEIVING_DAYS, hours=1)
    )
    assert begin(manager, project, b"{}\n").status_code == 201


def test_a_file_that_is_too_large_is_refused_before_a_byte_of_it_came(
    project: Project, manager: APIClient, settings: Any
) -> None:
    settings.MAX_UPLOAD_BYTES = 2**30
    answer = begin(manager, project, b"", n_bytes=3 * 2**30)
    assert (answer.status_code, answer.json()["code"]) == (413, "upload_too_large")
    assert "3.0 GiB" in answer.json()["detail"]
    assert begin(manager, project, b"", n_bytes=2**30).status_code == 201
    assert Upload.objects.count() == 1


def test_a_long_file_names_the_first_of_its_missing_parts(
    project: Project, manager: APIClient, django_assert_num_queries: Any
) -> None:
    many = [begin(manager, project, b"", n_bytes=250 * SMALL_PART).json() for _ in range(3)]
    assert (many[0]["n_parts"], many[0]["n_parts_missing"]) == (250, 250)
    assert many[0]["parts_missing"] == list(range(100))
    put(manager, many[0]["id"], 2, b"x" * SMALL_PART)
    put(manager, many[0]["id"], 0, b"x" * SMALL_PART)
    put(manager, many[0]["id"], 249, b"x" * SMALL_PART)
    # The session, its person, the membership, the page, and what is missing of all of it.
    with django_assert_num_queries(5):
        page = manager.get(f"/api/v1/projects/{project.slug}/uploads/").json()["results"]
    assert [row["n_parts_missing"] for row in page] == [250, 250, 247]
    assert page[2]["parts_missing"] == [1, *range(3, 102)]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"format": "csv"}, "invalid"),
        ({"format": "hh", "as_drafts": True}, "drafts_are_dialogues"),
        ({"n_bytes": 0}, "invalid"),
        ({"allowed_use": ["resale"]}, "invalid"),
        ({"file_name": ""}, "invalid"),
        # It becomes the name in a header.
        ({"file_name": "a\r\nb.jsonl"}, "invalid"),
    ],
)
def test_bad_requests(project: Project, manager: APIClient, body: Any, code: str) -> None:
    answer = begin(manager, project, b"x", **body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_a_file_that_no_reader_takes_says_so(project: Project, manager: APIClient) -> None:
    failed = read(manager, sent(manager, project, b'{"a":1}\n'))
    assert failed["state"] == "failed"
    assert failed["error"]["code"] == "file_refused"
    assert failed["counts"] is None
    assert stored_files() == []
    assert not ImportRun.objects.exists()


def test_managers_of_other_projects_find_nothing(project: Project, manager: APIClient) -> None:
    pk = begin(manager, project, b"x").json()["id"]
    other = APIClient()
    other.force_login(MembershipFactory(role=Membership.Role.MANAGER).user)
    for answer in (
        other.get(f"/api/v1/uploads/{pk}/"),
        put(other, pk, 0, b"x"),
        other.get(f"/api/v1/uploads/{pk}/rejects/"),
    ):
        assert answer.status_code == 404


def test_a_kind_of_reject_that_nobody_knows_is_none(project: Project, manager: APIClient) -> None:
    upload_id = sent(manager, project, lines(b"{no json", dialogue("One?", "Yes.")))
    read(manager, upload_id)
    path = f"/api/v1/uploads/{upload_id}/rejects/"
    assert len(manager.get(path).json()["results"]) == 1
    assert manager.get(path, {"code": "sunny"}).json()["results"] == []
    refused = manager.get(path, {"code": "\0"})
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid")
