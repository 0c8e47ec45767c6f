"""Claiming, seeing and submitting rankings, over the API."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotation.models import (
    Assignment,
    Candidate,
    Placement,
    Ranking,
    RatingSchema,
    Slot,
    Task,
)
from labelhub.accounts.models import Membership, Project
from tests.factories import (
    MembershipFactory,
    RatingSchemaFactory,
)
from tests.ranking_over_http import add_task, browser_of, claim, judgement, ranking_project, submit

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return ranking_project()


@pytest.fixture
def trainer(project: Project) -> Membership:
    return MembershipFactory(project=project)


def test_a_trainer_claims_sees_and_ranks(project: Project, trainer: Membership) -> None:
    comparison = add_task(project)
    browser = browser_of(trainer)
    assignment = claim(browser, project)

    shown = assignment["comparison"]
    assert shown["criterion"] == "overall"
    assert shown["criterion_text"].endswith("?")
    assert shown["context"] == comparison.context.messages
    assert [card["label"] for card in shown["candidates"]] == ["A", "B", "C", "D"]
    assert shown["rating"]["scale_max"] == 7
    assert [flag["key"] for flag in shown["rating"]["flags"]] == ["hallucination"]
    contents = {card["label"]: card["content"] for card in shown["candidates"]}

    body = judgement()
    answer = submit(browser, assignment, body)
    assert (answer.status_code, answer.json()) == (201, {"state": "submitted"})

    ranking = Ranking.objects.get()
    assert (ranking.comparison, ranking.rater) == (comparison, trainer.user.rater)
    assert (ranking.acceptable_tier, ranking.comment) == (2, "C invents a date. ")
    assert (ranking.reason, ranking.purpose, ranking.revision) == ("planned", "train", 1)
    assert not ranking.own_conversation
    assert ranking.rating_schema == RatingSchema.objects.get()
    stored = {
        row.candidate.content: (row.tier, row.rating, row.flags, row.open_milliseconds)
        for row in ranking.placements.select_related("candidate")
    }
    assert stored == {
        contents["B"]: (1, 7, [], 4100),
        contents["A"]: (2, 5, [], 5300),
        contents["D"]: (2, 5, [], 2000),
        contents["C"]: (3, 1, ["hallucination"], 900),
    }
    assert Slot.objects.get().state == Slot.State.ANSWERED
    assert Task.objects.get().state == Task.State.DONE

    again = submit(browser, assignment, body)
    assert (again.status_code, Ranking.objects.count()) == (201, 1)
    other = submit(browser, assignment, {**body, "comment": "Another one."})
    assert (other.status_code, other.json()["code"]) == (409, "already_submitted_differently")


def test_two_people_see_their_own_orders_and_letters_mean_their_own_candidates(
    project: Project,
) -> None:
    """What the first puts on top under one letter is stored as the same reply under the other's."""
    add_task(project, n_slots=8)
    orders = set()
    for _ in range(8):
        browser = browser_of(MembershipFactory(project=project))
        assignment = claim(browser, project)
        cards = assignment["comparison"]["candidates"]
        orders.add(tuple(card["content"] for card in cards))
        submit(
            browser,
            assignment,
            judgement(tiers=[["A"], ["B"], ["C"], ["D"]], flags={}, acceptable_tier=None),
        )
        ranking = Ranking.objects.order_by("-pk")[0]
        placed = ranking.placements.order_by("tier").values_list("candidate__content", flat=True)
        assert list(placed) == [card["content"] for card in cards]
    assert len(orders) > 2


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"tiers": [["A", "B"], ["C", "E"], ["D"]]}, "unknown_candidate"),
        ({"tiers": [[1], [2], [3], [4]]}, "unknown_candidate"),
        ({"open_milliseconds": {"A": 1, "B": 1, "C": 1, "D": 1, "E": 1}}, "unknown_candidate"),
        ({"ratings": {"E": 1}}, "unknown_candidate"),
        ({"flags": {"E": ["hallucination"]}}, "unknown_candidate"),
        ({"tiers": [["A"], ["B"], ["C"]]}, "candidate_missing"),
        ({"tiers": []}, "candidate_missing"),
        ({"tiers": [["A", "B"], ["C", "D", "A"]]}, "candidate_repeated"),
        ({"tiers": [["A", "A"], ["B"], ["C", "D"]]}, "candidate_repeated"),
        ({"tiers": [["A"], [], ["B", "C", "D"]]}, "empty_tier"),
        ({"open_milliseconds": {"A": 1, "B": 1, "C": 1}}, "not_opened"),
        ({"open_milliseconds": {"A": 1, "B": 1, "C": 1, "D": 0}}, "not_opened"),
        ({"acceptable_tier": 4}, "acceptable_tier_out_of_range"),
        ({"ratings": {"A": 8}}, "rating_out_of_scale"),
        ({"ratings": {"A": 0}}, "rating_out_of_scale"),
        ({"flags": {"A": ["typo"]}}, "unknown_flag"),
        ({"tiers": "ABCD"}, "invalid"),
        ({"tiers": None}, "invalid"),
        ({"tiers": ["A", "B", "C", "D"]}, "invalid"),
        ({"tiers": [[None]]}, "invalid"),
        ({"tiers": {"A": 1}}, "invalid"),
        ({"acceptable_tier": -1}, "invalid"),
        ({"acceptable_tier": "most"}, "invalid"),
        ({"ratings": {"A": 4.5}}, "invalid"),
        ({"ratings": [5]}, "invalid"),
        ({"flags": {"A": "hallucination"}}, "invalid"),
        ({"open_milliseconds": {"A": -1}}, "invalid"),
        ({"open_milliseconds": {"A": 2**31}}, "invalid"),
        ({"key": "mine"}, "invalid"),
        ({"comment": "x" * 20_001}, "invalid"),
        ({"cannot_judge": "perhaps"}, "invalid"),
        ({"rater": 7}, "invalid"),
        ({"ranks": {"A": 1, "B": 3}}, "invalid"),
        ({"strength": 4}, "invalid"),
        ({"strength": "much"}, "invalid"),
        ({"strength": 2}, "strength_not_asked"),
    ],
)
def test_a_ranking_that_contradicts_itself_is_refused_and_nothing_is_stored(
    project: Project, trainer: Membership, changes: dict[str, Any], code: str
) -> None:
    add_task(project)
    browser = browser_of(trainer)
    assignment = claim(browser, project)

    answer = submit(browser, assignment, judgement(**changes))
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert not Ranking.objects.exists()
    assert not Placement.objects.exists()
    assert Assignment.objects.get().state == Assignment.State.LEASED
    assert submit(browser, assignment, judgement()).status_code == 201


def test_a_better_reply_is_kept_and_is_not_one_of_the_candidates(
    project: Project, trainer: Membership
) -> None:
    add_task(project)
    browser = browser_of(trainer)
    assignment = claim(browser, project)
    copied = assignment["comparison"]["candidates"][0]["content"]

    answer = submit(browser, assignment, judgement(rewrite=copied))
    assert (answer.status_code, answer.json()["code"]) == (400, "rewrite_unchanged")
    answer = submit(browser, assignment, judgement(rewrite="Ask ▇▇▇ and wait."))
    assert (answer.status_code, answer.json()["code"]) == (400, "rewrite_masked")
    private = judgement(rewrite=f"{copied} Or ask ann@harbour-office.net.")
    answer = submit(browser, assignment, private)
    assert (answer.status_code, answer.json()["code"]) == (409, "personal_data_found")
    assert answer.json()["fields"] == {
        "rewrite": ["“ann@harbour-office.net” looks like an e-mail address."]
    }
    assert not Ranking.objects.exists()
    confirmed = private | {"personal_data_confirmed": True}
    assert submit(browser, assignment, confirmed).status_code == 201
    assert Ranking.objects.get().rewrite == f"{copied} Or ask ann@harbour-office.net."


def test_ratings_are_asked_for_where_the_schema_says_so(project: Project) -> None:
    RatingSchemaFactory(project=project, version=2, rating_required=True)
    add_task(project)
    browser = browser_of(MembershipFactory(project=project))
    assignment = claim(browser, project)

    answer = submit(browser, assignment, judgement(ratings={"A": 1, "B": 1, "C": 1}))
    assert (answer.status_code, answer.json()["code"]) == (400, "rating_missing")
    assert "D" in answer.json()["detail"]


def test_none_acceptable_keeps_its_order(project: Project, trainer: Membership) -> None:
    add_task(project)
    browser = browser_of(trainer)
    assert submit(browser, claim(browser, project), judgement(acceptable_tier=0)).status_code == 201
    ranking = Ranking.objects.get()
    assert (ranking.acceptable_tier, ranking.placements.count()) == (0, 4)


def test_cannot_judge_needs_nothing_read(project: Project, trainer: Membership) -> None:
    add_task(project)
    browser = browser_of(trainer)
    body = judgement(
        cannot_judge=True, tiers=[], ratings={}, flags={}, open_milliseconds={}, acceptable_tier=2
    )
    assert submit(browser, claim(browser, project), body).status_code == 201
    ranking = Ranking.objects.get()
    assert (ranking.cannot_judge, ranking.acceptable_tier) == (True, None)
    assert not ranking.placements.exists()


def test_anothers_ranking_is_not_there(project: Project, trainer: Membership) -> None:
    add_task(project)
    assignment = claim(browser_of(trainer), project)
    stranger = browser_of(MembershipFactory(project=project))

    answer = submit(stranger, assignment, judgement())
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    absent = submit(stranger, {"id": 10**9}, judgement())
    assert absent.json() == answer.json()


def test_a_claim_costs_five_statements_and_a_submit_seven(
    project: Project, trainer: Membership
) -> None:
    """Session and user, then claimant, claim, page; or sheet, lock, ranking, placements, close."""
    add_task(project)
    browser = browser_of(trainer)
    with CaptureQueriesContext(connection) as queries:
        assignment = claim(browser, project)
    assert len(statements_of(queries)) == 5, "\n".join(statements_of(queries))
    with CaptureQueriesContext(connection) as queries:
        assert submit(browser, assignment, judgement()).status_code == 201
    assert len(statements_of(queries)) == 7, "\n".join(statements_of(queries))


def statements_of(queries: CaptureQueriesContext) -> list[str]:
    """What was asked of the database; the test's own transaction turns a view's into a savepoint."""
    return [row["sql"] for row in queries if not re.match(r"(RELEASE )?SAVEPOINT", row["sql"])]


def test_each_slot_is_answered_by_another_person(project: Project) -> None:
    comparison = add_task(project, n_slots=2)
    for _ in range(2):
        browser = browser_of(MembershipFactory(project=project))
        assert submit(browser, claim(browser, project), judgement()).status_code == 201
    assert Ranking.objects.filter(comparison=comparison).count() == 2
    assert Task.objects.get().state == Task.State.DONE
    assert Candidate.objects.filter(comparison=comparison).count() == 4
