"""People who leave a project and come back, and projects that are put away."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from annotation.models import Assignment, Slot
from annotation.services import tasks
from labelhub import clock
from labelhub.accounts.models import AuditEvent, Membership, Project, User
from tests.factories import MembershipFactory, ProjectFactory, UserFactory, ready_comparison
from tests.writing import DEMONSTRATION, Person, new_task, serving_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def trainer() -> Person:
    return Person(serving_project())


@pytest.fixture
def admin() -> User:
    return UserFactory(is_staff=True, is_superuser=True)


@pytest.fixture
def browser(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return client


def act(browser: Client, member: Membership, action: str) -> None:
    answer = browser.post(
        reverse("admin:accounts_membership_changelist"),
        {"action": action, "_selected_action": [member.pk]},
    )
    assert answer.status_code == 302


def home(person: Person) -> dict[str, Any]:
    answer = person.client.get(f"/api/v1/projects/{person.project.slug}/home/")
    assert answer.status_code == 200
    return dict(answer.json())


def test_whoever_is_taken_off_gives_back_what_they_hold_and_finds_it_when_taken_back(
    trainer: Person, browser: Client, admin: User
) -> None:
    handed_in = trainer.hand_in_new()
    held = trainer.take_new(DEMONSTRATION)
    act(browser, trainer.member, "take_off")
    held.refresh_from_db()
    handed_in.refresh_from_db()
    assert (held.state, handed_in.state) == (Assignment.State.EXPIRED, "submitted")
    assert Slot.objects.get(pk=held.slot_id).state == Slot.State.OPEN
    page = f"/api/v1/assignments/{held.pk}/"
    assert trainer.client.get(page).status_code == 404
    # Nobody changes by the way who was taken off.
    change = reverse("admin:accounts_membership_change", args=[trainer.member.pk])
    assert "_save" not in browser.get(change).content.decode()
    act(browser, trainer.member, "take_back")
    assert trainer.client.get(page).status_code == 200
    assert trainer.claim(DEMONSTRATION) == held
    events = AuditEvent.objects.filter(verb__in=["member deactivated", "role"], actor=admin)
    assert list(events.order_by("pk").values_list("verb", flat=True)) == [
        "member deactivated",
        "role",
    ]


def test_a_persons_labels_are_left_out_from_a_date_and_counted_again(
    trainer: Person, browser: Client
) -> None:
    since = clock.now().replace(microsecond=0) - timedelta(days=3)
    form = {
        "role": "trainer",
        "languages": "en",
        "skills": "",
        "sensitivity_opt_ins": "",
        "excluded_from_0": since.date().isoformat(),
        "excluded_from_1": since.time().isoformat(),
    }
    change = reverse("admin:accounts_membership_change", args=[trainer.member.pk])
    for moment, verb in ((since, "member excluded"), (None, "member counted again")):
        if moment is None:
            form |= {"excluded_from_0": "", "excluded_from_1": ""}
        assert browser.post(change, form).status_code == 302
        trainer.member.refresh_from_db()
        assert trainer.member.excluded_from == moment
        assert AuditEvent.objects.filter(verb=verb).count() == 1


def test_who_makes_an_account_an_admins_is_on_record(browser: Client, admin: User) -> None:
    person = UserFactory()
    form = {
        "username": person.username,
        "is_active": "on",
        "is_superuser": "on",
        "date_joined_0": "2026-01-01",
        "date_joined_1": "00:00:00",
    }
    change = reverse("admin:accounts_user_change", args=[person.pk])
    assert browser.post(change, form).status_code == 302
    event = AuditEvent.objects.get(verb="account changed")
    assert (event.actor, event.object_id) == (admin, str(person.pk))
    assert event.details == {"fields": ["is_superuser"]}


def test_a_project_that_was_put_away_hands_out_nothing(trainer: Person) -> None:
    new_task(trainer.project, DEMONSTRATION)
    Project.objects.filter(pk=trainer.project.pk).update(archived_at=clock.now())
    answer = trainer.post(f"projects/{trainer.project.slug}/claims/", {"kind": "demonstration"})
    assert (answer.status_code, answer.json()["code"]) == (409, "project_paused")
    assert all(queue["paused"] for queue in home(trainer)["queues"])


def test_what_one_has_given_back_does_not_wait_for_one_when_somebody_else_let_it_go(
    trainer: Person,
) -> None:
    """A task wants several answers: what ran out for another is again theirs, not everybody's."""
    project = trainer.project
    comparison = ready_comparison(project)
    tasks.add_tasks(
        tasks=[
            tasks.NewTask(
                project=project, kind=tasks.TaskKind.RANKING, comparison=comparison, n_slots=3
            )
        ]
    )
    mine = trainer.claim(tasks.TaskKind.RANKING)
    body = {"reason": "prefer_not", "comment": ""}
    assert trainer.post(f"assignments/{mine.pk}/skip/", body).status_code == 204
    other = Person(project)
    theirs = other.claim(tasks.TaskKind.RANKING)
    Assignment.objects.filter(pk=theirs.pk).update(state=Assignment.State.EXPIRED)
    available = {
        person: {queue["kind"]: queue["available"] for queue in home(person)["queues"]}["ranking"]
        for person in (trainer, other)
    }
    assert available == {trainer: 0, other: 1}


@pytest.mark.parametrize(
    ("turn", "payload", "status", "code"),
    [
        (0, {"text": "A turn."}, 200, None),
        (10**12, {"text": "A turn."}, 404, "not_found"),
        (0, {"text": "x" * 1_000_000}, 400, "invalid"),
    ],
)
def test_what_is_kept_unsubmitted_has_bounds(
    trainer: Person, turn: int, payload: dict[str, str], status: int, code: str | None
) -> None:
    work = trainer.take_new(DEMONSTRATION)
    body = {"version": 0, "payload": payload}
    answer = trainer.put(f"assignments/{work.pk}/autosaves/{turn}/", body)
    assert (answer.status_code, answer.json().get("code")) == (status, code)


def test_a_member_of_another_project_is_no_member_here(trainer: Person) -> None:
    held = trainer.take_new(DEMONSTRATION)
    MembershipFactory(project=ProjectFactory(), user=trainer.member.user)
    Membership.objects.filter(pk=trainer.member.pk).update(deactivated_at=clock.now())
    assert trainer.client.get(f"/api/v1/assignments/{held.pk}/").status_code == 404
    assert trainer.post(f"assignments/{held.pk}/beat/", {}).status_code == 404
