"""Figures over the API: for managers all of them, for each person their own, and one comparison whole."""

from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from annotation.models import ComparisonDigest, GoldItem, Ranking
from annotation.selectors.figures import figures_of
from annotation.selectors.judged import eras_of
from annotation.services import exams, figures
from labelhub import clock
from labelhub.accounts.models import Membership, Project, User
from sampling.models import Policy
from tests.candidates import begin, finish, generations_of
from tests.chats import CandidatePolicyFactory, GenerationFactory, end_generation
from tests.factories import (
    GuidelineFactory,
    MembershipFactory,
    PolicyFactory,
    ProjectFactory,
    RatingSchemaFactory,
)
from tests.known_items import GOOD, make_gold
from tests.ranking import claim_next, membership_of, people, queued, rank_next, submit

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return ProjectFactory(
        rankings_per_comparison=2, gold_share=0, retest_share=0, settle_splits=False
    )


@pytest.fixture
def manager(project: Project) -> User:
    return MembershipFactory(project=project, role=Membership.Role.MANAGER).user


def as_(user: User) -> APIClient:
    browser = APIClient()
    browser.force_login(user)
    return browser


def figures_seen_by(user: User, project: Project) -> dict:
    return as_(user).get(f"/api/v1/projects/{project.slug}/figures/").json()


def ranked_twice(project: Project, n: int, users: list[User]) -> None:
    """n comparisons of two, ranked alike but for every fifth one."""
    for number in range(n):
        queued(project, 2)
        for user, tiers in zip(users, ([1, 2], [2, 1] if number % 5 == 0 else [1, 2]), strict=True):
            submit(user, claim_next(user, project), tiers, follow_up=False)


def test_before_the_first_figures_there_are_none_and_asking_rings_a_worker(
    project: Project, manager: User, rung: list
) -> None:
    assert figures_seen_by(manager, project) == {"computed_at": None, "figures": None}
    assert as_(manager).post(f"/api/v1/projects/{project.slug}/figures/").status_code == 202


def test_a_manager_reads_agreement_with_its_interval_or_that_it_is_not_enough(
    project: Project, manager: User
) -> None:
    users = people(project, 2)
    ranked_twice(project, 29, users)
    figures.compute(project_id=project.pk)
    found = figures_seen_by(manager, project)["figures"]
    assert found["agreement"]["all"]["n_comparisons"] == 29
    assert found["agreement"]["all"]["same_order"] is None

    ranked_twice(project, 1, users)
    figures.compute(project_id=project.pk)
    body = figures_seen_by(manager, project)
    found = body["figures"]
    same = found["agreement"]["all"]["same_order"]
    assert same["value"] == pytest.approx(23 / 30)
    assert same["low"] < same["value"] < same["high"]
    assert found["reported"] == {"training": 0.726, "held_out": 0.773}
    assert [row["key"] for row in found["agreement"]["by_language"]] == ["en"]
    assert {row["name"] for row in found["raters"]} == {str(user) for user in users}
    (pair,) = found["rater_pairs"]
    assert {pair["rater_a"], pair["rater_b"]} == {str(user) for user in users}


def test_only_what_changed_is_read_again(project: Project, manager: User) -> None:
    users = people(project, 2)
    with clock.held_at(clock.now() - timedelta(hours=2)):
        ranked_twice(project, 2, users)
    with clock.held_at(clock.now() - timedelta(hours=1)):
        figures.compute(project_id=project.pk)
    before = dict(ComparisonDigest.objects.values_list("pk", "digested_at"))
    ranked_twice(project, 1, users)
    figures.compute(project_id=project.pk)
    after = dict(ComparisonDigest.objects.values_list("pk", "digested_at"))
    assert len(after) == 3
    assert {pk: after[pk] for pk in before} == before


def test_an_excluded_person_leaves_the_figures_and_comes_back(
    project: Project, manager: User
) -> None:
    users = people(project, 2)
    ranked_twice(project, 2, users)
    member = membership_of(users[1], project)
    for excluded_from, n_rankings in ((clock.now() - timedelta(days=1), 2), (None, 4)):
        member.excluded_from = excluded_from
        member.save()
        figures.compute(project_id=project.pk)
        assert figures_seen_by(manager, project)["figures"]["n_rankings"] == n_rankings


def test_rankings_under_a_breaking_guideline_do_not_meet_those_before(
    project: Project, manager: User
) -> None:
    """The same digests are read again, since what they rest on changed."""
    first, second = people(project, 2)
    GuidelineFactory(project=project, kind="ranking", version=1)
    queued(project, 2)
    rank_next(first, project, [1, 2])
    GuidelineFactory(project=project, kind="ranking", version=2)
    rank_next(second, project, [1, 2])
    figures.compute(project_id=project.pk)
    assert figures_seen_by(manager, project)["figures"]["agreement"]["all"]["n_comparisons"] == 1

    newer = GuidelineFactory(project=project, kind="ranking", version=3, breaking=True)
    for user in (first, second):
        as_(user).post(f"/api/v1/guidelines/{newer.pk}/acknowledgement/")
    queued(project, 2)
    rank_next(first, project, [1, 2])
    GuidelineFactory(project=project, kind="ranking", version=4)
    rank_next(second, project, [1, 2])
    figures.compute(project_id=project.pk)
    body = figures_seen_by(manager, project)["figures"]
    assert body["agreement"]["all"]["n_comparisons"] == 2
    (digest,) = ComparisonDigest.objects.order_by("-pk")[:1]
    assert digest.judged["eras"] == [1, 1]


def test_a_comparison_tells_what_people_find_by_the_newest_rules(
    project: Project, manager: User
) -> None:
    project.rankings_per_comparison = 3
    project.save()
    GuidelineFactory(project=project, kind="ranking", version=1)
    # Another purpose has rules of its own.
    GuidelineFactory(project=project, kind="ranking", purpose="eval", version=1, breaking=True)
    first, second, third = people(project, 3)
    task = queued(project, 2)
    rank_next(first, project, [2, 1])
    newer = GuidelineFactory(project=project, kind="ranking", version=2, breaking=True)
    for user in (second, third):
        as_(user).post(f"/api/v1/guidelines/{newer.pk}/acknowledgement/")
        rank_next(user, project, [1, 2])
    body = as_(manager).get(f"/api/v1/comparisons/{task.comparison_id}/").json()
    assert len(body["rankings"]) == 3
    assert (body["agreement"], body["split"]) == (1.0, False)
    assert body["consensus"] == [{"chosen": 0, "rejected": 1, "agreement": 1.0, "n_raters": 2}]
    assert [row["borda_place"] for row in body["candidates"]] == [1, 2]
    assert [era for _, era in sorted(eras_of(project=project).items())] == [0, 1, 1]


def test_what_is_no_planned_ranking_counts_nowhere(project: Project, manager: User) -> None:
    Project.objects.update(gold_share=1.0, settle_splits=True)
    make_gold(project)
    queued(project)
    first, second, third = people(project, 3)
    rank_next(first, project, [1, 2, 3, 4])
    rank_next(second, project, [4, 3, 2, 1])
    assert rank_next(first, project, GOOD).purpose == "gold"
    assert rank_next(third, project, GOOD).reason == "extra"
    unable = queued(project, 2)
    submit(third, claim_next(third, project), None)
    figures.compute(project_id=project.pk)
    found = figures_seen_by(manager, project)["figures"]
    assert (found["n_comparisons"], found["n_rankings"]) == (1, 2)
    assert not ComparisonDigest.objects.filter(comparison=unable.comparison).exists()
    by_name = {row["name"]: row for row in found["raters"]}
    assert by_name[str(first)]["gold"]["n"] == 1


def test_the_sweep_rings_for_projects_with_newer_rankings_only(
    project: Project, rung: list, django_capture_on_commit_callbacks
) -> None:
    def rings() -> int:
        with django_capture_on_commit_callbacks() as callbacks:
            figures.ring_stale()
        return len(callbacks)

    assert rings() == 0
    (user, other) = people(project, 2)
    queued(project)
    rank_next(user, project, GOOD)
    assert rings() == 1
    figures.compute(project_id=project.pk)
    assert rings() == 0
    rank_next(other, project, GOOD)
    assert rings() == 0
    with clock.held_at(clock.now() + timedelta(minutes=3)):
        assert rings() == 1


def test_two_policies_meet_on_held_out_prompts(project: Project, manager: User) -> None:
    old, new = PolicyFactory(name="old"), PolicyFactory(name="new")
    users = people(project, 2)
    for number in range(30):
        made = []
        for policy in (old, new):
            generation = GenerationFactory(project=project, policy=policy)
            made += end_generation(generation, f"Reply of {policy.name} to {number}.")
        task = queued(project, 0, purpose="eval")
        for index, completion in enumerate(made):
            task.comparison.candidates.create(
                project=project,
                index=index,
                origin="fresh",
                content=completion.text,
                completion=completion,
            )
        for user in users:
            submit(
                user, claim_next(user, project), [2, 1] if number % 3 else [1, 2], follow_up=False
            )
    figures.compute(project_id=project.pk)
    policies = figures_seen_by(manager, project)["figures"]["policies"]
    (rate,) = policies["rates"]
    assert (rate["policy_a"], rate["policy_b"]) == ("old", "new")
    assert rate["rate"]["value"] == pytest.approx(1 / 3)
    assert (rate["kinds"], rate["weighed"]) == ({"single": 30}, ["single"])
    assert [row["policy"] for row in policies["strengths"]] == ["old", "new"]

    # To be put first by the opposite question is no win, and it has not been asked of them.
    project.criterion = "least:harmlessness"
    project.save()
    figures.compute(project_id=project.pk)
    assert figures_seen_by(manager, project)["figures"]["policies"]["rates"] == []


def test_a_person_sees_their_own_figures_and_nobody_elses(project: Project, manager: User) -> None:
    users = people(project, 2)
    ranked_twice(project, 30, users)
    figures.compute(project_id=project.pk)
    one, other = users
    mine = as_(one).get(f"/api/v1/projects/{project.slug}/figures/mine/").json()
    assert mine["mine"]["name"] == str(one)
    assert mine["mine"]["agreed"]["value"] == pytest.approx(24 / 30)
    assert str(other) not in str(mine)
    refused = as_(one).get(f"/api/v1/projects/{project.slug}/figures/")
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")


def test_known_items_are_explained_during_training_only(project: Project) -> None:
    Project.objects.update(gold_share=1.0, training_rankings=2)
    for _ in range(2):
        make_gold(project, n_candidates=3)
    for _ in range(6):
        queued(project)
    (user,) = people(project, 1)
    for _ in range(6):
        rank_next(
            user, project, lambda assignment: [2, 1, *range(3, len(assignment.shown_order) + 1)]
        )
    assert Ranking.objects.filter(purpose="gold").count() == 2
    lessons = as_(user).get(f"/api/v1/projects/{project.slug}/figures/mine/").json()["lessons"]
    assert len(lessons) == 2
    (newest, _) = lessons
    assert (newest["n_pairs"], newest["n_right"]) == (3, 2)
    assert [pair["right"] for pair in newest["pairs"]] == [False, True, True]
    assert {pair["better"] for pair in newest["pairs"]} < {"A", "B", "C"}
    assert "The first is right." in newest["note"]

    make_gold(project, n_candidates=3)
    for _ in range(2):
        queued(project)
    for _ in range(3):
        rank_next(user, project, lambda assignment: list(range(1, len(assignment.shown_order) + 1)))
    assert Ranking.objects.filter(purpose="gold").count() == 3
    after = as_(user).get(f"/api/v1/projects/{project.slug}/figures/mine/").json()["lessons"]
    assert after == lessons


def test_an_exam_is_begun_and_followed(project: Project, manager: User) -> None:
    for _ in range(7):
        make_gold(project, use=GoldItem.Use.EXAM)
    exams.require(project=project, wanted=True, writing=False, actor=manager)
    (user,) = people(project, 1)
    browser = as_(user)
    path = f"/api/v1/projects/{project.slug}"
    assert browser.get(f"{path}/figures/mine/").json()["exam"]["state"] == "waiting"
    begun = browser.post(f"{path}/exam/")
    assert (begun.status_code, begun.json()["state"], begun.json()["n_items"]) == (
        201,
        "under_way",
        7,
    )
    assert browser.post(f"{path}/exam/").json()["code"] == "exam_under_way"
    for _ in range(7):
        rank_next(user, Project.objects.get(pk=project.pk), GOOD)
    exam = browser.get(f"{path}/figures/mine/").json()["exam"]
    assert exam == {
        "state": "passed",
        "n_items": 7,
        "n_answered": 7,
        "n_pairs": 42,
        "n_right": 42,
        "n_demonstrations": 0,
        "n_written": 0,
        "lowest_score": None,
    }


def test_a_comparison_is_shown_whole_with_every_ranking_side_by_side(
    project: Project, manager: User
) -> None:
    RatingSchemaFactory(project=project)
    task = queued(project, 3)
    first, second = people(project, 2)
    rank_next(first, project, [1, 2, 2])
    submit(
        second,
        claim_next(second, project),
        [1, 3, 2],
        ratings={0: 6, 1: 2},
        flags={1: ["hallucination"]},
    )
    body = as_(manager).get(f"/api/v1/comparisons/{task.comparison_id}/").json()
    assert [row["tiers"] for row in body["rankings"]] == [[1, 2, 2], [1, 3, 2]]
    assert [row["rater"] for row in body["rankings"]] == [str(first), str(second)]
    assert [row["ratings"] for row in body["rankings"]] == [[None] * 3, [6, 2, None]]
    assert [row["flags"] for row in body["rankings"]] == [[[]] * 3, [[], ["hallucination"], []]]
    assert {(row["strength"], row["rewrite"]) for row in body["rankings"]} == {(None, "")}
    assert (body["agreement"], body["split"], body["gold"]) == (1.0, False, None)
    assert body["question"].startswith("Which reply would you rather get")
    assert (body["direction"], body["language"]) == ("more", "en")
    assert [row["borda_place"] for row in body["candidates"]] == [1, 3, 2]
    assert body["candidates"][0]["strength"] > body["candidates"][2]["strength"]
    assert body["consensus"][0] == {"chosen": 0, "rejected": 1, "agreement": 1.0, "n_raters": 2}


def test_two_managers_make_a_known_answer(project: Project, manager: User) -> None:
    opinion = {"key": "opinion", "label": "Opinion", "help": "It takes a side."}
    RatingSchemaFactory(project=project, flags=[opinion])
    second = MembershipFactory(project=project, role=Membership.Role.MANAGER).user
    task = queued(project, 2)
    body = as_(manager).get(f"/api/v1/comparisons/{task.comparison_id}/").json()
    assert (body["asked_flags"], body["n_exam_pairs"]) == ([opinion], 0)
    a, b = (row["id"] for row in body["candidates"])
    path = f"/api/v1/comparisons/{task.comparison_id}/gold/"
    mark = {"use": "exam", "pairs": [[a, b]], "flags": {str(a): ["opinion"]}, "note": "See b."}
    assert as_(manager).post(path, mark).json() == {"gold": None}
    assert as_(manager).post(path, mark).json()["code"] == "already_marked"
    for person, has_marked in ((manager, True), (second, False)):
        body = as_(person).get(f"/api/v1/comparisons/{task.comparison_id}/").json()
        assert (body["marked_by_me"], body["n_gold_marks"]) == (has_marked, 1)
    assert as_(second).post(path, mark).json() == {"gold": "exam"}
    body = as_(manager).get(f"/api/v1/comparisons/{task.comparison_id}/").json()
    assert (body["gold"], body["n_exam_pairs"], body["n_gold_marks"]) == ("exam", 1, 2)
    item = GoldItem.objects.get()
    assert (item.pairs, item.flags) == ([[a, b]], {str(a): ["opinion"]})
    for wrong in ({"pairs": [[a, a]]}, {"pairs": [[a, 10**12]]}):
        refused = as_(second).post(path, {**mark, **wrong})
        assert (refused.status_code, refused.json()["code"]) == (400, "unknown_pair")
    refused = as_(second).post(path, {**mark, "flags": {str(a): ["rude"]}})
    assert (refused.status_code, refused.json()["code"]) == (400, "unknown_flag")
    for wrong in ({"pairs": []}, {"flags": {"x": []}}, {"use": "joke"}):
        refused = as_(second).post(path, {**mark, **wrong})
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid")


def test_what_policies_write_is_told_of_each(project: Project) -> None:
    serving = CandidatePolicyFactory(round__project=project)
    Project.objects.update(original_takes_part=False)
    Policy.objects.filter(pk=serving.policy_id).update(name="llama-9")
    project.refresh_from_db()
    comparison = begin(project)
    words = [f"word{n}" for n in range(60)]
    near = " ".join([*words[:-1], "end"])
    finish(generations_of(comparison)[0], " ".join(words), near, "I am llama-9.", "Short.")
    figures.compute(project_id=project.pk)
    assert figures_of(project=project)["figures"]["makers"] == [
        {"policy": "llama-9", "n": 4, "n_near": 1, "n_cut": 0, "n_named": 1}
    ]
