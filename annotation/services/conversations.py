"""Opening conversations, locking them, and adding turns to their tree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Max

from annotation import pick
from annotation.exceptions import ConversationSettled, StaleVersion
from annotation.models import Assignment, Conversation, Message, Prompt, Purpose, Task, TaskKind
from annotation.selectors import conversations as selectors
from annotation.services.copying import new_ids
from labelhub import clock

# What a person may change: their own unsubmitted work, or what they are reviewing.
STATE_WHILE_WORKED_ON = {
    TaskKind.DEMONSTRATION: Conversation.State.WRITING,
    TaskKind.CHAT: Conversation.State.WRITING,
    TaskKind.REVIEW: Conversation.State.SUBMITTED,
}


def open_conversation(*, assignment: Assignment) -> Conversation:
    """The conversation that a fresh demonstration or chat is written in; called by the claim.

    A demonstration begins with its prompt's text as the first user turn, which its author may edit
    like any other; a chat's is offered in the composer, since sending it asks for a reply. A returned
    demonstration begins as a copy of the version that came back.
    """
    task, prompt, returned = assignment.task, assignment.task.prompt, assignment.task.subject
    source = returned or prompt
    conversation = Conversation.objects.create(
        project=assignment.project,
        round_id=assignment.round_id,
        kind=Conversation.Kind(assignment.kind),
        state=Conversation.State.WRITING,
        prompt=prompt,
        assignment=assignment,
        revises=returned,
        author=assignment.rater,
        **_provenance(source, task),
        created_at=clock.now(),
    )
    if assignment.kind == TaskKind.DEMONSTRATION:
        assignment.draft_arm = draft_arm(assignment=assignment)
        assignment.save(update_fields=["draft_arm"])
    if returned is not None:
        opening = [copied(message) for message in selectors.live_messages(conversation=returned)]
    elif prompt is not None:
        opening = opening_turns(prompt=prompt, kind=TaskKind(assignment.kind))
    else:
        opening = []
    append_path(conversation=conversation, after=None, sibling=0, turns=opening)
    return conversation


def opening_turns(*, prompt: Prompt, kind: TaskKind) -> list[Message]:
    """The turns a prompt puts on the page as unsaved messages; a brief puts none.

    Turns before the prompt's own came in its file and train nothing.
    """
    if prompt.kind != Prompt.Kind.PROMPT:
        return []
    turns = [
        Message(role=turn["role"], content=turn["content"], origin=Message.Origin.IMPORTED)
        for turn in prompt.turns_before
    ]
    if kind == TaskKind.DEMONSTRATION:
        came_in_a_file = prompt.import_run_id is not None
        turns.append(
            Message(
                role=Message.Role.USER,
                content=prompt.text,
                origin=Message.Origin.IMPORTED if came_in_a_file else Message.Origin.HUMAN,
                author_id=prompt.author_id,
            )
        )
    return turns


def _provenance(source: Prompt | Conversation | None, task: Task) -> dict[str, Any]:
    """Where a conversation's words come from and what they may be used for, as its source says.

    One of its writer's own invention stems from nothing but its task.
    """
    invented = {"origin_key": f"task:{task.pk}"}
    if source is None:
        return invented
    names = (
        "category",
        "language",
        "origin_key",
        "source",
        "licence",
        "allowed_use",
        "sensitivity",
    )
    said = {name: getattr(source, name) for name in names}
    is_free = isinstance(source, Prompt) and source.kind == Prompt.Kind.FREE
    return said | invented if is_free else said


def draft_arm(*, assignment: Assignment) -> Assignment.DraftArm:
    """Whether drafts are offered here: the built-in trial of DATA.md §5, decided by the ids alone.

    An exam asks what the person can write, not what a policy can.
    """
    chance = pick.order_key(assignment.project_id, assignment.pk, draw="draft arm") / 2**64
    if assignment.task.purpose == Purpose.EXAM or chance < assignment.project.no_draft_share:
        return Assignment.DraftArm.NO_DRAFTS
    return Assignment.DraftArm.DRAFTS


def locked_for(*, assignment: Assignment) -> Conversation:
    """The conversation an assignment works on, row-locked. `assignment` is locked by the caller.

    Raises ConversationSettled where its turns can no longer change.
    """
    rows = Conversation.objects.select_for_update(of=("self",), no_key=True).select_related(
        "project", "round", "author", "reply_generation__policy"
    )
    if assignment.kind == TaskKind.REVIEW:
        conversation = rows.get(tasks=assignment.task)
    else:
        conversation = rows.get(assignment=assignment)
    if conversation.state != STATE_WHILE_WORKED_ON[TaskKind(assignment.kind)]:
        raise ConversationSettled
    return conversation


def require_version(*, conversation: Conversation, version: int) -> None:
    """Raises StaleVersion, with the newer version's number, unless the page saw the newest."""
    if conversation.version != version:
        raise StaleVersion(extra={"version": conversation.version})


def copied(message: Message) -> Message:
    """The same words by the same hand as a new, unsaved node."""
    return Message(
        role=message.role,
        content=message.content,
        origin=message.origin,
        author_id=message.author_id,
        completion_id=message.completion_id,
        pasted_characters=message.pasted_characters,
        model_share=message.model_share,
    )


def next_sibling(*, conversation: Conversation, parent: Message | None) -> int:
    """The number of the next try below `parent`."""
    tries = Message.objects.filter(conversation=conversation, parent=parent)
    last: int | None = tries.aggregate(last=Max("sibling"))["last"]
    return 0 if last is None else last + 1


def append_path(
    *, conversation: Conversation, after: Message | None, sibling: int, turns: Sequence[Message]
) -> None:
    """Store unsaved `turns` as one live path below `after`, in two statements at most.

    The first one becomes try number `sibling` of its place. What was live there is the caller's to
    set aside first.
    """
    if not turns:
        return
    now = clock.now()
    parent_id, position = (after.pk, after.position + 1) if after else (None, 0)
    # A single turn is nobody's parent yet and gets its id as it is stored.
    ids = new_ids(Message, len(turns)) if len(turns) > 1 else [None]
    for offset, (pk, turn) in enumerate(zip(ids, turns, strict=True)):
        turn.pk = pk
        turn.project_id = conversation.project_id
        turn.conversation = conversation
        turn.parent_id = parent_id
        turn.position = position + offset
        turn.sibling = 0 if offset else sibling
        turn.created_at = now
        parent_id = pk
    Message.objects.bulk_create(turns)
