"""The rows of the built-in trial."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter

from django.db.models import Exists, OuterRef

from annotation.draft_ledger import words
from annotation.draft_trial import Observation, Outcome, compare
from annotation.models import Assignment, Conversation, Message, Purpose, Review, TaskKind
from labelhub.accounts.models import Project

# The newest ones tell of the policies that draft now, and bound what the page reads.
CONVERSATIONS_LOOKED_AT = 5_000
_DECIDED: dict[str, bool] = {
    Conversation.State.APPROVED: True,
    Conversation.State.RETURNED: False,
    Conversation.State.REJECTED: False,
}


def trial_of(*, project: Project) -> list[Outcome]:
    """What drafts do in a project, by arm; first versions of training demonstrations only."""
    return compare(_observations(project))


def _observations(project: Project) -> Iterator[Observation]:
    newest = list(
        Assignment.objects.filter(
            project=project,
            kind=TaskKind.DEMONSTRATION,
            state=Assignment.State.SUBMITTED,
            reason=Assignment.Reason.PLANNED,
            task__purpose=Purpose.TRAIN,
        )
        .exclude(draft_arm="")
        .order_by("-pk")
        # One that its author took back was not decided on.
        .annotate(is_reviewed=Exists(Review.objects.filter(conversation=OuterRef("conversation"))))
        .values_list(
            "conversation", "draft_arm", "active_seconds", "conversation__state", "is_reviewed"
        )[:CONVERSATIONS_LOOKED_AT]
    )
    turns = (
        Message.objects.filter(
            conversation__in=[row[0] for row in newest],
            is_live=True,
            role=Message.Role.ASSISTANT,
        )
        .exclude(origin=Message.Origin.IMPORTED)
        .order_by("conversation")
        .values_list("conversation", "content", "model_share")
        .iterator(chunk_size=1000)
    )
    written = {
        conversation: [(len(words(content)), share or 0.0) for _, content, share in rows]
        for conversation, rows in groupby(turns, key=itemgetter(0))
    }
    for conversation, arm, active_seconds, state, is_reviewed in newest:
        lengths = written.get(conversation, [])
        n_words = sum(n for n, _ in lengths)
        yield Observation(
            arm=arm,
            active_seconds=active_seconds,
            n_words=n_words,
            model_share=sum(n * share for n, share in lengths) / n_words if n_words else 0.0,
            approved=_DECIDED.get(state) if is_reviewed else None,
        )
