"""What a rater is shown tells nothing of where a candidate came from, and nobody ranks their own."""

from typing import Any

import pytest

from annotation.models import (
    Comparison,
    Ranking,
)
from annotation.services import candidates, picks
from labelhub.accounts.models import Project
from sampling.models import Generation
from tests.chats import CandidatePolicyFactory, end_generation, finished_chat
from tests.factories import (
    MembershipFactory,
)
from tests.ranking_over_http import browser_of, claim, judgement, ranking_project, submit

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return ranking_project()


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
