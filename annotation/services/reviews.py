"""Reviewing demonstrations: approve, fix, return, reject."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from uuid import UUID

from annotation.exceptions import SayWhy, UnknownMessage
from annotation.models import (
    Assignment,
    Conversation,
    Message,
    Purpose,
    Reason,
    Review,
    ReviewComment,
    TaskKind,
)
from annotation.selectors import conversations as selectors
from annotation.services import conversations, submissions, tasks
from annotation.services.demonstrations import check_complete, make_trainable
from labelhub import clock
from labelhub.accounts import services as accounts
from labelhub.accounts.models import User

Verdict = Review.Verdict
STATE_AFTER = {
    Verdict.APPROVED: Conversation.State.APPROVED,
    Verdict.FIXED: Conversation.State.APPROVED,
    Verdict.RETURNED: Conversation.State.RETURNED,
    Verdict.REJECTED: Conversation.State.REJECTED,
}
NEEDS_A_REASON = (Verdict.RETURNED, Verdict.REJECTED)
# A returned demonstration comes before new work while its author still has it in mind.
REDO_PRIORITY = 10


@dataclass(frozen=True, kw_only=True)
class Remark:
    """A comment on one turn, live or an earlier version of it."""

    message: int
    text: str


def submit_review(
    *,
    assignment: Assignment,
    key: UUID,
    verdict: Review.Verdict,
    comment: str,
    remarks: Sequence[Remark],
) -> Assignment:
    """Give the verdict on the assignment's demonstration.

    An approval of a thread that a reviewer changed is stored as `fixed`. A returned one goes back
    to its author as a task of their own. Raises SayWhy, UnknownMessage, ConversationSettled, for a
    fix the refusals of a submitted thread, and what a submission may.
    """
    return submissions.submit(
        assignment=assignment,
        key=key,
        body={
            "verdict": verdict.value,
            "comment": comment,
            "comments": [asdict(remark) for remark in remarks],
        },
        write=partial(
            _judge,
            verdict=verdict,
            comment=comment,
            remarks=remarks,
            person=assignment.rater.user,
        ),
    )


def _judge(
    assignment: Assignment,
    *,
    verdict: Review.Verdict,
    comment: str,
    remarks: Sequence[Remark],
    person: User | None,
) -> None:
    if verdict in NEEDS_A_REASON and not comment.strip() and not remarks:
        raise SayWhy
    conversation = conversations.locked_for(assignment=assignment)
    _check_remarks(conversation, remarks)
    live = selectors.live_messages(conversation=conversation)
    if verdict in {Verdict.APPROVED, Verdict.FIXED}:
        check_complete(project=conversation.project, live=live)
        if conversation.handed_in_path is not None:
            verdict = Verdict.FIXED
        # Before the state: from then on a trigger lets nothing of the thread change.
        make_trainable(conversation=conversation)
    now = clock.now()
    review = Review.objects.create(
        project=conversation.project,
        assignment=assignment,
        conversation=conversation,
        rater_id=assignment.rater_id,
        verdict=verdict,
        comment=comment,
        created_at=now,
    )
    ReviewComment.objects.bulk_create(
        ReviewComment(review=review, message_id=remark.message, text=remark.text)
        for remark in remarks
    )
    conversation.state = STATE_AFTER[verdict]
    conversation.save(update_fields=["state"])
    if verdict == Verdict.RETURNED:
        _ask_for_another_version(conversation, Purpose(assignment.task.purpose))
    accounts.record(
        actor=person,
        verb="review",
        subject=conversation,
        project=conversation.project,
        verdict=verdict.value,
    )


def _check_remarks(conversation: Conversation, remarks: Sequence[Remark]) -> None:
    named = {remark.message for remark in remarks}
    known = Message.objects.filter(conversation=conversation, pk__in=named)
    missing = named - set(known.values_list("pk", flat=True)) if named else set()
    if missing:
        raise UnknownMessage(
            fields={
                f"comments.{index}.message": ["This conversation has no such turn."]
                for index, remark in enumerate(remarks)
                if remark.message in missing
            }
        )


def _ask_for_another_version(conversation: Conversation, purpose: Purpose) -> None:
    tasks.add_tasks(
        tasks=[
            tasks.NewTask(
                project=conversation.project,
                kind=TaskKind.DEMONSTRATION,
                language=conversation.language,
                sensitivity=tuple(conversation.sensitivity),
                purpose=purpose,
                round=conversation.round,
                prompt=conversation.prompt,
                subject=conversation,
                reserved_for=conversation.author,
                reason=Reason.REDO,
                priority=REDO_PRIORITY,
            )
        ]
    )
