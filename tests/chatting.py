"""A chat over the API, as its page holds it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from annotation.models import Assignment
from tests.writing import Person, conversation_of


def say(person: Person, chat: Assignment, content: str, **body: Any) -> Any:
    body = {
        "key": str(uuid4()),
        "content": content,
        "version": conversation_of(chat).version,
    } | body
    return person.post(f"assignments/{chat.pk}/turns/", body)


def regenerate(person: Person, chat: Assignment) -> Any:
    return person.post(
        f"assignments/{chat.pk}/regenerate/", {"version": conversation_of(chat).version}
    )


def go_on(person: Person, chat: Assignment) -> Any:
    return person.post(
        f"assignments/{chat.pk}/continue/", {"version": conversation_of(chat).version}
    )


def branch(person: Person, chat: Assignment, message: int) -> Any:
    return person.post(
        f"assignments/{chat.pk}/branch/",
        {"version": conversation_of(chat).version, "message": message},
    )


def finish(person: Person, chat: Assignment, key: str | None = None) -> Any:
    return person.post(f"assignments/{chat.pk}/chat/", {"key": key or str(uuid4())})


def pending(answer: Any) -> int:
    """The generation of the reply that the answer's last message waits for."""
    assert answer.status_code == 200, answer.json()
    last = answer.json()["messages"][-1]
    assert (last["id"], last["role"], last["content"]) == (0, "assistant", "")
    return int(last["generation"])


def refusal(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]
