"""Pick runs and comparisons, over the API and from the command line."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from rest_framework.test import APIClient

from annotation.models import Comparison, PickRun
from annotation.services import candidates
from labelhub import clock
from labelhub.accounts.models import AuditEvent, Membership, Project
from tests.candidates import begin, finish, generations_of
from tests.chats import CandidatePolicyFactory, finished_chat
from tests.factories import MembershipFactory, PromptFactory, UserFactory

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
    assert (run["source"], run["n_sampling"], run["n_ready"], run["n_failed"]) == ("chats", 2, 0, 0)
    assert (run["seconds_left"], run["cancelled_at"]) == (None, None)
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
    ):
        assert getattr(browser, method)(path).json()["code"] == "not_allowed"
        assert getattr(stranger, method)(path).json()["code"] == "not_found"
    for person in (browser, stranger):
        refused = person.post(f"/api/v1/comparisons/{comparison.pk}/retry/")
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
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


def test_a_ready_comparison_is_made_again(project: Project, manager: APIClient) -> None:
    comparison = begin(project)
    resample = f"/api/v1/comparisons/{comparison.pk}/resample/"
    refused = manager.post(resample)
    assert (refused.status_code, refused.json()["code"]) == (409, "not_resampled")
    finish(generations_of(comparison)[0], "A", "B", "C")

    answer = manager.post(resample)
    assert answer.status_code == 201
    new = manager.get(f"/api/v1/comparisons/{answer.json()['id']}/").json()
    old = manager.get(f"/api/v1/comparisons/{comparison.pk}/").json()
    assert (new["state"], new["supersedes"], new["superseded_by"]) == (
        "sampling",
        comparison.pk,
        None,
    )
    assert (old["state"], old["superseded_by"], old["sampled_here"]) == (
        "superseded",
        new["id"],
        True,
    )
    listed = manager.get(f"/api/v1/projects/{project.slug}/comparisons/?state=superseded").json()
    (row,) = listed["results"]
    assert (row["id"], row["opening"], row["n_rankings"]) == (comparison.pk, "Question 0?", 0)


def test_a_run_is_called_off_and_all_of_it_tried_again(
    project: Project, manager: APIClient
) -> None:
    for number in range(3):
        finished_chat(project, f"Reply {number}.")
    path = f"/api/v1/projects/{project.slug}/pick-runs/"
    run = manager.post(path, {"n_wanted": 3}).json()
    cancel = f"/api/v1/pick-runs/{run['id']}/cancel/"
    cancelled = manager.post(cancel).json()
    assert (cancelled["n_sampling"], cancelled["n_cancelled"]) == (0, 3)
    assert cancelled["cancelled_at"] is not None
    again = manager.post(cancel)
    assert (again.status_code, again.json()["code"]) == (409, "nothing_to_cancel")
    assert manager.post("/api/v1/pick-runs/999999999/cancel/").status_code == 404

    making = f"/api/v1/projects/{project.slug}/making/"
    assert manager.get(making).json()["states"]["cancelled"] == 3
    retry = f"/api/v1/projects/{project.slug}/comparisons/retry/"
    none_failed = manager.post(retry)
    assert (none_failed.status_code, none_failed.json()["code"]) == (409, "not_failed")
    assert manager.post(retry, {"state": "cancelled"}).json() == {"n": 3}
    assert manager.get(making).json()["states"]["sampling"] == 3


def test_prompts_are_compared_over_the_api(project: Project, manager: APIClient) -> None:
    PromptFactory(project=project, kind="prompt")
    path = f"/api/v1/projects/{project.slug}/pick-runs/"
    body = {"n_wanted": 5, "source": "prompts", "rule": "category-quota"}
    run = manager.post(path, body).json()
    assert (run["source"], run["rule"], run["n_picked"]) == ("prompts", "category-quota", 1)
    refused = manager.post(path, {"n_wanted": 5, "source": "nowhere"})
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid")


def test_a_manager_says_how_comparisons_are_made(project: Project, manager: APIClient) -> None:
    path = f"/api/v1/projects/{project.slug}/comparison-settings/"
    before = manager.get(path).json()
    assert (before["n_candidates"], before["sampling_trigger"]) == (4, "on_request")
    wanted = {
        "n_candidates": 7,
        "criterion": "Which is kinder?",
        "sampling_trigger": "as_chats_finish",
        "self_naming": "resample",
        "gold_share": 0.1,
    }
    assert manager.patch(path, wanted).json() == before | wanted
    assert manager.get(path).json() == before | wanted
    (event,) = AuditEvent.objects.filter(verb="comparison_settings")
    assert event.details["n_candidates"] == [4, 7]


@pytest.mark.parametrize(
    ("wanted", "status", "code"),
    [
        ({"n_candidates": 10}, 400, "invalid"),
        ({"criterion": ""}, 400, "invalid"),
        ({"criterion": "least:"}, 400, "invalid"),
        ({"criterion": "custom"}, 400, "invalid"),
        ({"criterion": "least:custom: "}, 400, "invalid"),
        ({"overlap_share": 1.5}, 400, "invalid"),
        ({"self_naming": "show"}, 400, "invalid"),
        ({"exam_required": True}, 409, "exam_too_small"),
    ],
)
def test_settings_out_of_bounds_change_nothing(
    project: Project, manager: APIClient, wanted: dict[str, object], status: int, code: str
) -> None:
    path = f"/api/v1/projects/{project.slug}/comparison-settings/"
    before = manager.get(path).json()
    refused = manager.patch(path, {"n_candidates": 5} | wanted)
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert manager.get(path).json() == before


def test_the_command_draws_prompts(project: Project) -> None:
    PromptFactory(project=project, kind="prompt")
    said = run_command(project=project.slug, count=5, source="prompts")
    assert said.startswith("prompt ")
    assert "1 of 1 eligible prompts picked, 1 comparisons begun" in said
    assert "--source prompts" in said


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
