"""Questions about a task, answers, rulings."""

from __future__ import annotations

import pytest

from annotation.models import Assignment, Task
from labelhub.accounts.models import Membership
from tests.factories import PromptFactory
from tests.writing import DEMONSTRATION, Person, conversation_of, new_task, serving_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def trainer() -> Person:
    return Person(serving_project())


def test_an_answer_reaches_its_asker_and_a_ruling_everybody(trainer: Person) -> None:
    assignment = trainer.take_new(DEMONSTRATION)
    path = f"assignments/{assignment.pk}/questions/"
    asked = trainer.post(path, {"text": "May I quote a song?"})
    assert asked.status_code == 201
    lead = Person(trainer.project, Membership.Role.REVIEWER)
    (row,) = lead.client.get(f"/api/v1/projects/{trainer.project.slug}/questions/").json()[
        "results"
    ]
    assert (row["text"], row["asked_by"]) == ("May I quote a song?", str(trainer.member.user))
    answer = {"answer": "One line at most.", "pin": True}
    assert lead.post(f"questions/{row['id']}/answer/", answer).status_code == 200
    (mine,) = trainer.client.get(f"/api/v1/{path}").json()["questions"]
    assert mine["answer"] == "One line at most."
    other = Person(trainer.project)
    theirs = other.take_new(DEMONSTRATION)
    body = other.client.get(f"/api/v1/assignments/{theirs.pk}/questions/").json()
    assert [ruling["answer"] for ruling in body["rulings"]] == ["One line at most."]
    assert body["questions"] == []


def test_a_lead_sees_what_waits_and_what_it_is_about(trainer: Person) -> None:
    prompt = PromptFactory(project=trainer.project, text="Explain tides.")
    assignment = trainer.take_new(DEMONSTRATION, prompt)
    path = f"assignments/{assignment.pk}/questions/"
    answered = trainer.post(path, {"text": "How long?"}).json()
    waiting = trainer.post(path, {"text": "For whom?"}).json()
    lead = Person(trainer.project, Membership.Role.REVIEWER)
    home = f"/api/v1/projects/{trainer.project.slug}/home/"
    assert lead.client.get(home).json()["open_questions"] == 2
    lead.post(f"questions/{answered['id']}/answer/", {"answer": "Short."})
    assert lead.client.get(home).json()["open_questions"] == 1
    assert trainer.client.get(home).json()["open_questions"] is None
    url = f"/api/v1/projects/{trainer.project.slug}/questions/?open=true"
    (row,) = lead.client.get(url).json()["results"]
    assert (row["id"], row["about"]) == (waiting["id"], "Explain tides.")
    assert row["conversation"] == conversation_of(assignment).pk


def test_an_answer_that_is_not_pinned_stays_between_the_two(trainer: Person) -> None:
    assignment = trainer.take_new(DEMONSTRATION)
    asked = trainer.post(f"assignments/{assignment.pk}/questions/", {"text": "Why?"}).json()
    lead = Person(trainer.project, Membership.Role.MANAGER)
    lead.post(f"questions/{asked['id']}/answer/", {"answer": "So."})
    body = trainer.client.get(f"/api/v1/assignments/{assignment.pk}/questions/").json()
    assert body["rulings"] == []


def test_a_task_may_be_released_with_the_question(trainer: Person) -> None:
    assignment = trainer.take_new(DEMONSTRATION)
    body = {"text": "I cannot tell what is meant.", "release": True}
    assert trainer.post(f"assignments/{assignment.pk}/questions/", body).status_code == 201
    assignment.refresh_from_db()
    assert (assignment.state, assignment.skip_reason) == (
        Assignment.State.SKIPPED,
        Assignment.SkipReason.UNCLEAR,
    )


def test_what_waits_for_its_asker_alone_stays_theirs(trainer: Person) -> None:
    assignment = trainer.take_new(DEMONSTRATION)
    assignment.task.reserved_for_id = assignment.rater_id
    assignment.task.save()
    body = {"text": "What is wrong with it?", "release": True}
    assert trainer.post(f"assignments/{assignment.pk}/questions/", body).status_code == 201
    assignment.refresh_from_db()
    assert assignment.state == Assignment.State.LEASED
    assert assignment.task.state == Task.State.OPEN


@pytest.mark.parametrize("text", ["   ", "\n"])
def test_an_empty_question_and_an_empty_answer_are_refused(trainer: Person, text: str) -> None:
    new_task(trainer.project, DEMONSTRATION)
    assignment = trainer.claim(DEMONSTRATION)
    path = f"assignments/{assignment.pk}/questions/"
    answer = trainer.post(path, {"text": text})
    assert (answer.status_code, answer.json()["code"]) == (400, "nothing_asked")
    asked = trainer.post(path, {"text": "Why?"}).json()
    lead = Person(trainer.project, Membership.Role.MANAGER)
    answer = lead.post(f"questions/{asked['id']}/answer/", {"answer": text})
    assert (answer.status_code, answer.json()["code"]) == (400, "nothing_asked")
