"""The exam's writing half, over the API: who has to write, and what lets them in."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from annotation.exceptions import NoTaskAvailable
from annotation.models import (
    Assignment,
    Conversation,
    ExamResult,
    GoldItem,
    Message,
    Prompt,
    Task,
    TaskKind,
)
from annotation.services import leases, prompts
from annotation.services.qualification import QUALIFIED, SITTING
from labelhub import clock
from labelhub.accounts.models import Membership, Project
from tests.factories import PromptFactory
from tests.known_items import GOOD, make_gold
from tests.ranking import claim_next, queued, rank_next
from tests.sitting import (
    ask,
    begin,
    exam_of,
    examined_project,
    home_of,
    newcomer,
    rank_all,
    score_all,
    write_one,
)
from tests.writing import DEMONSTRATION, Person, new_task

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return examined_project()


@pytest.fixture
def manager(project: Project) -> Person:
    return Person(project, Membership.Role.MANAGER)


@pytest.fixture
def writing(project: Project, manager: Person) -> Project:
    """The project, asking for the exam with its writing half."""
    assert ask(manager, exam_required=True, exam_writing=True).status_code == 200
    return Project.objects.get(pk=project.pk)


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
