"""What a project asks beside the order: publishing it, and rankings that were begun under the one before."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from annotation.models import Assignment, Ranking, RatingSchema
from labelhub import clock
from labelhub.accounts.models import AuditEvent, Membership, Project
from tests.factories import MembershipFactory, ProjectFactory, RatingSchemaFactory
from tests.ranking import queued

pytestmark = pytest.mark.django_db

RUDE = {"key": "rude", "label": "Rude", "help": "It insults."}


@pytest.fixture
def project() -> Project:
    """Version 1 asks for ratings from 1 to 7 and for the flag hallucination."""
    project = ProjectFactory(gold_share=0, retest_share=0)
    RatingSchemaFactory(project=project)
    return project


@pytest.fixture
def manager(project: Project) -> APIClient:
    return browser_of(MembershipFactory(project=project, role=Membership.Role.MANAGER))


def browser_of(member: Membership) -> APIClient:
    browser = APIClient()
    browser.force_login(member.user)
    return browser


def path_of(project: Project) -> str:
    return f"/api/v1/projects/{project.slug}/rating-schemas/"


def asked(**changes: Any) -> dict[str, Any]:
    return {
        "scale_min": 1,
        "scale_max": 5,
        "rating_required": True,
        "rating_help": "5 is best.",
        "flow": "rate-then-order",
        "strength": "four-grades",
        "flags": [RUDE],
        "replaces": 1,
        **changes,
    }


def begin_ranking(project: Project, browser: APIClient) -> dict[str, Any]:
    answer = browser.post(f"/api/v1/projects/{project.slug}/claims/", {"kind": "ranking"})
    assert answer.status_code == 200, answer.content
    return answer.json()


def judgement(**changes: Any) -> dict[str, Any]:
    return {
        "key": str(uuid4()),
        "tiers": [["A"], ["B"], ["C"]],
        "open_milliseconds": {"A": 1, "B": 1, "C": 1},
        **changes,
    }


def test_a_manager_publishes_the_next_version(project: Project, manager: APIClient) -> None:
    answer = manager.post(path_of(project), asked())
    assert answer.status_code == 201, answer.content
    versions = answer.json()["versions"]
    assert [row["version"] for row in versions] == [2, 1]
    assert versions[0] | {"replaces": 1, "created_at": ""} == asked(version=2, created_at="")
    assert manager.get(path_of(project)).json() == answer.json()
    assert AuditEvent.objects.filter(verb="rating schema", project=project).count() == 1


def test_whoever_holds_a_ranking_finishes_it_by_the_version_they_began_it_with(
    project: Project, manager: APIClient
) -> None:
    queued(project, 3)
    queued(project, 3)
    trainer = browser_of(MembershipFactory(project=project))
    begun = begin_ranking(project, trainer)
    trainer.put(
        f"/api/v1/assignments/{begun['id']}/autosaves/0/",
        {"version": 0, "payload": {"ratings": {"A": 7}}},
    )

    shown = manager.post(path_of(project), asked()).json()
    assert shown["n_held_under_earlier"] == 1

    # The page that is opened again, and one whose lease ran out meanwhile, ask what was asked before.
    again = trainer.get(f"/api/v1/assignments/{begun['id']}/").json()
    assert again["comparison"]["rating"] == begun["comparison"]["rating"]
    with clock.held_at(clock.now() + timedelta(days=1)):
        revived = begin_ranking(project, trainer)
        assert revived["comparison"]["rating"]["flags"][0]["key"] == "hallucination"
        assert revived["autosaves"][0]["payload"] == {"ratings": {"A": 7}}
        answer = trainer.post(
            f"/api/v1/assignments/{revived['id']}/ranking/",
            judgement(ratings={"A": 7}, flags={"B": ["hallucination"]}),
        )
        assert answer.status_code == 201, answer.content
        assert Ranking.objects.get().rating_schema == RatingSchema.objects.get(version=1)
        assert manager.get(path_of(project)).json()["n_held_under_earlier"] == 0

        fresh = begin_ranking(project, trainer)
        assert fresh["comparison"]["rating"]["scale_max"] == 5
        refused = trainer.post(
            f"/api/v1/assignments/{fresh['id']}/ranking/",
            judgement(ratings={"A": 7, "B": 1, "C": 1}),
        )
        assert (refused.status_code, refused.json()["code"]) == (400, "rating_out_of_scale")
    assert Assignment.objects.get(pk=fresh["id"]).rating_schema.version == 2


def test_a_version_made_from_an_older_one_is_refused(project: Project, manager: APIClient) -> None:
    manager.post(path_of(project), asked())
    answer = manager.post(path_of(project), asked(flags=[]))
    assert (answer.status_code, answer.json()["code"]) == (409, "stale_version")
    assert RatingSchema.objects.count() == 2
    none = ProjectFactory()
    first = browser_of(MembershipFactory(project=none, role=Membership.Role.MANAGER))
    assert first.get(path_of(none)).json() == {"versions": [], "n_held_under_earlier": 0}
    assert first.post(path_of(none), asked(replaces=0)).status_code == 201


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"scale_max": 1}, "scale_max"),
        ({"scale_max": 11}, "scale_max"),
        ({"scale_min": -1}, "scale_min"),
        ({"rating_required": False}, "rating_required"),
        ({"flow": "sideways"}, "flow"),
        ({"strength": None}, "strength"),
        ({"flags": [RUDE, RUDE]}, "flags"),
        ({"flags": [RUDE | {"key": "Not so"}]}, "flags.0.key"),
        ({"flags": [RUDE | {"label": ""}]}, "flags.0.label"),
        ({"flags": [{"key": "rude", "help": ""}]}, "flags.0.label"),
        ({"flags": "rude"}, "flags.non_field_errors"),
        ({"rating_help": "x" * 501}, "rating_help"),
    ],
)
def test_what_contradicts_itself_is_refused_by_name_and_nothing_is_published(
    project: Project, manager: APIClient, changes: dict[str, Any], field: str
) -> None:
    answer = manager.post(path_of(project), asked(**changes))
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert list(answer.json()["fields"]) == [field]
    assert RatingSchema.objects.count() == 1
