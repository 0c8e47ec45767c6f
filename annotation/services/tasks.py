"""Putting work into the queue."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q, Value
from django.db.models.functions import Least

from annotation.models import (
    Batch,
    Comparison,
    Conversation,
    Pool,
    Prompt,
    Purpose,
    QueueCursor,
    Reason,
    Round,
    Slot,
    Task,
    TaskKind,
)
from annotation.services.copying import copy_rows, new_ids
from labelhub import clock
from labelhub.accounts.models import Project, Rater

DEFAULT_PRIORITY = 100
# Rows per INSERT: large enough that statements do not matter, small enough for memory.
CHUNK = 2000


@dataclass(frozen=True, kw_only=True)
class NewTask:
    """A task to be made. `priority` is the batch's unless named; lower comes first."""

    project: Project
    kind: TaskKind
    n_slots: int = 1
    language: str = "en"
    sensitivity: tuple[str, ...] = ()
    skill: str = ""
    purpose: Purpose = Purpose.TRAIN
    batch: Batch | None = None
    round: Round | None = None
    prompt: Prompt | None = None
    comparison: Comparison | None = None
    subject: Conversation | None = None
    barred_raters: tuple[int, ...] = ()
    reserved_for: Rater | None = None
    priority: int | None = None
    reason: Reason = Reason.PLANNED
    # Where in the queue's order it stands, if not at random.
    place: int | None = None

    def order_key(self) -> int:
        """Random but replayable: by age, fatigue would be mistaken for a source's quality (DATA.md §3)."""
        if self.place is not None:
            return self.place
        about = {
            "project": self.project,
            "batch": self.batch,
            "prompt": self.prompt,
            "comparison": self.comparison,
            "subject": self.subject,
        }
        return _order_key(self.kind, **{name: row.pk for name, row in about.items() if row})

    def urgency(self) -> int:
        if self.priority is not None:
            return self.priority
        return self.batch.priority if self.batch else DEFAULT_PRIORITY


@transaction.atomic
def add_tasks(*, tasks: Sequence[NewTask]) -> list[Task]:
    """Make the tasks and their open slots, in a number of statements that does not grow with theirs."""
    if not tasks:
        return []
    pools = {key: _pool(key) for key in {_pool_key(task) for task in tasks}}
    now = clock.now()
    rows = Task.objects.bulk_create(
        [
            Task(
                project=task.project,
                round=task.round,
                batch=task.batch,
                kind=task.kind,
                purpose=task.purpose,
                pool=pools[_pool_key(task)],
                order_key=task.order_key(),
                prompt=task.prompt,
                comparison=task.comparison,
                subject=task.subject,
                barred_raters=list(task.barred_raters),
                reserved_for=task.reserved_for,
                created_at=now,
            )
            for task in tasks
        ],
        batch_size=CHUNK,
    )
    slots = Slot.objects.bulk_create(
        [
            Slot(
                task=row,
                index=index,
                pool=row.pool,
                batch=row.batch,
                priority=task.urgency(),
                order_key=row.order_key,
                reason=task.reason,
            )
            for task, row in zip(tasks, rows, strict=True)
            for index in range(task.n_slots)
        ],
        batch_size=CHUNK,
    )
    _show_urgent_work(tasks, pools, first_slot=min((slot.pk for slot in slots), default=0))
    return rows


def add_ranking_tasks(
    *,
    project: Project,
    round_: Round | None,
    skill: str,
    comparisons: Sequence[tuple[int, str, int]],
) -> None:
    """As `add_tasks`, of many comparisons that nobody is barred from, given as (id, language, slots)."""
    pools = {
        language: _pool((project.pk, TaskKind.RANKING, language, (), skill))
        for language in sorted({language for _, language, _ in comparisons})
    }
    ids = new_ids(Task, len(comparisons))
    rows = [
        (
            pk,
            pools[language].pk,
            _order_key(TaskKind.RANKING, project=project.pk, comparison=about),
            about,
        )
        for pk, (about, language, _) in zip(ids, comparisons, strict=True)
    ]
    copy_rows(
        Task,
        ("id", "pool_id", "order_key", "comparison_id"),
        rows,
        same={
            "project_id": project.pk,
            "round_id": round_.pk if round_ else None,
            "kind": TaskKind.RANKING.value,
            "created_at": clock.now(),
        },
    )
    slots = [
        (pk, pool, order_key, index)
        for (pk, pool, order_key, _), (_, _, n_slots) in zip(rows, comparisons, strict=True)
        for index in range(n_slots)
    ]
    slot_ids = new_ids(Slot, len(slots))
    copy_rows(
        Slot,
        ("id", "task_id", "pool_id", "order_key", "index"),
        [(slot_id, *slot) for slot_id, slot in zip(slot_ids, slots, strict=True)],
        same={"priority": DEFAULT_PRIORITY},
    )
    _tell_cursors(
        {(pool.pk, None): DEFAULT_PRIORITY for pool in pools.values()},
        first_slot=min(slot_ids, default=0),
    )


def _order_key(kind: TaskKind, **about: int) -> int:
    subject = "/".join([kind.value, *(f"{name}{pk}" for name, pk in about.items())])
    return int.from_bytes(hashlib.blake2b(subject.encode(), digest_size=8).digest(), "big") >> 1


_PoolKey = tuple[int, TaskKind, str, tuple[str, ...], str]


def _pool_key(task: NewTask) -> _PoolKey:
    return (
        task.project.pk,
        task.kind,
        task.language,
        tuple(sorted(task.sensitivity)),
        task.skill,
    )


def _pool(key: _PoolKey) -> Pool:
    project_id, kind, language, sensitivity, skill = key
    pool, _ = Pool.objects.get_or_create(
        project_id=project_id,
        kind=kind,
        language=language,
        sensitivity=list(sensitivity),
        skill=skill,
    )
    return pool


def _show_urgent_work(
    tasks: Sequence[NewTask], pools: dict[_PoolKey, Pool], *, first_slot: int
) -> None:
    most_urgent: dict[tuple[int, int | None], int] = {}
    for task in tasks:
        place = (pools[_pool_key(task)].pk, task.reserved_for.pk if task.reserved_for else None)
        most_urgent[place] = min(task.urgency(), most_urgent.get(place, task.urgency()))
    _tell_cursors(most_urgent, first_slot=first_slot)


def _tell_cursors(most_urgent: Mapping[tuple[int, int | None], int], *, first_slot: int) -> None:
    """Tell cursors that are past the new work's priority of it, the oldest of whose slots is named; work
    of equal priority is met on the next round. The work is given as {(pool, whose): priority}.

    Nobody loses their place: they need not pass again what they have done. Reserved work is told to
    one person.
    """
    passed = Q(pk__in=[])
    for (pool_id, rater_id), urgency in most_urgent.items():
        whose = Q(rater=rater_id) if rater_id else Q()
        passed |= Q(pool=pool_id, priority__gt=urgency) & whose
    QueueCursor.objects.filter(passed).update(urgent_from=Least("urgent_from", Value(first_slot)))
