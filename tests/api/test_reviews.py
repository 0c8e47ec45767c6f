"""Reviewing demonstrations over the API: every verdict and what follows from it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from annotation.exceptions import NoTaskAvailable
from annotation.models import Assignment, Conversation, Message, PersonalDataFinding, Review, Task
from labelhub.accounts.models import AuditEvent, Project
from tests.writing import (
    DEMONSTRATION,
    REVIEW,
    Person,
    contents,
    conversation_of,
    dialogue,
    new_task,
    serving_project,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return serving_project()


@pytest.fixture
def trainer(project: Project) -> Person:
    return Person(project)


@pytest.fixture
def reviewer(project: Project) -> Person:
    return Person(project, "reviewer")


@pytest.fixture
def subject(trainer: Person) -> Conversation:
    return trainer.hand_in_new()


@pytest.fixture
def review(reviewer: Person, subject: Conversation) -> Assignment:
    return reviewer.claim(REVIEW)


def turns_of(conversation: Conversation) -> list[Message]:
    return list(conversation.messages.filter(is_live=True).order_by("position"))


class TestApproving:
    def test_an_approved_demonstration_trains_and_can_never_change(
        self, reviewer: Person, review: Assignment, subject: Conversation
    ) -> None:
        answer = reviewer.review(review, "approved")
        assert (answer.status_code, answer.json()) == (201, {"state": "submitted"})
        subject.refresh_from_db()
        assert subject.state == Conversation.State.APPROVED
        assert [turn.trainable for turn in turns_of(subject)] == [False, True]
        with pytest.raises(DatabaseError), transaction.atomic():
            subject.messages.update(is_live=False)
        event = AuditEvent.objects.get(verb="review")
        assert (event.actor, event.object_id) == (reviewer.member.user, str(subject.pk))
        assert event.details == {"verdict": "approved"}

    def test_a_reviewers_own_edits_make_it_a_fix(
        self, reviewer: Person, review: Assignment, subject: Conversation
    ) -> None:
        first, second = turns_of(subject)
        better = {"role": "assistant", "content": "A better answer."}
        saved = reviewer.save(review, [{"id": first.pk}, better])
        assert saved.status_code == 200
        assert reviewer.review(review, "approved").status_code == 201
        assert Review.objects.get().verdict == Review.Verdict.FIXED
        fixed = turns_of(subject)[1]
        assert (fixed.content, fixed.author) == ("A better answer.", reviewer.member.user.rater)
        assert fixed.trainable
        second.refresh_from_db()
        assert not second.is_live
        assert not second.trainable

    def test_what_a_reviewer_changed_who_gave_it_back_is_a_fix_too(
        self, reviewer: Person, review: Assignment, subject: Conversation
    ) -> None:
        first, _ = turns_of(subject)
        better = {"role": "assistant", "content": "A better answer."}
        assert reviewer.save(review, [{"id": first.pk}, better]).status_code == 200
        skipped = {"reason": "prefer_not", "comment": ""}
        assert reviewer.post(f"assignments/{review.pk}/skip/", skipped).status_code == 204
        other = Person(reviewer.project, "reviewer")
        assert other.review(other.claim(REVIEW), "approved").status_code == 201
        assert Review.objects.get().verdict == Review.Verdict.FIXED

    def test_turns_taken_away_are_a_fix_too(self, trainer: Person, reviewer: Person) -> None:
        assignment = trainer.take_new(DEMONSTRATION)
        trainer.save(assignment, dialogue(4))
        trainer.hand_in(assignment)
        review = reviewer.claim(REVIEW)
        page = reviewer.client.get(f"/api/v1/assignments/{review.pk}/").json()["conversation"]
        assert not page["fixed_in_review"]
        kept = [{"id": turn["id"]} for turn in page["messages"][:2]]
        assert reviewer.save(review, kept).json()["fixed_in_review"]
        assert reviewer.review(review, "approved").status_code == 201
        assert Review.objects.get().verdict == Review.Verdict.FIXED

    def test_what_its_author_handed_in_again_is_no_fix(
        self, trainer: Person, reviewer: Person, subject: Conversation, review: Assignment
    ) -> None:
        first, second = turns_of(subject)
        better = {"role": "assistant", "content": "A better answer."}
        reviewer.save(review, [{"id": first.pk}, better])
        reviewer.post(f"assignments/{review.pk}/skip/", {"reason": "prefer_not", "comment": ""})
        assignment = Assignment.objects.get(conversation=subject)
        written = [turn.content for turn in turns_of(subject)]
        assert trainer.post(f"assignments/{assignment.pk}/amend/", {}).status_code == 200
        # The reviewer's words are not put into their mouth.
        kept = [turn.content for turn in subject.messages.filter(is_live=True).order_by("position")]
        assert written[1] == better["content"]
        assert kept == [first.content, second.content]
        assert trainer.hand_in(assignment).status_code == 200
        assert reviewer.review(reviewer.claim(REVIEW), "approved").status_code == 201
        assert Review.objects.get().verdict == Review.Verdict.APPROVED

    def test_a_reviewer_is_warned_of_personal_data_in_their_own_words(
        self, trainer: Person, reviewer: Person
    ) -> None:
        theirs = [
            {"role": "user", "content": "Who knows?"},
            {"role": "assistant", "content": "Ada does."},
            {"role": "user", "content": "Where is she?"},
            {"role": "assistant", "content": "At ada@mail.org."},
        ]
        work = trainer.take_new(DEMONSTRATION)
        assert trainer.save(work, theirs).status_code == 200
        handed_in = {"key": str(uuid4()), "version": 1, "personal_data_confirmed": True}
        assert trainer.post(f"assignments/{work.pk}/demonstration/", handed_in).status_code == 200
        review = reviewer.claim(REVIEW)
        first = conversation_of(work).messages.get(position=0)
        fixed = [{"id": first.pk}, {"role": "assistant", "content": "Bob, bob@mail.org."}]
        assert reviewer.save(review, fixed + theirs[2:], version=1).status_code == 200
        refused = reviewer.review(review, "approved")
        assert (refused.status_code, refused.json()["code"]) == (409, "personal_data_found")
        # Not in what its author was warned of.
        assert list(refused.json()["fields"]) == ["turns.1"]
        confirmed = reviewer.review(review, "approved", personal_data_confirmed=True)
        assert confirmed.status_code == 201
        found = PersonalDataFinding.objects.order_by("pk").values_list(
            "message__content", flat=True
        )
        assert list(found) == ["At ada@mail.org.", "Bob, bob@mail.org."]

    def test_a_fix_must_leave_a_whole_dialogue(
        self, reviewer: Person, review: Assignment, subject: Conversation
    ) -> None:
        first, _ = turns_of(subject)
        reviewer.save(review, [{"id": first.pk}])
        answer = reviewer.review(review, "fixed")
        assert (answer.status_code, answer.json()["code"]) == (400, "must_end_with_assistant")

    def test_twice_is_once(self, reviewer: Person, review: Assignment) -> None:
        key = str(uuid4())
        for _ in range(2):
            assert reviewer.review(review, "approved", key=key).status_code == 201
        answer = reviewer.review(review, "rejected", key=key, comment="No.")
        assert (answer.status_code, answer.json()["code"]) == (
            409,
            "already_submitted_differently",
        )
        assert Review.objects.count() == 1

    def test_the_number_of_statements_does_not_grow_with_the_thread(
        self, trainer: Person, reviewer: Person
    ) -> None:
        counts = []
        for n_turns in (2, 30):
            assignment = trainer.take_new(DEMONSTRATION)
            trainer.save(assignment, dialogue(n_turns))
            trainer.hand_in(assignment)
            review = reviewer.claim(REVIEW)
            with CaptureQueriesContext(connection) as captured:
                assert reviewer.review(review, "approved").status_code == 201
            counts.append(len(captured))
        assert counts[0] == counts[1]


class TestReturning:
    def test_the_author_gets_it_back_with_what_was_said_and_writes_another_version(
        self, trainer: Person, reviewer: Person, review: Assignment, subject: Conversation
    ) -> None:
        last = turns_of(subject)[1]
        remarks = [{"message": last.pk, "text": "Say which stone."}]
        answer = reviewer.review(review, "returned", comment="Nearly.", comments=remarks)
        assert answer.status_code == 201
        subject.refresh_from_db()
        assert subject.state == Conversation.State.RETURNED
        with pytest.raises(NoTaskAvailable):
            Person(trainer.project).claim(DEMONSTRATION)
        redo = trainer.claim(DEMONSTRATION)
        assert redo.reason == Assignment.Reason.REDO
        page = trainer.client.get(f"/api/v1/assignments/{redo.pk}/").json()
        assert page["previous"]["comment"] == "Nearly."
        assert page["previous"]["comments"] == remarks
        assert page["previous"]["conversation"]["id"] == subject.pk
        assert [turn["content"] for turn in page["conversation"]["messages"]] == contents(redo)
        copy = Conversation.objects.get(assignment=redo)
        assert copy.revises == subject
        assert [turn.content for turn in turns_of(copy)] == [t.content for t in turns_of(subject)]
        assert not {turn.pk for turn in turns_of(copy)} & {turn.pk for turn in turns_of(subject)}

        first, _ = turns_of(copy)
        trainer.save(redo, [{"id": first.pk}, {"role": "assistant", "content": "Granite."}])
        Project.objects.update(review_first=0, review_share=0)
        assert trainer.hand_in(redo).json()["next"] == "review"
        again = reviewer.claim(REVIEW)
        seen = reviewer.client.get(f"/api/v1/assignments/{again.pk}/").json()
        assert seen["conversation"]["id"] == copy.pk
        assert seen["previous"]["comment"] == "Nearly."

    def test_of_several_the_one_that_is_asked_for_is_reworked(self) -> None:
        project = serving_project()
        trainer, reviewer = Person(project), Person(project, role="reviewer")
        came_back = [trainer.hand_in_new() for _ in range(2)]
        for _ in came_back:
            reviewer.review(reviewer.claim(REVIEW), "returned", comment="Nearly.")
        new_task(project, DEMONSTRATION)

        def rework(person: Person, subject: Conversation) -> Any:
            body = {"kind": "demonstration", "returned": subject.pk}
            return person.post(f"projects/{project.slug}/claims/", body)

        # The later one first; then the other, although one is held already; then the first again.
        first, second, again = [
            rework(trainer, subject) for subject in (came_back[1], came_back[0], came_back[1])
        ]
        revises = Conversation.objects.values_list("assignment", "revises")
        assert dict(revises.filter(assignment__in=[first.json()["id"], second.json()["id"]])) == {
            first.json()["id"]: came_back[1].pk,
            second.json()["id"]: came_back[0].pk,
        }
        assert again.json()["id"] == first.json()["id"]
        other = rework(Person(project), came_back[0])
        assert (other.status_code, other.json()["code"]) == (404, "no_task_available")

    def test_a_returned_version_comes_before_new_work(
        self, trainer: Person, reviewer: Person, review: Assignment, subject: Conversation
    ) -> None:
        for _ in range(3):
            trainer.hand_in_new()
        waiting = trainer.take_new(DEMONSTRATION)
        reviewer.review(review, "returned", comment="Nearly.")
        trainer.save(waiting, dialogue(2))
        trainer.hand_in(waiting)
        assert trainer.take_new(DEMONSTRATION).task.subject == subject

    def test_a_reviewers_words_in_an_earlier_version_make_no_fix_of_the_next(
        self, trainer: Person, reviewer: Person, review: Assignment, subject: Conversation
    ) -> None:
        first, _ = turns_of(subject)
        example = {"role": "assistant", "content": "Begin like this."}
        reviewer.save(review, [{"id": first.pk}, example])
        reviewer.review(review, "returned", comment="Go on from my first line.")
        redo = trainer.claim(DEMONSTRATION)
        assert contents(redo)[1] == "Begin like this."
        trainer.hand_in(redo)
        assert reviewer.review(reviewer.claim(REVIEW), "approved").status_code == 201
        assert Review.objects.order_by("-pk")[0].verdict == Review.Verdict.APPROVED

    @pytest.mark.parametrize("verdict", ["returned", "rejected"])
    def test_a_refusal_needs_a_reason(
        self, reviewer: Person, review: Assignment, subject: Conversation, verdict: str
    ) -> None:
        answer = reviewer.review(review, verdict, comment=" ")
        assert (answer.status_code, answer.json()["code"]) == (400, "say_why")
        remarks = [{"message": turns_of(subject)[0].pk, "text": "Not a question."}]
        assert reviewer.review(review, verdict, comments=remarks).status_code == 201

    def test_a_remark_on_anothers_turn_is_refused(
        self, trainer: Person, reviewer: Person, review: Assignment
    ) -> None:
        foreign = turns_of(trainer.hand_in_new())[0]
        remarks = [{"message": foreign.pk, "text": "Which?"}]
        answer = reviewer.review(review, "approved", comments=remarks)
        assert (answer.status_code, answer.json()["code"]) == (400, "unknown_message")
        assert list(answer.json()["fields"]) == ["comments.0.message"]


class TestRejecting:
    def test_after_a_rejection_the_next_ones_are_all_reviewed(
        self, trainer: Person, reviewer: Person, project: Project
    ) -> None:
        Project.objects.update(review_first=2, review_share=0)
        states = [trainer.hand_in_new().state for _ in range(3)]
        assert states == ["submitted", "submitted", "accepted_by_sampling"]
        reviewer.review(reviewer.claim(REVIEW), "rejected", comment="Copied from a book.")
        states = [trainer.hand_in_new().state for _ in range(3)]
        assert states == ["submitted", "submitted", "accepted_by_sampling"]
        rejected = Conversation.objects.get(state=Conversation.State.REJECTED)
        assert not rejected.messages.filter(trainable=True).exists()
        assert not Task.objects.filter(reserved_for=trainer.member.user.rater).exists()


class TestWhoReviews:
    def test_nobody_reviews_their_own(self, project: Project) -> None:
        both = Person(project, "reviewer")
        both.hand_in_new()
        with pytest.raises(NoTaskAvailable):
            both.claim(REVIEW)

    def test_anothers_review_is_not_there(
        self, project: Project, reviewer: Person, review: Assignment
    ) -> None:
        second = Person(project, "reviewer")
        for answer in (second.review(review, "approved"), second.save(review, [])):
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        demonstration = reviewer.take_new(DEMONSTRATION)
        assert reviewer.review(demonstration, "approved").status_code == 404

    def test_a_verdict_that_came_too_late_is_kept_for_its_reviewer(
        self, project: Project, reviewer: Person, review: Assignment
    ) -> None:
        review.slot.assignments.update(state=Assignment.State.EXPIRED)
        review.task.slots.update(state="open")
        second = Person(project, "reviewer")
        assert second.review(second.claim(REVIEW), "approved").status_code == 201
        answer = reviewer.review(review, "rejected", comment="No.")
        assert (answer.status_code, answer.json()["code"]) == (409, "lease_lost")
        review.refresh_from_db()
        assert review.kept_submission["comment"] == "No."
