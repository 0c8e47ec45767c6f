"""Saving a thread: the page says what the whole dialogue should be, the tree keeps every version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction

from annotation.draft_ledger import overlap
from annotation.exceptions import (
    DraftUnfinished,
    EmptyTurn,
    RolesMustAlternate,
    ScoredAsWritten,
    TooManyTurns,
    TurnTooLong,
    UnknownDraft,
    UnknownTurn,
)
from annotation.models import Assignment, Conversation, Message, Purpose, TaskKind
from annotation.selectors import conversations as selectors
from annotation.selectors import lengths
from annotation.services import conversations, drafts, leases
from annotation.services.drafts import Origins
from labelhub.accounts.models import Project

SYSTEM, USER, ASSISTANT = Message.Role.SYSTEM, Message.Role.USER, Message.Role.ASSISTANT


@dataclass(frozen=True, kw_only=True)
class WantedTurn:
    """A turn the page wants at a place: `id` alone for one that stays, else its role and content.

    `id` may name any turn this conversation ever had: an undo puts an earlier one back. `edits` is the
    turn that this one is a new wording of; `draft_part` says that only some of the draft was taken.
    """

    id: int | None = None
    role: str = ""
    content: str = ""
    draft: int | None = None
    draft_part: bool = False
    edits: int | None = None
    pasted_characters: int = 0


@transaction.atomic
def save_thread(
    *, assignment: Assignment, version: int, turns: Sequence[WantedTurn]
) -> Conversation:
    """Make `turns` the live path of the conversation the assignment writes or reviews.

    Turns that stand at their place already stay; from the first other one on, new nodes are written
    and the old ones kept beside them. A turn that began as a draft keeps that origin through every
    edit that leaves three of its words in a row. The number of statements does not grow with the
    thread. Raises LeaseLost, ScoredAsWritten for what an exam asks to score, ConversationSettled,
    StaleVersion and the refusals of a thread, each naming the turn in `fields`.
    """
    locked = leases.locked_lease(assignment=assignment)
    if locked.kind == TaskKind.REVIEW and locked.task.purpose == Purpose.EXAM:
        raise ScoredAsWritten
    conversation = conversations.locked_for(assignment=locked)
    conversations.require_version(conversation=conversation, version=version)
    live = selectors.live_messages(conversation=conversation)
    wanted = _resolved(conversation, turns, live)
    check_thread(project=conversation.project, turns=wanted)
    new_turns = {index: turn.content for index, turn in enumerate(wanted) if turn.stays is None}
    check_tokens(conversation=conversation, turns=new_turns)
    n_kept = _n_unchanged(wanted, live)
    if n_kept == len(wanted) == len(live):
        return conversation
    origins = _origins(locked, wanted[n_kept:])
    new = _new_nodes(wanted[n_kept:], origins, writer_id=locked.rater_id)
    after = live[n_kept - 1] if n_kept else None
    sibling = conversations.next_sibling(conversation=conversation, parent=after) if new else 0
    Message.objects.filter(pk__in=[message.pk for message in live[n_kept:]]).update(is_live=False)
    conversations.append_path(conversation=conversation, after=after, sibling=sibling, turns=new)
    _tell_ledger(new, origins)
    conversation.version += 1
    if locked.kind == TaskKind.REVIEW and conversation.handed_in_path is None:
        conversation.handed_in_path = [message.pk for message in live]
    conversation.save(update_fields=["version", "handed_in_path"])
    return conversation


@dataclass(frozen=True)
class _Wanted:
    """A wanted turn in full; `stays` is the message that it names, `edits` the one it rewords."""

    role: str
    content: str
    asked: WantedTurn
    stays: Message | None
    edits: Message | None


def _resolved(
    conversation: Conversation, turns: Sequence[WantedTurn], live: Sequence[Message]
) -> list[_Wanted]:
    known = {message.pk: message for message in live}
    named = {pk for turn in turns for pk in (turn.id, turn.edits) if pk is not None}
    earlier = named - known.keys()
    if earlier:
        known |= Message.objects.filter(conversation=conversation).in_bulk(earlier)
    used: set[int] = set()
    resolved = []
    for index, turn in enumerate(turns):
        stays = known.get(turn.id) if turn.id is not None else None
        if turn.id is not None and (stays is None or turn.id in used):
            raise UnknownTurn(fields=_at(index, f"There is no turn {turn.id} here any more."))
        if stays is not None:
            used.add(stays.pk)
            resolved.append(_Wanted(stays.role, stays.content, turn, stays, None))
            continue
        # The turn that stood at this place is what a page without `edits` means.
        edits = known.get(turn.edits) if turn.edits is not None else None
        if edits is None and index < len(live):
            edits = live[index]
        if edits is not None and edits.role != turn.role:
            edits = None
        resolved.append(_Wanted(turn.role, turn.content, turn, None, edits))
    return resolved


def check_thread(*, project: Project, turns: Sequence[_Wanted]) -> None:
    """Raises RolesMustAlternate, EmptyTurn, TurnTooLong or TooManyTurns."""
    has_system = bool(turns) and turns[0].role == SYSTEM
    for index, turn in enumerate(turns):
        if index == 0 and has_system:
            expected = SYSTEM
        else:
            expected = USER if (index - has_system) % 2 == 0 else ASSISTANT
        if turn.role != expected:
            raise RolesMustAlternate(fields=_at(index, f"This place is the {expected}'s."))
        check_turn(project=project, index=index, content=turn.content)
    check_n_turns(project=project, roles=[turn.role for turn in turns])


def check_turn(*, project: Project, index: int, content: str) -> None:
    """Raises EmptyTurn or TurnTooLong for the turn at `index`."""
    if not content.strip():
        raise EmptyTurn(fields=_at(index, "This turn is empty."))
    excess = len(content) - project.max_turn_characters
    if excess > 0:
        sentence = f"{excess} characters over the {project.max_turn_characters} allowed."
        raise TurnTooLong(fields=_at(index, sentence))


def check_tokens(*, conversation: Conversation, turns: Mapping[int, str]) -> None:
    """Raises TurnTooLong for a text over the project's limit in the policy's tokens; `turns` are texts
    by their place in the thread.
    """
    limit = conversation.project.max_turn_tokens
    if limit is None or not turns:
        return
    counts = lengths.count_turns(conversation=conversation, contents=list(turns.values()))
    for index, n_tokens in zip(turns, counts or [], strict=False):
        if n_tokens > limit:
            sentence = f"{n_tokens} tokens; this project allows {limit}."
            raise TurnTooLong(fields=_at(index, sentence))


def check_n_turns(*, project: Project, roles: Sequence[str]) -> None:
    """Raises TooManyTurns, naming the first turn over the limit. System turns do not count."""
    counted = [index for index, role in enumerate(roles) if role != SYSTEM]
    if len(counted) > project.max_turns:
        raise TooManyTurns(
            f"The conversation has {len(counted)} turns; this project allows {project.max_turns}.",
            fields=_at(counted[project.max_turns], "This turn is one too many."),
        )


def _at(index: int, sentence: str) -> dict[str, list[str]]:
    return {f"turns.{index}": [sentence]}


def _n_unchanged(wanted: Sequence[_Wanted], live: Sequence[Message]) -> int:
    """How many turns from the first on stand there already, named by id or word for word."""
    n = 0
    for turn, message in zip(wanted, live, strict=False):
        same_words = (
            turn.stays is None
            and turn.asked.draft is None
            and (turn.role, turn.content) == (message.role, message.content)
        )
        if turn.stays is not message and not same_words:
            break
        n += 1
    return n


def _origins(assignment: Assignment, wanted: Sequence[_Wanted]) -> Origins:
    older = [row for turn in wanted for row in (turn.stays, turn.edits) if row is not None]
    return drafts.origins_of(
        assignment=assignment,
        draft_ids={turn.asked.draft for turn in wanted if turn.asked.draft is not None},
        completion_ids={row.completion_id for row in older if row.completion_id},
    )


def _new_nodes(wanted: Sequence[_Wanted], origins: Origins, *, writer_id: int) -> list[Message]:
    """Unsaved messages for `wanted`."""
    nodes = []
    for turn in wanted:
        if turn.stays is not None:
            nodes.append(conversations.copied(turn.stays))
            continue
        pasted = turn.asked.pasted_characters
        if turn.asked.edits is not None and turn.edits is not None:
            pasted += turn.edits.pasted_characters
        node = Message(
            role=turn.role,
            content=turn.content,
            origin=Message.Origin.HUMAN,
            author_id=writer_id,
            pasted_characters=min(pasted, len(turn.content)),
        )
        if turn.asked.draft is not None:
            _begin_as_draft(node, turn.asked, origins)
        elif turn.edits is not None:
            _carry_over(node, turn.edits, origins)
        nodes.append(node)
    return nodes


def _begin_as_draft(node: Message, asked: WantedTurn, origins: Origins) -> None:
    draft = origins.drafts.get(asked.draft or 0)
    if draft is None or draft.role != node.role:
        raise UnknownDraft
    if draft.completion is None:
        raise DraftUnfinished
    draft.taken_in_part = asked.draft_part
    node.completion = draft.completion
    node.origin, node.model_share = _origin(draft.completion.text, node.content)


def _carry_over(node: Message, edited: Message, origins: Origins) -> None:
    """An edit of a turn that began as a draft is still of that draft while words of it are left."""
    completion = origins.completions.get(edited.completion_id or 0)
    if completion is None:
        return
    origin, share = _origin(completion.text, node.content)
    if share:
        node.completion = completion
        node.origin, node.model_share = origin, share


def _origin(draft: str, content: str) -> tuple[Message.Origin, float]:
    """Whose words these are, and the model's share of them; a draft taken whole is wholly its."""
    if content == draft:
        return Message.Origin.MODEL, 1.0
    return Message.Origin.MODEL_EDITED, overlap(draft=draft, final=content).model_share


def _tell_ledger(new: Sequence[Message], origins: Origins) -> None:
    """Mark this assignment's drafts that the new nodes began as."""
    used = []
    for node in new:
        draft = origins.by_completion.get(node.completion_id or 0)
        if draft is not None:
            completion = origins.completions[draft.completion_id or 0]
            drafts.use(draft=draft, completion=completion, message=node)
            used.append(draft)
    drafts.store_used(drafts=used)
