"""A person's own answer to the context that is compared, to stand among the candidates."""

from __future__ import annotations

from dataclasses import dataclass

from annotation.models import Comparison, Conversation, Feedback, Message, Review

APPROVED = (Conversation.State.APPROVED, Conversation.State.ACCEPTED_BY_SAMPLING)
WRITTEN = (Message.Origin.HUMAN, Message.Origin.MODEL_EDITED)
# Demonstrations of one prompt are few; a hundred of them are looked through.
LOOKED_THROUGH = 100


@dataclass(frozen=True)
class Reference:
    """`known_to` are the raters who wrote or reviewed it, who are not to rank it."""

    text: str
    known_to: frozenset[int]


def reference_for(*, comparison: Comparison) -> Reference | None:
    """The newest rewrite of the picked message, else the answer of an approved demonstration that has
    the same context; None where nobody wrote one."""
    rewrite = (
        Feedback.objects.filter(message=comparison.message_id)
        .exclude(rewrite="")
        .order_by("-pk")
        .first()
        if comparison.message_id
        else None
    )
    if rewrite is not None:
        return Reference(rewrite.rewrite, _raters(rewrite.rater_id))
    return _demonstrated(comparison)


def _demonstrated(comparison: Comparison) -> Reference | None:
    context = [(turn["role"], turn["content"]) for turn in comparison.context.messages]
    answers = (
        Message.objects.filter(
            conversation__project=comparison.project_id,
            conversation__kind=Conversation.Kind.DEMONSTRATION,
            conversation__state__in=APPROVED,
            conversation__origin_key=comparison.origin_key,
            is_live=True,
            role=Message.Role.ASSISTANT,
            origin__in=WRITTEN,
            position=len(context),
        )
        .select_related("conversation")
        .order_by("-conversation_id")
    )
    for answer in answers[:LOOKED_THROUGH]:
        before = Message.objects.filter(
            conversation=answer.conversation_id, is_live=True, position__lt=answer.position
        )
        if list(before.order_by("position").values_list("role", "content")) == context:
            return Reference(answer.content, _wrote_or_reviewed(answer.conversation))
    return None


def _wrote_or_reviewed(conversation: Conversation) -> frozenset[int]:
    reviewers = Review.objects.filter(conversation=conversation).values_list("rater", flat=True)
    return _raters(conversation.author_id, *reviewers)


def _raters(*known: int | None) -> frozenset[int]:
    return frozenset(rater for rater in known if rater is not None)
