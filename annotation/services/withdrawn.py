"""What a lead decides about a task that people found unclear or broken (DATA.md §3)."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q

from annotation.exceptions import NoBriefToEdit, NothingWritten, NotWithdrawn
from annotation.models import Conversation, Prompt, Purpose, Slot, Task, TaskKind
from annotation.services import exams, leases, prompts
from labelhub import clock
from labelhub.accounts import services as accounts
from labelhub.accounts.models import User


@transaction.atomic
def put_back(*, task: Task, actor: User, text: str | None = None) -> Task:
    """Open the task again for people who did not skip it, with `text` in place of its prompt's.

    Another text is another prompt, of the same origin: what was written for the old one stays its own.
    A task that was answered in the meantime is done.
    Raises NotWithdrawn, NoBriefToEdit, NothingWritten.
    """
    locked = _locked(task)
    if text is not None:
        locked.prompt = _reworded(locked, text, actor)
    locked.slots.filter(state=Slot.State.WITHDRAWN).update(state=Slot.State.OPEN)
    # Those who held it may have answered all of it by now.
    is_answered = not locked.slots.exclude(state=Slot.State.ANSWERED).exists()
    locked.state = Task.State.DONE if is_answered else Task.State.OPEN
    locked.settled_at = clock.now()
    locked.save(update_fields=["state", "settled_at", "prompt"])
    leases.tell_that_work_came_back(task=locked)
    accounts.record(
        actor=actor,
        verb="task put back",
        subject=locked,
        project=task.project,
        prompt=locked.prompt_id,
    )
    return locked


@transaction.atomic
def drop(*, task: Task, actor: User) -> Task:
    """Leave the task out for good; answers so far are kept, and an exam that waited for it is judged.

    Raises NotWithdrawn.
    """
    locked = _locked(task)
    locked.settled_at = clock.now()
    locked.save(update_fields=["settled_at"])
    if locked.purpose == Purpose.EXAM:
        take_out_of_exam(task=locked)
    accounts.record(actor=actor, verb="task dropped", subject=locked, project=task.project)
    return locked


@transaction.atomic
def take_out_of_exam(*, task: Task) -> None:
    """Leave a task of an exam out of it for good, and judge the exam if nothing else is to come.

    What was handed in under it, or was to be scored by it, waits for no review any more.
    """
    handed_in = Conversation.objects.filter(
        Q(assignment__task=task) | Q(tasks=task), state=Conversation.State.SUBMITTED
    )
    ids = list(handed_in.values_list("pk", flat=True))
    for review in Task.objects.select_for_update(no_key=True).filter(
        kind=TaskKind.REVIEW, subject__in=ids, state=Task.State.OPEN
    ):
        leases.withdraw(task=review, for_good=True)
    handed_in.filter(pk__in=ids).update(state=Conversation.State.TAKEN_OUT)
    exams.settle(task=task)


def _locked(task: Task) -> Task:
    locked = (
        Task.objects.select_for_update(of=("self",), no_key=True)
        .select_related("prompt")
        .get(pk=task.pk)
    )
    if locked.state != Task.State.WITHDRAWN or locked.settled_at is not None:
        raise NotWithdrawn
    return locked


def _reworded(task: Task, text: str, actor: User) -> Prompt:
    old = task.prompt
    if old is None:
        raise NoBriefToEdit
    if not text.strip():
        raise NothingWritten("Write the brief first.")
    if text.strip() == old.text:
        return old
    return prompts.reword(prompt=old, text=text, actor=actor)
