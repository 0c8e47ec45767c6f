"""Handing out work: one person, one slot, one locked statement."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Subquery

from annotation.exceptions import (
    GuidelineUnread,
    KindNotYours,
    NoTaskAvailable,
    ProjectPaused,
)
from annotation.models import (
    Assignment,
    Guideline,
    GuidelineAcknowledgement,
    Purpose,
    QueueCursor,
    RatingSchema,
    TaskKind,
)
from annotation.services import conversations, leases
from labelhub import clock, exceptions
from labelhub.accounts.exceptions import ConsentNeeded
from labelhub.accounts.models import Consent, ConsentDocument, Membership, User

KINDS_BY_ROLE: dict[str, tuple[TaskKind, ...]] = {
    Membership.Role.TRAINER: (TaskKind.DEMONSTRATION, TaskKind.CHAT, TaskKind.RANKING),
    Membership.Role.REVIEWER: tuple(TaskKind),
    Membership.Role.MANAGER: tuple(TaskKind),
}
# Claims that find every slot they looked at locked by others look again, this often.
MAX_LOOKS = 4

# Raw SQL because the whole claim is one statement: what the person holds already, else the first
# open slot of their pools past their cursor that nobody else is claiming at this moment, leased to
# them. Sixty-four slots are looked at so that as many people can claim at once. An assignment that
# expired is revived with everything saved in it.
CLAIM = """
WITH held AS (
    SELECT id FROM annotation_assignment
    WHERE rater_id = %(rater)s AND project_id = %(project)s AND kind = %(kind)s AND state = 'leased'
    ORDER BY id LIMIT 1
), pools AS (
    SELECT p.id, COALESCE(c.priority, -1) AS priority, COALESCE(c.order_key, 0) AS order_key,
           COALESCE(c.slot_id, 0) AS slot_id
    FROM annotation_pool p
    LEFT JOIN annotation_queuecursor c ON c.pool_id = p.id AND c.rater_id = %(rater)s
    WHERE p.project_id = %(project)s AND p.kind = %(kind)s AND p.language = ANY(%(languages)s)
      AND p.sensitivity <@ %(opt_ins)s::varchar[] AND (p.skill = '' OR p.skill = ANY(%(skills)s))
      AND NOT EXISTS (SELECT 1 FROM held)
), closed AS (
    SELECT b.id FROM annotation_batch b
    CROSS JOIN LATERAL (SELECT GREATEST(1, CEIL(b.target * b.cap_share))::int AS n) cap
    WHERE b.project_id = %(project)s AND b.kind = %(kind)s
      AND (b.paused_at IS NOT NULL OR b.closed_at IS NOT NULL
           OR b.target IS NOT NULL AND cap.n <= (
               SELECT COUNT(*) FROM (
                   SELECT 1 FROM annotation_assignment a
                   WHERE a.batch_id = b.id AND a.rater_id = %(rater)s
                     AND a.state IN ('leased', 'submitted')
                   LIMIT cap.n) mine))
), reachable AS (
    SELECT s.id FROM pools p
    CROSS JOIN LATERAL (
        SELECT s.id, s.priority, s.order_key FROM annotation_slot s
        JOIN annotation_task t ON t.id = s.task_id
        WHERE s.pool_id = p.id AND s.state = 'open'
          AND (s.priority, s.order_key, s.id) > (p.priority, p.order_key, p.slot_id)
          AND (s.batch_id IS NULL OR s.batch_id NOT IN (SELECT id FROM closed))
          AND %(rater)s <> ALL(t.barred_raters)
          AND (t.reserved_for_id IS NULL OR t.reserved_for_id = %(rater)s)
          AND NOT EXISTS (
              SELECT 1 FROM annotation_assignment a
              -- A task has few assignments and a person has many: only the task's index may serve.
              WHERE a.task_id = s.task_id AND a.rater_id + 0 = %(rater)s AND a.state <> 'expired')
        ORDER BY s.priority, s.order_key, s.id LIMIT 64) s
    ORDER BY s.priority, s.order_key, s.id LIMIT 64
), picked AS (
    SELECT s.id FROM annotation_slot s
    WHERE s.id IN (SELECT id FROM reachable) AND s.state = 'open'
    ORDER BY s.priority, s.order_key, s.id LIMIT 1
    FOR NO KEY UPDATE SKIP LOCKED
), taken AS (
    UPDATE annotation_slot s SET state = 'leased' FROM picked WHERE s.id = picked.id
    RETURNING s.id, s.task_id, s.pool_id, s.batch_id, s.priority, s.order_key
), moved AS (
    INSERT INTO annotation_queuecursor (rater_id, pool_id, priority, order_key, slot_id)
    SELECT %(rater)s, pool_id, priority, order_key, id FROM taken
    ON CONFLICT (rater_id, pool_id) DO UPDATE
    SET priority = EXCLUDED.priority, order_key = EXCLUDED.order_key, slot_id = EXCLUDED.slot_id
), made AS (
    INSERT INTO annotation_assignment (
        project_id, task_id, slot_id, batch_id, rater_id, kind, reason, state, guideline_id,
        rating_schema_id, round_id, draft_arm, own_conversation, shown_order, leased_at, lease_until,
        last_beat_at, active_seconds, skip_reason, skip_comment, submission_sha256)
    SELECT %(project)s, t.id, taken.id, taken.batch_id, %(rater)s, t.kind,
           CASE WHEN t.reserved_for_id IS NULL THEN 'planned' ELSE 'redo' END, 'leased',
           %(guideline)s::bigint, CASE WHEN t.kind = 'ranking' THEN %(rating_schema)s::bigint END, t.round_id,
           '',
           EXISTS (SELECT 1 FROM annotation_comparison c
                   JOIN annotation_conversation v ON v.id = c.conversation_id
                   WHERE c.id = t.comparison_id AND v.author_id = %(rater)s),
           ARRAY(SELECT c.index FROM annotation_candidate c WHERE c.comparison_id = t.comparison_id
                 ORDER BY md5(t.id || '-' || %(rater)s || '-' || c.index)),
           %(now)s, %(until)s, %(now)s, 0, '', '', ''
    FROM taken JOIN annotation_task t ON t.id = taken.task_id
    ON CONFLICT (task_id, rater_id) DO UPDATE
    SET state = 'leased', slot_id = EXCLUDED.slot_id, lease_until = EXCLUDED.lease_until,
        last_beat_at = EXCLUDED.last_beat_at
    WHERE annotation_assignment.state = 'expired'
    RETURNING id, (xmax = 0) AS is_fresh
)
SELECT id, is_fresh FROM made UNION ALL SELECT id, FALSE FROM held
"""


@transaction.atomic
def claim(*, user: User, slug: str, kind: TaskKind) -> int:
    """Lease the person their next task of `kind`, or give back the one they hold; its assignment's id.

    Raises NotFound for a project that is not theirs, KindNotYours, ProjectPaused, ConsentNeeded,
    GuidelineUnread, NoTaskAvailable.
    """
    # The row lock makes a person's own claims wait for each other: two tabs get the same task.
    person = (
        Membership.objects.filter(project__slug=slug, user=user, deactivated_at=None)
        .select_for_update(of=("self",), no_key=True)
        .select_related("project", "user__rater")
        .annotate(**_what_a_claim_needs(kind))
        .first()
    )
    if person is None:
        raise exceptions.NotFound
    if kind not in KINDS_BY_ROLE[person.role]:
        raise KindNotYours
    if person.project.paused_at is not None:
        raise ProjectPaused
    if person.consent_missing:  # type: ignore[attr-defined]
        raise ConsentNeeded
    if person.unread_guideline is not None:  # type: ignore[attr-defined]
        raise GuidelineUnread(extra={"guideline": person.unread_guideline})  # type: ignore[attr-defined]
    found = _lease_first(person, kind)
    if found is None:
        # "Empty" is said only after what expired is free again and the person's cursors are back
        # at the start.
        leases.sweep_expired(project_id=person.project_id)
        QueueCursor.objects.filter(
            rater=person.user.rater, pool__project=person.project_id
        ).delete()
        for _ in range(MAX_LOOKS):
            found = _lease_first(person, kind)
            if found is not None:
                break
    if found is None:
        raise NoTaskAvailable
    assignment_id, is_fresh = found
    if is_fresh and kind in {TaskKind.DEMONSTRATION, TaskKind.CHAT}:
        conversations.open_conversation(
            assignment=Assignment.objects.select_related(
                "task__prompt", "task__subject", "project", "rater"
            ).get(pk=assignment_id)
        )
    return assignment_id


def _what_a_claim_needs(kind: TaskKind) -> dict[str, Any]:
    """Consent, guideline and rating schema as columns of the one query that locks the membership."""
    newest_document = ConsentDocument.objects.order_by("-version").values("pk")[:1]
    guidelines = Guideline.objects.filter(
        project=OuterRef("project"), kind=kind, purpose=Purpose.TRAIN
    ).order_by("-version")
    unread = guidelines.filter(breaking=True).exclude(
        Exists(
            GuidelineAcknowledgement.objects.filter(
                guideline=OuterRef("pk"), user=OuterRef(OuterRef("user"))
            )
        )
    )
    return {
        "consent_missing": Exists(ConsentDocument.objects.all())
        & ~Exists(
            Consent.objects.filter(
                user=OuterRef("user"), document=Subquery(newest_document), withdrawn_at=None
            )
        ),
        "unread_guideline": Subquery(unread.values("pk")[:1]),
        "current_guideline": Subquery(guidelines.values("pk")[:1]),
        "current_rating_schema": Subquery(
            RatingSchema.objects.filter(project=OuterRef("project"))
            .order_by("-version")
            .values("pk")[:1]
        ),
    }


def _lease_first(person: Any, kind: TaskKind) -> tuple[int, bool] | None:
    now = clock.now()
    with connection.cursor() as cursor:
        cursor.execute(
            CLAIM,
            {
                "rater": person.user.rater.pk,
                "project": person.project_id,
                "kind": kind.value,
                "languages": person.languages,
                "opt_ins": person.sensitivity_opt_ins,
                "skills": person.skills,
                "guideline": person.current_guideline,
                "rating_schema": person.current_rating_schema,
                "now": now,
                "until": now + timedelta(seconds=person.project.lease_seconds),
            },
        )
        row = cursor.fetchone()
    return None if row is None else (row[0], row[1])
