"""Claiming and submitting rankings over the API, as a trainer's page does."""

from typing import Any
from uuid import uuid4

from rest_framework.test import APIClient

from annotation.models import (
    Comparison,
    TaskKind,
)
from annotation.services import tasks
from labelhub.accounts.models import Membership, Project
from tests.factories import (
    ProjectFactory,
    RatingSchemaFactory,
    RoundFactory,
    ready_comparison,
)


def ranking_project() -> Project:
    """An open round, and ratings from 1 to 7 with the flag hallucination."""
    project = ProjectFactory()
    RoundFactory(project=project)
    RatingSchemaFactory(project=project)
    return project


def browser_of(member: Membership) -> APIClient:
    browser = APIClient()
    browser.force_login(member.user)
    return browser


def add_task(project: Project, **fields: Any) -> Comparison:
    comparison = ready_comparison(project)
    tasks.add_tasks(
        tasks=[
            tasks.NewTask(project=project, kind=TaskKind.RANKING, comparison=comparison, **fields)
        ]
    )
    return comparison


def claim(browser: APIClient, project: Project) -> dict[str, Any]:
    answer = browser.post(f"/api/v1/projects/{project.slug}/claims/", {"kind": "ranking"})
    assert answer.status_code == 200, answer.content
    return answer.json()


def judgement(**changes: Any) -> dict[str, Any]:
    return {
        "key": str(uuid4()),
        "cannot_judge": False,
        "tiers": [["B"], ["A", "D"], ["C"]],
        "acceptable_tier": 2,
        "ratings": {"A": 5, "B": 7, "C": 1, "D": 5},
        "flags": {"C": ["hallucination"]},
        "comment": "C invents a date. ",
        "rewrite": "",
        "open_milliseconds": {"A": 5300, "B": 4100, "C": 900, "D": 2000},
        **changes,
    }


def submit(browser: APIClient, assignment: dict[str, Any], body: dict[str, Any]) -> Any:
    return browser.post(f"/api/v1/assignments/{assignment['id']}/ranking/", body)
