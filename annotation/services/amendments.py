"""Taking a submission back to change it, until somebody acts on it (DATA.md §7)."""

from __future__ import annotations

from django.db import transaction

from annotation.exceptions import AlreadyActedOn
from annotation.models import Assignment, Comparison, Conversation, Purpose, Slot, Task, TaskKind
from annotation.services import claim, leases
from annotation.services.demonstrations import ask_for_another_version
from labelhub import clock
from labelhub.accounts import services as accounts

AMENDED_KINDS = (TaskKind.DEMONSTRATION, TaskKind.CHAT)
HANDED_IN = (Conversation.State.SUBMITTED, Conversation.State.FINISHED)


@transaction.atomic
def amend(*, assignment: Assignment) -> int:
    """Give a submitted demonstration or chat back to its author, as it was handed in; the assignment
    under which they go on.

    What counts as accepted because nobody was to review it stays as it is, since datasets may hold it:
    its author writes another version, which a reviewer sees. Raises AlreadyActedOn once a reviewer took
    it, it was decided on, or one of its messages was picked to be compared; for another version also
    what a claim may.
    """
    locked = (
        Assignment.objects.select_for_update(of=("self", "task"), no_key=True)
        .select_related("task", "project", "rater__user")
        .get(pk=assignment.pk)
    )
    conversation = (
        Conversation.objects.select_for_update(no_key=True).filter(assignment=locked).first()
    )
    if (
        conversation is None
        or locked.state != Assignment.State.SUBMITTED
        or conversation.state not in (*HANDED_IN, Conversation.State.ACCEPTED_BY_SAMPLING)
        or Comparison.objects.filter(conversation=conversation).exists()
        or not _withdrawn_from_review(conversation)
    ):
        raise AlreadyActedOn
    accounts.record(
        actor=locked.rater.user,
        verb="amended",
        subject=conversation,
        project=locked.project,
    )
    if conversation.state == Conversation.State.ACCEPTED_BY_SAMPLING:
        return _next_version(locked, conversation)
    _reopen(locked, conversation)
    return locked.pk


def _next_version(locked: Assignment, conversation: Conversation) -> int:
    """Another version of what was accepted, leased to its author.

    Were it reopened, they would change at will what they know nobody is to read.
    """
    conversation.state = Conversation.State.RETURNED
    conversation.save(update_fields=["state"])
    ask_for_another_version(conversation=conversation, purpose=Purpose(locked.task.purpose))
    assert locked.rater.user is not None
    return claim.claim(
        user=locked.rater.user,
        slug=locked.project.slug,
        kind=TaskKind.DEMONSTRATION,
        returned=conversation.pk,
    )


def _reopen(locked: Assignment, conversation: Conversation) -> None:
    """Lease what was handed in to its author again."""
    now = clock.now()
    locked.state = Assignment.State.LEASED
    locked.submitted_at = None
    locked.submission_key = None
    locked.submission_sha256 = ""
    locked.page_key = None
    locked.last_beat_at = now
    locked.lease_until = now
    locked.save(
        update_fields=[
            "state", "submitted_at", "submission_key", "submission_sha256", "last_beat_at",
            "lease_until",
        ]
    )  # fmt: skip
    Slot.objects.filter(pk=locked.slot_id).update(state=Slot.State.LEASED)
    Task.objects.filter(pk=locked.task_id).update(state=Task.State.OPEN)
    conversation.state = Conversation.State.WRITING
    conversation.finished_at = None
    _undo_fixes(conversation)
    conversation.save(update_fields=["state", "finished_at", "version", "handed_in_path"])
    # Renews the lease, which is over by now, from this moment on.
    leases.renew(locked)


def _undo_fixes(conversation: Conversation) -> None:
    """Make live again what was handed in, where a reviewer began to fix it and left it."""
    if conversation.handed_in_path is None:
        return
    conversation.messages.filter(is_live=True).update(is_live=False)
    conversation.messages.filter(pk__in=conversation.handed_in_path).update(is_live=True)
    conversation.handed_in_path = None
    conversation.version += 1


def _withdrawn_from_review(conversation: Conversation) -> bool:
    """Take the task of reviewing it out of the queue; False where a reviewer has been at it."""
    tasks = list(
        Task.objects.select_for_update(no_key=True)
        .filter(subject=conversation, kind=TaskKind.REVIEW, state=Task.State.OPEN)
        .order_by("pk")
    )
    open_slots = Slot.objects.select_for_update(no_key=True).filter(task__in=tasks)
    if any(slot.state != Slot.State.OPEN for slot in open_slots):
        return False
    # What skips say of it is about a version that nobody is to review any more.
    for task in tasks:
        leases.withdraw(task=task, for_good=True)
    return True
