"""Reading conversations: the live path as pages show it, what came before it, drafts and replies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import OuterRef, Q, Subquery, TextField, Value
from django.db.models.functions import JSONObject

from annotation.models import (
    Conversation,
    Draft,
    Feedback,
    Message,
    Review,
    ReviewComment,
    Round,
    RoundPolicy,
)
from labelhub import exceptions
from labelhub.accounts.models import Project, Rater, User
from labelhub.accounts.selectors import is_member
from sampling.models import POLICY_SERVES

# The id of a reply that is still being written: it becomes a message when it ends.
UNWRITTEN = 0
PLAY_THE_USER = (
    "Below is a conversation between a user and an assistant. Write the user's next message: only "
    "its words, nothing before or after."
)


@dataclass(frozen=True)
class Turn:
    """One message of the live path as a page shows it.

    `tries` are the ids of all tries at this position under the same parent, this one included.
    `draft_text` is what the turn began as, told to reviewers only.
    `generation` is set for a reply that has no message yet, whose `id` is UNWRITTEN, and for one that a
    policy was asked to go on from.
    """

    id: int
    position: int
    role: str
    content: str
    origin: str
    model_share: float | None
    tries: list[int]
    pasted_characters: int
    generation: int | None
    finish_reason: str | None
    feedback: dict[str, Any] | None
    draft_text: str | None


@dataclass(frozen=True)
class Thread:
    """A conversation with its live path, by position."""

    id: int
    kind: str
    state: str
    version: int
    fixed_in_review: bool
    messages: list[Turn]


@dataclass(frozen=True)
class MessageComment:
    message: int
    text: str


@dataclass(frozen=True)
class Previous:
    """The returned version that a conversation is the next one of, and what its reviewer said."""

    conversation: Thread
    comment: str
    comments: list[MessageComment]


def thread_of(
    *,
    conversation: Conversation,
    rater: Rater | None,
    with_drafts: bool = False,
    path: Sequence[int] | None = None,
) -> Thread:
    """The conversation as `rater` sees it, their own feedback included; two queries, and one where replies are asked for.

    `path` are the turns of an earlier state; without it, those that are live.
    """
    own = Feedback.objects.filter(message=OuterRef("pk"), rater=rater).order_by("-id")
    # Asked before the turns are read: a reply that is stored in between is among them.
    is_unwritten = _is_unwritten(conversation)
    live = list(
        Message.objects.filter(
            Q(is_live=True) if path is None else Q(pk__in=path), conversation=conversation
        )
        .annotate(
            own_feedback=Subquery(
                own.values(
                    json=JSONObject(
                        thumb="thumb", reasons="reasons", comment="comment", rewrite="rewrite"
                    )
                )[:1]
            )
        )
        .order_by("position")
        .values_list(
            "pk",
            "position",
            "role",
            "content",
            "origin",
            "model_share",
            "parent",
            "completion__finish_reason",
            "own_feedback",
            "pasted_characters",
            "completion__text" if with_drafts else Value(None, output_field=TextField()),
            "completion",
        )
    )
    tries = dict(
        Message.objects.filter(conversation=conversation)
        .order_by()
        .values_list("parent")
        .annotate(ids=ArrayAgg("pk", order_by="sibling"))
    )
    turns = [
        Turn(
            id=pk,
            position=position,
            role=role,
            content=content,
            origin=origin,
            model_share=share,
            tries=tries[parent],
            pasted_characters=pasted,
            generation=None,
            finish_reason=finish_reason,
            feedback=feedback,
            draft_text=draft_text,
        )
        for (
            pk, position, role, content, origin, share, parent, finish_reason, feedback, pasted,
            draft_text, _completion,
        ) in live
    ]  # fmt: skip
    generation = conversation.reply_generation
    if turns and is_unwritten and generation is not None:
        if generation.continues_id is None and turns[-1].role == Message.Role.USER:
            turns.append(_unwritten_reply(generation.pk, turns[-1], tries))
        elif generation.continues_id is not None and live[-1][-1] == generation.continues_id:
            turns[-1] = replace(turns[-1], generation=generation.pk)
    return Thread(
        id=conversation.pk,
        kind=conversation.kind,
        state=conversation.state,
        version=conversation.version,
        fixed_in_review=conversation.handed_in_path is not None,
        messages=turns,
    )


def _is_unwritten(conversation: Conversation) -> bool:
    """Whether the newest reply has no message; one that was said stands on the branch it was said on."""
    generation = conversation.reply_generation_id
    return (
        generation is not None
        and not Message.objects.filter(
            conversation=conversation, completion__generation=generation
        ).exists()
    )


def _unwritten_reply(generation_id: int, asked: Turn, tries: dict[int | None, list[int]]) -> Turn:
    """The reply that was asked for and has no message: being written, failed, or empty."""
    return Turn(
        id=UNWRITTEN,
        position=asked.position + 1,
        role=Message.Role.ASSISTANT,
        content="",
        origin=Message.Origin.MODEL,
        model_share=None,
        tries=[*tries.get(asked.id, []), UNWRITTEN],
        pasted_characters=0,
        generation=generation_id,
        finish_reason=None,
        feedback=None,
        draft_text=None,
    )


def previous_version(conversation: Conversation) -> Previous | None:
    """The returned version before this one with its review; None for a first version."""
    if conversation.revises_id is None:
        return None
    review = (
        Review.objects.filter(conversation=conversation.revises_id)
        .select_related("conversation__author")
        .order_by("-pk")
        .first()
    )
    if review is None or review.conversation.author is None:
        return None
    comments = ReviewComment.objects.filter(review=review).order_by("pk")
    return Previous(
        conversation=thread_of(conversation=review.conversation, rater=review.conversation.author),
        comment=review.comment,
        comments=[MessageComment(message=row.message_id, text=row.text) for row in comments],
    )


def live_messages(*, conversation: Conversation) -> list[Message]:
    """The live path, by position."""
    return list(
        Message.objects.filter(conversation=conversation, is_live=True).order_by("position")
    )


def as_context(messages: list[Message]) -> list[dict[str, str]]:
    """The turns as a policy is shown them."""
    return [{"role": message.role, "content": message.content} for message in messages]


def draft_context(live: Sequence[Message], *, role: str) -> list[dict[str, str]]:
    """What a policy is asked for a draft of the next turn, by `role`.

    To play the user it is given the dialogue as a text to carry on: chat templates know no way to
    have a policy speak first or answer as the other side.
    """
    if role == Message.Role.ASSISTANT:
        return as_context(list(live))
    spoken = "\n\n".join(f"{turn.role.capitalize()}: {turn.content}" for turn in live)
    return [{"role": Message.Role.USER.value, "content": f"{PLAY_THE_USER}\n\n{spoken}".strip()}]


def serving_policies(
    *, project: Project, round_: Round | None, use: RoundPolicy.Use
) -> list[RoundPolicy]:
    """The policies that serve a round for one use, retired ones left out; the open round's where None."""
    rows = RoundPolicy.objects.filter(POLICY_SERVES, project=project, use=use)
    rows = rows.filter(round=round_) if round_ else rows.filter(round__closed_at=None)
    return list(rows.select_related("policy").order_by("pk"))


def draft_for(*, user: User | AnonymousUser, draft_id: int) -> Draft:
    """A draft that was shown to the person. Raises NotFound."""
    found = Draft.objects.filter(
        is_member(user), pk=draft_id, assignment__rater__user=user.pk
    ).first()
    if found is None:
        raise exceptions.NotFound
    return found


def reply_for(*, user: User | AnonymousUser, message_id: int) -> Message:
    """A policy's reply in one of the person's own chats, whichever try it was. Raises NotFound."""
    found = (
        Message.objects.filter(
            is_member(user),
            pk=message_id,
            role=Message.Role.ASSISTANT,
            completion__isnull=False,
            conversation__kind=Conversation.Kind.CHAT,
            conversation__author__user=user.pk,
        )
        .select_related("conversation__author", "conversation__project")
        .first()
    )
    if found is None:
        raise exceptions.NotFound
    return found
