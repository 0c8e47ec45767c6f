"""The turns of a demonstration over the API: saving, putting back, pasting, lengths."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotation.models import (
    Assignment,
    Draft,
    Message,
)
from sampling import tokens
from sampling.models import Policy
from tests.writing import (
    CHAT,
    DEMONSTRATION,
    NINE,
    Person,
    contents,
    conversation_of,
    dialogue,
    drafts_for,
    message_ids,
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


class TestThread:
    def test_only_what_differs_is_written_anew_and_nothing_is_lost(
        self, trainer: Person, assignment: Assignment
    ) -> None:
        first = message_ids(trainer.save(assignment, dialogue(4)))
        answer = trainer.save(
            assignment,
            [
                {"id": first[0]},
                {"role": "assistant", "content": "Another answer."},
                {"id": first[2]},
                {"id": first[3]},
            ],
        )
        second = message_ids(answer)
        assert second[0] == first[0]
        assert not set(second[1:]) & set(first)
        assert answer.json()["version"] == 2
        assert [len(turn["tries"]) for turn in answer.json()["messages"]] == [1, 2, 1, 1]
        set_aside = Message.objects.filter(conversation=conversation_of(assignment), is_live=False)
        assert set(set_aside.values_list("pk", flat=True)) == set(first[1:])

    def test_turns_are_inserted_and_deleted(self, trainer: Person, assignment: Assignment) -> None:
        kept = [{"id": pk} for pk in message_ids(trainer.save(assignment, dialogue(4)))]
        inserted = [{"role": "user", "content": "And?"}, {"role": "assistant", "content": "That."}]
        trainer.save(assignment, [*kept[:2], *inserted, *kept[2:]])
        assert contents(assignment)[2:4] == ["And?", "That."]
        assert len(contents(assignment)) == 6
        live = conversation_of(assignment).messages.filter(is_live=True).order_by("position")
        answer = trainer.save(assignment, [{"id": message.pk} for message in live[:2]])
        assert len(answer.json()["messages"]) == 2
        assert trainer.save(assignment, []).json()["messages"] == []

    def test_a_system_turn_may_come_first(self, trainer: Person, assignment: Assignment) -> None:
        system = {"role": "system", "content": "Answer in one sentence."}
        answer = trainer.save(assignment, [system, *dialogue(2)])
        roles = [turn["role"] for turn in answer.json()["messages"]]
        assert roles == ["system", "user", "assistant"]

    def test_the_same_words_again_change_nothing(
        self, trainer: Person, assignment: Assignment
    ) -> None:
        first = trainer.save(assignment, dialogue(4)).json()
        assert trainer.save(assignment, dialogue(4)).json() == first

    def test_pasting_is_stored_as_a_length(self, trainer: Person, assignment: Assignment) -> None:
        turn = {"role": "user", "content": "Pasted words.", "pasted_characters": 13}
        trainer.save(assignment, [turn])
        assert conversation_of(assignment).messages.get().pasted_characters == 13

    @pytest.mark.parametrize(
        ("turns", "code", "place"),
        [
            ([{"role": "assistant", "content": "I begin."}], "roles_must_alternate", "turns.0"),
            ([*dialogue(1), *dialogue(1)], "roles_must_alternate", "turns.1"),
            (
                [*dialogue(2), {"role": "system", "content": "Late."}],
                "roles_must_alternate",
                "turns.2",
            ),
            ([*dialogue(1), {"role": "assistant", "content": " \n"}], "empty_turn", "turns.1"),
            ([{"role": "user", "content": "x" * 201}], "turn_too_long", "turns.0"),
            (dialogue(7), "too_many_turns", "turns.6"),
            ([{"id": 2**40}], "unknown_turn", "turns.0"),
            ([{"content": "Whose?"}], "invalid", "turns.0.non_field_errors"),
            ([{"role": "tool", "content": "1"}], "invalid", "turns.0.role"),
        ],
    )
    def test_a_thread_that_is_no_dialogue_is_refused_by_name(
        self, trainer: Person, assignment: Assignment, turns: list[Any], code: str, place: str
    ) -> None:
        set_project(trainer.project, max_turns=6, max_turn_characters=200)
        answer = trainer.save(assignment, turns)
        assert (answer.status_code, answer.json()["code"]) == (400, code)
        assert list(answer.json()["fields"]) == [place]
        assert contents(assignment) == []

    def test_a_second_tab_is_told(self, trainer: Person, assignment: Assignment) -> None:
        trainer.save(assignment, dialogue(2), version=0)
        answer = trainer.save(assignment, dialogue(4), version=0)
        assert (answer.status_code, answer.json()["code"]) == (409, "stale_version")
        assert answer.json()["version"] == 1
        assert len(contents(assignment)) == 2

    def test_anothers_assignment_and_another_kind_are_not_there(
        self, trainer: Person, assignment: Assignment
    ) -> None:
        stranger = Person(trainer.project)
        chat = trainer.take_new(CHAT)
        for person, pk in ((stranger, assignment.pk), (trainer, chat.pk), (trainer, 10**9)):
            for answer in (
                person.put(f"assignments/{pk}/thread/", {"version": 0, "turns": []}),
                person.post(f"assignments/{pk}/drafts/", {"version": 0}),
                person.post(
                    f"assignments/{pk}/demonstration/", {"version": 0, "key": str(uuid4())}
                ),
            ):
                assert (answer.status_code, answer.json()["code"]) == (404, "not_found")

    def test_the_number_of_statements_does_not_grow_with_the_thread(
        self, trainer: Person, assignment: Assignment
    ) -> None:
        counts = []
        for n_turns in (2, 30):
            turns = dialogue(n_turns)
            turns[0] = {"role": "user", "content": f"A thread of {n_turns} turns."}
            with CaptureQueriesContext(
                connection,
            ) as captured:
                assert trainer.save(assignment, turns, version=len(counts)).status_code == 200
            counts.append(len(captured))
        # The second save also sets the first thread aside.
        assert counts[0] <= counts[1] <= counts[0] + 1
        assert counts[1] <= 18


class TestPuttingBack:
    def test_an_earlier_turn_comes_back_with_what_it_began_as(
        self, trainer: Person, assignment: Assignment
    ) -> None:
        """An undo names turns that are no longer live; nothing of their making is lost."""
        question = message_ids(trainer.save(assignment, dialogue(1)))
        (draft, _) = drafts_for(trainer, assignment, NINE, "Other.")
        used = trainer.save(
            assignment,
            [{"id": question[0]}, {"role": "assistant", "content": NINE, "draft": draft}],
        )
        before = message_ids(used)
        rewritten = {"role": "assistant", "content": "All my own words here.", "edits": before[1]}
        assert trainer.save(assignment, [{"id": before[0]}, rewritten]).status_code == 200
        answer = trainer.save(assignment, [{"id": pk} for pk in before])
        assert answer.status_code == 200
        last = answer.json()["messages"][-1]
        assert (last["content"], last["origin"], last["model_share"]) == (NINE, "model", 1.0)
        assert Draft.objects.get(pk=draft).outcome == Draft.Outcome.INSERTED

    def test_a_turn_of_another_conversation_does_not(
        self, trainer: Person, assignment: Assignment
    ) -> None:
        other = Person(trainer.project)
        theirs = message_ids(other.save(other.take_new(DEMONSTRATION), dialogue(1)))
        answer = trainer.save(assignment, [{"id": theirs[0]}])
        assert answer.json()["code"] == "unknown_turn"


class TestPasting:
    def test_a_rewording_keeps_what_was_pasted_before(
        self, trainer: Person, assignment: Assignment
    ) -> None:
        turn = {"role": "user", "content": "Pasted words.", "pasted_characters": 13}
        (first,) = message_ids(trainer.save(assignment, [turn]))
        reworded = {"role": "user", "content": "Pasted words!", "edits": first}
        (message,) = trainer.save(assignment, [reworded]).json()["messages"]
        assert message["pasted_characters"] == 13

    @pytest.mark.parametrize(("pasted", "following"), [(10, "review"), (9, "accepted")])
    def test_half_a_turn_pasted_goes_to_a_reviewer(
        self, trainer: Person, assignment: Assignment, pasted: int, following: str
    ) -> None:
        set_project(trainer.project, review_first=0, review_share=0)
        turns = [
            *dialogue(1),
            {"role": "assistant", "content": "x" * 20, "pasted_characters": pasted},
        ]
        trainer.save(assignment, turns)
        assert trainer.hand_in(assignment).json()["next"] == following


class TestLengths:
    def test_tokens_are_the_policys_own(self, trainer: Person, assignment: Assignment) -> None:
        path = f"assignments/{assignment.pk}/lengths/"
        body = {"role": "user", "content": "How do I keep basil alive?"}
        # Nobody can count for a server without a tokenizer.
        assert trainer.post(path, body).json()["turn"] is None
        Policy.objects.update(source="fixtures/policy/demo", context_window_tokens=1024)
        counted = trainer.post(path, body).json()
        chat = tokens.load(settings.BASE_DIR / "fixtures" / "policy" / "demo")
        assert counted["turn"] == chat.count_text(body["content"])
        assert counted["total"] == chat.count([body])
        assert (counted["window"], counted["reply"], counted["limit"]) == (1024, 512, None)

    def test_a_turn_over_the_limit_is_named(self, trainer: Person, assignment: Assignment) -> None:
        Policy.objects.update(source="fixtures/policy/demo")
        set_project(trainer.project, max_turn_tokens=5)
        long = {"role": "assistant", "content": "One two three four five six seven eight nine."}
        answer = trainer.save(assignment, [{"role": "user", "content": "Hi."}, long])
        assert (answer.status_code, answer.json()["code"]) == (400, "turn_too_long")
        assert list(answer.json()["fields"]) == ["turns.1"]
