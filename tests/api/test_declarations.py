"""What people declare, and the limits of sensitive work."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection
from django.db.models import F, UniqueConstraint
from django.test.utils import CaptureQueriesContext

from annotation.exceptions import SensitiveRest
from annotation.models import ActiveTime, Assignment, TaskKind
from annotation.selectors import declarations
from annotation.services import leases, tasks
from labelhub import clock
from labelhub.accounts.models import AuditEvent
from tests.factories import PromptFactory
from tests.writing import DEMONSTRATION, Person, serving_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def trainer() -> Person:
    return Person(serving_project())


def offer(
    person: Person, n: int = 1, *, language: str = "en", topics: tuple[str, ...] = ()
) -> None:
    prompt = PromptFactory(project=person.project, language=language)
    tasks.add_tasks(
        tasks=[
            tasks.NewTask(
                project=person.project,
                kind=TaskKind.DEMONSTRATION,
                prompt=prompt,
                language=language,
                sensitivity=topics,
            )
            for _ in range(n)
        ]
    )


def declare(person: Person, languages: list[str], topics: list[str]) -> None:
    path = f"projects/{person.project.slug}/declaration/"
    body = {"languages": languages, "sensitivity_opt_ins": topics}
    answer = person.put(path, body)
    assert answer.status_code == 200, answer.json()


def do_one(person: Person) -> Assignment:
    assignment = person.claim(DEMONSTRATION)
    leases.skip(assignment=assignment, reason=Assignment.SkipReason.PREFER_NOT, comment="")
    return assignment


def work_on(assignment: Assignment, day: date, seconds: float) -> None:
    ActiveTime.objects.create(
        assignment=assignment, rater=assignment.rater, day=day, seconds=seconds
    )


def test_work_comes_in_declared_languages_and_topics(trainer: Person) -> None:
    offer(trainer, language="de", topics=("violence",))
    path = f"/api/v1/projects/{trainer.project.slug}/"
    assert trainer.client.get(f"{path}declaration/").json() == {
        "languages": ["en"],
        "sensitivity_opt_ins": [],
        "languages_asked_for": ["de"],
        "sensitive_topics": ["violence"],
    }
    declare(trainer, ["en", "de"], [])
    assert trainer.client.post(f"{path}claims/", {"kind": "demonstration"}).status_code == 404
    declare(trainer, ["de", "en", "de"], ["violence"])
    answer = trainer.client.post(f"{path}claims/", {"kind": "demonstration"})
    assert (answer.json()["language"], answer.json()["sensitivity"]) == ("de", ["violence"])
    trainer.member.refresh_from_db()
    assert trainer.member.languages == ["de", "en"]
    assert AuditEvent.objects.filter(verb="declared").count() == 2


@pytest.mark.parametrize(
    ("languages", "field"),
    [([], "languages"), (["English"], "languages.0"), (["en", ""], "languages.1")],
)
def test_languages_are_tags_and_somebody_writes_in_one(
    trainer: Person, languages: list[str], field: str
) -> None:
    path = f"projects/{trainer.project.slug}/declaration/"
    answer = trainer.put(path, {"languages": languages, "sensitivity_opt_ins": []})
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])


class TestSensitiveLimits:
    def test_ten_in_a_row_then_other_work_or_an_hours_rest(self, trainer: Person) -> None:
        declare(trainer, ["en"], ["violence"])
        offer(trainer, 12, topics=("violence",))
        for _ in range(declarations.SENSITIVE_IN_A_ROW):
            do_one(trainer)
        path = f"/api/v1/projects/{trainer.project.slug}/"
        answer = trainer.client.post(f"{path}claims/", {"kind": "demonstration"})
        assert (answer.status_code, answer.json()["code"]) == (409, "sensitive_rest")
        (queue, *_) = trainer.client.get(f"{path}home/").json()["queues"]
        assert queue["available"] == 0
        offer(trainer)
        assert do_one(trainer).task.pool.sensitivity == []
        assert do_one(trainer).task.pool.sensitivity == ["violence"]

    def test_an_hour_without_any_ends_a_row(self, trainer: Person) -> None:
        declare(trainer, ["en"], ["violence"])
        offer(trainer, 11, topics=("violence",))
        for _ in range(declarations.SENSITIVE_IN_A_ROW):
            do_one(trainer)
        Assignment.objects.update(
            leased_at=F("leased_at") - timedelta(minutes=61),
            last_beat_at=F("last_beat_at") - timedelta(minutes=61),
        )
        assert trainer.claim(DEMONSTRATION).task.pool.sensitivity == ["violence"]

    def test_two_hours_a_day(self, trainer: Person, monkeypatch: pytest.MonkeyPatch) -> None:
        # A day that does not end while the test runs.
        noon = clock.now().replace(hour=12, minute=0)
        monkeypatch.setattr(clock, "now", lambda: noon)
        declare(trainer, ["en"], ["violence"])
        offer(trainer, 3, topics=("violence",))
        first = do_one(trainer)
        work_on(first, noon.date(), 2 * 60 * 60 - 1)
        assert declarations.opt_ins_now(rater_id=first.rater_id, opt_ins=["violence"])
        work_on(first, noon.date() - timedelta(days=1), 60 * 60)
        assert declarations.opt_ins_now(rater_id=first.rater_id, opt_ins=["violence"])
        work_on(do_one(trainer), noon.date(), 1)
        with pytest.raises(SensitiveRest):
            trainer.claim(DEMONSTRATION)

    def test_what_is_in_hand_stays_in_hand(self, trainer: Person) -> None:
        declare(trainer, ["en"], ["violence"])
        offer(trainer, topics=("violence",))
        held = trainer.claim(DEMONSTRATION)
        work_on(held, clock.now().date(), 3 * 60 * 60)
        assert trainer.claim(DEMONSTRATION) == held

    def test_neither_limit_reads_all_that_somebody_ever_did(self, trainer: Person) -> None:
        with CaptureQueriesContext(connection) as asked:
            declarations.opt_ins_now(rater_id=trainer.member.user.rater.pk, opt_ins=["violence"])
        assert len(asked) == 2
        assert '"leased_at" >=' in asked[0]["sql"]
        (index,) = [row for row in Assignment._meta.indexes if row.name == "assignment_by_start"]
        assert index.fields == ["rater", "leased_at"]
        assert '"annotation_activetime"."day" =' in asked[1]["sql"]
        (once,) = [row for row in ActiveTime._meta.constraints if isinstance(row, UniqueConstraint)]
        assert once.fields[:2] == ("rater", "day")
