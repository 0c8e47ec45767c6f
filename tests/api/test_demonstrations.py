"""Demonstrations over the API: opening them and handing them in."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from annotation.models import (
    Assignment,
    Conversation,
    Message,
    PersonalDataFinding,
    Prompt,
    Task,
)
from tests.factories import ImportRunFactory, PromptFactory
from tests.writing import (
    DEMONSTRATION,
    Person,
    contents,
    conversation_of,
    dialogue,
    drafts_for,
    serving_project,
    set_project,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def trainer() -> Person:
    return Person(serving_project())


@pytest.fixture
def assignment(trainer: Person) -> Assignment:
    return trainer.take_new(DEMONSTRATION)


class TestOpening:
    def test_a_prompt_is_the_first_turn_and_can_be_edited(self, trainer: Person) -> None:
        prompt = PromptFactory(
            project=trainer.project,
            kind=Prompt.Kind.PROMPT,
            text="Why is the sea salt?",
            licence="cc0",
        )
        assignment = trainer.take_new(DEMONSTRATION, prompt)
        conversation = conversation_of(assignment)
        assert contents(assignment) == ["Why is the sea salt?"]
        assert (conversation.licence, conversation.origin_key) == ("cc0", prompt.origin_key)
        answer = trainer.save(assignment, [{"role": "user", "content": "Why is sea water salt?"}])
        assert [turn["content"] for turn in answer.json()["messages"]] == ["Why is sea water salt?"]

    def test_a_brief_leaves_the_page_empty(self, trainer: Person) -> None:
        prompt = PromptFactory(project=trainer.project, kind=Prompt.Kind.BRIEF)
        assert contents(trainer.take_new(DEMONSTRATION, prompt)) == []

    def test_turns_that_came_with_a_prompt_train_nothing(self, trainer: Person) -> None:
        set_project(trainer.project, review_first=0, review_share=0)
        prompt = PromptFactory(
            project=trainer.project,
            kind=Prompt.Kind.PROMPT,
            turns_before=[
                {"role": "user", "content": "Hello."},
                {"role": "assistant", "content": "Good day."},
            ],
        )
        assignment = trainer.take_new(DEMONSTRATION, prompt)
        kept = [
            {"id": pk} for pk in conversation_of(assignment).messages.values_list("pk", flat=True)
        ]
        answer = trainer.save(assignment, [*kept, {"role": "assistant", "content": "It is so."}])
        assert answer.status_code == 200
        assert trainer.hand_in(assignment).json()["next"] == "accepted"
        trainable = conversation_of(assignment).messages.filter(trainable=True)
        assert [message.content for message in trainable] == ["It is so."]

    def test_the_arm_of_the_trial_is_stored_and_follows_the_share(self, trainer: Person) -> None:
        set_project(trainer.project, no_draft_share=1.0)
        assert trainer.take_new(DEMONSTRATION).draft_arm == Assignment.DraftArm.NO_DRAFTS
        set_project(trainer.project, no_draft_share=0.0)
        other = Person(trainer.project)
        assert other.take_new(DEMONSTRATION).draft_arm == Assignment.DraftArm.DRAFTS


class TestHandingIn:
    def test_the_first_ones_wait_for_a_review(self, trainer: Person) -> None:
        conversation = trainer.hand_in_new()
        assert conversation.state == Conversation.State.SUBMITTED
        task = Task.objects.get(kind="review")
        assert task.subject == conversation
        assert task.barred_raters == [trainer.member.user.rater.pk]
        assert not conversation.messages.filter(trainable=True).exists()

    def test_later_ones_are_drawn_and_the_rest_accepted(self, trainer: Person) -> None:
        set_project(trainer.project, review_first=1, review_share=0)
        assert trainer.hand_in_new().state == Conversation.State.SUBMITTED
        accepted = trainer.hand_in_new()
        assert accepted.state == Conversation.State.ACCEPTED_BY_SAMPLING
        trainable = accepted.messages.filter(trainable=True)
        assert set(trainable.values_list("role", flat=True)) == {"assistant"}
        set_project(trainer.project, review_share=1)
        assert trainer.hand_in_new().state == Conversation.State.SUBMITTED

    def test_what_is_accepted_can_never_change(self, trainer: Person) -> None:
        set_project(trainer.project, review_first=0, review_share=0)
        conversation = trainer.hand_in_new()
        message = conversation.messages.first()
        assert message is not None
        for change in (
            lambda: Message.objects.filter(pk=message.pk).update(is_live=False),
            lambda: Message.objects.filter(pk=message.pk).update(content="Other words."),
            lambda: Message.objects.filter(pk=message.pk).delete(),
            lambda: Message.objects.create(
                project=conversation.project,
                conversation=conversation,
                parent=message,
                position=1,
                sibling=9,
                is_live=False,
                role="user",
                content="One more.",
                origin="human",
                created_at=conversation.created_at,
            ),
        ):
            with pytest.raises(DatabaseError), transaction.atomic():
                change()

    def test_submitting_twice(self, trainer: Person, assignment: Assignment) -> None:
        trainer.save(assignment, dialogue(2))
        body = {"key": str(uuid4()), "version": 1}
        path = f"assignments/{assignment.pk}/demonstration/"
        first = trainer.post(path, body)
        assert (first.status_code, first.json()) == (200, {"state": "submitted", "next": "review"})
        assert trainer.post(path, body).json() == first.json()
        for other in (body | {"key": str(uuid4())}, body | {"version": 2}):
            answer = trainer.post(path, other)
            assert answer.status_code == 409
            assert answer.json()["code"] == "already_submitted_differently"
        assert Task.objects.filter(kind="review").count() == 1
        late = trainer.save(assignment, dialogue(4), version=1)
        assert (late.status_code, late.json()["code"]) == (409, "work_ended")

    def test_refusals(self, trainer: Person, assignment: Assignment) -> None:
        set_project(trainer.project, min_turns=4)

        def refusal() -> tuple[int, str]:
            answer = trainer.hand_in(assignment)
            return answer.status_code, answer.json()["code"]

        assert refusal() == (400, "nothing_written")
        trainer.save(assignment, dialogue(1))
        assert refusal() == (400, "must_end_with_assistant")
        trainer.save(assignment, dialogue(2))
        assert refusal() == (400, "too_few_turns")
        stale = trainer.post(
            f"assignments/{assignment.pk}/demonstration/", {"key": str(uuid4()), "version": 1}
        )
        assert (stale.status_code, stale.json()["code"]) == (409, "stale_version")
        assert conversation_of(assignment).state == Conversation.State.WRITING

    def test_the_number_of_statements_does_not_grow_with_thread_or_drafts(
        self, trainer: Person
    ) -> None:
        trainer.hand_in_new()  # makes the pool of reviews
        counts = []
        for n_turns in (2, 20):
            assignment = trainer.take_new(DEMONSTRATION)
            for done in range(1, n_turns, 2):
                trainer.save(assignment, dialogue(done))
                drafts_for(trainer, assignment, "One.", "Two.")
            trainer.save(assignment, dialogue(n_turns))
            with CaptureQueriesContext(connection) as captured:
                assert trainer.hand_in(assignment).status_code == 200
            counts.append(len(captured))
        assert counts[0] == counts[1]
        assert counts[1] <= 30


class TestPersonalData:
    def test_the_author_is_warned_once_and_the_spans_are_kept(
        self, trainer: Person, assignment: Assignment
    ) -> None:
        turns = [*dialogue(1), {"role": "assistant", "content": "Write to ada@mail.org."}]
        trainer.save(assignment, turns)
        refused = trainer.hand_in(assignment)
        assert (refused.status_code, refused.json()["code"]) == (409, "personal_data_found")
        assert refused.json()["fields"] == {
            "turns.1": ["“ada@mail.org” looks like an e-mail address."]
        }
        body = {"key": str(uuid4()), "version": 1, "personal_data_confirmed": True}
        path = f"assignments/{assignment.pk}/demonstration/"
        assert trainer.post(path, body).status_code == 200
        (finding,) = PersonalDataFinding.objects.all()
        message = finding.message.content
        assert (finding.kind, message[finding.start : finding.end]) == ("email", "ada@mail.org")

    def test_what_came_with_the_prompt_is_not_the_authors(self, trainer: Person) -> None:
        prompt = PromptFactory(
            project=trainer.project,
            kind=Prompt.Kind.PROMPT,
            text="Is ada@mail.org right?",
            import_run=ImportRunFactory(project=trainer.project),
        )
        assignment = trainer.take_new(DEMONSTRATION, prompt)
        kept = conversation_of(assignment).messages.get()
        trainer.save(assignment, [{"id": kept.pk}, {"role": "assistant", "content": "Yes."}])
        assert trainer.hand_in(assignment).status_code == 200


def test_a_refused_submission_names_the_turn(trainer: Person, assignment: Assignment) -> None:
    assert trainer.hand_in(assignment).json()["fields"] == {"turns.0": ["Write the first turn."]}
    trainer.save(assignment, dialogue(3))
    assert list(trainer.hand_in(assignment).json()["fields"]) == ["turns.2"]
    set_project(trainer.project, min_turns=4)
    trainer.save(assignment, dialogue(2))
    assert trainer.hand_in(assignment).json()["fields"] == {
        "turns.1": ["Write 2 more after this one."]
    }
