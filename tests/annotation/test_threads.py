"""Saving threads below the API: any edit leads where the page wanted, and two tabs never mix."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from annotation.exceptions import ReplyPending, StaleVersion
from annotation.models import Assignment, Message
from annotation.selectors import conversations as selectors
from annotation.services import chats, threads
from annotation.services.threads import WantedTurn
from tests.writing import (
    CHAT,
    DEMONSTRATION,
    Person,
    contents,
    conversation_of,
    end_generation,
    serving_project,
)

N_EDITS = 40


def own(assignment: Assignment) -> Assignment:
    """The assignment as a view hands it to a service."""
    return Assignment.objects.select_related("rater__user").get(pk=assignment.pk)


def edited(live: list[Message], dice: random.Random) -> list[WantedTurn]:
    """The live thread by ids with one edit: pairs put in or taken out anywhere, or a turn rewritten."""
    turns = [WantedTurn(id=message.pk) for message in live]
    place = dice.randrange(0, len(turns) + 1, 2)
    match dice.choice(["insert", "insert", "delete", "rewrite"]):
        case "insert":
            pair = [
                WantedTurn(role=role, content=f"{role} {dice.random()}")
                for role in ("user", "assistant")
            ]
            turns[place:place] = pair
        case "delete":
            del turns[place : place + 2]
        case "rewrite" if turns:
            index = dice.randrange(len(turns))
            turns[index] = WantedTurn(role=live[index].role, content=f"again {dice.random()}")
    return turns


@pytest.mark.django_db
def test_after_any_edits_the_live_path_is_the_wanted_one_and_every_node_is_kept() -> None:
    assignment = own(Person(serving_project()).take_new(DEMONSTRATION))
    conversation = conversation_of(assignment)
    dice = random.Random(7)  # noqa: S311 — edits, not secrets
    seen: dict[int, tuple[str, int | None]] = {}
    version = 0
    for _ in range(N_EDITS):
        live = selectors.live_messages(conversation=conversation)
        words = {message.pk: message.content for message in live}
        wanted = edited(live, dice)
        saved = threads.save_thread(assignment=assignment, version=version, turns=wanted)
        version = saved.version
        live = selectors.live_messages(conversation=conversation)
        assert [message.content for message in live] == [
            turn.content or words[turn.id or 0] for turn in wanted
        ]
        # One unbroken path from a root, each turn below the one before it.
        assert [message.position for message in live] == list(range(len(live)))
        parents = [None, *(message.pk for message in live)]
        assert [message.parent_id for message in live] == parents[: len(live)]
        stored = {
            pk: (content, parent)
            for pk, content, parent in Message.objects.values_list("pk", "content", "parent")
        }
        assert seen.items() <= stored.items()
        seen = stored
    assert len(seen) > N_EDITS


def in_threads(*work: Any) -> list[str]:
    """Run each piece of work in a thread that starts with the others; the names of what they raised."""
    barrier = Barrier(len(work))

    def run(piece: Any) -> str:
        barrier.wait()
        try:
            piece()
        except (ReplyPending, StaleVersion) as refusal:
            return type(refusal).__name__
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(len(work)) as pool:
        return list(pool.map(run, work))


@pytest.mark.django_db(transaction=True)
def test_of_two_tabs_that_save_at_once_one_is_told() -> None:
    assignment = own(Person(serving_project()).take_new(DEMONSTRATION))

    def saving(content: str) -> Any:
        turns = [WantedTurn(role="user", content=content)]
        return lambda: threads.save_thread(assignment=assignment, version=0, turns=turns)

    results = in_threads(*(saving(f"Tab {tab}") for tab in range(4)))
    assert Counter(results) == {"done": 1, "StaleVersion": 3}
    assert len(contents(assignment)) == 1


@pytest.mark.django_db(transaction=True)
def test_a_reply_taken_by_its_job_and_by_the_next_turn_at_once_is_stored_once() -> None:
    person = Person(serving_project())
    assignment = own(person.take_new(CHAT))
    first = chats.say(assignment=assignment, key=uuid4(), content="Hello?", version=0)
    assert first.reply_generation is not None
    generation_id = first.reply_generation.pk
    end_generation(generation_id, "Good day.", ring=False)
    in_threads(
        lambda: chats.reply_ended(generation_id=generation_id),
        lambda: chats.say(assignment=assignment, key=uuid4(), content="And?", version=1),
        lambda: chats.reply_ended(generation_id=generation_id),
    )
    assert contents(assignment) == ["Hello?", "Good day.", "And?"]
