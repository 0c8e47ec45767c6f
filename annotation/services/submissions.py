"""The one way to submit: once, whole, and kept if it came too late."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import orjson
from django.db import transaction

from annotation.exceptions import AlreadySubmittedDifferently, LeaseLost
from annotation.models import Assignment, Task
from annotation.services import leases
from labelhub import clock, prepared
from labelhub.accounts.models import Project

# The assignment with the task and the project it is of. The task's row is locked too, so that two
# last answers cannot each take the other's slot for unanswered.
LOCK = f"""
SELECT {prepared.columns(Assignment, "a")}, {prepared.columns(Task, "t")},
       {prepared.columns(Project, "p")}
FROM annotation_assignment a
JOIN annotation_task t ON t.id = a.task_id
JOIN accounts_project p ON p.id = a.project_id
WHERE a.id = %(assignment)s
FOR NO KEY UPDATE OF a, t
"""  # noqa: S608 (columns of ours)

# One statement: the assignment is submitted, its slot answered, its task done if that was the last
# slot and nobody withdrew it, its autosaves gone.
CLOSE = f"""
WITH {leases.COUNTED}, closed AS (
    UPDATE annotation_assignment
    SET state = 'submitted', submitted_at = %(now)s, submission_key = %(key)s,
        submission_sha256 = %(sha256)s, kept_submission = NULL,
        active_seconds = active_seconds + %(seconds)s, last_beat_at = %(now)s
    WHERE id = %(assignment)s
), saved AS (
    DELETE FROM annotation_autosave WHERE assignment_id = %(assignment)s
), answered AS (
    UPDATE annotation_slot SET state = 'answered' WHERE id = %(slot)s
)
UPDATE annotation_task SET state = 'done'
WHERE id = %(task)s AND state = 'open' AND NOT EXISTS (
    SELECT 1 FROM annotation_slot
    WHERE task_id = %(task)s AND id <> %(slot)s AND state IN ('open', 'leased'))
"""  # noqa: S608 (a part of ours)


def submit(
    *,
    assignment: Assignment,
    key: UUID,
    body: Mapping[str, Any],
    write: Callable[[Assignment], None],
) -> Assignment:
    """Submit `body` for the assignment: `write` stores the label, all else happens here, atomically.

    The same key and body again change nothing and succeed. A submission after the lease was lost goes
    in while the slot is free. Raises AlreadySubmittedDifferently, and LeaseLost once the slot is
    taken: the body is then kept with the assignment, where its author sees it.
    """
    sha256 = hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()
    try:
        return _submit(assignment=assignment, key=key, sha256=sha256, write=write)
    except LeaseLost:
        Assignment.objects.filter(pk=assignment.pk, state=Assignment.State.EXPIRED).update(
            kept_submission=body
        )
        raise


@transaction.atomic
def _submit(
    *, assignment: Assignment, key: UUID, sha256: str, write: Callable[[Assignment], None]
) -> Assignment:
    locked = _locked(assignment.pk)
    if locked.state == Assignment.State.SUBMITTED:
        if locked.submission_key == key and locked.submission_sha256 == sha256:
            return locked
        raise AlreadySubmittedDifferently
    now = clock.now()
    beaten = leases.count_beat(locked, now=now)
    write(locked)
    prepared.execute(
        CLOSE,
        beaten
        | {
            "key": key,
            "sha256": sha256,
            "slot": locked.slot_id,
            "task": locked.task_id,
        },
    )
    locked.state = Assignment.State.SUBMITTED
    return locked


def _locked(assignment_id: int) -> Assignment:
    (values,) = prepared.fetch(LOCK, {"assignment": assignment_id})
    task_at = prepared.n_columns(Assignment)
    project_at = task_at + prepared.n_columns(Task)
    locked = prepared.from_row(Assignment, values[:task_at])
    locked.task = prepared.from_row(Task, values[task_at:project_at])
    locked.project = prepared.from_row(Project, values[project_at:])
    return locked
