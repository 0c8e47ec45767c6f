"""Calling a manager to a task, and settling what was called for."""

from __future__ import annotations

from django.db import transaction

from annotation.exceptions import AlreadySettled, SayWhatIsWrong
from annotation.models import Assignment, ManagerFlag, Purpose, Task
from annotation.services import leases, withdrawn
from labelhub import clock
from labelhub.accounts import services as accounts
from labelhub.accounts.models import User
from labelhub.accounts.selectors import rater_of


@transaction.atomic
def raise_flag(*, assignment: Assignment, text: str) -> ManagerFlag:
    """Have a manager look at the task; the person goes on as they like. The same words again, until
    they are settled, are the same flag. Raises SayWhatIsWrong.
    """
    if not text.strip():
        raise SayWhatIsWrong
    # A second click waits here for the first.
    locked = Assignment.objects.select_for_update(no_key=True).get(pk=assignment.pk)
    flag, _ = ManagerFlag.objects.get_or_create(
        assignment=locked,
        text=text,
        settled_at=None,
        defaults={
            "project_id": locked.project_id,
            "kind": locked.kind,
            "rater_id": locked.rater_id,
            "raised_at": clock.now(),
        },
    )
    return flag


@transaction.atomic
def settle(*, flag: ManagerFlag, actor: User, outcome: ManagerFlag.Outcome) -> ManagerFlag:
    """Say what came of a flag; `withdrawn` takes its task out of the queue, answers so far are kept.

    What is taken out of an exam counts neither way in it, and does not come back. Raises AlreadySettled.
    """
    locked = (
        ManagerFlag.objects.select_for_update(of=("self",))
        .select_related("project", "assignment")
        .get(pk=flag.pk)
    )
    if locked.settled_at is not None:
        raise AlreadySettled
    locked.outcome = outcome
    locked.settled_by = rater_of(actor)
    locked.settled_at = clock.now()
    locked.save(update_fields=["outcome", "settled_by", "settled_at"])
    if outcome == ManagerFlag.Outcome.WITHDRAWN:
        task = Task.objects.select_for_update(no_key=True).get(pk=locked.assignment.task_id)
        is_exam = task.purpose == Purpose.EXAM
        if task.state == Task.State.OPEN:
            leases.withdraw(task=task, for_good=is_exam)
        if is_exam:
            withdrawn.take_out_of_exam(task=task)
    accounts.record(
        actor=actor, verb="flag_settled", subject=locked, project=locked.project, outcome=outcome
    )
    return locked
