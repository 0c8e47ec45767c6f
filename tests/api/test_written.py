"""One's own conversations: the list, looking back, amending; the drafts' trial."""

from __future__ import annotations

from typing import Any

import pytest

from annotation.models import Assignment, Conversation, Prompt, Slot, Task
from labelhub import clock
from labelhub.accounts.models import AuditEvent, Membership, Project
from tests.factories import PromptFactory
from tests.writing import (
    CHAT,
    DEMONSTRATION,
    REVIEW,
    Person,
    contents,
    conversation_of,
    dialogue,
    end_generation,
    serving_project,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def trainer() -> Person:
    return Person(serving_project())


def rows(person: Person, **query: str) -> list[dict[str, Any]]:
    answer = person.client.get(f"/api/v1/projects/{person.project.slug}/conversations/", query)
    assert answer.status_code == 200, answer.json()
    return list(answer.json()["results"])


class TestList:
    def test_each_state_is_a_group_and_nobody_elses_is_shown(self, trainer: Person) -> None:
        submitted = trainer.hand_in_new()
        writing = conversation_of(trainer.take_new(DEMONSTRATION))
        Person(trainer.project).hand_in_new()
        assert [row["id"] for row in rows(trainer)] == [writing.pk, submitted.pk]
        assert [row["id"] for row in rows(trainer, group="in_progress")] == [writing.pk]
        (row,) = rows(trainer, group="submitted")
        assert (row["id"], row["n_turns"], row["state"]) == (submitted.pk, 2, "submitted")
        assert rows(trainer, group="approved") == []

    def test_search_looks_in_prompt_and_kept_turns(self, trainer: Person) -> None:
        prompt = PromptFactory(project=trainer.project, kind=Prompt.Kind.BRIEF, text="About Basil.")
        assignment = trainer.take_new(DEMONSTRATION, prompt)
        trainer.save(assignment, [{"role": "user", "content": "How much WATER?"}])
        trainer.save(assignment, [{"role": "user", "content": "How much light?"}])
        assert [row["title"] for row in rows(trainer, search="basil")] == ["About Basil."]
        assert len(rows(trainer, search="LIGHT")) == 1
        # Turns that were edited away are not what the conversation says.
        assert rows(trainer, search="water") == []

    def test_a_returned_one_gives_way_to_its_next_version(self, trainer: Person) -> None:
        first = trainer.hand_in_new()
        reviewer = Person(trainer.project, Membership.Role.REVIEWER)
        reviewer.review(reviewer.claim(REVIEW), "returned", comment="Too short.")
        assert [row["id"] for row in rows(trainer, group="returned")] == [first.pk]
        second = conversation_of(trainer.claim(DEMONSTRATION))
        assert [(row["id"], row["state"]) for row in rows(trainer)] == [(second.pk, "writing")]
        assert rows(trainer, group="returned") == []

    def test_an_unknown_group_is_refused(self, trainer: Person) -> None:
        url = f"/api/v1/projects/{trainer.project.slug}/conversations/?group=odd"
        answer = trainer.client.get(url)
        assert (answer.status_code, list(answer.json()["fields"])) == (400, ["group"])


class TestLookingBack:
    def test_every_version_is_there_with_what_its_reviewer_said(self, trainer: Person) -> None:
        first = trainer.hand_in_new()
        reviewer = Person(trainer.project, Membership.Role.REVIEWER)
        message = first.messages.get(position=1)
        reviewer.review(
            reviewer.claim(REVIEW),
            "returned",
            comment="Too short.",
            comments=[{"message": message.pk, "text": "Say why."}],
        )
        second = conversation_of(trainer.claim(DEMONSTRATION))
        body = trainer.client.get(f"/api/v1/conversations/{second.pk}/").json()
        older, newer = body["versions"]
        assert (older["conversation"]["id"], newer["conversation"]["id"]) == (first.pk, second.pk)
        assert older["review"]["comment"] == "Too short."
        assert older["review"]["comments"] == [{"message": message.pk, "text": "Say why."}]
        assert newer["review"] is None
        assert body["can_amend"] is False

    def test_what_a_reviewer_fixed_stands_beside_what_was_handed_in(self, trainer: Person) -> None:
        assignment = trainer.take_new(DEMONSTRATION)
        trainer.save(assignment, dialogue(4))
        trainer.hand_in(assignment)
        handed_in = contents(assignment)
        reviewer = Person(trainer.project, Membership.Role.REVIEWER)
        review = reviewer.claim(REVIEW)
        # Twice, so that it is not the first change that is taken for what was handed in.
        for answer in ("Better.", "Best."):
            first, *_ = conversation_of(assignment).messages.filter(position=0)
            turns = [{"id": first.pk}, {"role": "assistant", "content": answer}]
            assert reviewer.save(review, turns).status_code == 200
        reviewer.review(review, "approved", comment="Shorter now.")
        path = f"/api/v1/conversations/{conversation_of(assignment).pk}/"
        older, newer = trainer.client.get(path).json()["versions"]
        shown = [
            [turn["content"] for turn in v["conversation"]["messages"]] for v in (older, newer)
        ]
        assert shown == [handed_in, [handed_in[0], "Best."]]
        assert (older["fixed"], newer["fixed"]) == (False, True)
        assert newer["review"]["verdict"] == "fixed"

    def test_only_its_author_and_managers_may_look(self, trainer: Person) -> None:
        path = f"/api/v1/conversations/{trainer.hand_in_new().pk}/"
        assert Person(trainer.project).client.get(path).status_code == 404
        manager = Person(trainer.project, Membership.Role.MANAGER)
        assert manager.client.get(path).json()["assignment"] is None


class TestAmending:
    def test_a_submission_comes_back_as_it_was_and_goes_in_again(self, trainer: Person) -> None:
        conversation = trainer.hand_in_new()
        assignment = Assignment.objects.get(conversation=conversation)
        written = contents(assignment)
        assert trainer.post(f"assignments/{assignment.pk}/amend/", {}).status_code == 200
        assignment.refresh_from_db()
        assert assignment.state == Assignment.State.LEASED
        assert contents(assignment) == written
        assert trainer.claim(DEMONSTRATION) == assignment
        # Nobody can take the review of what is being changed.
        assert Slot.objects.get(task__kind=REVIEW).state == Slot.State.WITHDRAWN
        turns = [*dialogue(1), {"role": "assistant", "content": "A better answer."}]
        assert trainer.save(assignment, turns).status_code == 200
        assert trainer.hand_in(assignment).status_code == 200
        assert Task.objects.filter(kind=REVIEW, state=Task.State.OPEN).count() == 1
        assert AuditEvent.objects.filter(verb="amended").count() == 1

    def test_no_lead_can_put_the_review_of_an_earlier_version_back(self, trainer: Person) -> None:
        assignment = Assignment.objects.get(conversation=trainer.hand_in_new())
        reviewer = Person(trainer.project, Membership.Role.REVIEWER)
        held = reviewer.claim(REVIEW)
        skipped = {"reason": "prefer_not", "comment": ""}
        assert reviewer.post(f"assignments/{held.pk}/skip/", skipped).status_code == 204
        assert trainer.post(f"assignments/{assignment.pk}/amend/", {}).status_code == 200
        path = f"/api/v1/projects/{trainer.project.slug}/withdrawn/"
        assert reviewer.client.get(path).json()["results"] == []
        answer = reviewer.post(f"tasks/{held.task_id}/put-back/", {})
        assert (answer.status_code, answer.json()["code"]) == (409, "not_withdrawn")

    def test_not_once_a_reviewer_has_it(self, trainer: Person) -> None:
        assignment = Assignment.objects.get(conversation=trainer.hand_in_new())
        reviewer = Person(trainer.project, Membership.Role.REVIEWER)
        reviewer.claim(REVIEW)
        answer = trainer.post(f"assignments/{assignment.pk}/amend/", {})
        assert (answer.status_code, answer.json()["code"]) == (409, "already_acted_on")
        assert conversation_of(assignment).state == Conversation.State.SUBMITTED

    def test_what_nobody_was_to_review_stands_and_its_next_version_is_reviewed(
        self, trainer: Person
    ) -> None:
        Project.objects.filter(pk=trainer.project.pk).update(review_first=0, review_share=0)
        accepted = trainer.hand_in_new()
        assert accepted.state == Conversation.State.ACCEPTED_BY_SAMPLING
        path = f"/api/v1/conversations/{accepted.pk}/"
        assert trainer.client.get(path).json()["can_amend"] is True
        first = Assignment.objects.get(conversation=accepted)
        answer = trainer.post(f"assignments/{first.pk}/amend/", {})
        assert answer.status_code == 200
        again = Assignment.objects.get(pk=answer.json()["assignment"])
        assert (again.state, again.reason) == (Assignment.State.LEASED, Assignment.Reason.REDO)
        assert contents(again) == contents(first)
        # Datasets that hold the first version find it as it was, and new ones leave it out.
        accepted.refresh_from_db()
        first.refresh_from_db()
        assert accepted.state == Conversation.State.RETURNED
        assert first.state == Assignment.State.SUBMITTED
        twice = trainer.post(f"assignments/{first.pk}/amend/", {})
        assert (twice.status_code, twice.json()["code"]) == (409, "already_acted_on")
        (row,) = trainer.client.get(f"/api/v1/projects/{trainer.project.slug}/home/").json()[
            "returned"
        ]
        assert (row["conversation"], row["comment"]) == (accepted.pk, "")
        turns = [*dialogue(1), {"role": "assistant", "content": "A better answer."}]
        assert trainer.save(again, turns).status_code == 200
        assert trainer.hand_in(again).json()["next"] == "review"
        versions = trainer.client.get(f"/api/v1/conversations/{conversation_of(again).pk}/").json()
        assert len(versions["versions"]) == 2

    def test_what_cannot_be_begun_is_not_taken_back(self, trainer: Person) -> None:
        Project.objects.filter(pk=trainer.project.pk).update(review_first=0, review_share=0)
        accepted = trainer.hand_in_new()
        Project.objects.filter(pk=trainer.project.pk).update(paused_at=clock.now())
        answer = trainer.post(f"assignments/{accepted.assignment_id}/amend/", {})
        assert (answer.status_code, answer.json()["code"]) == (409, "project_paused")
        accepted.refresh_from_db()
        assert accepted.state == Conversation.State.ACCEPTED_BY_SAMPLING
        assert not Task.objects.filter(subject=accepted).exists()

    def test_a_finished_chat_can_be_gone_on_with(self, trainer: Person) -> None:
        chat = trainer.take_new(CHAT)
        said = trainer.post(
            f"assignments/{chat.pk}/turns/",
            {"key": "7e7ad5b7-6d53-4d0a-9a7a-0d9f6f2a1d11", "content": "Hello.", "version": 0},
        )
        end_generation(said.json()["messages"][-1]["generation"], "Good day.")
        key = "7e7ad5b7-6d53-4d0a-9a7a-0d9f6f2a1d12"
        assert trainer.post(f"assignments/{chat.pk}/chat/", {"key": key}).status_code == 200
        assert trainer.post(f"assignments/{chat.pk}/amend/", {}).status_code == 200
        assert conversation_of(chat).state == Conversation.State.WRITING
        assert trainer.post(f"assignments/{chat.pk}/chat/", {"key": key}).status_code == 200


def test_the_trial_states_each_measure_by_arm(trainer: Person) -> None:
    trainer.hand_in_new()
    Project.objects.filter(pk=trainer.project.pk).update(no_draft_share=1.0)
    trainer.hand_in_new()
    manager = Person(trainer.project, Membership.Role.MANAGER)
    body = manager.client.get(f"/api/v1/projects/{trainer.project.slug}/draft-trial/").json()
    outcomes = {row["measure"]: row for row in body["outcomes"]}
    assert list(outcomes) == ["minutes", "words", "approved", "model_share"]
    # "Turn 1 says something of its own." in both.
    assert outcomes["words"]["drafts"] == {"n": 1, "mean": 7.0, "low": None, "high": None}
    assert outcomes["words"]["difference"]["mean"] == 0.0
    assert outcomes["approved"]["drafts"]["n"] == 0
    # What its author took back, nobody has sent back.
    Project.objects.filter(pk=trainer.project.pk).update(review_first=0, review_share=0)
    accepted = trainer.hand_in_new()
    assert trainer.post(f"assignments/{accepted.assignment_id}/amend/", {}).status_code == 200
    body = manager.client.get(f"/api/v1/projects/{trainer.project.slug}/draft-trial/").json()
    outcomes = {row["measure"]: row for row in body["outcomes"]}
    assert outcomes["approved"]["no_drafts"]["n"] == 0
    assert outcomes["words"]["no_drafts"]["n"] == 2
