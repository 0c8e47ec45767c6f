"""Reading conversations: the live path as pages show it, what came before it, drafts and replies."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, OuterRef, Subquery

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
from sampling.models import POLICY_SERVES

# The id of a reply that is still being written: it becomes a message when it ends.
UNWRITTEN = 0


@dataclass(frozen=True)
class Turn:
    """One message of the live path as a page shows it.

    `siblings` counts the tries at this position under the same parent, this one included.
    `generation` is set only for a reply that has no message yet, whose `id` is UNWRITTEN.
    """

    id: int
    position: int
    role: str
    content: str
    origin: str
    model_share: float | None
    siblings: int
    generation: int | None
    finish_reason: str | None
    thumb: str | None


@dataclass(frozen=True)
class Thread:
    """A conversation with its live path, by position."""

    id: int
    kind: str
    state: str
    version: int
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


def thread_of(*, conversation: Conversation, rater: Rater) -> Thread:
    """The conversation as `rater` sees it, their own thumbs included; two queries."""
    own_thumb = Feedback.objects.filter(message=OuterRef("pk"), rater=rater).order_by("-id")
    live = (
        Message.objects.filter(conversation=conversation, is_live=True)
        .annotate(thumb=Subquery(own_thumb.values("thumb")[:1]))
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
            "thumb",
        )
    )
    tries = dict(
        Message.objects.filter(conversation=conversation)
        .order_by()
        .values_list("parent")
        .annotate(n=Count("pk"))
    )
    turns = [
        Turn(
            id=pk,
            position=position,
            role=role,
            content=content,
            origin=origin,
            model_share=share,
            siblings=tries[parent],
            generation=None,
            finish_reason=finish_reason,
            thumb=thumb,
        )
        for pk, position, role, content, origin, share, parent, finish_reason, thumb in live
    ]
    if conversation.reply_generation_id and turns and turns[-1].role == Message.Role.USER:
        turns.append(_unwritten_reply(conversation.reply_generation_id, turns[-1], tries))
    return Thread(
        id=conversation.pk,
        kind=conversation.kind,
        state=conversation.state,
        version=conversation.version,
        messages=turns,
    )


def _unwritten_reply(generation_id: int, asked: Turn, tries: dict[int | None, int]) -> Turn:
    """The reply that was asked for and has no message: being written, failed, or empty."""
    return Turn(
        id=UNWRITTEN,
        position=asked.position + 1,
        role=Message.Role.ASSISTANT,
        content="",
        origin=Message.Origin.MODEL,
        model_share=None,
        siblings=tries.get(asked.id, 0) + 1,
        generation=generation_id,
        finish_reason=None,
        thumb=None,
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


def serving_policies(
    *, project: Project, round_: Round | None, use: RoundPolicy.Use
) -> list[RoundPolicy]:
    """The policies that serve a round for one use, retired ones left out; the open round's where None."""
    rows = RoundPolicy.objects.filter(POLICY_SERVES, project=project, use=use)
    rows = rows.filter(round=round_) if round_ else rows.filter(round__closed_at=None)
    return list(rows.select_related("policy").order_by("pk"))


def draft_for(*, user: User | AnonymousUser, draft_id: int) -> Draft:
    """A draft that was shown to the person. Raises NotFound."""
    found = Draft.objects.filter(pk=draft_id, assignment__rater__user=user.pk).first()
    if found is None:
        raise exceptions.NotFound
    return found


def reply_for(*, user: User | AnonymousUser, message_id: int) -> Message:
    """A policy's reply in one of the person's own chats, whichever try it was. Raises NotFound."""
    found = (
        Message.objects.filter(
            pk=message_id,
            role=Message.Role.ASSISTANT,
            completion__isnull=False,
            conversation__kind=Conversation.Kind.CHAT,
            conversation__author__user=user.pk,
        )
        .select_related("conversation__author")
        .first()
    )
    if found is None:
        raise exceptions.NotFound
    return found
