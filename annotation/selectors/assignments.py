"""Everything a page needs to work on one assignment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.db.models.functions import JSONObject

from annotation.models import Assignment, Autosave, Guideline, Prompt, TaskKind
from annotation.selectors import comparisons, conversations
from annotation.selectors.comparisons import ComparisonPage
from annotation.selectors.conversations import Previous, Thread
from labelhub import exceptions
from labelhub.accounts.models import Project, User


@dataclass(frozen=True)
class AssignmentPage:
    """One assignment as its owner sees it; nothing of where candidates came from."""

    id: int
    kind: str
    state: str
    reason: str
    lease_until: datetime
    guideline: Guideline | None
    autosaves: list[dict[str, Any]]
    prompt: Prompt | None
    language: str
    drafts_allowed: bool
    conversation: Thread | None
    previous: Previous | None
    comparison: ComparisonPage | None
    kept_submission: Any


def page_of(*, user: User, assignment_id: int) -> AssignmentPage:
    """The person's own assignment with all its page shows. Raises NotFound."""
    assignment = (
        Assignment.objects.select_related(
            "task__prompt",
            "task__pool",
            "task__comparison__context",
            "task__subject",
            "project",
            "rater",
            "guideline",
            "rating_schema",
            "conversation",
        )
        .annotate(
            saved=ArraySubquery(
                Autosave.objects.filter(assignment=OuterRef("pk"))
                .order_by("turn")
                .values(
                    json=JSONObject(
                        turn="turn", version="version", payload="payload", saved_at="saved_at"
                    )
                )
            )
        )
        .filter(pk=assignment_id, rater__user=user)
        .first()
    )
    if assignment is None:
        raise exceptions.NotFound
    task = assignment.task
    subject = task.subject if assignment.kind == TaskKind.REVIEW else _own_conversation(assignment)
    return AssignmentPage(
        id=assignment.pk,
        kind=assignment.kind,
        state=assignment.state,
        reason=assignment.reason,
        lease_until=assignment.lease_until,
        guideline=assignment.guideline,
        autosaves=assignment.saved,
        prompt=task.prompt,
        language=task.pool.language,
        drafts_allowed=assignment.kind == TaskKind.DEMONSTRATION
        and assignment.project.draft_mode != Project.DraftMode.OFF
        and assignment.draft_arm != Assignment.DraftArm.NO_DRAFTS,
        conversation=conversations.thread_of(conversation=subject, rater=assignment.rater)
        if subject
        else None,
        previous=conversations.previous_version(subject) if subject else None,
        comparison=comparisons.comparison_page(assignment=assignment)
        if assignment.kind == TaskKind.RANKING
        else None,
        kept_submission=assignment.kept_submission,
    )


def _own_conversation(assignment: Assignment) -> Any:
    return getattr(assignment, "conversation", None)
