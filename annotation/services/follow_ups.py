"""What follows a submitted ranking: another opinion, a gold item or a retest next, the exam's result.

A job does it after the fact, so that a submit stays as quick as it is; the sweep rings it, and what was
done is marked with the change itself.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet

from annotation.models import Assignment, Purpose, TaskKind
from annotation.services import exams, gold, splits
from labelhub import clock

JOB = "annotation.follow_up"


def waiting() -> bool:
    return _unfollowed().exists()


def follow_up_all() -> int:
    """Follow up every ranking that waits for it; how many they were. Several at once share them."""
    n = 0
    while follow_up_next():
        n += 1
    return n


@transaction.atomic
def follow_up_next() -> bool:
    """Follow up the oldest ranking that nobody else is at; False when there is none."""
    assignment = (
        _unfollowed()
        .select_for_update(of=("self",), skip_locked=True)
        .select_related("task__pool", "project", "rater")
        .order_by("submitted_at")
        .first()
    )
    if assignment is None:
        return False
    if assignment.task.purpose == Purpose.EXAM:
        exams.settle(task=assignment.task)
    elif assignment.task.purpose in {Purpose.TRAIN, Purpose.EVAL}:
        splits.settle(task=assignment.task)
        if assignment.reason == Assignment.Reason.PLANNED:
            gold.interleave(assignment=assignment)
    Assignment.objects.filter(pk=assignment.pk).update(followed_up_at=clock.now())
    return True


def _unfollowed() -> QuerySet[Assignment]:
    return Assignment.objects.filter(
        kind=TaskKind.RANKING, state=Assignment.State.SUBMITTED, followed_up_at=None
    )
