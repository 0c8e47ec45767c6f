"""Calling a manager to a task, and what comes of it."""

from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from annotation.models import Assignment, ManagerFlag, Task
from annotation.services import leases
from labelhub import clock
from labelhub.accounts.models import Membership, Project
from tests.factories import MembershipFactory, ProjectFactory
from tests.ranking import claim_next, queued, submit

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return ProjectFactory()


def signed_in(project: Project, role: str) -> APIClient:
    browser = APIClient()
    browser.force_login(MembershipFactory(project=project, role=role).user)
    return browser


@pytest.fixture
def manager(project: Project) -> APIClient:
    return signed_in(project, Membership.Role.MANAGER)


@pytest.fixture
def flag(project: Project, manager: APIClient) -> dict:
    """What a trainer raised, as the manager's list shows it."""
    task = queued(project)
    trainer = MembershipFactory(project=project).user
    browser = APIClient()
    browser.force_login(trainer)
    path = f"/api/v1/assignments/{claim_next(trainer, project).pk}/flags/"
    for _ in range(2):  # as a double click sends it
        assert browser.post(path, {"text": "B holds somebody's address."}).status_code == 201
    refused = browser.post(path, {"text": "  "})
    assert (refused.status_code, refused.json()["code"]) == (400, "say_what_is_wrong")
    (found,) = manager.get(f"/api/v1/projects/{project.slug}/flags/").json()["results"]
    assert found | {"raised_at": ""} == {
        "id": ManagerFlag.objects.get().pk,
        "kind": "ranking",
        "person": str(trainer),
        "text": "B holds somebody's address.",
        "raised_at": "",
        "comparison": task.comparison_id,
    }
    return found


@pytest.mark.parametrize(("outcome", "state"), [("noted", "open"), ("withdrawn", "withdrawn")])
def test_a_manager_settles_it_once(
    project: Project, manager: APIClient, flag: dict, outcome: str, state: str
) -> None:
    path = f"/api/v1/flags/{flag['id']}/settlement/"
    assert manager.post(path, {"outcome": outcome}).status_code == 204
    assert Task.objects.get().state == state
    assert manager.get(f"/api/v1/projects/{project.slug}/flags/").json()["results"] == []
    again = manager.post(path, {"outcome": "noted"})
    assert (again.status_code, again.json()["code"]) == (409, "already_settled")


def test_a_withdrawn_task_is_handed_out_no_more(
    project: Project, manager: APIClient, flag: dict
) -> None:
    Project.objects.update(rankings_per_comparison=2)
    manager.post(f"/api/v1/flags/{flag['id']}/settlement/", {"outcome": "withdrawn"})
    trainer = signed_in(project, Membership.Role.TRAINER)
    refused = trainer.post(f"/api/v1/projects/{project.slug}/claims/", {"kind": "ranking"})
    assert refused.json()["code"] == "no_task_available"


@pytest.mark.parametrize("given_back", ["skipped", "expired"])
def test_a_withdrawn_task_that_its_holder_gives_back_stays_withdrawn(
    project: Project, manager: APIClient, flag: dict, given_back: str
) -> None:
    manager.post(f"/api/v1/flags/{flag['id']}/settlement/", {"outcome": "withdrawn"})
    held = Assignment.objects.get()
    if given_back == "skipped":
        leases.skip(assignment=held, reason=Assignment.SkipReason.UNCLEAR, comment="")
    else:
        Assignment.objects.update(lease_until=clock.now() - timedelta(seconds=1))
        assert leases.sweep_expired() == 1
    trainer = signed_in(project, Membership.Role.TRAINER)
    refused = trainer.post(f"/api/v1/projects/{project.slug}/claims/", {"kind": "ranking"})
    assert refused.json()["code"] == "no_task_available"
    assert Task.objects.get().slots.get().state == "withdrawn"


def test_an_answer_to_a_withdrawn_task_is_kept_and_brings_it_not_back(
    project: Project, manager: APIClient, flag: dict
) -> None:
    manager.post(f"/api/v1/flags/{flag['id']}/settlement/", {"outcome": "withdrawn"})
    held = Assignment.objects.select_related("rater__user").get()
    submit(held.rater.user, held, (0, 1, 2, 3))
    assert Task.objects.get().state == "withdrawn"
    assert Assignment.objects.get().state == "submitted"
