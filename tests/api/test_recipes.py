"""Recipes and versions over the API: declared, counted, frozen, fetched, compared, withdrawn."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.files.storage import default_storage
from django.test import AsyncClient, Client
from django.urls import reverse
from rest_framework.test import APIClient

from annotation import jobs
from annotation.models import Conversation, DatasetVersion, Freezing, Recipe
from labelhub.accounts.models import Membership, Project
from tests.factories import MembershipFactory, ProjectFactory, UserFactory
from tests.freezing import files_of
from tests.importing import dialogue, take_in, unlike

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    project = ProjectFactory()
    take_in(project, *(dialogue(unlike(n), unlike(100 + n)) for n in range(5)), licence="MIT")
    return project


@pytest.fixture
def manager(project: Project) -> APIClient:
    client = APIClient()
    client.force_login(MembershipFactory(project=project, role=Membership.Role.MANAGER).user)
    return client


def body(project: Project, **more: Any) -> dict[str, Any]:
    contents = {
        "sources": [{"name": "all", "project": project.slug}],
        "file": {"format": "messages"},
    }
    return {"name": "mix", "kind": "sft", "contents": contents | more}


def declare(client: APIClient, project: Project, **more: Any) -> Any:
    return client.post(f"/api/v1/projects/{project.slug}/recipes/", body(project, **more))


def mixed(client: APIClient, recipe_id: int, *, is_trial: bool) -> dict[str, Any]:
    """A freezing that a worker has been through."""
    asked = client.post(f"/api/v1/recipes/{recipe_id}/freezings/", {"is_trial": is_trial})
    assert asked.status_code == 201, asked.content
    jobs.freeze(asked.json()["id"])
    return dict(client.get(f"/api/v1/freezings/{asked.json()['id']}/").json())


@async_to_sync
async def fetch(link: str) -> tuple[Any, bytes]:
    """The answer and its whole body."""
    answer = await AsyncClient().get(link)
    return answer, b"".join([piece async for piece in answer.streaming_content])


def test_from_declaring_to_the_archive(project: Project, manager: APIClient) -> None:
    answer = declare(manager, project)
    assert answer.status_code == 201, answer.content
    recipe = answer.json()
    assert recipe["latest"] is None
    # What was not said stands with what it means.
    assert recipe["contents"]["personal_data"] == "hold"
    assert recipe["contents"]["sources"][0]["weight"] is None
    trial = mixed(manager, recipe["id"], is_trial=True)
    assert (trial["state"], trial["table"]["rows"], trial["version"]) == ("done", 5, None)
    made = mixed(manager, recipe["id"], is_trial=False)
    version = manager.get(f"/api/v1/versions/{made['version']}/").json()
    assert (version["number"], version["rows"], version["kind"]) == (1, 5, "sft")
    assert version["card"].startswith("# mix v1")
    assert set(version["plots"]) == {"rows_by_source.svg", "rows_by_category.svg"}
    (row,) = manager.get(f"/api/v1/projects/{project.slug}/versions/").json()["results"]
    assert row == {name: version[name] for name in row}
    (listed,) = manager.get(f"/api/v1/projects/{project.slug}/recipes/").json()
    assert listed["latest"]["version"] == version["id"]
    manifest = manager.get(f"/api/v1/versions/{version['id']}/manifest/")
    assert manifest.json() == version["manifest"]
    assert "attachment" in manifest["Content-Disposition"]
    link = manager.get(f"/api/v1/versions/{version['id']}/download/")
    assert link.status_code == 302
    assert link["Location"].endswith("/mix-v1.zip")


def test_the_archive_comes_as_it_was_stored(project: Project, manager: APIClient) -> None:
    recipe = declare(manager, project).json()
    made = mixed(manager, recipe["id"], is_trial=False)
    location = manager.get(f"/api/v1/versions/{made['version']}/download/")["Location"]
    answer, content = fetch(location)
    assert answer.status_code == 200
    version = DatasetVersion.objects.get()
    with default_storage.open(version.archive) as stored:
        assert content == stored.read()
    assert "mix-v1.jsonl" in files_of(version)


def test_a_recipe_is_changed_and_keeps_its_name_to_itself(
    project: Project, manager: APIClient
) -> None:
    recipe = declare(manager, project).json()
    changed = manager.put(f"/api/v1/recipes/{recipe['id']}/", body(project, seed=4))
    assert changed.json()["contents"]["seed"] == 4
    again = declare(manager, project)
    assert (again.status_code, again.json()["code"]) == (409, "recipe_name_taken")


@pytest.mark.parametrize(
    ("more", "code", "field"),
    [
        ({"sources": []}, "invalid", "contents.sources"),
        ({"sources": [{"name": "a", "project": "x"}] * 2}, "invalid", "contents.sources"),
        ({"file": {}}, "invalid", "contents.file.format"),
        ({"personal_data": "sell"}, "invalid", "contents.personal_data"),
        ({"sources": [{"name": "a", "project": "nowhere"}]}, "source_unknown", None),
        ({"file": {"format": "ranking"}}, "format_unknown", None),
        ({"file": {"format": "messages", "split": "half"}}, "split_refused", None),
        ({"benchmarks": [77]}, "benchmark_unknown", None),
        ({"sources": [{"name": "a", "rounds": [2**31]}]}, "invalid", "contents.sources.0.rounds.0"),
        (
            {"sources": [{"name": "a", "import_runs": [2**63]}]},
            "invalid",
            "contents.sources.0.import_runs.0",
        ),
        ({"tokenizer": "nobody"}, "tokenizer_unknown", None),
        (
            {"sources": [{"name": "a", "project": "x", "licence": ["MIT"]}]},
            "invalid",
            "contents.sources.0.licence",
        ),
        ({"near_duplicate": False}, "invalid", "contents.near_duplicate"),
    ],
)
def test_what_a_recipe_cannot_say(
    project: Project, manager: APIClient, more: dict[str, Any], code: str, field: str | None
) -> None:
    answer = declare(manager, project, **more)
    assert answer.status_code == 400
    assert answer.json()["code"] == code
    if field is not None:
        assert field in answer.json()["fields"]
    assert not Recipe.objects.exists()


def test_a_freezing_is_watched_and_stopped(project: Project, manager: APIClient) -> None:
    recipe = declare(manager, project).json()
    asked = manager.post(f"/api/v1/recipes/{recipe['id']}/freezings/", {"is_trial": False}).json()
    assert (asked["state"], asked["stage"]) == ("queued", "selecting")
    twice = manager.post(f"/api/v1/recipes/{recipe['id']}/freezings/", {"is_trial": True})
    assert (twice.status_code, twice.json()["code"]) == (409, "freezing_under_way")
    assert manager.post(f"/api/v1/freezings/{asked['id']}/cancel/").status_code == 204
    jobs.freeze(asked["id"])
    assert manager.get(f"/api/v1/freezings/{asked['id']}/").json()["state"] == "cancelled"
    assert not DatasetVersion.objects.exists()


def test_versions_are_compared_and_withdrawn(
    project: Project, manager: APIClient, django_capture_on_commit_callbacks: Any
) -> None:
    recipe = declare(manager, project).json()
    first = mixed(manager, recipe["id"], is_trial=False)["version"]
    Conversation.objects.filter(source_row=1).update(allowed_use=["eval"])
    take_in(project, dialogue("New?", "Yes."))
    second = mixed(manager, recipe["id"], is_trial=False)["version"]
    found = manager.get(f"/api/v1/versions/{second}/diff/", {"against": first}).json()
    assert {name: found[name] for name in ("added", "changed", "gone", "same")} == {
        "added": 1,
        "changed": 0,
        "gone": 1,
        "same": 4,
    }
    assert found["examples"]["added"][0]["after"] == "New? … Yes."
    assert manager.get(f"/api/v1/versions/{second}/diff/").status_code == 400
    with django_capture_on_commit_callbacks(execute=True):
        withdrawn = manager.post(
            f"/api/v1/versions/{first}/withdraw/", {"because": "A wrong licence."}
        )
    assert withdrawn.json()["withdrawn_because"] == "A wrong licence."
    refused = manager.get(f"/api/v1/versions/{first}/download/")
    assert (refused.status_code, refused.json()["code"]) == (409, "already_withdrawn")
    again = manager.post(f"/api/v1/versions/{first}/withdraw/", {"because": "Twice."})
    assert again.status_code == 409
    assert manager.get(f"/api/v1/versions/{first}/manifest/").status_code == 200


def test_a_benchmark_is_added_by_its_text(project: Project, manager: APIClient) -> None:
    route = f"/api/v1/projects/{project.slug}/benchmarks/"
    added = manager.post(route, {"name": "held", "content": "\n".join([unlike(1), unlike(2) * 2])})
    assert added.status_code == 201
    assert (added.json()["n_texts"], added.json()["n_too_short"]) == (2, 1)
    (row,) = manager.get(route).json()
    assert row == added.json()
    empty = manager.post(route, {"name": "empty", "content": "too short"})
    assert (empty.status_code, empty.json()["code"]) == (400, "benchmark_empty")


def test_an_admin_freezes_from_the_list_of_recipes(project: Project, manager: APIClient) -> None:
    recipe = declare(manager, project).json()
    admin = Client()
    admin.force_login(UserFactory(is_superuser=True, is_staff=True))
    listing = reverse("admin:annotation_recipe_changelist")
    for expected in ("has started", "being counted or frozen already"):
        answer = admin.post(
            listing, {"action": "freeze", "_selected_action": [recipe["id"]]}, follow=True
        )
        assert expected in answer.content.decode()
    jobs.freeze(Freezing.objects.get().pk)
    for name in ("recipe", "freezing", "datasetversion", "benchmark"):
        page = admin.get(reverse(f"admin:annotation_{name}_changelist"))
        assert page.status_code == 200


def test_lists_cost_the_same_queries_however_long(
    project: Project, manager: APIClient, django_assert_max_num_queries: Any
) -> None:
    for number in range(3):
        recipe = manager.post(
            f"/api/v1/projects/{project.slug}/recipes/", body(project) | {"name": f"mix-{number}"}
        ).json()
        mixed(manager, recipe["id"], is_trial=False)
    with django_assert_max_num_queries(6):
        assert len(manager.get(f"/api/v1/projects/{project.slug}/recipes/").json()) == 3
    with django_assert_max_num_queries(6):
        page = manager.get(f"/api/v1/projects/{project.slug}/versions/").json()
    assert len(page["results"]) == 3
