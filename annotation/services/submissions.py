"""The one way to submit: once, whole, and kept if it came too late."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import orjson
from django.db import connection, transaction

from annotation.exceptions import AlreadySubmittedDifferently, LeaseLost
from annotation.models import Assignment
from annotation.services import leases
from labelhub import clock

# One statement: the assignment is submitted, its slot answered, its task done if that was the last
# slot, its autosaves gone. The task's row is locked by the caller, so two last answers cannot each
# take the other's slot for unanswered.
CLOSE = """
WITH closed AS (
    UPDATE annotation_assignment
    SET state = 'submitted', submitted_at = %(now)s, submission_key = %(key)s,
        submission_sha256 = %(sha256)s, kept_submission = NULL
    WHERE id = %(assignment)s
), saved AS (
    DELETE FROM annotation_autosave WHERE assignment_id = %(assignment)s
), answered AS (
    UPDATE annotation_slot SET state = 'answered' WHERE id = %(slot)s
)
UPDATE annotation_task SET state = 'done'
WHERE id = %(task)s AND NOT EXISTS (
    SELECT 1 FROM annotation_slot
    WHERE task_id = %(task)s AND id <> %(slot)s AND state IN ('open', 'leased'))
"""


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
    locked = (
        Assignment.objects.select_for_update(of=("self", "task"), no_key=True)
        .select_related("task", "project")
        .get(pk=assignment.pk)
    )
    if locked.state == Assignment.State.SUBMITTED:
        if locked.submission_key == key and locked.submission_sha256 == sha256:
            return locked
        raise AlreadySubmittedDifferently
    leases.renew(locked)
    write(locked)
    with connection.cursor() as cursor:
        cursor.execute(
            CLOSE,
            {
                "now": clock.now(),
                "key": key,
                "sha256": sha256,
                "assignment": locked.pk,
                "slot": locked.slot_id,
                "task": locked.task_id,
            },
        )
    locked.state = Assignment.State.SUBMITTED
    return locked
