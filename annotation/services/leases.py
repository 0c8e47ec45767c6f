"""Keeping, losing and giving back what was claimed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from django.db import connection, transaction
from django.db.models import UUIDField, Value
from django.db.models.functions import NullIf

from annotation.exceptions import LeaseLost, OpenElsewhere, StaleVersion, TaskWithdrawn, WorkEnded
from annotation.models import Assignment, Autosave, Conversation, Pool, Purpose, Slot, Task
from annotation.services import exams
from labelhub import clock, prepared

# The longest gap between two beats that still counts as working (DATA.md §7).
LONGEST_GAP_SECONDS = 60.0
# Without a beat for this long, a page counts as left: three beats of a page at work.
PAGE_LEFT_SECONDS = 90.0
# A task that two different people called unclear or broken goes to the manager.
SKIPS_THAT_WITHDRAW = 2
SPOILED = (Assignment.SkipReason.UNCLEAR, Assignment.SkipReason.BROKEN)

SWEEP = """
WITH late AS (
    SELECT id, slot_id FROM annotation_assignment
    WHERE state = 'leased' AND lease_until < %(now)s
      AND (%(project)s::bigint IS NULL OR project_id = %(project)s)
    ORDER BY lease_until LIMIT 1000 FOR UPDATE SKIP LOCKED
), expired AS (
    UPDATE annotation_assignment a SET state = 'expired' FROM late WHERE a.id = late.id
), pools AS (
    -- In one order for everybody, or two sweeps could wait for each other.
    SELECT p.id FROM annotation_pool p
    WHERE p.id IN (SELECT s.pool_id FROM annotation_slot s JOIN late ON late.slot_id = s.id)
    ORDER BY p.id FOR NO KEY UPDATE
), told AS (
    UPDATE annotation_pool p SET came_back_at = %(now)s FROM pools WHERE p.id = pools.id
)
UPDATE annotation_slot s SET state = CASE t.state WHEN 'withdrawn' THEN 'withdrawn' ELSE 'open' END
FROM late, annotation_task t
WHERE s.id = late.slot_id AND s.state = 'leased' AND t.id = s.task_id
"""

# A beat's seconds on the day of its assignment; one part of the statement that stores the beat.
COUNTED = """
counted AS (
    INSERT INTO annotation_activetime AS t (assignment_id, rater_id, day, seconds)
    SELECT %(assignment)s::bigint, %(rater)s::bigint, %(day)s::date, %(seconds)s::float8
    WHERE %(seconds)s::float8 > 0
    ON CONFLICT (rater_id, day, assignment_id) DO UPDATE SET seconds = t.seconds + EXCLUDED.seconds
)
"""
RENEW = f"""
WITH {COUNTED}
UPDATE annotation_assignment
SET state = 'leased', active_seconds = active_seconds + %(seconds)s, last_beat_at = %(now)s,
    lease_until = %(until)s, page_key = %(page)s
WHERE id = %(assignment)s
"""  # noqa: S608 (a part of ours)


def locked_lease(*, assignment: Assignment) -> Assignment:
    """The assignment, row-locked, still its owner's, with this moment counted as a beat.

    To be called inside a transaction, at the start of every write on an assignment. A lease that ran
    out while nobody else took the slot goes on. Raises LeaseLost otherwise.
    """
    locked = _locked(assignment)
    renew(locked)
    return locked


def _locked(assignment: Assignment) -> Assignment:
    return (
        Assignment.objects.select_for_update(of=("self",), no_key=True)
        .select_related("project", "task")
        .get(pk=assignment.pk)
    )


def renew(locked: Assignment) -> None:
    """Count a beat on an assignment that the caller has locked, and store it. Raises LeaseLost."""
    beaten = count_beat(locked, now=clock.now())
    prepared.execute(RENEW, beaten | {"until": locked.lease_until, "page": locked.page_key})


def count_beat(locked: Assignment, *, now: datetime) -> dict[str, Any]:
    """Count a beat on a locked assignment, which the caller stores with these parameters of COUNTED.

    Raises LeaseLost, and WorkEnded where its owner handed it in or gave it back.
    """
    if locked.state == Assignment.State.EXPIRED:
        _retake_slot(locked)
    if locked.state == Assignment.State.EXPIRED:
        raise LeaseLost
    if locked.state != Assignment.State.LEASED:
        raise WorkEnded
    gap = (now - locked.last_beat_at).total_seconds()
    seconds = min(max(gap, 0.0), LONGEST_GAP_SECONDS)
    locked.active_seconds += seconds
    locked.last_beat_at = now
    life = timedelta(seconds=locked.project.lease_seconds)
    if locked.lease_until - now < life / 2:
        locked.lease_until = now + life
    return {
        "assignment": locked.pk,
        "rater": locked.rater_id,
        "day": now.date(),
        "seconds": seconds,
        "now": now,
    }


def _retake_slot(assignment: Assignment) -> None:
    """Lease the slot again if it is free; a slot that somebody is claiming this moment is not.

    One of a task that waits for a lead is free to whoever worked on it, as to those who hold one.
    Raises TaskWithdrawn where the task is out of the queue for good.
    """
    task = assignment.task
    slot = (
        Slot.objects.select_for_update(skip_locked=True, no_key=True)
        .filter(pk=assignment.slot_id, state__in=[Slot.State.OPEN, Slot.State.WITHDRAWN])
        .first()
    )
    if slot is None:
        return
    if slot.state == Slot.State.WITHDRAWN and task.settled_at is not None:
        raise TaskWithdrawn
    slot.state = Slot.State.LEASED
    slot.save(update_fields=["state"])
    assignment.state = Assignment.State.LEASED


@transaction.atomic
def beat(
    *, assignment: Assignment, page: UUID | None = None, take_over: bool = False
) -> Assignment:
    """The person is at work on it: counts active time and renews the lease past half its life.

    `page` names the browser page they are at. Raises LeaseLost, and OpenElsewhere where another page is at
    work on it, unless this one is to `take_over`.
    """
    locked = _locked(assignment)
    if page is not None and page != locked.page_key:
        quiet = (clock.now() - locked.last_beat_at).total_seconds()
        if locked.page_key is not None and quiet < PAGE_LEFT_SECONDS and not take_over:
            raise OpenElsewhere
        # A closed page's last sign of life may come after its leave.
        if page != locked.left_page_key:
            locked.page_key = page
    renew(locked)
    return locked


def leave(*, assignment: Assignment, page: UUID) -> None:
    """The page is closed, for good: the next one to open the work need not ask."""
    here = Value(page, output_field=UUIDField())
    Assignment.objects.filter(pk=assignment.pk).update(
        page_key=NullIf("page_key", here), left_page_key=page
    )


@transaction.atomic
def save_autosave(
    *, assignment: Assignment, turn: int, version: int, payload: Any
) -> tuple[Autosave, Assignment]:
    """Keep unsubmitted work. `version` is the last one the page knows, 0 for none.

    The same work again, because the answer never came, is what is stored already. Raises StaleVersion,
    with what is stored, where another tab saved since; LeaseLost.
    """
    locked = locked_lease(assignment=assignment)
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO annotation_autosave AS a (assignment_id, turn, version, payload, saved_at)
            VALUES (%(assignment)s, %(turn)s, 1, %(payload)s, %(now)s)
            ON CONFLICT (assignment_id, turn) DO UPDATE
            SET version = a.version + 1, payload = EXCLUDED.payload, saved_at = EXCLUDED.saved_at
            WHERE a.version = %(version)s
            RETURNING version
            """,
            {
                "assignment": locked.pk,
                "turn": turn,
                "version": version,
                "payload": orjson.dumps(payload).decode(),
                "now": now,
            },
        )
        row = cursor.fetchone()
    if row is None:
        current = Autosave.objects.get(assignment=locked, turn=turn)
        if current.payload == payload:
            return current, locked
        raise StaleVersion(
            extra={
                "current": {
                    "turn": turn,
                    "version": current.version,
                    "payload": current.payload,
                    "saved_at": current.saved_at,
                }
            }
        )
    saved = Autosave(assignment=locked, turn=turn, version=row[0], payload=payload, saved_at=now)
    return saved, locked


@transaction.atomic
def skip(*, assignment: Assignment, reason: Assignment.SkipReason, comment: str) -> None:
    """Hand the task back, with a reason that teaches the queue. Raises LeaseLost.

    What was asked of this person alone is not asked again; a skipped item of an exam is a wrong one.
    """
    locked = locked_lease(assignment=assignment)
    locked.state = Assignment.State.SKIPPED
    locked.skip_reason = reason
    locked.skip_comment = comment
    locked.save(update_fields=["state", "skip_reason", "skip_comment"])
    Conversation.objects.filter(assignment=locked, state=Conversation.State.WRITING).update(
        state=Conversation.State.ABANDONED
    )
    # Locked, so that it is not withdrawn between being looked at and its slot being freed.
    task = Task.objects.select_for_update(no_key=True).get(pk=locked.task_id)
    gone = task.state == Task.State.WITHDRAWN
    Slot.objects.filter(pk=locked.slot_id, state=Slot.State.LEASED).update(
        state=Slot.State.WITHDRAWN if gone else Slot.State.OPEN
    )
    if not gone:
        tell_that_work_came_back(task=task)
    if task.reserved_for_id is not None:
        withdraw(task=task, for_good=True)
        if task.purpose == Purpose.EXAM:
            exams.settle(task=task)
    elif reason in SPOILED:
        skips = task.assignments.filter(skip_reason__in=SPOILED)
        if task.settled_at is not None:
            # A lead has answered the earlier ones.
            skips = skips.filter(last_beat_at__gt=task.settled_at)
        if skips.count() >= SKIPS_THAT_WITHDRAW:
            withdraw(task=task)


def tell_that_work_came_back(*, task: Task) -> None:
    """Whoever found the task's pool empty goes through it again: a slot of it has its old place there."""
    Pool.objects.filter(pk=task.pool_id).update(came_back_at=clock.now())


def withdraw(*, task: Task, for_good: bool = False) -> None:
    """Take a task out of the queue, for a lead to look at or `for_good`; answers so far are kept.

    Who holds it may still answer it, and so may who held it until a lead has decided; a slot that is
    given back goes with its task.
    """
    task.slots.filter(state=Slot.State.OPEN).update(state=Slot.State.WITHDRAWN)
    task.state = Task.State.WITHDRAWN
    task.settled_at = clock.now() if for_good else None
    task.save(update_fields=["state", "settled_at"])


def sweep_expired(*, project_id: int | None = None) -> int:
    """Free the slots of leases that ran out; how many."""
    with connection.cursor() as cursor:
        cursor.execute(SWEEP, {"now": clock.now(), "project": project_id})
        return int(cursor.rowcount)
