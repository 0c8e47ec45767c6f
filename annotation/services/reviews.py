"""Reviewing demonstrations: approve, fix, return, reject; those of an entry exam are scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from uuid import UUID

from annotation.exceptions import SayWhy, ScoreAsked, ScoreNotAsked, UnknownMessage
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
from annotation.services import conversations, exams, submissions, tasks
from annotation.services.demonstrations import check_complete, make_trainable
from annotation.services.qualification import skill_for
from labelhub import clock
from labelhub.accounts import services as accounts
from labelhub.accounts.models import User

Verdict = Review.Verdict
STATE_AFTER = {
    Verdict.APPROVED: Conversation.State.APPROVED,
    Verdict.FIXED: Conversation.State.APPROVED,
    Verdict.RETURNED: Conversation.State.RETURNED,
    Verdict.REJECTED: Conversation.State.REJECTED,
    Verdict.SCORED: Conversation.State.SCORED,
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
    score: int | None = None,
) -> Assignment:
    """Give the verdict on the assignment's demonstration.

    An approval of a thread that a reviewer changed is stored as `fixed`. A returned one goes back
    to its author as a task of their own. One of an exam gets `score`, 1 to 7, and no other verdict than
    `scored`; the exam is judged with its last one. Raises ScoreAsked, ScoreNotAsked, SayWhy,
    UnknownMessage, ConversationSettled, for a fix the refusals of a submitted thread, and what a
    submission may.
    """
    return submissions.submit(
        assignment=assignment,
        key=key,
        body={
            "verdict": verdict.value,
            "comment": comment,
            "comments": [asdict(remark) for remark in remarks],
            "score": score,
        },
        write=partial(
            _judge,
            verdict=verdict,
            comment=comment,
            remarks=remarks,
            score=score,
            person=assignment.rater.user,
        ),
    )


def _judge(
    assignment: Assignment,
    *,
    verdict: Review.Verdict,
    comment: str,
    remarks: Sequence[Remark],
    score: int | None,
    person: User | None,
) -> None:
    _require_fitting(assignment, verdict=verdict, score=score)
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
        score=score,
        comment=comment,
        created_at=now,
    )
    ReviewComment.objects.bulk_create(
        ReviewComment(review=review, message_id=remark.message, text=remark.text)
        for remark in remarks
    )
    if verdict != Verdict.SCORED or _has_all_scores(conversation):
        conversation.state = STATE_AFTER[verdict]
        conversation.save(update_fields=["state"])
    if verdict == Verdict.SCORED:
        exams.settle(task=assignment.task)
    if verdict == Verdict.RETURNED:
        _ask_for_another_version(conversation, Purpose(assignment.task.purpose))
    accounts.record(
        actor=person,
        verb="review",
        subject=conversation,
        project=conversation.project,
        verdict=verdict.value,
    )


def _require_fitting(assignment: Assignment, *, verdict: Review.Verdict, score: int | None) -> None:
    """Raises ScoreAsked for anything but a score of an exam's demonstration, and ScoreNotAsked for a
    score of any other."""
    if assignment.task.purpose == Purpose.EXAM:
        if verdict != Verdict.SCORED or score is None:
            raise ScoreAsked
    elif verdict == Verdict.SCORED or score is not None:
        raise ScoreNotAsked


def _has_all_scores(conversation: Conversation) -> bool:
    return Review.objects.filter(conversation=conversation).count() == exams.N_REVIEWERS


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
                skill=skill_for(conversation.project, TaskKind.DEMONSTRATION),
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
