"""A project full of open ranking tasks: one is made as labelhub makes them, SQL multiplies it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.db import connection, models
from django.db.models import Count
from django.test import Client
from django.test.utils import CaptureQueriesContext

from annotation.models import (
    Assignment,
    Candidate,
    Comparison,
    ImportRun,
    QueueCursor,
    RatingSchema,
    Slot,
    Task,
    TaskKind,
)
from annotation.services import claim, leases, tasks
from benchmarks.trainers import judgement
from labelhub import clock
from labelhub.accounts.models import Membership, Project, User
from labelhub.accounts.services import add_member
from labelhub.accounts.sessions import SessionStore
from sampling.models import Context

SLUG = "bench"
N_CANDIDATES = 4
# A prompt and four replies of this length make a task of 2 kB.
TEXT = "A reply of about four hundred characters, as a policy would write it. " * 6

# As evenly spread as the services' own keys.
_ORDER_KEY = "(random() * 9e18)::bigint"


def make_project() -> Project:
    """A project with one open ranking task, the pattern of all others."""
    now = clock.now()
    project: Project = Project.objects.create(slug=SLUG, name="Bench")
    RatingSchema.objects.create(project=project, version=1, flags=[], created_at=now)
    run = ImportRun.objects.create(
        project=project, file_name="bench", format="ranking", started_at=now
    )
    context = Context.objects.create(sha256="0" * 64, messages=[{"role": "user", "content": TEXT}])
    comparison = Comparison.objects.create(
        project=project,
        criterion="overall",
        state="ready",
        context=context,
        origin_key="pattern",
        import_run=run,
        created_at=now,
        ready_at=now,
    )
    for index in range(N_CANDIDATES):
        Candidate.objects.create(
            project=project,
            comparison=comparison,
            index=index,
            origin="imported",
            content=f"{index} {TEXT}",
        )
    tasks.add_tasks(
        tasks=[tasks.NewTask(project=project, kind=TaskKind.RANKING, comparison=comparison)]
    )
    return project


def add_comparisons(n: int) -> None:
    """`n` more comparisons, each with its candidates and one open task."""
    pattern = Comparison.objects.earliest("pk")
    last = Comparison.objects.latest("pk").pk
    _copy(Comparison, pattern.pk, f"generate_series(1, {n}) n", {"origin_key": "'copy ' || n"})
    new = f"(SELECT id FROM annotation_comparison WHERE id > {last}) new"
    for candidate in Candidate.objects.filter(comparison=pattern):
        _copy(Candidate, candidate.pk, new, {"comparison_id": "new.id"})
    _add_tasks(new)


def add_tasks(n: int) -> None:
    """`n` more open tasks on the comparisons that there are, many on each where `n` is greater."""
    n_comparisons = Comparison.objects.count()
    first = Comparison.objects.earliest("pk").pk
    _add_tasks(f"(SELECT {first} + n % {n_comparisons} AS id FROM generate_series(1, {n}) n) new")


def _add_tasks(comparisons: str) -> None:
    pattern = Task.objects.earliest("pk")
    last = Task.objects.latest("pk").pk
    _copy(
        Task,
        pattern.pk,
        comparisons,
        {"comparison_id": "new.id", "order_key": _ORDER_KEY, "state": "'open'"},
    )
    add_slots(f"SELECT id, order_key FROM annotation_task WHERE id > {last}", index=0)


def add_urgent_task() -> None:
    """One more open task, before all others."""
    comparison = Comparison.objects.earliest("pk")
    tasks.add_tasks(
        tasks=[
            tasks.NewTask(
                project=comparison.project,
                kind=TaskKind.RANKING,
                comparison=comparison,
                priority=tasks.DEFAULT_PRIORITY - 1,
            )
        ]
    )


def add_slots(of_tasks: str, *, index: int) -> None:
    """One more open slot for each task that the SQL query gives with its order key."""
    pattern = Slot.objects.earliest("pk")
    _copy(
        Slot,
        pattern.pk,
        f"({of_tasks}) new",
        {
            "task_id": "new.id",
            "order_key": "new.order_key",
            "state": "'open'",
            "index": str(index),
        },
    )


def make_veteran(member: Membership, n_answered: int) -> None:
    """The member has answered `n_answered` tasks, the first of the queue; each wants another answer.

    Their cursor stands behind the last of them, as claims leave it.
    """
    first = f"""
        SELECT t.id, t.order_key FROM annotation_slot s JOIN annotation_task t ON t.id = s.task_id
        WHERE s.state = 'open' AND s.index = 0
        ORDER BY s.priority, s.order_key, s.id LIMIT {n_answered}
    """
    add_slots(first, index=1)
    user = member.user
    pattern = claim.claim(user=user, slug=SLUG, kind=TaskKind.RANKING)
    Assignment.objects.filter(pk=pattern).update(
        state=Assignment.State.SUBMITTED, submitted_at=clock.now(), submission_key=uuid.uuid4()
    )
    held = Assignment.objects.get(pk=pattern)
    answered = f"""
        SELECT s.id, s.task_id FROM annotation_slot s JOIN ({first}) t ON t.id = s.task_id
        WHERE s.index = 0 AND s.task_id <> {held.task_id}
    """
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE answered AS " + answered)
    _copy(Assignment, pattern, "answered new", {"task_id": "new.task_id", "slot_id": "new.id"})
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE annotation_slot SET state = 'answered'"
            f" WHERE id = {held.slot_id} OR id IN (SELECT id FROM answered)"
        )
    last = Slot.objects.filter(index=1).latest("priority", "order_key", "pk")
    QueueCursor.objects.filter(rater=user.rater).update(
        priority=last.priority, order_key=last.order_key, slot_id=last.pk
    )


def _copy(model: type[models.Model], pattern: int, each: str, changes: Mapping[str, str]) -> None:
    """Copy a row once for each row of the SQL source `each`, with some columns by SQL expressions."""
    table = model._meta.db_table
    columns = [field.column for field in model._meta.concrete_fields if not field.primary_key]
    values = ", ".join(changes.get(column, f'pattern."{column}"') for column in columns)
    names = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} pattern "
            f"CROSS JOIN {each} WHERE pattern.id = {pattern}"
        )


def add_trainers(project: Project, n: int) -> list[Membership]:
    """`n` signed-up trainers."""
    return [
        add_member(
            project=project,
            user=User.objects.create(username=f"bench{number}", password="!"),
            role="trainer",
        )
        for number in range(n)
    ]


def sign_in(user: User) -> str:
    """The key of a new session, as a login makes it."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


def claim_and_skip(member: Membership) -> float:
    """Seconds that a claim takes; what was claimed is handed back at once, for good."""
    began = time.perf_counter()
    assignment = claim.claim(user=member.user, slug=SLUG, kind=TaskKind.RANKING)
    seconds = time.perf_counter() - began
    leases.skip(
        assignment=Assignment.objects.get(pk=assignment),
        reason=Assignment.SkipReason.PREFER_NOT,
        comment="",
    )
    return seconds


def count_statements(user: User) -> tuple[int, int]:
    """SQL statements of one claim and one submit over the API, session and user included."""
    settings.ALLOWED_HOSTS = ["testserver"]
    client = Client()
    client.cookies["sessionid"] = sign_in(user)
    claimed, n_claim = _counted(client, f"projects/{SLUG}/claims/", {"kind": "ranking"})
    labels = [card["label"] for card in claimed["comparison"]["candidates"]]
    _, n_submit = _counted(client, f"assignments/{claimed['id']}/ranking/", judgement(labels))
    return n_claim, n_submit


def _counted(client: Client, path: str, body: object) -> tuple[Any, int]:
    with CaptureQueriesContext(connection) as captured:
        answer = client.post(f"/api/v1/{path}", body, content_type="application/json")
    assert answer.status_code < 300, answer.content
    transaction_control = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")
    n = sum(not query["sql"].startswith(transaction_control) for query in captured)
    return answer.json(), n


def n_doubly_assigned() -> int:
    """Slots that more than one live assignment answers or holds."""
    return (
        Assignment.objects.filter(state__in=["leased", "submitted"])
        .values("slot")
        .annotate(n=Count("pk"))
        .filter(n__gt=1)
        .count()
    )
