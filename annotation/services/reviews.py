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
    Review,
    ReviewComment,
)
from annotation.selectors import conversations as selectors
from annotation.services import conversations, exams, personal_data, submissions
from annotation.services.demonstrations import (
    ask_for_another_version,
    check_complete,
    make_trainable,
)
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
    personal_data_confirmed: bool = False,
) -> Assignment:
    """Give the verdict on the assignment's demonstration.

    An approval of a thread that a reviewer changed is stored as `fixed`. A returned one goes back
    to its author as a task of their own. One of an exam gets `score`, 1 to 7, and no other verdict than
    `scored`; the exam is judged with its last one. Raises ScoreAsked, ScoreNotAsked, SayWhy,
    UnknownMessage, ConversationSettled, for a fix the refusals of a submitted thread and
    PersonalDataFound unless the reviewer has seen the warning, and what a submission may.
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
            personal_data_confirmed=personal_data_confirmed,
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
    personal_data_confirmed: bool,
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
            personal_data.check(
                conversation=conversation,
                live=_reviewers_own(conversation.handed_in_path, live),
                confirmed=personal_data_confirmed,
            )
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
        ask_for_another_version(conversation=conversation, purpose=Purpose(assignment.task.purpose))
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


def _reviewers_own(handed_in_path: Sequence[int], live: Sequence[Message]) -> list[Message]:
    """The turns that a reviewer worded; turns behind them were written anew in their author's words."""
    handed_in = set(Message.objects.filter(pk__in=handed_in_path).values_list("content", flat=True))
    return [message for message in live if message.content not in handed_in]


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
