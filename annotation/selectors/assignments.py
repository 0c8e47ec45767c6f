"""Everything a page needs to work on one assignment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from annotation.models import Assignment, Conversation, TaskKind
from annotation.selectors import comparisons, conversations
from annotation.selectors.comparisons import ComparisonPage
from annotation.selectors.conversations import Previous, Thread
from annotation.selectors.questions import RULINGS_SHOWN
from labelhub import exceptions, prepared
from labelhub.accounts.models import Project, User


@dataclass(frozen=True)
class GuidelineNumber:
    id: int
    version: int


@dataclass(frozen=True)
class ShownPrompt:
    kind: str
    text: str
    category: str
    source: str
    # How many turns came with it, before its own.
    turns_before: int


@dataclass(frozen=True)
class ShownRuling:
    """A lead's answer that holds for all such work, with the question it answers."""

    id: int
    text: str
    answer: str


@dataclass(frozen=True)
class AssignmentPage:
    """One assignment as its owner sees it; nothing of where candidates came from."""

    id: int
    kind: str
    state: str
    reason: str
    lease_until: datetime
    guideline: GuidelineNumber | None
    autosaves: list[dict[str, Any]]
    # What leads ruled on such work since the person last began any, newest first.
    new_rulings: list[ShownRuling]
    prompt: ShownPrompt | None
    language: str
    sensitivity: list[str]
    # Of an entry exam: what is written is scored. Never said of a ranking, which would tell it from others.
    is_scored: bool
    drafts_allowed: bool
    conversation: Thread | None
    previous: Previous | None
    comparison: ComparisonPage | None
    kept_submission: Any


# One statement for all that a ranking shows, and for what every other kind of work shows of itself
# beside its conversation.
FRAME = f"""
SELECT a.kind, a.state, a.reason, a.lease_until, a.draft_arm, a.kept_submission, pool.language,
       project.draft_mode, g.id AS guideline_id, g.version AS guideline_version,
       prompt.kind AS prompt_kind, prompt.text AS prompt_text, prompt.category AS prompt_category,
       prompt.source AS prompt_source, jsonb_array_length(prompt.turns_before) AS prompt_turns_before,
       pool.sensitivity, a.kind <> 'ranking' AND t.purpose = 'exam' AS is_scored,
       (SELECT jsonb_agg(jsonb_build_object('turn', s.turn, 'version', s.version,
                                            'payload', s.payload, 'saved_at', s.saved_at)
                         ORDER BY s.turn)
        FROM annotation_autosave s WHERE s.assignment_id = a.id) AS autosaves,
       (SELECT jsonb_agg(jsonb_build_object('id', q.id, 'text', q.text, 'answer', q.answer)
                         ORDER BY q.id DESC)
        FROM (SELECT id, text, answer, pinned_at FROM annotation_question
              WHERE project_id = a.project_id AND kind = a.kind AND pinned_at IS NOT NULL
              ORDER BY id DESC LIMIT {RULINGS_SHOWN}) q
        WHERE NOT EXISTS (
            SELECT 1 FROM annotation_assignment began
            WHERE began.rater_id = a.rater_id AND began.project_id = a.project_id
              AND began.kind = a.kind AND began.leased_at > q.pinned_at
              AND began.leased_at < a.leased_at)) AS new_rulings,
       {comparisons.PAGE_COLUMNS}
FROM annotation_assignment a
JOIN accounts_rater r ON r.id = a.rater_id
JOIN accounts_membership m ON m.project_id = a.project_id AND m.user_id = r.user_id
JOIN accounts_project project ON project.id = a.project_id
JOIN annotation_task t ON t.id = a.task_id
JOIN annotation_pool pool ON pool.id = t.pool_id
LEFT JOIN annotation_guideline g ON g.id = a.guideline_id
LEFT JOIN annotation_prompt prompt ON prompt.id = t.prompt_id
LEFT JOIN annotation_comparison c ON c.id = t.comparison_id
LEFT JOIN sampling_context x ON x.id = c.context_id
LEFT JOIN annotation_ratingschema s ON s.id = a.rating_schema_id
WHERE a.id = %(assignment)s AND r.user_id = %(user)s AND m.deactivated_at IS NULL
"""  # noqa: S608 (columns of ours)


class _Frame(NamedTuple):
    """A row of FRAME up to the columns of its comparison."""

    kind: str
    state: str
    reason: str
    lease_until: datetime
    draft_arm: str
    kept_submission: str | None
    language: str
    draft_mode: str
    guideline_id: int | None
    guideline_version: int
    prompt_kind: str | None
    prompt_text: str
    prompt_category: str
    prompt_source: str
    prompt_turns_before: int
    sensitivity: list[str]
    is_scored: bool
    autosaves: str | None
    new_rulings: str | None


def page_of(*, user: User, assignment_id: int) -> AssignmentPage:
    """The person's own assignment with all its page shows. Raises NotFound."""
    rows = (
        prepared.fetch(FRAME, {"assignment": assignment_id, "user": user.pk})
        if prepared.is_id(assignment_id)
        else []
    )
    if not rows:
        raise exceptions.NotFound
    n_columns = len(_Frame._fields)
    frame, comparison = _Frame(*rows[0][:n_columns]), rows[0][n_columns:]
    thread, previous = _conversation_of(frame.kind, assignment_id)
    return AssignmentPage(
        id=assignment_id,
        kind=frame.kind,
        state=frame.state,
        reason=frame.reason,
        lease_until=frame.lease_until,
        guideline=GuidelineNumber(frame.guideline_id, frame.guideline_version)
        if frame.guideline_id
        else None,
        autosaves=orjson.loads(frame.autosaves or "[]"),
        new_rulings=[ShownRuling(**row) for row in orjson.loads(frame.new_rulings or "[]")],
        prompt=ShownPrompt(
            frame.prompt_kind,
            frame.prompt_text,
            frame.prompt_category,
            frame.prompt_source,
            frame.prompt_turns_before,
        )
        if frame.prompt_kind
        else None,
        language=frame.language,
        sensitivity=frame.sensitivity,
        is_scored=frame.is_scored,
        drafts_allowed=frame.kind == TaskKind.DEMONSTRATION
        and frame.draft_mode != Project.DraftMode.OFF
        and frame.draft_arm != Assignment.DraftArm.NO_DRAFTS,
        conversation=thread,
        previous=previous,
        comparison=comparisons.comparison_page(*comparison)
        if frame.kind == TaskKind.RANKING
        else None,
        kept_submission=orjson.loads(frame.kept_submission or "null"),
    )


def _conversation_of(kind: str, assignment_id: int) -> tuple[Thread | None, Previous | None]:
    """What a review is of, or what a demonstration or chat is written in; a ranking has none."""
    if kind == TaskKind.RANKING:
        return None, None
    rows = Conversation.objects.all()
    if kind == TaskKind.REVIEW:
        subject = rows.filter(tasks__assignments=assignment_id).first()
    else:
        subject = rows.filter(assignment=assignment_id).first()
    if subject is None:
        return None, None
    rater = Assignment.objects.select_related("rater").get(pk=assignment_id).rater
    return (
        conversations.thread_of(
            conversation=subject, rater=rater, with_drafts=kind == TaskKind.REVIEW
        ),
        conversations.previous_version(subject),
    )


def conversation_at_work(*, assignment: Assignment) -> Conversation:
    """The conversation that is written or reviewed under an assignment. Raises NotFound."""
    rows = Conversation.objects.select_related("project", "round", "reply_generation__policy")
    found = (
        rows.filter(tasks=assignment.task_id)
        if assignment.kind == TaskKind.REVIEW
        else rows.filter(assignment=assignment)
    ).first()
    if found is None:
        raise exceptions.NotFound
    return found
