"""Replies that were stopped or cut off, and how they go on."""

from __future__ import annotations

import pytest

from annotation.models import Assignment
from annotation.selectors import comparisons
from labelhub import clock
from sampling.models import Completion, Generation
from tests.chatting import branch, finish, go_on, pending, refusal, regenerate, say
from tests.writing import (
    CHAT,
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


def stop_at(generation_id: int, text: str) -> Completion:
    """End a reply as a stop does, with what had been said."""
    (completion,) = end_generation(
        generation_id,
        text,
        state=Generation.State.CANCELLED,
        finish_reason=Completion.FinishReason.CANCELLED,
    )
    return completion


def test_the_policy_goes_on_from_what_it_had_said(trainer: Person, chat: Assignment) -> None:
    first = stop_at(pending(say(trainer, chat, "Count to four.")), "One, two")
    page = go_on(trainer, chat).json()["messages"]
    assert [turn["content"] for turn in page] == ["Count to four.", "One, two"]
    assert (page[-1]["id"] > 0, page[-1]["finish_reason"]) == (True, "cancelled")
    generation = Generation.objects.get(pk=page[-1]["generation"])
    assert generation.continues == first
    assert generation.context.messages[-1] == {"role": "assistant", "content": "One, two"}
    (second,) = end_generation(
        generation.pk, ", three", finish_reason=Completion.FinishReason.LENGTH
    )
    page = go_on(trainer, chat).json()["messages"]
    assert page[-1]["content"] == "One, two, three"
    (third,) = end_generation(page[-1]["generation"], ", four.")
    assert contents(chat) == ["Count to four.", "One, two, three, four."]
    tries = conversation_of(chat).messages.filter(role="assistant").order_by("sibling")
    assert [(row.content, row.completion, row.is_live) for row in tries] == [
        ("One, two", first, False),
        ("One, two, three", second, False),
        ("One, two, three, four.", third, True),
    ]
    assert third.generation.continues == second
    assert {row.parent for row in tries} == {conversation_of(chat).messages.get(role="user")}


def test_a_reply_made_of_two_completions_is_no_candidate(trainer: Person, chat: Assignment) -> None:
    stop_at(pending(say(trainer, chat, "Count to two.")), "One,")
    end_generation(go_on(trainer, chat).json()["messages"][-1]["generation"], " two.")
    assert finish(trainer, chat).status_code == 200
    conversation = conversation_of(chat)
    eligible = comparisons.eligible_rows(
        project=trainer.project, round_=conversation.round, as_of=clock.now()
    )
    assert not eligible.exists()


@pytest.mark.parametrize(
    ("state", "said"),
    [(Generation.State.FAILED, []), (Generation.State.DONE, [""])],
)
def test_where_nothing_is_added_the_reply_stays_as_it_was(
    trainer: Person, chat: Assignment, state: Generation.State, said: list[str]
) -> None:
    stop_at(pending(say(trainer, chat, "Count to four.")), "One, two")
    asked = go_on(trainer, chat).json()["messages"][-1]["generation"]
    assert refusal(go_on(trainer, chat)) == (409, "reply_pending")
    end_generation(asked, *said, state=state)
    again = go_on(trainer, chat).json()["messages"][-1]
    assert (again["content"], again["generation"] != asked) == ("One, two", True)
    end_generation(again["generation"], ", three.")
    assert contents(chat) == ["Count to four.", "One, two, three."]


def test_another_branch_does_not_wait_for_what_failed_on_this_one(
    trainer: Person, chat: Assignment
) -> None:
    end_generation(pending(say(trainer, chat, "A name for a cat?")), "Tom.")
    whole = conversation_of(chat).messages.get(content="Tom.")
    stop_at(pending(regenerate(trainer, chat)), "Mog")
    asked = go_on(trainer, chat).json()["messages"][-1]["generation"]
    end_generation(asked, state=Generation.State.FAILED)
    shown = branch(trainer, chat, whole.pk).json()["messages"][-1]
    assert (shown["content"], shown["generation"]) == ("Tom.", None)


def test_only_what_is_unfinished_can_be_continued(trainer: Person, chat: Assignment) -> None:
    assert refusal(go_on(trainer, chat)) == (400, "nothing_to_continue")
    end_generation(pending(say(trainer, chat, "Hello?")), "Good day.")
    assert refusal(go_on(trainer, chat)) == (400, "nothing_to_continue")
