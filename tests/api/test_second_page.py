"""One piece of work open on two pages: the second one is told, and the person chooses."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db.models import F

from annotation.models import Assignment
from annotation.services import leases
from tests.writing import DEMONSTRATION, Person, serving_project

pytestmark = pytest.mark.django_db
HERE, THERE = str(uuid4()), str(uuid4())


@pytest.fixture
def writer() -> Person:
    return Person(serving_project())


@pytest.fixture
def work(writer: Person) -> Assignment:
    return writer.take_new(DEMONSTRATION)


def beat(writer: Person, work: Assignment, page: str | None, **more: Any) -> tuple[int, str | None]:
    body = ({"page": page} if page else {}) | more
    answer = writer.post(f"assignments/{work.pk}/beat/", body)
    return answer.status_code, answer.json().get("code")


def pass_time(work: Assignment, seconds: float) -> None:
    Assignment.objects.filter(pk=work.pk).update(
        last_beat_at=F("last_beat_at") - timedelta(seconds=seconds)
    )


def test_a_second_page_is_refused_until_it_takes_over(writer: Person, work: Assignment) -> None:
    assert beat(writer, work, HERE) == (200, None)
    assert beat(writer, work, HERE) == (200, None)
    assert beat(writer, work, THERE) == (409, "open_elsewhere")
    assert beat(writer, work, THERE, take_over=True) == (200, None)
    # Now the first one is the other page.
    assert beat(writer, work, HERE) == (409, "open_elsewhere")
    assert beat(writer, work, THERE) == (200, None)


def test_a_refused_page_counts_no_time(writer: Person, work: Assignment) -> None:
    beat(writer, work, HERE)
    pass_time(work, 30)
    beat(writer, work, THERE)
    work.refresh_from_db()
    assert work.active_seconds < 1
    beat(writer, work, HERE)
    work.refresh_from_db()
    assert work.active_seconds == pytest.approx(30, abs=5)


def test_a_page_that_was_closed_or_left_alone_stands_in_nobodys_way(
    writer: Person, work: Assignment
) -> None:
    beat(writer, work, HERE)
    assert writer.post(f"assignments/{work.pk}/leave/", {"page": THERE}).status_code == 204
    assert beat(writer, work, THERE) == (409, "open_elsewhere")
    assert writer.post(f"assignments/{work.pk}/leave/", {"page": HERE}).status_code == 204
    assert beat(writer, work, THERE) == (200, None)
    pass_time(work, 90)
    assert beat(writer, work, str(uuid4())) == (200, None)


def test_a_closed_page_stands_in_nobodys_way_though_its_leave_came_first(
    writer: Person, work: Assignment
) -> None:
    assert writer.post(f"assignments/{work.pk}/leave/", {"page": HERE}).status_code == 204
    assert beat(writer, work, HERE) == (200, None)
    assert beat(writer, work, THERE) == (200, None)
    assert beat(writer, work, HERE) == (409, "open_elsewhere")


def test_who_claims_it_again_need_not_ask(writer: Person, work: Assignment) -> None:
    beat(writer, work, HERE)
    Assignment.objects.filter(pk=work.pk).update(lease_until=F("leased_at"))
    leases.sweep_expired()
    assert writer.claim(DEMONSTRATION) == work
    assert beat(writer, work, THERE) == (200, None)


def test_a_program_that_names_no_page_is_no_page(writer: Person, work: Assignment) -> None:
    assert beat(writer, work, None) == (200, None)
    assert beat(writer, work, HERE) == (200, None)
    assert beat(writer, work, None) == (200, None)
    assert beat(writer, work, THERE) == (409, "open_elsewhere")


def test_words_that_were_saved_already_are_no_conflict(writer: Person, work: Assignment) -> None:
    """The answer to the first request never came, so the page or the next one sends them again."""

    def save(words: str) -> tuple[int, int | None]:
        body = {"version": 0, "payload": {"content": words, "pasted": [1, 2.5]}}
        answer = writer.put(f"assignments/{work.pk}/autosaves/0/", body)
        return answer.status_code, answer.json().get("version")

    assert save("It rains.") == (200, 1)
    assert save("It rains.") == (200, 1)
    assert save("It snows.") == (409, None)
    assert save("It rains.") == (200, 1)
