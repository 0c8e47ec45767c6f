"""Claiming, seeing and submitting rankings, over the API."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from annotation.models import (
    Assignment,
    Candidate,
    Comparison,
    Placement,
    Ranking,
    RatingSchema,
    Slot,
    Task,
    TaskKind,
)
from annotation.services import candidates, picks, tasks
from labelhub.accounts.models import Membership, Project
from sampling.models import Generation
from tests.chats import CandidatePolicyFactory, end_generation, finished_chat
from tests.factories import (
    MembershipFactory,
    ProjectFactory,
    RatingSchemaFactory,
    RoundFactory,
    ready_comparison,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    project = ProjectFactory()
    RoundFactory(project=project)
    RatingSchemaFactory(project=project)
    return project


@pytest.fixture
def trainer(project: Project) -> Membership:
    return MembershipFactory(project=project)


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
    assert submit(browser, assignment, judgement(rewrite=f"{copied} And why.")).status_code == 201
    assert Ranking.objects.get().rewrite == f"{copied} And why."


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


# --- Blindness ------------------------------------------------------------------------------------


def sampled_comparison(project: Project) -> Comparison:
    """A comparison made the whole way: one original, three fresh candidates."""
    finished_chat(project, "The picked original reply.")
    (comparison,) = picks.pick_comparisons(project=project, n_wanted=1, seed=1).begun
    candidates.request_candidates(comparison_id=comparison.pk)
    generation = Generation.objects.get(candidate_sampling__comparison=comparison)
    end_generation(generation, "A fresh reply.", "Fresh as well.", "And another one.")
    candidates.candidates_ended(generation_id=generation.pk)
    comparison.refresh_from_db()
    return comparison


def test_no_byte_a_rater_receives_tells_where_a_candidate_came_from(project: Project) -> None:
    policy = CandidatePolicyFactory(
        round=project.rounds.get(), policy__name="secret-policy-name"
    ).policy
    comparison = sampled_comparison(project)
    rater = browser_of(MembershipFactory(project=project))
    claimed = rater.post(f"/api/v1/projects/{project.slug}/claims/", {"kind": "ranking"})
    assignment = claimed.json()
    seen = [claimed, rater.get(f"/api/v1/assignments/{assignment['id']}/")]
    beaten = rater.post(f"/api/v1/assignments/{assignment['id']}/beat/", {})
    refused = submit(rater, assignment, judgement(tiers=[]))
    submitted = submit(rater, assignment, judgement(ratings={}, flags={}))
    assert submitted.status_code == 201
    after = rater.get(f"/api/v1/assignments/{assignment['id']}/")

    for answer in [*seen, beaten, refused, submitted, after]:
        text = answer.content.decode() + str(dict(answer.headers))
        for word in (policy.name, policy.source, "original", "fresh", "imported", "completion"):
            # "original" and "fresh" stand in this test's own replies, which are meant to be read.
            found = text.lower().count(word)
            meant = sum(row.content.lower().count(word) for row in comparison.candidates.all())
            assert found <= meant, (word, answer.request["PATH_INFO"])
    for answer in seen:
        body = answer.json()["comparison"]
        assert body.keys() == {
            "criterion",
            "criterion_text",
            "direction",
            "context",
            "candidates",
            "rating",
        }
        assert all(card.keys() == {"label", "content"} for card in body["candidates"])
        # Nothing in the comparison is a number but the scale's two ends.
        assert sorted(numbers_in(body)) == [1, 7]


def numbers_in(value: Any) -> list[float]:
    """Every number of a JSON value, however deep."""
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return [number for item in inner for number in numbers_in(item)]
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else []


def test_raters_cannot_see_candidates_generations(project: Project) -> None:
    CandidatePolicyFactory(round=project.rounds.get())
    comparison = sampled_comparison(project)
    generation = Generation.objects.get(candidate_sampling__comparison=comparison)
    rater = browser_of(MembershipFactory(project=project))
    claim(rater, project)
    assert rater.get(f"/api/v1/generations/{generation.pk}/").status_code == 404


def test_nobody_ranks_their_own_chat(project: Project) -> None:
    CandidatePolicyFactory(round=project.rounds.get())
    comparison = sampled_comparison(project)
    author = MembershipFactory(project=project, user=comparison.conversation.author.user)
    answer = browser_of(author).post(
        f"/api/v1/projects/{project.slug}/claims/", {"kind": "ranking"}
    )
    assert (answer.status_code, answer.json()["code"]) == (404, "no_task_available")


def test_where_a_team_may_rank_its_own_the_row_is_marked(project: Project) -> None:
    Project.objects.update(allow_own_conversations=True)
    CandidatePolicyFactory(round=project.rounds.get())
    comparison = sampled_comparison(Project.objects.get(pk=project.pk))
    author = MembershipFactory(project=project, user=comparison.conversation.author.user)
    browser = browser_of(author)
    answer = submit(browser, claim(browser, project), judgement())
    assert answer.status_code == 201
    assert Ranking.objects.get().own_conversation


def test_each_slot_is_answered_by_another_person(project: Project) -> None:
    comparison = add_task(project, n_slots=2)
    for _ in range(2):
        browser = browser_of(MembershipFactory(project=project))
        assert submit(browser, claim(browser, project), judgement()).status_code == 201
    assert Ranking.objects.filter(comparison=comparison).count() == 2
    assert Task.objects.get().state == Task.State.DONE
    assert Candidate.objects.filter(comparison=comparison).count() == 4
