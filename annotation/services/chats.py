"""Chats with a policy: a turn asks for a reply, and the reply becomes a message when it has ended."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from django.db import transaction

from annotation import pick
from annotation.exceptions import (
    NoPolicy,
    NoReplyYet,
    NothingToAnswer,
    NothingToContinue,
    ReplyPending,
    SaidDifferently,
    UnknownTurn,
)
from annotation.models import Assignment, Conversation, Message, RoundPolicy
from annotation.selectors import conversations as selectors
from annotation.services import conversations, leases, personal_data, picks, submissions, threads
from annotation.services.drafts import weighted_choice
from labelhub import clock
from labelhub.accounts.models import User
from sampling import services as sampling
from sampling.engine.protocol import SamplingParams
from sampling.models import Completion, Generation, Policy
from sampling.selectors import ENDED, completions_of

REPLY_ENDED = "annotation.reply_ended"
# A reply that failed said nothing; one that was stopped is kept as far as it came.
SPOKEN = (Generation.State.DONE, Generation.State.CANCELLED)
# How a reply ends that its policy would have gone on with.
UNFINISHED = (Completion.FinishReason.LENGTH, Completion.FinishReason.CANCELLED)


@transaction.atomic
def say(
    *,
    assignment: Assignment,
    key: UUID,
    content: str,
    version: int,
    edits: int | None = None,
) -> Conversation:
    """Add the person's turn and ask for a reply. The same `key` again adds nothing.

    With `edits`, it stands for that earlier turn of theirs: what followed is kept as a branch. A turn
    that got no reply is replaced by the new one, and kept beside it. Raises LeaseLost, SaidDifferently,
    StaleVersion, ReplyPending, UnknownTurn, EmptyTurn, TurnTooLong, TooManyTurns, NoPolicy,
    ContextTooLong.
    """
    locked = leases.locked_lease(assignment=assignment)
    conversation = conversations.locked_for(assignment=locked)
    if conversation.turn_key == key:
        said = (
            conversation.messages.filter(is_live=True, role=Message.Role.USER)
            .order_by("position")
            .last()
        )
        if said is None or said.content != content:
            raise SaidDifferently
        return conversation
    conversations.require_version(conversation=conversation, version=version)
    live = _live_with_reply(conversation)
    if edits is not None:
        place = next((turn.position for turn in live if turn.pk == edits), None)
        if place is None or live[place].role != Message.Role.USER:
            raise UnknownTurn
        live = _cut(live, place)
    elif live and live[-1].role == Message.Role.USER:
        live = _cut(live, len(live) - 1)
    roles = [message.role for message in live]
    threads.check_turn(project=conversation.project, index=len(live), content=content)
    threads.check_tokens(conversation=conversation, turns={len(live): content})
    threads.check_n_turns(
        project=conversation.project, roles=[*roles, Message.Role.USER, Message.Role.ASSISTANT]
    )
    after = live[-1] if live else None
    turn = Message(
        role=Message.Role.USER,
        content=content,
        origin=Message.Origin.HUMAN,
        author_id=locked.rater_id,
    )
    conversations.append_path(
        conversation=conversation,
        after=after,
        sibling=conversations.next_sibling(conversation=conversation, parent=after),
        turns=[turn],
    )
    conversation.turn_key = key
    _ask(conversation, [*live, turn], assignment.rater.user)
    return conversation


@transaction.atomic
def regenerate(*, assignment: Assignment, version: int) -> Conversation:
    """Ask for another reply to the last user turn; earlier tries are kept beside it.

    Raises LeaseLost, StaleVersion, ReplyPending, NothingToAnswer, NoPolicy, ContextTooLong.
    """
    locked = leases.locked_lease(assignment=assignment)
    conversation = conversations.locked_for(assignment=locked)
    conversations.require_version(conversation=conversation, version=version)
    live = _live_with_reply(conversation)
    if live and live[-1].role == Message.Role.ASSISTANT:
        live = _cut(live, len(live) - 1)
    if not live or live[-1].role != Message.Role.USER:
        raise NothingToAnswer
    _ask(conversation, live, assignment.rater.user)
    return conversation


@transaction.atomic
def continue_reply(*, assignment: Assignment, version: int) -> Conversation:
    """Ask the policy to go on from where its last reply stopped, or was stopped.

    What it adds makes one longer reply beside the unfinished one, which stays in place until then and
    where nothing is added. Raises LeaseLost, StaleVersion, ReplyPending, NothingToContinue, NoPolicy,
    ContextTooLong.
    """
    locked = leases.locked_lease(assignment=assignment)
    conversation = conversations.locked_for(assignment=locked)
    conversations.require_version(conversation=conversation, version=version)
    live = _live_with_reply(conversation)
    unfinished = live[-1].completion if live else None
    if unfinished is None or unfinished.finish_reason not in UNFINISHED:
        raise NothingToContinue
    _ask(conversation, live, assignment.rater.user, continues=unfinished)
    return conversation


@transaction.atomic
def show_branch(*, assignment: Assignment, version: int, message: int) -> Conversation:
    """Go on from another try: `message`, what led to it, and the newest that followed become the path.

    Raises LeaseLost, StaleVersion, ReplyPending, UnknownTurn.
    """
    locked = leases.locked_lease(assignment=assignment)
    conversation = conversations.locked_for(assignment=locked)
    conversations.require_version(conversation=conversation, version=version)
    live = _live_with_reply(conversation)
    path = _path_through(conversation, message)
    Message.objects.filter(pk__in={turn.pk for turn in live} - set(path)).update(is_live=False)
    Message.objects.filter(pk__in=path, is_live=False).update(is_live=True)
    conversation.version += 1
    conversation.save(update_fields=["version"])
    return conversation


def _path_through(conversation: Conversation, message_id: int) -> list[int]:
    """The ids from the first turn to the newest that follows `message_id`. Raises UnknownTurn."""
    rows = Message.objects.filter(conversation=conversation).order_by("pk")
    parents = dict(rows.values_list("pk", "parent"))
    if message_id not in parents:
        raise UnknownTurn
    newest_child = {parent: pk for pk, parent in parents.items()}
    path = [message_id]
    while (parent := parents[path[0]]) is not None:
        path.insert(0, parent)
    while (child := newest_child.get(path[-1])) is not None:
        path.append(child)
    return path


def finish(
    *, assignment: Assignment, key: UUID, personal_data_confirmed: bool = False
) -> Assignment:
    """End the chat: its model-written messages may now be compared.

    Raises NoReplyYet, ReplyPending, PersonalDataFound unless its author has seen the warning, and what
    a submission may.
    """
    return submissions.submit(
        assignment=assignment,
        key=key,
        body={},
        write=partial(_finish, personal_data_confirmed=personal_data_confirmed),
    )


def _finish(assignment: Assignment, *, personal_data_confirmed: bool) -> None:
    conversation = conversations.locked_for(assignment=assignment)
    live = _live_with_reply(conversation)
    if not any(message.completion_id for message in live):
        raise NoReplyYet
    personal_data.check(
        conversation=conversation,
        live=[message for message in live if message.role == Message.Role.USER],
        confirmed=personal_data_confirmed,
    )
    conversation.state = Conversation.State.FINISHED
    conversation.finished_at = clock.now()
    conversation.save(update_fields=["state", "finished_at"])
    picks.chat_finished(project=conversation.project)


@transaction.atomic
def reply_ended(*, generation_id: int) -> None:
    """Turn an ended generation into the reply it is; a second call changes nothing."""
    conversation = (
        Conversation.objects.select_for_update(of=("self",), no_key=True)
        .select_related("reply_generation")
        .filter(reply_generation=generation_id)
        .first()
    )
    if conversation is not None:
        _take_reply(conversation)


def _live_with_reply(conversation: Conversation) -> list[Message]:
    """The live path, with the newest reply on it if it has ended, whether or not its job has run.

    Raises ReplyPending while it is being written.
    """
    generation = conversation.reply_generation
    if generation is not None and generation.state not in ENDED:
        raise ReplyPending
    _take_reply(conversation)
    return selectors.live_messages(conversation=conversation)


def _take_reply(conversation: Conversation) -> None:
    """Store the newest reply as a message, once. The conversation's row is locked by the caller."""
    generation = conversation.reply_generation
    if generation is None or generation.state not in ENDED or generation.consumed_at is not None:
        return
    if not sampling.mark_consumed(generation=generation):
        return
    if generation.state not in SPOKEN or conversation.state != Conversation.State.WRITING:
        return
    said = [completion for completion in completions_of(generation) if completion.text.strip()]
    if not said:
        return
    (completion,) = said
    live = selectors.live_messages(conversation=conversation)
    kept = ""
    if generation.continues_id is not None:
        kept = live[-1].content
        live = _cut(live, len(live) - 1)
    asked = live[-1]
    conversations.append_path(
        conversation=conversation,
        after=asked,
        sibling=conversations.next_sibling(conversation=conversation, parent=asked),
        turns=[
            Message(
                role=Message.Role.ASSISTANT,
                content=kept + completion.text,
                origin=Message.Origin.MODEL,
                completion=completion,
            )
        ],
    )


def _cut(live: list[Message], place: int) -> list[Message]:
    """The path before `place`; what stood from there on is kept as a branch."""
    Message.objects.filter(pk__in=[turn.pk for turn in live[place:]]).update(is_live=False)
    return live[:place]


def _ask(
    conversation: Conversation,
    live: Sequence[Message],
    person: User | None,
    *,
    continues: Completion | None = None,
) -> None:
    """Ask for the reply to `live`, or for more of its last one, and count the conversation's new version."""
    policy, params = _voice(conversation)
    conversation.reply_generation = sampling.request_completions(
        project=conversation.project,
        policy=policy,
        messages=selectors.as_context(list(live)),
        purpose=Generation.Purpose.CHAT,
        n=1,
        params=params,
        requested_by=person,
        continues=continues,
        on_done=REPLY_ENDED,
    )
    conversation.version += 1
    conversation.save(update_fields=["version", "turn_key", "reply_generation"])


def _voice(conversation: Conversation) -> tuple[Policy, SamplingParams]:
    """The policy and params of this chat: drawn by weight for its first reply, then kept to."""
    first = conversation.reply_generation
    if first is not None:
        return first.policy, first.params
    serving = selectors.serving_policies(
        project=conversation.project, round_=conversation.round, use=RoundPolicy.Use.CHAT
    )
    if not serving:
        raise NoPolicy
    chosen = weighted_choice(
        serving, seed=pick.order_key(conversation.project_id, conversation.pk, draw="chat policy")
    )
    return chosen.policy, chosen.params
