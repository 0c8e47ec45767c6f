"""Thumbs, reasons and rewrites on replies of one's own chats."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, transaction

from annotation.models import Assignment, Feedback, Message
from sampling.models import Policy
from tests.writing import (
    CHAT,
    Person,
    conversation_of,
    end_generation,
    serving_project,
    set_project,
)

pytestmark = pytest.mark.django_db
DOWN: dict[str, Any] = {
    "thumb": "down",
    "reasons": ["inaccurate"],
    "comment": "It is not.",
    "rewrite": "Salt comes from rocks.",
}


@pytest.fixture
def trainer() -> Person:
    return Person(serving_project())


@pytest.fixture
def chat(trainer: Person) -> Assignment:
    return trainer.take_new(CHAT)


@pytest.fixture
def reply(trainer: Person, chat: Assignment) -> Message:
    body = {"key": str(uuid4()), "content": "Why is the sea salt?", "version": 0}
    answer = trainer.post(f"assignments/{chat.pk}/turns/", body)
    end_generation(answer.json()["messages"][-1]["generation"], "Because of fish.")
    return conversation_of(chat).messages.get(role="assistant")


def thumb_shown(person: Person, chat: Assignment) -> str | None:
    page = person.client.get(f"/api/v1/assignments/{chat.pk}/").json()
    feedback = page["conversation"]["messages"][-1]["feedback"]
    return feedback and str(feedback["thumb"])


def test_the_newest_judgement_is_shown_and_the_earlier_ones_stay(
    trainer: Person, chat: Assignment, reply: Message
) -> None:
    assert thumb_shown(trainer, chat) is None
    assert trainer.post(f"messages/{reply.pk}/feedback/", DOWN).status_code == 204
    assert thumb_shown(trainer, chat) == "down"
    assert trainer.post(f"messages/{reply.pk}/feedback/", {"thumb": "up"}).status_code == 204
    assert thumb_shown(trainer, chat) == "up"
    first, second = Feedback.objects.order_by("pk")
    assert (first.reasons, first.comment, first.rewrite) == (
        DOWN["reasons"],
        DOWN["comment"],
        DOWN["rewrite"],
    )
    assert first.rater == second.rater == trainer.member.user.rater
    with pytest.raises(DatabaseError), transaction.atomic():
        Feedback.objects.filter(pk=first.pk).update(thumb="up")


def test_only_replies_of_ones_own_chat_are_there(
    trainer: Person, chat: Assignment, reply: Message
) -> None:
    asked = conversation_of(chat).messages.get(role="user")
    stranger = Person(trainer.project)
    for person, pk in ((stranger, reply.pk), (trainer, asked.pk), (trainer, 10**9)):
        answer = person.post(f"messages/{pk}/feedback/", DOWN)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert not Feedback.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [("thumb", "sideways"), ("reasons", ["ugly"]), ("reasons", ["style"] * 21), ("comment", None)],
)
def test_nonsense_is_refused_by_field(
    trainer: Person, reply: Message, field: str, value: Any
) -> None:
    answer = trainer.post(f"messages/{reply.pk}/feedback/", DOWN | {field: value})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert [name.split(".")[0] for name in answer.json()["fields"]] == [field]


@pytest.mark.parametrize("bound", [{"max_turn_characters": 20}, {"max_turn_tokens": 3}])
def test_what_it_should_have_said_is_no_longer_than_a_turn(
    trainer: Person, reply: Message, bound: dict[str, int]
) -> None:
    Policy.objects.update(source="fixtures/policy/demo")
    set_project(trainer.project, **bound)
    answer = trainer.post(f"messages/{reply.pk}/feedback/", DOWN)
    assert (answer.status_code, answer.json()["code"]) == (400, "turn_too_long")
    assert list(answer.json()["fields"]) == ["turns.1"]
    assert trainer.post(f"messages/{reply.pk}/feedback/", DOWN | {"rewrite": ""}).status_code == 204


def test_a_good_reply_has_no_better_one(trainer: Person, reply: Message) -> None:
    answer = trainer.post(f"messages/{reply.pk}/feedback/", DOWN | {"thumb": "up"})
    assert (answer.status_code, answer.json()["code"]) == (400, "good_as_it_is")
    assert not Feedback.objects.exists()
    blank = DOWN | {"thumb": "up", "rewrite": " "}
    assert trainer.post(f"messages/{reply.pk}/feedback/", blank).status_code == 204


def test_who_rewrites_is_warned_of_personal_data_once(trainer: Person, reply: Message) -> None:
    path = f"messages/{reply.pk}/feedback/"
    body = DOWN | {"rewrite": "Ask ada@mail.org about it."}
    refused = trainer.post(path, body)
    assert (refused.status_code, refused.json()["code"]) == (409, "personal_data_found")
    assert refused.json()["fields"] == {"rewrite": ["“ada@mail.org” looks like an e-mail address."]}
    assert not Feedback.objects.exists()
    assert trainer.post(path, body | {"personal_data_confirmed": True}).status_code == 204
    # The same words go along with the next thumb.
    assert trainer.post(path, body | {"reasons": []}).status_code == 204
    other = body | {"rewrite": "Ask bob@mail.org about it."}
    assert trainer.post(path, other).json()["code"] == "personal_data_found"
    assert Feedback.objects.count() == 2
