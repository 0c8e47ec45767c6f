"""Talking with a policy over the API, with the GPU worker's part played by hand."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from annotation.models import Assignment, Conversation, Message, Prompt, RoundPolicy
from annotation.services import chats
from labelhub.accounts.models import Project
from sampling import registry
from sampling import services as sampling
from sampling.models import Completion, Generation, Policy
from tests.chatting import branch, finish, go_on, pending, refusal, regenerate, say
from tests.factories import PromptFactory, RoundPolicyFactory
from tests.writing import (
    CHAT,
    DEMONSTRATION,
    UNUSUAL_PARAMS,
    Person,
    contents,
    conversation_of,
    end_generation,
    serving_project,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def trainer() -> Person:
    return Person(serving_project())


@pytest.fixture
def chat(trainer: Person) -> Assignment:
    return trainer.take_new(CHAT)


class TestTurns:
    def test_a_turn_asks_for_a_reply_which_becomes_a_message(
        self, trainer: Person, chat: Assignment
    ) -> None:
        generation = Generation.objects.get(pk=pending(say(trainer, chat, "Hello?")))
        assert (generation.purpose, generation.requested_by) == ("chat", trainer.member.user)
        assert generation.context.messages == [{"role": "user", "content": "Hello?"}]
        (completion,) = end_generation(generation.pk, "Good day.")
        second = pending(say(trainer, chat, "And now?"))
        assert contents(chat) == ["Hello?", "Good day.", "And now?"]
        reply = conversation_of(chat).messages.get(role="assistant")
        assert (reply.origin, reply.completion, reply.author) == ("model", completion, None)
        assert not reply.trainable
        asked = Generation.objects.get(pk=second).context.messages
        assert [turn["content"] for turn in asked] == ["Hello?", "Good day.", "And now?"]

    def test_a_chat_is_drawn_as_it_began_whatever_the_round_says_later(
        self, trainer: Person, chat: Assignment
    ) -> None:
        RoundPolicy.objects.filter(use="chat").update(**UNUSUAL_PARAMS)
        first = Generation.objects.get(pk=pending(say(trainer, chat, "Hello?")))
        assert first.params == RoundPolicy.objects.get(use="chat").params
        end_generation(first.pk, "Good day.")
        RoundPolicy.objects.update(temperature=2.0, top_k=0)
        second = Generation.objects.get(pk=pending(say(trainer, chat, "And now?")))
        assert second.params == first.params

    def test_a_reply_that_is_stored_while_the_page_reads_is_not_lost(
        self, trainer: Person, chat: Assignment
    ) -> None:
        waiting = [pending(say(trainer, chat, "Hello?"))]

        def store_after_the_first_look(execute: Any, sql: str, *rest: Any) -> Any:
            found = execute(sql, *rest)
            if waiting and "annotation_message" in sql:
                end_generation(waiting.pop(), "Good day.")
            return found

        with connection.execute_wrapper(store_after_the_first_look):
            answer = trainer.client.get(f"/api/v1/assignments/{chat.pk}/").json()
        assert not waiting
        assert answer["conversation"]["messages"][-1]["role"] == "assistant"

    def test_a_reply_is_stored_once_however_often_its_job_runs(
        self, trainer: Person, chat: Assignment
    ) -> None:
        generation_id = pending(say(trainer, chat, "Hello?"))
        chats.reply_ended(generation_id=generation_id)  # a stray ring before the end
        end_generation(generation_id, "Good day.")
        chats.reply_ended(generation_id=generation_id)
        assert contents(chat) == ["Hello?", "Good day."]

    def test_a_reply_whose_job_is_late_is_there_for_the_next_turn(
        self, trainer: Person, chat: Assignment
    ) -> None:
        late = pending(say(trainer, chat, "Hello?"))
        end_generation(late, "Good day.", ring=False)
        say(trainer, chat, "And now?")
        assert contents(chat) == ["Hello?", "Good day.", "And now?"]
        chats.reply_ended(generation_id=late)
        assert contents(chat) == ["Hello?", "Good day.", "And now?"]

    def test_the_same_turn_sent_again_is_not_a_second_one(
        self, trainer: Person, chat: Assignment
    ) -> None:
        key = str(uuid4())
        first = say(trainer, chat, "Hello?", key=key, version=0)
        again = say(trainer, chat, "Hello?", key=key, version=0)
        assert again.json() == first.json()
        other = say(trainer, chat, "Hello there!", key=key, version=0)
        assert (other.status_code, other.json()["code"]) == (409, "said_differently")
        assert Generation.objects.count() == 1

    def test_what_was_said_before_a_stop_is_kept(self, trainer: Person, chat: Assignment) -> None:
        generation_id = pending(say(trainer, chat, "Count to ten."))
        cancelled = Generation.State.CANCELLED
        end_generation(
            generation_id,
            "One, two",
            state=cancelled,
            finish_reason=Completion.FinishReason.CANCELLED,
        )
        page = say(trainer, chat, "Go on.").json()["messages"]
        assert (page[1]["content"], page[1]["finish_reason"]) == ("One, two", "cancelled")

    @pytest.mark.parametrize("state", [Generation.State.FAILED, Generation.State.CANCELLED])
    def test_a_reply_that_said_nothing_leaves_the_turn_to_be_answered_or_put_anew(
        self, trainer: Person, chat: Assignment, state: Generation.State
    ) -> None:
        generation_id = pending(say(trainer, chat, "Hello?"))
        end_generation(generation_id, state=state)
        again = pending(regenerate(trainer, chat))
        assert again != generation_id
        assert contents(chat) == ["Hello?"]
        end_generation(again, state=state)
        answer = say(trainer, chat, "Are you there?")
        assert [len(turn["tries"]) for turn in answer.json()["messages"]] == [2, 1]
        assert contents(chat) == ["Are you there?"]

    def test_a_stopped_reply_that_waited_frees_the_page(
        self, trainer: Person, chat: Assignment
    ) -> None:
        generation_id = pending(say(trainer, chat, "Hello?"))
        assert refusal(say(trainer, chat, "Hurry!")) == (409, "reply_pending")
        assert refusal(regenerate(trainer, chat)) == (409, "reply_pending")
        assert refusal(finish(trainer, chat)) == (409, "reply_pending")
        sampling.cancel(generation=Generation.objects.get(pk=generation_id))
        assert pending(say(trainer, chat, "Never mind.")) != generation_id

    def test_refusals(self, trainer: Person, chat: Assignment) -> None:
        Project.objects.update(max_turn_characters=20, max_turns=2)
        assert refusal(say(trainer, chat, "  ")) == (400, "empty_turn")
        assert refusal(say(trainer, chat, "x" * 21)) == (400, "turn_too_long")
        assert refusal(regenerate(trainer, chat)) == (400, "nothing_to_answer")
        assert refusal(say(trainer, chat, "Hello?", version=3)) == (409, "stale_version")
        end_generation(
            pending(say(trainer, chat, "Hello?")), "A reply longer than people may write."
        )
        assert refusal(say(trainer, chat, "More?")) == (400, "too_many_turns")

    def test_a_turn_has_no_more_tokens_than_the_project_allows(
        self, trainer: Person, chat: Assignment
    ) -> None:
        Policy.objects.update(source="fixtures/policy/demo")
        Project.objects.update(max_turn_tokens=5)
        answer = say(trainer, chat, "One two three four five six seven eight nine.")
        assert refusal(answer) == (400, "turn_too_long")
        assert list(answer.json()["fields"]) == ["turns.0"]
        assert contents(chat) == []
        pending(say(trainer, chat, "Hello?"))

    def test_without_a_policy_nothing_is_stored(self, trainer: Person, chat: Assignment) -> None:
        RoundPolicy.objects.all().delete()
        assert refusal(say(trainer, chat, "Hello?")) == (409, "no_policy")
        assert contents(chat) == []

    def test_anothers_chat_is_not_there(self, trainer: Person, chat: Assignment) -> None:
        demonstration = trainer.take_new(DEMONSTRATION)
        for person, assignment in ((Person(trainer.project), chat), (trainer, demonstration)):
            for answer in (
                say(person, assignment, "Hello?"),
                regenerate(person, assignment),
                go_on(person, assignment),
                finish(person, assignment),
            ):
                assert refusal(answer) == (404, "not_found")


class TestRegenerating:
    def test_earlier_tries_are_kept_beside(self, trainer: Person, chat: Assignment) -> None:
        end_generation(pending(say(trainer, chat, "A name for a cat?")), "Tom.")
        end_generation(pending(regenerate(trainer, chat)), "Mog.")
        answer = regenerate(trainer, chat)
        assert len(answer.json()["messages"][-1]["tries"]) == 3
        assert answer.json()["version"] == 3
        tries = conversation_of(chat).messages.filter(role="assistant").order_by("sibling")
        assert [(row.content, row.is_live) for row in tries] == [("Tom.", False), ("Mog.", False)]

    def test_a_prompts_earlier_turns_open_the_chat(self, trainer: Person) -> None:
        turns = [{"role": "system", "content": "Be brief."}]
        prompt = PromptFactory(project=trainer.project, kind=Prompt.Kind.PROMPT, turns_before=turns)
        chat = trainer.take_new(CHAT, prompt)
        assert contents(chat) == ["Be brief."]
        generation_id = pending(say(trainer, chat, prompt.text))
        asked = Generation.objects.get(pk=generation_id).context.messages
        assert [turn["role"] for turn in asked] == ["system", "user"]


class TestPolicies:
    def test_a_chat_keeps_the_policy_it_was_dealt_by_weight(self, trainer: Person) -> None:
        round_ = trainer.project.rounds.get()
        heavy = RoundPolicyFactory(round=round_, use=RoundPolicy.Use.CHAT, weight=1e12).policy
        chat = trainer.take_new(CHAT)
        first = pending(say(trainer, chat, "Hello?"))
        assert Generation.objects.get(pk=first).policy == heavy
        end_generation(first, "Good day.")
        light = RoundPolicy.objects.exclude(policy=heavy).filter(use=RoundPolicy.Use.CHAT)
        RoundPolicy.objects.filter(policy=heavy).update(weight=1e-12)
        second = pending(say(trainer, chat, "And now?"))
        assert Generation.objects.get(pk=second).policy == heavy
        end_generation(second, "Later.")
        assert finish(trainer, chat).status_code == 200
        fresh = pending(say(trainer, trainer.take_new(CHAT), "Hello?"))
        assert Generation.objects.get(pk=fresh).policy == light.get().policy

    def test_a_policy_retired_on_the_way_refuses_and_stores_nothing(
        self, trainer: Person, chat: Assignment
    ) -> None:
        end_generation(pending(say(trainer, chat, "Hello?")), "Good day.")
        for policy in Policy.objects.all():
            registry.retire_policy(policy=policy, actor=None)
        assert refusal(say(trainer, chat, "And now?")) == (409, "policy_retired")
        assert contents(chat) == ["Hello?", "Good day."]


class TestFinishing:
    def test_a_finished_chat_is_closed_and_finishing_again_is_the_same(
        self, trainer: Person, chat: Assignment
    ) -> None:
        assert refusal(finish(trainer, chat)) == (400, "no_reply_yet")
        end_generation(pending(say(trainer, chat, "Hello?")), "Good day.")
        key = str(uuid4())
        for _ in range(2):
            answer = finish(trainer, chat, key)
            assert (answer.status_code, answer.json()) == (200, {"state": "submitted"})
        assert refusal(finish(trainer, chat)) == (409, "already_submitted_differently")
        conversation = conversation_of(chat)
        assert conversation.state == Conversation.State.FINISHED
        assert not conversation.messages.filter(trainable=True).exists()
        assert refusal(say(trainer, chat, "One more?")) == (409, "work_ended")

    def test_a_chat_skipped_while_its_reply_is_written_takes_no_more_of_it(
        self, trainer: Person, chat: Assignment
    ) -> None:
        generation_id = pending(say(trainer, chat, "Hello?"))
        skipped = trainer.post(f"assignments/{chat.pk}/skip/", {"reason": "prefer_not"})
        assert skipped.status_code == 204
        end_generation(generation_id, "Good day.")
        assert not conversation_of(chat).messages.filter(role="assistant").exists()
        assert Generation.objects.get(pk=generation_id).consumed_at is not None

    def test_a_reply_that_ended_with_length_counts_and_says_so(
        self, trainer: Person, chat: Assignment
    ) -> None:
        generation_id = pending(say(trainer, chat, "Hello?"))
        end_generation(generation_id, "Good", finish_reason=Completion.FinishReason.LENGTH)
        page = trainer.client.get(f"/api/v1/assignments/{chat.pk}/").json()["conversation"]
        assert page["messages"][-1]["finish_reason"] == "length"
        assert Message.objects.filter(conversation=conversation_of(chat)).count() == 2
        assert finish(trainer, chat).status_code == 200


class TestBranches:
    def test_an_edited_turn_begins_a_branch_and_the_other_is_kept(
        self, trainer: Person, chat: Assignment
    ) -> None:
        end_generation(pending(say(trainer, chat, "Hello?")), "Good day.")
        end_generation(pending(say(trainer, chat, "And now?")), "Nothing.")
        first = conversation_of(chat).messages.get(content="Hello?")
        edited = say(trainer, chat, "Good morning!", edits=first.pk)
        end_generation(pending(edited), "Morning.")
        assert contents(chat) == ["Good morning!", "Morning."]
        answer = branch(trainer, chat, first.pk)
        assert answer.status_code == 200
        # What followed comes back with it.
        assert contents(chat) == ["Hello?", "Good day.", "And now?", "Nothing."]
        assert len(answer.json()["messages"][0]["tries"]) == 2
        assert answer.json()["messages"][-1]["generation"] is None

    def test_an_earlier_try_is_chosen_and_gone_on_from(
        self, trainer: Person, chat: Assignment
    ) -> None:
        end_generation(pending(say(trainer, chat, "Hello?")), "One.")
        end_generation(pending(regenerate(trainer, chat)), "Two.")
        first = conversation_of(chat).messages.get(content="One.")
        assert branch(trainer, chat, first.pk).status_code == 200
        assert contents(chat) == ["Hello?", "One."]
        generation = Generation.objects.get(pk=pending(say(trainer, chat, "Go on.")))
        assert [turn["content"] for turn in generation.context.messages] == [
            "Hello?",
            "One.",
            "Go on.",
        ]

    def test_only_ones_own_user_turns_are_edited(self, trainer: Person, chat: Assignment) -> None:
        end_generation(pending(say(trainer, chat, "Hello?")), "One.")
        reply = conversation_of(chat).messages.get(content="One.")
        assert refusal(say(trainer, chat, "Two.", edits=reply.pk)) == (400, "unknown_turn")
        other = Person(trainer.project)
        theirs = other.take_new(CHAT)
        assert refusal(branch(other, theirs, reply.pk)) == (400, "unknown_turn")

    def test_not_while_a_reply_is_being_written(self, trainer: Person, chat: Assignment) -> None:
        pending(say(trainer, chat, "Hello?"))
        first = conversation_of(chat).messages.get()
        assert refusal(branch(trainer, chat, first.pk)) == (409, "reply_pending")


def test_personal_data_is_warned_of_before_a_chat_ends(trainer: Person, chat: Assignment) -> None:
    end_generation(pending(say(trainer, chat, "I am ada@mail.org.")), "Call +44 20 7946 0018.")
    refused = finish(trainer, chat)
    assert refusal(refused) == (409, "personal_data_found")
    # Only the trainer's own words are theirs to answer for.
    assert list(refused.json()["fields"]) == ["turns.0"]
    body = {"key": str(uuid4()), "personal_data_confirmed": True}
    assert trainer.post(f"assignments/{chat.pk}/chat/", body).status_code == 200
