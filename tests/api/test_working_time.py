"""Active time by day: shown, contested, decided, exported."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from annotation.models import ActiveTime, Assignment
from annotation.selectors import queue
from annotation.services import leases
from labelhub import clock
from labelhub.accounts.models import Membership, Project
from tests.writing import DEMONSTRATION, Person, dialogue, serving_project

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 5, 23, 30, tzinfo=UTC)


@pytest.fixture
def trainer() -> Person:
    project = serving_project()
    Project.objects.filter(pk=project.pk).update(created_at=AT - timedelta(days=30))
    person = Person(Project.objects.get(pk=project.pk))
    for seconds in (600.0, 300.0):
        assignment = person.take_new(DEMONSTRATION)
        Assignment.objects.filter(pk=assignment.pk).update(state=Assignment.State.EXPIRED)
        ActiveTime.objects.create(
            assignment=assignment, rater=assignment.rater, day=AT.date(), seconds=seconds
        )
    return person


def time_path(person: Person, suffix: str = "") -> str:
    return f"projects/{person.project.slug}/time{suffix}/"


def csv_of(manager: Person) -> list[str]:
    answer = manager.client.get(f"/api/v1/{time_path(manager, '-export')}?month=2026-03")
    assert answer["Content-Type"].startswith("text/csv")
    return answer.content.decode().splitlines()


def test_a_day_counts_all_work_of_any_end(trainer: Person) -> None:
    body = trainer.client.get(f"/api/v1/{time_path(trainer)}?month=2026-03").json()
    (day,) = body["days"]
    assert (day["day"], day["active_seconds"], day["n_tasks"]) == ("2026-03-05", 900.0, 2)
    assert trainer.client.get(f"/api/v1/{time_path(trainer)}?month=2026-04").json()["days"] == []


def test_work_taken_up_on_another_day_leaves_the_first_day_its_time() -> None:
    person, other = Person(project := serving_project()), Person(project)
    with clock.held_at(AT):
        assignment = person.take_new(DEMONSTRATION)
        theirs = other.take_new(DEMONSTRATION)
    for seconds in (40, 70):
        with clock.held_at(AT + timedelta(seconds=seconds)):
            person.save(assignment, dialogue(2))
    with clock.held_at(AT + timedelta(seconds=80)):
        assert person.hand_in(assignment).status_code == 200
        leases.beat(assignment=theirs)
    with clock.held_at(AT + timedelta(days=2)):
        assert person.post(f"assignments/{assignment.pk}/amend/", {}).status_code == 200
    with clock.held_at(AT + timedelta(days=2, seconds=50)):
        assert person.hand_in(assignment).status_code == 200
        assert queue.effort_of(membership=person.member).active_seconds_today == 50
    name, theirs_name = person.member.user.username, other.member.user.username
    assert sorted(csv_of(Person(project, Membership.Role.MANAGER))[1:]) == sorted(
        [
            f"{name},2026-03-05,1,80,80,counted",
            f"{name},2026-03-07,1,50,50,counted",
            f"{theirs_name},2026-03-05,1,60,60,counted",
        ]
    )
    assignment.refresh_from_db()
    assert assignment.active_seconds == 130


def test_a_beat_counts_for_the_day_on_which_it_is_received() -> None:
    person = Person(serving_project())
    with clock.held_at(AT.replace(minute=59, second=30)):
        assignment = person.take_new(DEMONSTRATION)
    for seconds in (25, 55):
        with clock.held_at(AT.replace(minute=59, second=30) + timedelta(seconds=seconds)):
            leases.beat(assignment=assignment)
    days = assignment.active_times.order_by("day").values_list("day__day", "seconds")
    assert list(days) == [(5, 25.0), (6, 30.0)]


def test_what_is_granted_replaces_the_count_in_the_monthly_export(trainer: Person) -> None:
    manager = Person(trainer.project, Membership.Role.MANAGER)
    name = trainer.member.user.username
    assert csv_of(manager)[1] == f"{name},2026-03-05,2,900,900,counted"
    body = {"day": "2026-03-05", "claimed_seconds": 3600, "text": "I read on paper."}
    assert trainer.post(time_path(trainer), body).status_code == 201
    assert csv_of(manager)[1].endswith("900,900,contested")
    (contest,) = manager.client.get(f"/api/v1/{time_path(trainer, '-contests')}").json()["contests"]
    assert (contest["counted_seconds"], contest["claimed_seconds"]) == (900.0, 3600.0)
    path = f"time-contests/{contest['id']}/decision/"
    decision = {"granted_seconds": 3000, "answer": "Without the lunch hour."}
    assert manager.post(path, decision).status_code == 200
    assert csv_of(manager)[1].endswith("900,3000,decided")
    (day,) = trainer.client.get(f"/api/v1/{time_path(trainer)}?month=2026-03").json()["days"]
    assert day["contest"]["answer"] == "Without the lunch hour."
    answer = manager.post(path, decision)
    assert (answer.status_code, answer.json()["code"]) == (409, "already_decided")


def test_what_was_granted_stands_while_the_day_is_contested_again(trainer: Person) -> None:
    manager = Person(trainer.project, Membership.Role.MANAGER)

    def contest() -> str:
        body = {"day": "2026-03-05", "claimed_seconds": 3600, "text": "I read on paper."}
        return f"time-contests/{trainer.post(time_path(trainer), body).json()['id']}/decision/"

    assert manager.post(contest(), {"granted_seconds": 3000}).status_code == 200
    again = contest()
    assert csv_of(manager)[1].endswith("900,3000,decided and contested")
    (day,) = trainer.client.get(f"/api/v1/{time_path(trainer)}?month=2026-03").json()["days"]
    assert (day["granted_seconds"], day["contest"]["granted_seconds"]) == (3000.0, None)
    assert manager.post(again, {"granted_seconds": 3300}).status_code == 200
    assert csv_of(manager)[1].endswith("900,3300,decided")
    (day,) = trainer.client.get(f"/api/v1/{time_path(trainer)}?month=2026-03").json()["days"]
    assert (day["granted_seconds"], day["contest"]["granted_seconds"]) == (3300.0, 3300.0)


def test_nobody_decides_on_their_own_time(trainer: Person) -> None:
    manager, other = (Person(trainer.project, Membership.Role.MANAGER) for _ in range(2))
    body = {"day": "2026-03-05", "claimed_seconds": 3600, "text": "I read on paper."}
    contest = manager.post(time_path(manager), body).json()["id"]
    path = f"time-contests/{contest}/decision/"
    answer = manager.post(path, {"granted_seconds": 86400})
    assert (answer.status_code, answer.json()["code"]) == (403, "own_time")
    assert other.post(path, {"granted_seconds": 3000}).status_code == 200


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_a_name_is_no_formula_in_a_spreadsheet(trainer: Person, name: str) -> None:
    user = trainer.member.user
    user.username = name
    user.save()
    assert csv_of(Person(trainer.project, Membership.Role.MANAGER))[1].startswith(f"'{name},")


def test_a_second_word_before_the_decision_replaces_the_first(trainer: Person) -> None:
    for seconds in (1000, 2000):
        body = {"day": "2026-03-05", "claimed_seconds": seconds, "text": "More."}
        assert trainer.post(time_path(trainer), body).status_code == 201
    manager = Person(trainer.project, Membership.Role.MANAGER)
    body = manager.client.get(f"/api/v1/{time_path(trainer, '-contests')}").json()
    assert [row["claimed_seconds"] for row in body["contests"]] == [2000.0]


@pytest.mark.parametrize("month", ["2026", "2026-13", "", "9999-12"])
def test_a_month_is_named_as_one(trainer: Person, month: str) -> None:
    answer = trainer.client.get(f"/api/v1/{time_path(trainer)}?month={month}")
    assert (answer.status_code, list(answer.json()["fields"])) == (400, ["month"])


def test_a_contest_says_why(trainer: Person) -> None:
    body = {"day": "2026-03-05", "claimed_seconds": 1, "text": " "}
    answer = trainer.post(time_path(trainer), body)
    assert (answer.status_code, answer.json()["code"]) == (400, "nothing_asked")


@pytest.mark.parametrize("days_from_now", [-400 * 365, 3])
def test_nobody_contests_a_day_on_which_there_was_no_work(
    trainer: Person, days_from_now: int
) -> None:
    day = (clock.now() + timedelta(days=days_from_now)).date().isoformat()
    body = {"day": day, "claimed_seconds": 1, "text": "More."}
    answer = trainer.post(time_path(trainer), body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert list(answer.json()["fields"]) == ["day"]
