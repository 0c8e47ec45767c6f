"""Of two candidates, how much better the one is."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from annotation.models import (
    Assignment,
    Ranking,
    RatingSchema,
    TaskKind,
)
from annotation.services import tasks
from labelhub.accounts.models import Project
from tests.factories import (
    MembershipFactory,
    RatingSchemaFactory,
    ready_comparison,
)
from tests.ranking_over_http import browser_of, claim, judgement, ranking_project, submit

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return ranking_project()


FOUR, SEVEN = RatingSchema.Strength.FOUR_GRADES, RatingSchema.Strength.MINUS_3_TO_3


def pair_task(project: Project, strength: str) -> tuple[APIClient, dict[str, Any], list[int]]:
    """A claimed comparison of two: its browser, the assignment, the candidates' shown order."""
    RatingSchemaFactory(project=project, version=2, strength=strength)
    comparison = ready_comparison(project, n_candidates=2)
    tasks.add_tasks(
        tasks=[tasks.NewTask(project=project, kind=TaskKind.RANKING, comparison=comparison)]
    )
    browser = browser_of(MembershipFactory(project=project))
    assignment = claim(browser, project)
    assert assignment["comparison"]["rating"]["strength"] == strength
    return browser, assignment, Assignment.objects.get(pk=assignment["id"]).shown_order


def pair_judgement(**changes: Any) -> dict[str, Any]:
    return judgement(
        **{
            "tiers": [["A"], ["B"]],
            "acceptable_tier": None,
            "ratings": {},
            "flags": {},
            "open_milliseconds": {"A": 1, "B": 1},
            **changes,
        }
    )


@pytest.mark.parametrize("grade", [0, 1, 2, 3])
def test_of_two_one_is_better_in_four_grades(project: Project, grade: int) -> None:
    browser, assignment, _ = pair_task(project, FOUR)
    assert submit(browser, assignment, pair_judgement(strength=grade)).status_code == 201
    ranking = Ranking.objects.get()
    assert (ranking.strength_grade, ranking.strength_scale) == (grade, "four-grades")


@pytest.mark.parametrize("better", ["A", "B"])
def test_minus_3_to_3_counts_from_the_candidates_own_order_not_from_the_pages(
    project: Project, better: str
) -> None:
    browser, assignment, shown_order = pair_task(project, SEVEN)
    worse = "B" if better == "A" else "A"
    body = pair_judgement(tiers=[[better], [worse]], strength=2)
    assert submit(browser, assignment, body).status_code == 201
    first_is_better = shown_order["AB".index(better)] == 0
    assert Ranking.objects.get().strength_grade == (-2 if first_is_better else 2)


def test_equal_is_strength_0(project: Project) -> None:
    browser, assignment, _ = pair_task(project, SEVEN)
    body = pair_judgement(tiers=[["A", "B"]], strength=0)
    assert submit(browser, assignment, body).status_code == 201
    assert Ranking.objects.get().strength_grade == 0


@pytest.mark.parametrize(
    ("scale", "changes", "code"),
    [
        (FOUR, {}, "strength_missing"),
        (FOUR, {"tiers": [["A", "B"]], "strength": 0}, "strength_contradicts_order"),
        (SEVEN, {}, "strength_missing"),
        (SEVEN, {"strength": 0}, "strength_contradicts_order"),
        (SEVEN, {"tiers": [["A", "B"]], "strength": 1}, "strength_contradicts_order"),
    ],
)
def test_a_strength_at_odds_with_the_order_is_refused(
    project: Project, scale: str, changes: dict[str, Any], code: str
) -> None:
    browser, assignment, _ = pair_task(project, scale)
    answer = submit(browser, assignment, pair_judgement(**changes))
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert not Ranking.objects.exists()
