"""What people think of single replies."""

from __future__ import annotations

from collections.abc import Sequence

from annotation.models import Feedback, Message
from labelhub import clock


def give_feedback(
    *,
    message: Message,
    thumb: Feedback.Thumb,
    reasons: Sequence[str] = (),
    comment: str = "",
    rewrite: str = "",
) -> Feedback:
    """Store the chat's author's judgement of a reply. A later one stands beside it and is the one shown."""
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
