"""Pick runs and comparisons, over the API and from the command line."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from annotation.models import Comparison, PickRun
from annotation.services import candidates
from labelhub import clock
from labelhub.accounts.models import Membership, Project
from tests.chats import CandidatePolicyFactory, finished_chat
from tests.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return CandidatePolicyFactory().project


@pytest.fixture
def manager(project: Project) -> APIClient:
    browser = APIClient()
    browser.force_login(MembershipFactory(project=project, role=Membership.Role.MANAGER).user)
    return browser


def test_a_manager_picks_and_follows(project: Project, manager: APIClient) -> None:
    for number in range(3):
        finished_chat(project, f"Reply {number}.")
    path = f"/api/v1/projects/{project.slug}/pick-runs/"
    answer = manager.post(path, {"n_wanted": 2, "seed": None})
    assert answer.status_code == 201
    run = answer.json()
    assert (run["rule"], run["population"], run["n_wanted"], run["n_picked"]) == (
        "conversation-uniform",
        3,
        2,
        2,
    )
    assert 0 <= run["seed"] < 2**53
    assert manager.get(path).json() == {"next": None, "results": [run]}

    rows = manager.get(f"/api/v1/projects/{project.slug}/comparisons/?state=sampling").json()
    assert [row["state"] for row in rows["results"]] == ["sampling", "sampling"]
    assert {row["error"] for row in rows["results"]} == {None}


def test_a_second_run_takes_what_is_left_and_a_third_is_refused(
    project: Project, manager: APIClient
) -> None:
    for number in range(3):
        finished_chat(project, f"Reply {number}.")
    path = f"/api/v1/projects/{project.slug}/pick-runs/"
    n_picked = [manager.post(path, {"n_wanted": 2, "seed": 1}).json()["n_picked"] for _ in "ab"]
    assert n_picked == [2, 1]
    refused = manager.post(path, {"n_wanted": 2, "seed": 1})
    assert (refused.status_code, refused.json()["code"]) == (409, "nothing_to_pick")
    assert PickRun.objects.count() == 2


def test_picking_without_a_policy_is_refused(project: Project, manager: APIClient) -> None:
    project.round_policies.all().delete()
    finished_chat(project, "Reply.")
    refused = manager.post(f"/api/v1/projects/{project.slug}/pick-runs/", {"n_wanted": 1})
    assert (refused.status_code, refused.json()["code"]) == (409, "no_candidate_policy")


def test_picking_without_a_round_is_refused(project: Project, manager: APIClient) -> None:
    project.rounds.update(closed_at=clock.now())
    refused = manager.post(f"/api/v1/projects/{project.slug}/pick-runs/", {"n_wanted": 1})
    assert (refused.status_code, refused.json()["code"]) == (409, "no_open_round")


@pytest.mark.parametrize(
    "body", [{}, {"n_wanted": 0}, {"n_wanted": 1001}, {"n_wanted": 1, "seed": 2**53}]
)
def test_wishes_out_of_bounds_are_refused(
    project: Project, manager: APIClient, body: dict[str, int]
) -> None:
    refused = manager.post(f"/api/v1/projects/{project.slug}/pick-runs/", body)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid")


@pytest.mark.parametrize("role", [Membership.Role.TRAINER, Membership.Role.REVIEWER])
def test_only_managers_pick_and_follow(project: Project, role: str) -> None:
    finished_chat(project, "Reply.")
    comparison = Comparison.objects.create(
        project=project,
        state="failed",
        error_code="x",
        criterion="overall",
        origin_key="k",
        context=finished_chat(project, "B").messages.get(position=1).completion.generation.context,
        created_at=clock.now(),
    )
    browser = APIClient()
    browser.force_login(MembershipFactory(project=project, role=role).user)
    stranger = APIClient()
    stranger.force_login(UserFactory())
    for method, path in (
        ("post", f"/api/v1/projects/{project.slug}/pick-runs/"),
        ("get", f"/api/v1/projects/{project.slug}/pick-runs/"),
        ("get", f"/api/v1/projects/{project.slug}/comparisons/"),
        ("get", f"/api/v1/projects/{project.slug}/progress/"),
        ("post", f"/api/v1/comparisons/{comparison.pk}/retry/"),
    ):
        assert getattr(browser, method)(path).json()["code"] == "not_allowed"
        assert getattr(stranger, method)(path).json()["code"] == "not_found"
    assert not PickRun.objects.exists()


def test_a_failed_comparison_is_listed_and_tried_again(
    project: Project, manager: APIClient
) -> None:
    finished_chat(project, "Reply.")
    manager.post(f"/api/v1/projects/{project.slug}/pick-runs/", {"n_wanted": 1})
    comparison = Comparison.objects.get()
    project.round_policies.all().delete()
    candidates.request_candidates(comparison_id=comparison.pk)

    path = f"/api/v1/projects/{project.slug}/comparisons/?state=failed"
    (row,) = manager.get(path).json()["results"]
    assert row["error"]["code"] == "no_candidate_policy"
    retry = f"/api/v1/comparisons/{comparison.pk}/retry/"
    assert manager.post(retry).status_code == 204
    assert manager.get(path).json()["results"] == []
    again = manager.post(retry)
    assert (again.status_code, again.json()["code"]) == (409, "not_failed")
    assert manager.post("/api/v1/comparisons/999999999/retry/").status_code == 404
    assert manager.get(path.replace("failed", "lost")).json()["code"] == "invalid"


def run_command(**options: object) -> str:
    out = StringIO()
    call_command("sample_comparisons", stdout=out, **options)
    return out.getvalue()


def test_the_command_replays_a_run(project: Project) -> None:
    for number in range(20):
        finished_chat(project, f"Reply {number}.")
    as_of = clock.now().isoformat()
    first = run_command(project=project.slug, count=5, seed=7, as_of=as_of)
    for number in range(20):
        finished_chat(project, f"Later reply {number}.")
    second = run_command(project=project.slug, count=5, seed=7, as_of=as_of)

    def picked(said: str) -> list[str]:
        return [line for line in said.splitlines() if line.startswith("conversation")]

    assert len(picked(first)) == 5
    assert picked(second) == picked(first)
    assert "5 comparisons begun" in first
    assert "0 comparisons begun" in second
    assert Comparison.objects.count() == 5


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"project": "nowhere", "count": 1}, "no project"),
        ({"count": 0}, "at least 1"),
        ({"count": 1, "as_of": "yesterday"}, "not a moment"),
        ({"count": 1, "as_of": "2999-01-01T00:00:00Z"}, "still to come"),
        ({"count": 1}, "No finished chat"),
    ],
)
def test_the_command_says_why_it_refuses(
    project: Project, options: dict[str, object], reason: str
) -> None:
    with pytest.raises(CommandError, match=reason) as refused:
        run_command(**{"project": project.slug, **options})
    assert refused.value.returncode == 2
