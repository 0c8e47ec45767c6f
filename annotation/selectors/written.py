"""What a person wrote: their list of conversations, and one of them with its history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery

from annotation.models import (
    Assignment,
    Comparison,
    Conversation,
    Message,
    Prompt,
    Review,
    ReviewComment,
    Slot,
    Task,
    TaskKind,
)
from annotation.selectors.assignments import ShownPrompt
from annotation.selectors.conversations import MessageComment, Thread, thread_of
from labelhub import exceptions
from labelhub.accounts.models import Membership, User
from labelhub.accounts.selectors import membership_for

TITLE_CHARACTERS = 240
State = Conversation.State
# What the list may be narrowed to, and the states behind each.
GROUPS: dict[str, tuple[str, ...]] = {
    "in_progress": (State.WRITING,),
    "submitted": (State.SUBMITTED,),
    "returned": (State.RETURNED,),
    "approved": (State.APPROVED, State.ACCEPTED_BY_SAMPLING),
    "finished": (State.FINISHED,),
    "closed": (State.REJECTED, State.ABANDONED, State.SCORED, State.TAKEN_OUT),
}


def conversations_of(
    *, membership: Membership, group: str | None = None, search: str = ""
) -> QuerySet[Conversation]:
    """The person's own conversations in a project, with `n_turns`, `opening` and `comment`.

    A returned one gives way to its next version, once that is begun, and is found in its history.
    `search` looks in the prompt and in the turns of the kept path, case-insensitively.
    """
    live = Message.objects.filter(conversation=OuterRef("pk"), is_live=True)
    rows = Conversation.objects.filter(
        project=membership.project,
        author__user=membership.user,
        kind__in=[Conversation.Kind.DEMONSTRATION, Conversation.Kind.CHAT],
        revision=None,
    )
    if group is not None:
        rows = rows.filter(state__in=GROUPS[group])
    if search.strip():
        found = Exists(live.filter(content__icontains=search.strip()))
        rows = rows.filter(Q(found) | Q(prompt__text__icontains=search.strip()))
    return rows.annotate(
        n_turns=Subquery(
            live.order_by().values("conversation").annotate(n=Count("pk")).values("n")[:1]
        ),
        opening=Subquery(live.filter(role="user").order_by("position").values("content")[:1]),
        comment=Subquery(
            Review.objects.filter(conversation=OuterRef("pk")).order_by("-pk").values("comment")[:1]
        ),
    ).select_related("prompt", "assignment")


def title_of(conversation: Conversation) -> str:
    """What a conversation is about, in a line: its prompt, else its first user turn."""
    opening: str | None = getattr(conversation, "opening", None)
    text = conversation.prompt.text if conversation.prompt else (opening or "")
    return text[:TITLE_CHARACTERS]


@dataclass(frozen=True)
class Verdict:
    """What a reviewer said of one version."""

    verdict: str
    score: int | None
    comment: str
    comments: list[MessageComment]
    at: datetime


@dataclass(frozen=True)
class Version:
    """One version of a demonstration, from the first to the newest; `fixed` where a reviewer changed it."""

    conversation: Thread
    fixed: bool
    finished_at: datetime | None
    review: Verdict | None


@dataclass(frozen=True)
class Written:
    """A conversation as its author, or a manager, looks back on it."""

    id: int
    kind: str
    state: str
    project: str
    prompt: ShownPrompt | None
    assignment: int | None
    versions: list[Version]
    can_amend: bool
    kept_submission: Any


def written_for(*, user: User | AnonymousUser, conversation_id: int) -> Written:
    """One's own conversation, or any of a project one manages, with every version. Raises NotFound."""
    found = (
        Conversation.objects.select_related("project", "prompt", "assignment", "author__user")
        .filter(pk=conversation_id)
        .exclude(kind=Conversation.Kind.IMPORTED)
        .first()
    )
    if found is None or found.author is None:
        raise exceptions.NotFound
    membership = membership_for(user=user, slug=found.project.slug)
    is_own = found.author.user_id == user.pk
    if not is_own and membership.role != Membership.Role.MANAGER:
        raise exceptions.NotFound
    assignment = found.assignment
    return Written(
        id=found.pk,
        kind=found.kind,
        state=found.state,
        project=found.project.slug,
        prompt=_shown(found.prompt) if found.prompt else None,
        assignment=assignment.pk if assignment and is_own else None,
        versions=_versions(found),
        can_amend=is_own and assignment is not None and can_amend(found, assignment),
        kept_submission=assignment.kept_submission if assignment and is_own else None,
    )


def _shown(prompt: Prompt) -> ShownPrompt:
    return ShownPrompt(
        prompt.kind, prompt.text, prompt.category, prompt.source, len(prompt.turns_before)
    )


def can_amend(conversation: Conversation, assignment: Assignment) -> bool:
    """Whether nobody has acted on a submission yet; services.amendments decides under lock."""
    return (
        assignment.state == Assignment.State.SUBMITTED
        and conversation.state in {State.SUBMITTED, State.FINISHED, State.ACCEPTED_BY_SAMPLING}
        and not Slot.objects.filter(
            task__subject=conversation, task__kind=TaskKind.REVIEW, task__state=Task.State.OPEN
        )
        .exclude(state=Slot.State.OPEN)
        .exists()
        and not Comparison.objects.filter(conversation=conversation).exists()
    )


def _versions(newest: Conversation) -> list[Version]:
    """The chain of versions that ends in `newest`, what was handed in before a reviewer's changes among
    them; three queries a version.
    """
    chain = [newest]
    while chain[0].revises_id is not None:
        chain.insert(0, Conversation.objects.select_related("author").get(pk=chain[0].revises_id))
    versions = []
    for row in chain:
        handed_in, verdict = row.handed_in_path, _verdict(row)
        if handed_in is not None:
            as_handed_in = thread_of(conversation=row, rater=row.author, path=handed_in)
            versions.append(Version(as_handed_in, False, row.finished_at, verdict))
        live = thread_of(conversation=row, rater=row.author)
        versions.append(Version(live, handed_in is not None, row.finished_at, verdict))
    return versions


def _verdict(conversation: Conversation) -> Verdict | None:
    review = Review.objects.filter(conversation=conversation).order_by("-pk").first()
    if review is None:
        return None
    comments = ReviewComment.objects.filter(review=review).order_by("pk")
    return Verdict(
        verdict=review.verdict,
        score=review.score,
        comment=review.comment,
        comments=[MessageComment(message=row.message_id, text=row.text) for row in comments],
        at=review.created_at,
    )
