"""Submitting demonstrations, and which of them a reviewer sees (DATA.md §7)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from annotation import pick
from annotation.exceptions import MustEndWithAssistant, NothingWritten, TooFewTurns
from annotation.models import (
    Assignment,
    Conversation,
    Message,
    Purpose,
    Reason,
    Review,
    Task,
    TaskKind,
)
from annotation.selectors import conversations as selectors
from annotation.selectors.lengths import pasted_share
from annotation.services import conversations, drafts, exams, personal_data, submissions, tasks
from annotation.services.qualification import skill_for
from labelhub import clock
from labelhub.accounts.models import Project

PASTED_SHARE_TO_REVIEW = 0.5
# A returned demonstration comes before new work while its author still has it in mind.
REDO_PRIORITY = 10


def submit_demonstration(
    *, assignment: Assignment, key: UUID, version: int, personal_data_confirmed: bool = False
) -> Conversation:
    """Hand the demonstration in: it goes to a reviewer, an exam's to two unless it was left out of the
    exam since, or counts as accepted by sampling.

    Raises NothingWritten, MustEndWithAssistant, TooFewTurns, StaleVersion, PersonalDataFound unless
    its author has seen the warning, and what a submission may.
    """
    submissions.submit(
        assignment=assignment,
        key=key,
        body={"version": version},
        write=partial(_hand_in, version=version, personal_data_confirmed=personal_data_confirmed),
    )
    return Conversation.objects.get(assignment=assignment)


def _hand_in(assignment: Assignment, *, version: int, personal_data_confirmed: bool) -> None:
    conversation = conversations.locked_for(assignment=assignment)
    conversations.require_version(conversation=conversation, version=version)
    live = selectors.live_messages(conversation=conversation)
    check_complete(project=conversation.project, live=live)
    personal_data.check(conversation=conversation, live=live, confirmed=personal_data_confirmed)
    drafts.settle(assignment=assignment, live=live)
    is_exam = assignment.task.purpose == Purpose.EXAM
    if is_exam and assignment.task.state == Task.State.WITHDRAWN:
        conversation.state = Conversation.State.TAKEN_OUT
    elif (
        is_exam
        or is_pasted(live)
        or wants_review(conversation=conversation, reason=assignment.reason)
    ):
        conversation.state = Conversation.State.SUBMITTED
        tasks.add_tasks(
            tasks=[
                tasks.NewTask(
                    project=conversation.project,
                    kind=TaskKind.REVIEW,
                    n_slots=exams.N_REVIEWERS if is_exam else 1,
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
    conversation.handed_in_path = None
    conversation.save(update_fields=["state", "finished_at", "handed_in_path"])


def check_complete(*, project: Project, live: Sequence[Message]) -> None:
    """Raises NothingWritten, MustEndWithAssistant or TooFewTurns, each naming a turn in `fields`.

    A system turn is not counted.
    """
    if not live:
        raise NothingWritten(fields={"turns.0": ["Write the first turn."]})
    last = f"turns.{len(live) - 1}"
    if live[-1].role != Message.Role.ASSISTANT:
        raise MustEndWithAssistant(fields={last: ["This turn has no answer from the assistant."]})
    n_turns = sum(message.role != Message.Role.SYSTEM for message in live)
    if n_turns < project.min_turns:
        n_missing = project.min_turns - n_turns
        raise TooFewTurns(
            f"The conversation has {n_turns} turns; this project asks for {project.min_turns}.",
            fields={last: [f"Write {n_missing} more after this one."]},
        )


def is_pasted(live: Sequence[Message]) -> bool:
    """Whether half or more of a turn was pasted, which a reviewer is to see (DATA.md §5)."""
    return any(pasted_share(message) >= PASTED_SHARE_TO_REVIEW for message in live)


def ask_for_another_version(*, conversation: Conversation, purpose: Purpose) -> None:
    """A task for the author alone: to write the conversation, as it is now, anew."""
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


def make_trainable(*, conversation: Conversation) -> None:
    """The assistant's turns of an accepted demonstration are what a policy is trained to say; those
    that came with its prompt are context.
    """
    Message.objects.filter(
        conversation=conversation, is_live=True, role=Message.Role.ASSISTANT
    ).exclude(origin=Message.Origin.IMPORTED).update(trainable=True)


def wants_review(*, conversation: Conversation, reason: str) -> bool:
    """Whether a reviewer is to see it: another version of an earlier one always; the first ones of a
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
    ).exclude(state__in=[Conversation.State.SCORED, Conversation.State.TAKEN_OUT])
    if rejected_at is not None:
        handed_in = handed_in.filter(finished_at__gt=rejected_at)
    # Counted no further than the rule looks.
    n_handed_in = len(handed_in.order_by("-pk").values_list("pk")[: project.review_first])
    if n_handed_in < project.review_first:
        return True
    return pick.order_key(project.pk, conversation.pk, draw="review") / 2**64 < project.review_share
