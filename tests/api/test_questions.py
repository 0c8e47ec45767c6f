"""Questions about a task, answers, rulings."""

from __future__ import annotations

import pytest

from annotation.models import Assignment, Question, Task, TaskKind
from labelhub.accounts.models import Membership
from tests.factories import PromptFactory
from tests.ranking import queued
from tests.writing import CHAT, DEMONSTRATION, Person, conversation_of, new_task, serving_project

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


def test_a_ruling_is_shown_at_everybodys_next_claim_and_once(trainer: Person) -> None:
    def shown(person: Person) -> list[tuple[str, str]]:
        """On the page of a task that the person claims now, and of its reload; then they skip it."""
        new_task(trainer.project, DEMONSTRATION)
        path = f"/api/v1/projects/{trainer.project.slug}/claims/"
        page = person.client.post(path, {"kind": "demonstration"}).json()
        again = person.client.get(f"/api/v1/assignments/{page['id']}/").json()
        assert again["new_rulings"] == page["new_rulings"]
        body = {"reason": "prefer_not", "comment": ""}
        assert person.post(f"assignments/{page['id']}/skip/", body).status_code == 204
        return [(ruling["text"], ruling["answer"]) for ruling in page["new_rulings"]]

    assert shown(trainer) == []
    assignment = trainer.take_new(DEMONSTRATION)
    lead = Person(trainer.project, Membership.Role.REVIEWER)
    for text, pin in (("May I quote?", True), ("Is this one right?", False)):
        asked = trainer.post(f"assignments/{assignment.pk}/questions/", {"text": text}).json()
        lead.post(f"questions/{asked['id']}/answer/", {"answer": "One line.", "pin": pin})
    newcomer = Person(trainer.project)
    for person in (trainer, newcomer):
        if person is trainer:
            body = {"reason": "prefer_not", "comment": ""}
            assert trainer.post(f"assignments/{assignment.pk}/skip/", body).status_code == 204
        assert shown(person) == [("May I quote?", "One line.")]
        assert shown(person) == []
    # On other work it says nothing.
    new_task(trainer.project, CHAT)
    path = f"/api/v1/projects/{trainer.project.slug}/claims/"
    assert newcomer.client.post(path, {"kind": "chat"}).json()["new_rulings"] == []


def test_a_task_may_be_released_with_the_question(trainer: Person) -> None:
    assignment = trainer.take_new(DEMONSTRATION)
    body = {"text": "I cannot tell what is meant.", "release": True}
    assert trainer.post(f"assignments/{assignment.pk}/questions/", body).status_code == 201
    assignment.refresh_from_db()
    assert (assignment.state, assignment.skip_reason) == (
        Assignment.State.SKIPPED,
        Assignment.SkipReason.UNCLEAR,
    )


def test_what_waits_for_its_asker_alone_cannot_be_released(trainer: Person) -> None:
    assignment = reserved(trainer.take_new(DEMONSTRATION))
    path = f"assignments/{assignment.pk}/questions/"
    assert trainer.client.get(f"/api/v1/{path}").json()["may_release"] is False
    body = {"text": "What is wrong with it?", "release": True}
    answer = trainer.post(path, body)
    assert (answer.status_code, answer.json()["code"]) == (409, "stays_yours")
    assert not Question.objects.exists()
    assert trainer.post(path, body | {"release": False}).status_code == 201
    assignment.refresh_from_db()
    assert assignment.state == Assignment.State.LEASED
    assert assignment.task.state == Task.State.OPEN


def test_a_known_ranking_is_released_like_any_other(trainer: Person) -> None:
    queued(trainer.project)
    rater = Person(trainer.project)
    assignment = reserved(rater.claim(TaskKind.RANKING))
    path = f"assignments/{assignment.pk}/questions/"
    assert rater.client.get(f"/api/v1/{path}").json()["may_release"] is True
    body = {"text": "I cannot tell these apart.", "release": True}
    assert rater.post(path, body).status_code == 201
    assignment.refresh_from_db()
    assert assignment.state == Assignment.State.SKIPPED


def reserved(assignment: Assignment) -> Assignment:
    assignment.task.reserved_for_id = assignment.rater_id
    assignment.task.save()
    return assignment


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
