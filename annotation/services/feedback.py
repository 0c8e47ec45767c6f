"""What people think of single replies."""

from __future__ import annotations

from collections.abc import Sequence

from annotation.models import Feedback, Message
from annotation.services import threads
from labelhub import clock


def give_feedback(
    *,
    message: Message,
    thumb: Feedback.Thumb,
    reasons: Sequence[str] = (),
    comment: str = "",
    rewrite: str = "",
) -> Feedback:
    """Store the chat's author's judgement of a reply. A later one stands beside it and is the one shown.

    Raises TurnTooLong for a rewrite that would be no turn of this project.
    """
    if rewrite.strip():
        conversation, place = message.conversation, message.position
        threads.check_turn(project=conversation.project, index=place, content=rewrite)
        threads.check_tokens(conversation=conversation, turns={place: rewrite})
    return Feedback.objects.create(
        project_id=message.project_id,
        message=message,
        rater=message.conversation.author,
        thumb=thumb,
        reasons=list(reasons),
        comment=comment,
        rewrite=rewrite,
        created_at=clock.now(),
    )
