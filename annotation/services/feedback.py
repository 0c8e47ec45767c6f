"""What people think of single replies."""

from __future__ import annotations

from collections.abc import Sequence

from annotation.exceptions import GoodAsItIs
from annotation.models import Feedback, Message
from annotation.services import personal_data, threads
from labelhub import clock


def give_feedback(
    *,
    message: Message,
    thumb: Feedback.Thumb,
    reasons: Sequence[str] = (),
    comment: str = "",
    rewrite: str = "",
    personal_data_confirmed: bool = False,
) -> Feedback:
    """Store the chat's author's judgement of a reply. A later one stands beside it and is the one shown.

    Raises GoodAsItIs for a rewrite of a good reply, TurnTooLong for one that would be no turn of this
    project, and PersonalDataFound unless its author has seen the warning, now or with the same words
    before.
    """
    conversation, place = message.conversation, message.position
    if rewrite.strip():
        if thumb == Feedback.Thumb.UP:
            raise GoodAsItIs
        threads.check_turn(project=conversation.project, index=place, content=rewrite)
        threads.check_tokens(conversation=conversation, turns={place: rewrite})
        if not personal_data_confirmed and not _was_said(message, rewrite):
            personal_data.check_text(field="rewrite", text=rewrite, language=conversation.language)
    return Feedback.objects.create(
        project_id=message.project_id,
        message=message,
        rater=conversation.author,
        thumb=thumb,
        reasons=list(reasons),
        comment=comment,
        rewrite=rewrite,
        created_at=clock.now(),
    )


def _was_said(message: Message, rewrite: str) -> bool:
    """Whether these words were kept already: another thumb sends them along."""
    return Feedback.objects.filter(
        message=message, rater=message.conversation.author, rewrite=rewrite
    ).exists()
