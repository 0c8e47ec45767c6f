"""The exam's writing half, and what a manager takes out of an exam, over the API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from rest_framework.test import APIClient

from annotation.exceptions import NoTaskAvailable
from annotation.models import (
    Assignment,
    Conversation,
    ExamResult,
    GoldItem,
    Message,
    Prompt,
    Ranking,
    Review,
    Task,
    TaskKind,
)
from annotation.services import flags, leases, prompts
from annotation.services.qualification import QUALIFIED, SITTING
from labelhub import clock
from labelhub.accounts.models import Membership, Project
from tests.known_items import GOOD, make_gold
from tests.factories import PromptFactory, RatingSchemaFactory
from tests.ranking import claim_next, queued, rank_next
from tests.writing import (
    DEMONSTRATION,
    REVIEW,
    Body,
    Person,
    conversation_of,
    dialogue,
    new_task,
    serving_project,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    """A project with what an exam needs: seven items of six pairs, and two sensitive prompts."""
    project = serving_project(gold_share=0, retest_share=0)
    RatingSchemaFactory(project=project)
    for _ in range(7):
        make_gold(project, use=GoldItem.Use.EXAM)
    for _ in range(2):
        PromptFactory(project=project, sensitivity=["violence"])
    PromptFactory(project=project)
    return project


@pytest.fixture
def manager(project: Project) -> Person:
    return Person(project, Membership.Role.MANAGER)


def ask(manager: Person, **settings: bool) -> Any:
    path = f"projects/{manager.project.slug}/comparison-settings/"
    return manager.patch(path, settings)


@pytest.fixture
def writing(project: Project, manager: Person) -> Project:
    """The project, asking for the exam with its writing half."""
    assert ask(manager, exam_required=True, exam_writing=True).status_code == 200
    return Project.objects.get(pk=project.pk)


def newcomer(project: Project, role: str = Membership.Role.TRAINER) -> Person:
    """Somebody who came after the exam was asked for, and does sensitive work."""
    person = Person(project, role)
    person.member.sensitivity_opt_ins = ["violence"]
    person.member.save()
    return person


def begin(person: Person) -> Any:
    return person.post(f"projects/{person.project.slug}/exam/", {})


def exam_of(person: Person) -> Body:
    path = f"/api/v1/projects/{person.project.slug}/figures/mine/"
    exam: Body = person.client.get(path).json()["exam"]
    return exam


def home_of(person: Person) -> Body:
    home: Body = person.client.get(f"/api/v1/projects/{person.project.slug}/home/").json()
    return home


def rank_all(person: Person) -> None:
    for _ in range(7):
        rank_next(person.member.user, person.project, GOOD)


def write_one(person: Person) -> Conversation:
    assignment = person.claim(DEMONSTRATION)
    assert person.save(assignment, dialogue(2)).status_code == 200
    assert person.hand_in(assignment).status_code == 200
    return conversation_of(assignment)


def score_all(reviewers: Sequence[Person], *scores: int) -> None:
    """The reviewers score one after the other, each their share of `scores`."""
    share = len(scores) // len(reviewers)
    for index, score in enumerate(scores):
        reviewer = reviewers[index // share]
        answer = reviewer.review(reviewer.claim(REVIEW), "scored", score=score)
        assert answer.status_code == 201, answer.json()


@pytest.fixture
def reviewers(writing: Project) -> tuple[Person, Person]:
    return newcomer(writing, "reviewer"), newcomer(writing, "reviewer")


class TestAsking:
    def test_writing_needs_sensitive_prompts(self, project: Project, manager: Person) -> None:
        Prompt.objects.filter(sensitivity=["violence"]).first().delete()
        refused = ask(manager, exam_required=True, exam_writing=True)
        assert (refused.status_code, refused.json()["code"]) == (409, "exam_lacks_prompts")
        assert not Project.objects.get(pk=project.pk).exam_required

    def test_only_who_passed_writes_where_writing_is_asked(
        self, project: Project, manager: Person
    ) -> None:
        """Who was here keeps their place; without the writing half everybody writes."""
        old = Person(project)
        for _ in range(3):
            new_task(project, DEMONSTRATION)
        ask(manager, exam_required=True)
        new = Person(project)
        new.claim(DEMONSTRATION)
        ask(manager, exam_writing=True)
        with pytest.raises(NoTaskAvailable):
            Person(project).claim(DEMONSTRATION)
        prompts.hand_out(
            project=project, actor=manager.member.user, kind=TaskKind.DEMONSTRATION, n=9
        )
        with pytest.raises(NoTaskAvailable):
            newcomer(project).claim(DEMONSTRATION)
        old.claim(DEMONSTRATION)
        ask(manager, exam_required=False)
        newcomer(project).claim(DEMONSTRATION)

    def test_a_newcomer_needs_prompts_that_may_be_given_to_them(self, writing: Project) -> None:
        shy = Person(writing)
        assert (exam_of(shy)["state"], exam_of(shy)["n_demonstrations"]) == ("waiting", 2)
        assert home_of(shy)["exam"] == "waiting"
        refused = begin(shy)
        assert (refused.status_code, refused.json()["code"]) == (409, "exam_lacks_prompts")
        assert "Languages and content" in refused.json()["detail"]
        assert not Task.objects.filter(purpose="exam").exists()


class TestWriting:
    def test_two_reviewers_who_give_six_and_seven_let_a_person_in(
        self, writing: Project, reviewers: tuple[Person, Person]
    ) -> None:
        queued(writing)
        person = newcomer(writing)
        assert begin(person).json()["n_demonstrations"] == 2
        rank_all(person)
        first = write_one(person)
        assert exam_of(person)["state"] == "under_way"
        write_one(person)
        with pytest.raises(NoTaskAvailable):
            person.claim(DEMONSTRATION)
        assert home_of(person)["exam"] == "under_way"
        score_all(reviewers[:1], 6, 7)
        assert ExamResult.objects.get().ended_at is None
        score_all(reviewers[1:], 7)
        assert SITTING in Membership.objects.get(pk=person.member.pk).skills
        score_all(reviewers[1:], 6)
        assert exam_of(person) == {
            "state": "passed",
            "n_items": 7,
            "n_answered": 7,
            "n_pairs": 42,
            "n_right": 42,
            "n_demonstrations": 2,
            "n_written": 2,
            "lowest_score": 6,
        }
        assert home_of(person)["exam"] == "passed"
        assert rank_next(person.member.user, writing, GOOD).purpose == "train"
        first.refresh_from_db()
        assert first.state == Conversation.State.SCORED
        assert not Message.objects.filter(trainable=True).exists()
        with pytest.raises(DatabaseError), transaction.atomic():
            first.messages.update(is_live=False)

    def test_one_five_is_too_little(
        self, writing: Project, reviewers: tuple[Person, Person]
    ) -> None:
        person = newcomer(writing)
        begin(person)
        for _ in range(2):
            write_one(person)
        score_all(reviewers, 7, 7, 5, 7)
        assert exam_of(person)["state"] == "under_way"
        rank_all(person)
        exam = exam_of(person)
        assert (exam["state"], exam["n_right"], exam["lowest_score"]) == ("failed", 42, 5)
        assert QUALIFIED not in Membership.objects.get(pk=person.member.pk).skills
        assert begin(person).json()["code"] == "exam_failed"

    def test_good_writing_makes_up_for_no_ranking(
        self, writing: Project, reviewers: tuple[Person, Person]
    ) -> None:
        person = newcomer(writing)
        begin(person)
        for _ in range(2):
            write_one(person)
        for _ in range(7):
            rank_next(person.member.user, writing, [4, 3, 2, 1])
        score_all(reviewers, 7, 7, 7, 7)
        assert (exam_of(person)["state"], exam_of(person)["lowest_score"]) == ("failed", 7)

    def test_one_that_is_skipped_fails(
        self, writing: Project, reviewers: tuple[Person, Person]
    ) -> None:
        person = newcomer(writing)
        begin(person)
        rank_all(person)
        write_one(person)
        assignment = person.claim(DEMONSTRATION)
        leases.skip(assignment=assignment, reason=Assignment.SkipReason.PREFER_NOT, comment="")
        score_all(reviewers, 7, 7)
        assert (exam_of(person)["state"], exam_of(person)["lowest_score"]) == ("failed", 0)

    def test_no_drafts_help_and_the_page_says_what_it_is(self, writing: Project) -> None:
        person = newcomer(writing)
        begin(person)
        assignment = person.claim(DEMONSTRATION)
        page = person.client.get(f"/api/v1/assignments/{assignment.pk}/").json()
        assert (page["is_scored"], page["drafts_allowed"]) == (True, False)
        refused = person.post(f"assignments/{assignment.pk}/drafts/", {"version": 0})
        assert refused.json()["code"] == "drafts_off"
        ranking = claim_next(person.member.user, writing)
        page = person.client.get(f"/api/v1/assignments/{ranking.pk}/").json()
        assert page["is_scored"] is False

    def test_other_prompts_come_the_next_time(
        self, writing: Project, reviewers: tuple[Person, Person]
    ) -> None:
        person = newcomer(writing)
        begin(person)
        met = {write_one(person).prompt for _ in range(2)}
        rank_all(person)
        score_all(reviewers, 1, 1, 1, 1)
        for _ in range(7):
            make_gold(writing, use=GoldItem.Use.EXAM)
        with clock.held_at(clock.now() + timedelta(days=8)):
            assert begin(person).json()["code"] == "exam_lacks_prompts"
            for _ in range(2):
                PromptFactory(project=writing, sensitivity=["violence"])
            assert begin(person).status_code == 201
        again = Task.objects.filter(kind=DEMONSTRATION, purpose="exam", state="open")
        assert not met & {task.prompt for task in again}

    def test_what_an_exam_made_of_a_prompt_is_no_data(
        self, writing: Project, manager: Person, reviewers: tuple[Person, Person]
    ) -> None:
        """The prompt can still be handed out, counts towards no quota, and no row is made of it."""
        person = newcomer(writing)
        begin(person)
        for _ in range(2):
            write_one(person)
        score_all(reviewers, 7, 7, 7, 7)
        given = prompts.hand_out(
            project=writing, actor=manager.member.user, kind=TaskKind.DEMONSTRATION, n=9
        )
        assert given.n_made == 3
        preview = manager.post(
            f"projects/{writing.slug}/exports/preview/", {"kind": "sft", "format": "messages"}
        )
        assert preview.json()["n_rows"] == 0


class TestScoring:
    @pytest.fixture
    def review(self, writing: Project, reviewers: tuple[Person, Person]) -> Assignment:
        person = newcomer(writing)
        begin(person)
        write_one(person)
        return reviewers[0].claim(REVIEW)

    @pytest.mark.parametrize(
        ("verdict", "score", "status", "code"),
        [
            ("approved", None, 400, "score_asked"),
            ("rejected", 3, 400, "score_asked"),
            ("scored", None, 400, "score_asked"),
            ("scored", 0, 400, "invalid"),
            ("scored", 8, 400, "invalid"),
            ("scored", "six", 400, "invalid"),
        ],
    )
    def test_an_exam_gets_a_score_and_nothing_else(
        self,
        reviewers: tuple[Person, Person],
        review: Assignment,
        verdict: str,
        score: object,
        status: int,
        code: str,
    ) -> None:
        refused = reviewers[0].review(review, verdict, score=score, comment="Why.")
        assert (refused.status_code, refused.json()["code"]) == (status, code)
        assert not Review.objects.exists()

    def test_it_is_scored_as_it_was_written(
        self, reviewers: tuple[Person, Person], review: Assignment
    ) -> None:
        refused = reviewers[0].save(review, dialogue(4))
        assert (refused.status_code, refused.json()["code"]) == (409, "scored_as_written")

    def test_the_same_score_twice_is_one(
        self, reviewers: tuple[Person, Person], review: Assignment
    ) -> None:
        key = "1b4e28ba-2fa1-11d2-883f-0016d3cca427"
        for _ in range(2):
            assert reviewers[0].review(review, "scored", score=6, key=key).status_code == 201
        other = reviewers[0].review(review, "scored", score=7, key=key)
        assert other.json()["code"] == "already_submitted_differently"
        assert Review.objects.get().score == 6

    def test_each_scores_alone(
        self, reviewers: tuple[Person, Person], review: Assignment, writing: Project
    ) -> None:
        """The second page holds nothing of what the first one said, and its writer scores nothing."""
        reviewers[0].review(review, "scored", score=2, comment="Weak ending.")
        second = reviewers[1].claim(REVIEW)
        page = reviewers[1].client.get(f"/api/v1/assignments/{second.pk}/")
        assert page.json()["is_scored"] is True
        assert b"Weak ending" not in page.content
        with pytest.raises(NoTaskAvailable):
            reviewers[0].claim(REVIEW)

    def test_its_writer_reads_the_score(
        self, reviewers: tuple[Person, Person], review: Assignment
    ) -> None:
        reviewers[0].review(review, "scored", score=4, comment="Say why.")
        conversation = conversation_of(review)
        browser = APIClient()
        browser.force_login(conversation.author.user)
        page = browser.get(f"/api/v1/conversations/{conversation.pk}/").json()
        said = page["versions"][0]["review"]
        assert (said["verdict"], said["score"], said["comment"]) == ("scored", 4, "Say why.")

    def test_other_demonstrations_get_no_score(
        self, writing: Project, reviewers: tuple[Person, Person]
    ) -> None:
        Project.objects.update(exam_required=False)
        trainer = Person(writing)
        trainer.hand_in_new()
        task = reviewers[0].claim(REVIEW)
        for verdict, score in (("scored", 6), ("approved", 6)):
            refused = reviewers[0].review(task, verdict, score=score)
            assert (refused.status_code, refused.json()["code"]) == (400, "score_not_asked")

    @pytest.mark.parametrize(
        ("verdict", "score"), [("scored", None), ("scored", 0), ("scored", 8), ("approved", 6)]
    )
    def test_the_database_keeps_scores_and_verdicts_together(
        self, review: Assignment, verdict: str, score: int | None
    ) -> None:
        with pytest.raises(DatabaseError, match="score_iff_scored"), transaction.atomic():
            Review.objects.create(
                project=review.project,
                assignment=review,
                conversation=conversation_of(review),
                rater=review.rater,
                verdict=verdict,
                score=score,
                created_at=clock.now(),
            )


class TestTakenOut:
    """What a manager takes out of an exam counts neither way, and keeps nobody waiting."""

    def flag(self, person: Person, assignment: Assignment, manager: Person) -> None:
        flag = flags.raise_flag(assignment=assignment, text="It is broken.")
        settled = manager.post(f"flags/{flag.pk}/settlement/", {"outcome": "withdrawn"})
        assert settled.status_code == 204

    def test_the_last_item_of_an_exam(self, project: Project, manager: Person) -> None:
        make_gold(project, use=GoldItem.Use.EXAM)
        ask(manager, exam_required=True)
        person = newcomer(project)
        begin(person)
        rank_all(person)
        assert exam_of(person)["state"] == "under_way"
        self.flag(person, claim_next(person.member.user, project), manager)
        exam = exam_of(person)
        assert (exam["state"], exam["n_pairs"], exam["n_right"]) == ("passed", 42, 42)
        # It is over: what was left in hand is for nobody.
        assert Task.objects.get(state="withdrawn").settled_at is not None
        assert Ranking.objects.count() == 7

    def test_too_little_is_left_to_tell(self, project: Project, manager: Person) -> None:
        ask(manager, exam_required=True)
        person = newcomer(project)
        begin(person)
        self.flag(person, claim_next(person.member.user, project), manager)
        for _ in range(6):
            rank_next(person.member.user, project, GOOD)
        exam = exam_of(person)
        assert (exam["state"], exam["n_pairs"], exam["n_right"]) == ("unjudged", 36, 36)
        for _ in range(7):
            make_gold(project, use=GoldItem.Use.EXAM)
        assert begin(person).status_code == 201

    def test_a_demonstration(
        self, writing: Project, manager: Person, reviewers: tuple[Person, Person]
    ) -> None:
        person = newcomer(writing)
        begin(person)
        rank_all(person)
        write_one(person)
        score_all(reviewers, 7, 7)
        assert exam_of(person)["state"] == "under_way"
        self.flag(person, person.claim(DEMONSTRATION), manager)
        assert exam_of(person)["state"] == "unjudged"

    @pytest.mark.parametrize("how", ["flag", "skips"])
    def test_the_scoring_of_a_demonstration(
        self, writing: Project, manager: Person, reviewers: tuple[Person, Person], how: str
    ) -> None:
        person = newcomer(writing)
        begin(person)
        rank_all(person)
        write_one(person)
        score_all(reviewers, 7, 7)
        write_one(person)
        assert exam_of(person)["state"] == "under_way"
        if how == "flag":
            self.flag(reviewers[0], reviewers[0].claim(REVIEW), manager)
        else:
            for reviewer in reviewers:
                leases.skip(
                    assignment=reviewer.claim(REVIEW),
                    reason=Assignment.SkipReason.BROKEN,
                    comment="",
                )
            assert exam_of(person)["state"] == "under_way"
            task = Task.objects.get(kind=REVIEW, state="withdrawn")
            assert manager.post(f"tasks/{task.pk}/drop/", {}).status_code == 204
        assert exam_of(person)["state"] == "unjudged"
