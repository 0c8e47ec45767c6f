"""Asking a lead about a task; answers that become rulings."""

from __future__ import annotations

from django.db import transaction

from annotation.exceptions import NothingAsked, StaysYours
from annotation.models import Assignment, Question
from annotation.selectors import questions as selectors
from annotation.services import leases
from labelhub import clock
from labelhub.accounts import services as accounts
from labelhub.accounts.models import User
from labelhub.accounts.selectors import rater_of


@transaction.atomic
def ask(*, assignment: Assignment, text: str, release: bool = False) -> Question:
    """Ask a lead about the task; with `release` it goes back to the queue as unclear.

    Raises NothingAsked, StaysYours for a release of what waits for this person alone, and LeaseLost
    where there is nothing to release.
    """
    if not text.strip():
        raise NothingAsked
    if release and not selectors.may_release(assignment=assignment):
        raise StaysYours
    question = Question.objects.create(
        project_id=assignment.project_id,
        assignment=assignment,
        kind=assignment.kind,
        rater_id=assignment.rater_id,
        text=text,
        asked_at=clock.now(),
    )
    if release:
        leases.skip(assignment=assignment, reason=Assignment.SkipReason.UNCLEAR, comment=text)
    return question


@transaction.atomic
def answer(*, question: Question, user: User, text: str, pin: bool) -> Question:
    """Answer, or answer anew; `pin` makes it a ruling that everybody sees at their next such task.

    Raises NothingAsked for an empty answer.
    """
    if not text.strip():
        raise NothingAsked("Write an answer first.")
    locked = (
        Question.objects.select_for_update(of=("self",))
        .select_related("assignment", "project")
        .get(pk=question.pk)
    )
    now = clock.now()
    locked.answer = text
    locked.answered_by = rater_of(user)
    locked.answered_at = now
    locked.pinned_at = now if pin else None
    locked.guideline_id = locked.assignment.guideline_id if pin else None
    locked.save()
    accounts.record(actor=user, verb="answered", subject=locked, project=locked.project, pinned=pin)
    return locked
