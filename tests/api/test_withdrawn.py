"""Tasks that two people found unclear or broken, and what a lead decides about them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from annotation.exceptions import NoTaskAvailable
from annotation.models import Assignment, Prompt, Slot, Task, TaskKind
from annotation.services import leases, tasks
from labelhub import clock
from labelhub.accounts.models import AuditEvent, Membership
from tests.factories import PromptFactory
from tests.ranking import ready_comparison
from tests.writing import DEMONSTRATION, REVIEW, Person, dialogue, new_task, serving_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead() -> Person:
    return Person(serving_project(), role=Membership.Role.MANAGER)


@pytest.fixture
def task(lead: Person) -> Task:
    prompt = PromptFactory(project=lead.project, kind=Prompt.Kind.BRIEF, text="Explain the thing.")
    return new_task(lead.project, DEMONSTRATION, prompt)


def skip(lead: Person, reason: str, comment: str = "") -> Person:
    """Somebody new claims the task and skips it."""
    person = Person(lead.project)
    held = person.claim(DEMONSTRATION)
    body = {"reason": reason, "comment": comment}
    assert person.post(f"assignments/{held.pk}/skip/", body).status_code == 204
    return person


def withdraw(lead: Person) -> list[Person]:
    return [skip(lead, "unclear", "Which thing?"), skip(lead, "broken")]


def listed(lead: Person) -> list[dict[str, Any]]:
    answer = lead.client.get(f"/api/v1/projects/{lead.project.slug}/withdrawn/")
    assert answer.status_code == 200
    return list(answer.json()["results"])


def put_back(lead: Person, task: Task, **body: Any) -> tuple[int, str | None]:
    answer = lead.post(f"tasks/{task.pk}/put-back/", body)
    return answer.status_code, answer.json()["code"] if answer.content else None


def test_two_who_found_it_spoiled_bring_it_to_the_leads_with_their_reasons(
    lead: Person, task: Task
) -> None:
    skip(lead, "prefer_not")
    first = skip(lead, "unclear", "Which thing?")
    assert listed(lead) == []
    skip(lead, "broken")
    (row,) = listed(lead)
    assert (row["id"], row["prompt"], row["prompt_kind"]) == (
        task.pk,
        "Explain the thing.",
        "brief",
    )
    assert [(skip["reason"], skip["comment"]) for skip in row["skips"]] == [
        ("prefer_not", ""),
        ("unclear", "Which thing?"),
        ("broken", ""),
    ]
    assert row["skips"][1]["by"] == str(first.member.user)


def test_put_back_it_goes_to_somebody_else_with_the_edited_brief(lead: Person, task: Task) -> None:
    old = task.prompt
    assert old is not None
    skippers = withdraw(lead)
    assert put_back(lead, task, text="Explain TLS to a shop owner.") == (204, None)
    assert listed(lead) == []
    for person in skippers:
        with pytest.raises(NoTaskAvailable):
            person.claim(DEMONSTRATION)
    claimed = Person(lead.project).claim(DEMONSTRATION)
    new = claimed.task.prompt
    assert claimed.task == task
    assert new is not None
    assert (new.text, new.origin_key) == ("Explain TLS to a shop owner.", old.origin_key)
    old.refresh_from_db()
    assert (old.text, old.set_aside_at is None) == ("Explain the thing.", False)
    event = AuditEvent.objects.get(verb="task put back")
    assert event.actor == lead.member.user


def test_skips_before_a_lead_decided_do_not_count_again(lead: Person, task: Task) -> None:
    withdraw(lead)
    put_back(lead, task)
    skip(lead, "unclear")
    assert listed(lead) == []
    skip(lead, "unclear")
    assert [row["id"] for row in listed(lead)] == [task.pk]


def test_dropped_it_is_gone_for_good(lead: Person, task: Task) -> None:
    withdraw(lead)
    assert lead.post(f"tasks/{task.pk}/drop/", {}).status_code == 204
    assert listed(lead) == []
    task.refresh_from_db()
    assert task.state == Task.State.WITHDRAWN
    assert set(task.slots.values_list("state", flat=True)) == {Slot.State.WITHDRAWN}
    assert AuditEvent.objects.filter(verb="task dropped").count() == 1
    assert put_back(lead, task) == (409, "not_withdrawn")


def expired_then_withdrawn(lead: Person) -> tuple[Person, Assignment]:
    """Somebody's unfinished work, whose lease ran out before two others skipped the task."""
    skip(lead, "unclear")
    writer = Person(lead.project)
    held = writer.claim(DEMONSTRATION)
    assert writer.save(held, dialogue(2)).status_code == 200
    with clock.held_at(clock.now() + timedelta(hours=2)):
        leases.sweep_expired()
    skip(lead, "broken")
    held.refresh_from_db()
    assert held.state == Assignment.State.EXPIRED
    return writer, held


def test_who_wrote_on_it_may_hand_it_in_until_a_lead_decides(lead: Person, task: Task) -> None:
    writer, held = expired_then_withdrawn(lead)
    (row,) = listed(lead)
    assert writer.post(f"assignments/{held.pk}/beat/", {}).status_code == 200
    assert writer.hand_in(held).json()["next"] == "review"
    assert put_back(lead, task) == (204, None)
    task.refresh_from_db()
    # Nothing of it is left to be done.
    assert (row["id"], task.state) == (task.pk, Task.State.DONE)
    with pytest.raises(NoTaskAvailable):
        Person(lead.project).claim(DEMONSTRATION)


def test_what_was_written_on_a_task_that_is_gone_is_kept_and_said_to_be(
    lead: Person, task: Task
) -> None:
    writer, held = expired_then_withdrawn(lead)
    assert lead.post(f"tasks/{task.pk}/drop/", {}).status_code == 204
    beat = writer.post(f"assignments/{held.pk}/beat/", {})
    assert (beat.status_code, beat.json()["code"]) == (409, "task_withdrawn")
    assert writer.hand_in(held).json()["code"] == "task_withdrawn"
    page = writer.client.get(f"/api/v1/assignments/{held.pk}/").json()
    assert [turn["content"] for turn in page["conversation"]["messages"]] == [
        turn["content"] for turn in dialogue(2)
    ]
    home = writer.client.get(f"/api/v1/projects/{lead.project.slug}/home/").json()
    assert [row["assignment"] for row in home["kept"]] == [held.pk]


def test_what_one_person_alone_was_asked_is_over_when_they_skip_it(lead: Person) -> None:
    trainer = Person(lead.project)
    trainer.hand_in_new()
    reviewer = Person(lead.project, role=Membership.Role.REVIEWER)
    reviewer.review(reviewer.claim(REVIEW), "returned", comment="Too short.")
    home = f"/api/v1/projects/{lead.project.slug}/home/"
    assert len(trainer.client.get(home).json()["returned"]) == 1
    redo = trainer.claim(DEMONSTRATION)
    body = {"reason": "unclear", "comment": "I see nothing to add."}
    assert trainer.post(f"assignments/{redo.pk}/skip/", body).status_code == 204
    assert trainer.client.get(home).json()["returned"] == []
    assert listed(lead) == []
    assert put_back(lead, redo.task) == (409, "not_withdrawn")


def test_refusals(lead: Person, task: Task) -> None:
    assert put_back(lead, task) == (409, "not_withdrawn")
    withdraw(lead)
    assert put_back(lead, task, text="  ") == (400, "nothing_written")
    (ranking,) = tasks.add_tasks(
        tasks=[
            tasks.NewTask(
                project=lead.project,
                kind=TaskKind.RANKING,
                comparison=ready_comparison(lead.project),
            )
        ]
    )
    Task.objects.filter(pk=ranking.pk).update(state=Task.State.WITHDRAWN)
    assert put_back(lead, ranking, text="Better?") == (409, "no_brief_to_edit")
