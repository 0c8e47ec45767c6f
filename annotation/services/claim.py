"""Handing out work: one person, one slot, one locked statement."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple

from django.db import transaction

from annotation.exceptions import (
    GuidelineUnread,
    KindNotYours,
    NoTaskAvailable,
    ProjectPaused,
    SensitiveRest,
)
from annotation.models import Assignment, TaskKind
from annotation.selectors.declarations import opt_ins_now
from annotation.services import conversations, leases
from labelhub import clock, exceptions, prepared
from labelhub.accounts.exceptions import ConsentNeeded
from labelhub.accounts.models import Membership, User
from labelhub.exceptions import LabelhubError

KINDS_BY_ROLE: dict[str, tuple[TaskKind, ...]] = {
    Membership.Role.TRAINER: (TaskKind.DEMONSTRATION, TaskKind.CHAT, TaskKind.RANKING),
    Membership.Role.REVIEWER: tuple(TaskKind),
    Membership.Role.MANAGER: tuple(TaskKind),
}
# A person with several pools locks a slot in each for the moment of a claim: whoever finds nothing
# but such slots looks again, this often.
MAX_LOOKS = 4

# Whoever found a pool empty goes through it again after so long, whatever came to pass meanwhile: a
# batch may go on again, or work may have been made in the moment of the look.
EMPTY_FOR = timedelta(minutes=1)
# So long may a transaction that gives work back take after it has read the time.
UNSEEN = timedelta(seconds=10)

# The row lock makes a person's own claims wait for each other: two tabs get the same task.
CLAIMANT = """
SELECT m.role, m.languages, m.skills, m.sensitivity_opt_ins, p.id AS project_id,
       (p.paused_at IS NOT NULL OR p.archived_at IS NOT NULL) AS is_paused, p.lease_seconds,
       r.id AS rater_id,
       EXISTS (SELECT 1 FROM accounts_consentdocument) AND NOT EXISTS (
           SELECT 1 FROM accounts_consent c
           WHERE c.user_id = m.user_id AND c.withdrawn_at IS NULL AND c.document_id = (
               SELECT id FROM accounts_consentdocument ORDER BY version DESC LIMIT 1)
       ) AS lacks_consent,
       (SELECT g.id FROM annotation_guideline g
        WHERE g.project_id = p.id AND g.kind = %(kind)s AND g.purpose = 'train' AND g.breaking
          AND NOT EXISTS (SELECT 1 FROM annotation_guidelineacknowledgement k
                          WHERE k.guideline_id = g.id AND k.user_id = m.user_id)
        ORDER BY g.version DESC LIMIT 1) AS unread_guideline_id,
       (SELECT g.id FROM annotation_guideline g
        WHERE g.project_id = p.id AND g.kind = %(kind)s AND g.purpose = 'train'
        ORDER BY g.version DESC LIMIT 1) AS guideline_id,
       (SELECT s.id FROM annotation_ratingschema s WHERE s.project_id = p.id
        ORDER BY s.version DESC LIMIT 1) AS rating_schema_id
FROM accounts_membership m
JOIN accounts_project p ON p.id = m.project_id
JOIN accounts_rater r ON r.user_id = m.user_id
WHERE p.slug = %(slug)s AND m.user_id = %(user)s AND m.deactivated_at IS NULL
FOR NO KEY UPDATE OF m
"""


class Claimant(NamedTuple):
    """A row of CLAIMANT: who asks for work in a project, and what decides whether they get it."""

    role: str
    languages: list[str]
    skills: list[str]
    sensitivity_opt_ins: list[str]
    project_id: int
    is_paused: bool
    lease_seconds: int
    rater_id: int
    lacks_consent: bool
    unread_guideline_id: int | None
    guideline_id: int | None
    rating_schema_id: int | None


# The whole claim is one statement: what the person holds already, else the first open slot of their
# pools past their cursor that nobody else is claiming at this moment, leased to them. Each pool is
# walked in the order of its index and only as far as its first free slot; where urgent work came behind
# the cursor, what the person has passed is told from it by the ids in the index alone. An assignment that expired
# is revived with everything saved in it.
_POOLS = """
p.project_id = %(project)s AND p.kind = %(kind)s AND p.language = ANY(%(languages)s)
      AND p.sensitivity <@ %(opt_ins)s::varchar[] AND (p.skill = '' OR p.skill = ANY(%(skills)s))
"""
_STATEMENT = """
WITH held AS (
    SELECT id FROM annotation_assignment
    WHERE rater_id = %(rater)s AND project_id = %(project)s AND kind = %(kind)s AND state = 'leased'
      {held}
    ORDER BY id LIMIT 1
), pools AS (
    SELECT p.id, COALESCE(c.priority, -1) AS priority, COALESCE(c.order_key, 0) AS order_key,
           COALESCE(c.slot_id, 0) AS slot_id, c.urgent_from
    FROM annotation_pool p
    LEFT JOIN annotation_queuecursor c ON c.pool_id = p.id AND c.rater_id = %(rater)s
    WHERE {pools}
      AND NOT EXISTS (SELECT 1 FROM held)
), parts AS (
    -- What lies past the person's place; of what lies before it, only the urgent work that came since.
    SELECT id, priority, order_key, slot_id, 32767 AS to_priority, 9223372036854775807 AS to_key,
           9223372036854775807 AS to_slot, 0 AS from_slot
    FROM pools
    UNION ALL
    SELECT id, -1, 0, 0, priority, order_key, slot_id, urgent_from
    FROM pools WHERE urgent_from IS NOT NULL
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
), picked AS (
    SELECT s.id FROM parts p
    CROSS JOIN LATERAL (
        SELECT s.id, s.priority, s.order_key FROM annotation_slot s
        JOIN annotation_task t ON t.id = s.task_id
        WHERE s.pool_id = p.id AND s.state = 'open'
          AND (s.priority, s.order_key, s.id) > (p.priority, p.order_key, p.slot_id)
          AND (s.priority, s.order_key, s.id) < (p.to_priority, p.to_key, p.to_slot)
          AND s.id >= p.from_slot
          AND (s.batch_id IS NULL OR s.batch_id NOT IN (SELECT id FROM closed))
          AND %(rater)s::bigint <> ALL(t.barred_raters)
          AND (t.reserved_for_id IS NULL OR t.reserved_for_id = %(rater)s) {open}
          -- A look at one row by its unique key. As NOT EXISTS it would be a join, which a plan made
          -- while the table was small answers by reading all of it.
          AND COALESCE((SELECT a.state FROM annotation_assignment a
                        WHERE a.task_id = s.task_id AND a.rater_id = %(rater)s), 'expired') = 'expired'
        ORDER BY s.priority, s.order_key, s.id LIMIT 1
        FOR NO KEY UPDATE OF s SKIP LOCKED) s
    ORDER BY s.priority, s.order_key, s.id LIMIT 1
), taken AS (
    UPDATE annotation_slot s SET state = 'leased' FROM picked WHERE s.id = picked.id
    RETURNING s.id, s.task_id, s.pool_id, s.batch_id, s.priority, s.order_key, s.reason
), moved AS (
    -- Urgent work leaves the place as it is. Past it, nothing urgent was left, but for what came while
    -- this statement ran.
    INSERT INTO annotation_queuecursor (rater_id, pool_id, priority, order_key, slot_id)
    SELECT %(rater)s, t.pool_id, t.priority, t.order_key, t.id
    FROM taken t JOIN pools p ON p.id = t.pool_id
    WHERE (t.priority, t.order_key, t.id) > (p.priority, p.order_key, p.slot_id)
    ON CONFLICT (rater_id, pool_id) DO UPDATE
    SET priority = EXCLUDED.priority, order_key = EXCLUDED.order_key, slot_id = EXCLUDED.slot_id,
        urgent_from = NULLIF(annotation_queuecursor.urgent_from,
                             (SELECT p.urgent_from FROM pools p WHERE p.id = EXCLUDED.pool_id))
), made AS (
    INSERT INTO annotation_assignment (
        project_id, task_id, slot_id, batch_id, rater_id, kind, reason, state, guideline_id,
        rating_schema_id, round_id, draft_arm, own_conversation, shown_order, leased_at, lease_until,
        last_beat_at, active_seconds, skip_reason, skip_comment, submission_sha256)
    SELECT %(project)s, t.id, taken.id, taken.batch_id, %(rater)s, t.kind,
           taken.reason, 'leased',
           %(guideline)s::bigint, CASE WHEN t.kind = 'ranking' THEN %(rating_schema)s::bigint END, t.round_id,
           '',
           EXISTS (SELECT 1 FROM annotation_comparison c
                   JOIN annotation_conversation v ON v.id = c.conversation_id
                   WHERE c.id = t.comparison_id AND (v.author_id = %(rater)s OR EXISTS (
                       SELECT 1 FROM annotation_review w
                       WHERE w.conversation_id = v.id AND w.rater_id = %(rater)s))),
           ARRAY(SELECT c.index FROM annotation_candidate c WHERE c.comparison_id = t.comparison_id
                 ORDER BY md5(t.id || '-' || %(rater)s::bigint || '-' || c.index)),
           %(now)s, %(until)s, %(now)s, 0, '', '', ''
    FROM taken JOIN annotation_task t ON t.id = taken.task_id
    ON CONFLICT (task_id, rater_id) DO UPDATE
    SET state = 'leased', slot_id = EXCLUDED.slot_id, lease_until = EXCLUDED.lease_until,
        last_beat_at = EXCLUDED.last_beat_at, page_key = NULL
    WHERE annotation_assignment.state = 'expired'
    RETURNING id, (xmax = 0) AS is_fresh
)
SELECT id, is_fresh FROM made UNION ALL SELECT id, FALSE FROM held
"""
CLAIM = _STATEMENT.format(pools=_POOLS, held="", open="")
# The same for a conversation that came back to the person, whatever else they hold.
CLAIM_RETURNED = _STATEMENT.format(
    pools=_POOLS,
    held="AND task_id IN (SELECT id FROM annotation_task WHERE subject_id = %(returned)s)",
    open="AND t.subject_id = %(returned)s AND t.reserved_for_id = %(rater)s",
)

# Back to the start of every pool but those that the person found empty a moment ago and to which
# nothing came back since: new work is told to their cursor, which stands behind everything.
RESTART = """
DELETE FROM annotation_queuecursor c USING annotation_pool p
WHERE p.id = c.pool_id AND c.rater_id = %(rater)s AND p.project_id = %(project)s
  AND p.kind = %(kind)s AND (
      c.emptied_at IS NULL OR c.emptied_at < %(empty_since)s
      OR c.emptied_at <= p.came_back_at + %(unseen)s)
"""
# Nothing was left in any of these pools: the next claim need not pass again what the person has done.
EMPTIED = f"""
INSERT INTO annotation_queuecursor (rater_id, pool_id, priority, order_key, slot_id, emptied_at)
SELECT %(rater)s, p.id, 32767, 9223372036854775807, 9223372036854775807, %(now)s
FROM annotation_pool p WHERE {_POOLS}
ON CONFLICT (rater_id, pool_id) DO UPDATE
SET priority = EXCLUDED.priority, order_key = EXCLUDED.order_key, slot_id = EXCLUDED.slot_id,
    emptied_at = EXCLUDED.emptied_at
WHERE annotation_queuecursor.emptied_at IS NULL
"""  # noqa: S608 (conditions of ours)


def claim(*, user: User, slug: str, kind: TaskKind, returned: int | None = None) -> int:
    """Lease the person their next task of `kind`, or give back the one they hold; its assignment's id.

    With `returned`, a conversation that came back to them, it is the task to write that anew.

    Raises NotFound for a project that is not theirs, KindNotYours, ProjectPaused, ConsentNeeded,
    GuidelineUnread, NoTaskAvailable, SensitiveRest.
    """
    found = _claim(user=user, slug=slug, kind=kind, returned=returned)
    # Raised here, past the commit, which keeps what was freed and that nothing was found.
    if isinstance(found, LabelhubError):
        raise found
    return found


@transaction.atomic
def _claim(
    *, user: User, slug: str, kind: TaskKind, returned: int | None
) -> int | NoTaskAvailable | SensitiveRest:
    rows = prepared.fetch(CLAIMANT, {"user": user.pk, "slug": slug, "kind": kind.value})
    if not rows:
        raise exceptions.NotFound
    claimant = Claimant(*rows[0])
    if kind not in KINDS_BY_ROLE[claimant.role]:
        raise KindNotYours
    if claimant.is_paused:
        raise ProjectPaused
    if claimant.lacks_consent:
        raise ConsentNeeded
    if claimant.unread_guideline_id is not None:
        raise GuidelineUnread(extra={"guideline": claimant.unread_guideline_id})
    opt_ins = claimant.sensitivity_opt_ins
    claimant = claimant._replace(
        sensitivity_opt_ins=opt_ins_now(rater_id=claimant.rater_id, opt_ins=opt_ins)
    )
    found = _lease_first(claimant, kind, returned) or _look_everywhere(claimant, kind, returned)
    if found is None:
        return SensitiveRest() if opt_ins != claimant.sensitivity_opt_ins else NoTaskAvailable()
    assignment_id, is_fresh = found
    if is_fresh and kind in {TaskKind.DEMONSTRATION, TaskKind.CHAT}:
        conversations.open_conversation(
            assignment=Assignment.objects.select_related(
                "task__prompt", "task__subject", "project", "rater"
            ).get(pk=assignment_id)
        )
    return assignment_id


def _look_everywhere(
    claimant: Claimant, kind: TaskKind, returned: int | None
) -> tuple[int, bool] | None:
    """The first task from the start of the person's pools, once what expired is free again.

    Whoever has done much passes all of it, which takes a look at each: so a pool in which nothing was
    left is gone through again only after something came back to it, and once a minute.
    """
    leases.sweep_expired(project_id=claimant.project_id)
    asked = _asked(claimant, kind)
    prepared.execute(RESTART, asked | {"empty_since": asked["now"] - EMPTY_FOR, "unseen": UNSEEN})
    for _ in range(MAX_LOOKS):
        found = _lease_first(claimant, kind, returned)
        if found is not None:
            return found
    if returned is None:
        prepared.execute(EMPTIED, asked)
    return None


def _lease_first(
    claimant: Claimant, kind: TaskKind, returned: int | None
) -> tuple[int, bool] | None:
    asked = _asked(claimant, kind)
    rows = prepared.fetch(
        CLAIM if returned is None else CLAIM_RETURNED,
        ({} if returned is None else {"returned": returned})
        | asked
        | {
            "guideline": claimant.guideline_id,
            "rating_schema": claimant.rating_schema_id,
            "until": asked["now"] + timedelta(seconds=claimant.lease_seconds),
        },
    )
    return (rows[0][0], rows[0][1]) if rows else None


def _asked(claimant: Claimant, kind: TaskKind) -> dict[str, Any]:
    """Who asks for what, in the names that the statements have for it."""
    return {
        "rater": claimant.rater_id,
        "project": claimant.project_id,
        "kind": kind.value,
        "languages": claimant.languages,
        "opt_ins": claimant.sensitivity_opt_ins,
        "skills": claimant.skills,
        "now": clock.now(),
    }
