"""Submitting demonstrations, and which of them a reviewer sees (DATA.md §7)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from annotation import pick
from annotation.exceptions import MustEndWithAssistant, NothingWritten, TooFewTurns
from annotation.models import Assignment, Conversation, Message, Purpose, Review, TaskKind
from annotation.selectors import conversations as selectors
from annotation.services import conversations, drafts, submissions, tasks
from labelhub import clock
from labelhub.accounts.models import Project


def submit_demonstration(*, assignment: Assignment, key: UUID, version: int) -> Conversation:
    """Hand the demonstration in: it goes to a reviewer, or counts as accepted by sampling.

    Raises NothingWritten, MustEndWithAssistant, TooFewTurns, StaleVersion and what a submission may.
    """
    submissions.submit(
        assignment=assignment,
        key=key,
        body={"version": version},
        write=partial(_hand_in, version=version),
    )
    return Conversation.objects.get(assignment=assignment)


def _hand_in(assignment: Assignment, *, version: int) -> None:
    conversation = conversations.locked_for(assignment=assignment)
    conversations.require_version(conversation=conversation, version=version)
    live = selectors.live_messages(conversation=conversation)
    check_complete(project=conversation.project, live=live)
    drafts.settle(assignment=assignment, live=live)
    if wants_review(conversation=conversation, reason=assignment.reason):
        conversation.state = Conversation.State.SUBMITTED
        tasks.add_tasks(
            tasks=[
                tasks.NewTask(
                    project=conversation.project,
                    kind=TaskKind.REVIEW,
                    language=conversation.language,
                    sensitivity=tuple(conversation.sensitivity),
                    purpose=Purpose(assignment.task.purpose),
                    round=conversation.round,
                    subject=conversation,
                    barred_raters=(assignment.rater_id,),
                )
            ]
        )
    else:
        # Before the state: from then on a trigger lets nothing of the thread change.
        make_trainable(conversation=conversation)
        conversation.state = Conversation.State.ACCEPTED_BY_SAMPLING
    conversation.finished_at = clock.now()
    conversation.save(update_fields=["state", "finished_at"])


def check_complete(*, project: Project, live: Sequence[Message]) -> None:
    """Raises NothingWritten, MustEndWithAssistant or TooFewTurns. A system turn is not counted."""
    if not live:
        raise NothingWritten
    if live[-1].role != Message.Role.ASSISTANT:
        raise MustEndWithAssistant
    n_turns = sum(message.role != Message.Role.SYSTEM for message in live)
    if n_turns < project.min_turns:
        raise TooFewTurns(
            f"The conversation has {n_turns} turns; this project asks for {project.min_turns}."
        )


def make_trainable(*, conversation: Conversation) -> None:
    """The assistant's turns of an accepted demonstration are what a policy is trained to say; those
    that came with its prompt are context.
    """
    Message.objects.filter(
        conversation=conversation, is_live=True, role=Message.Role.ASSISTANT
    ).exclude(origin=Message.Origin.IMPORTED).update(trainable=True)


def wants_review(*, conversation: Conversation, reason: str) -> bool:
    """Whether a reviewer is to see it: another version of a returned one always; the first ones of a
    person, and the first ones after a rejection; of the rest a share drawn by the ids alone.
    """
    project = conversation.project
    if reason == Assignment.Reason.REDO:
        return True
    rejected_at = (
        Review.objects.filter(
            verdict=Review.Verdict.REJECTED,
            conversation__state=Conversation.State.REJECTED,
            conversation__author=conversation.author,
            project=project,
        )
        .order_by("-created_at")
        .values_list("created_at", flat=True)
        .first()
    )
    handed_in = Conversation.objects.filter(
        author=conversation.author,
        project=project,
        kind=Conversation.Kind.DEMONSTRATION,
        finished_at__isnull=False,
    )
    if rejected_at is not None:
        handed_in = handed_in.filter(finished_at__gt=rejected_at)
    # Counted no further than the rule looks.
    n_handed_in = len(handed_in.order_by("-pk").values_list("pk")[: project.review_first])
    if n_handed_in < project.review_first:
        return True
    return pick.order_key(project.pk, conversation.pk, draw="review") / 2**64 < project.review_share
