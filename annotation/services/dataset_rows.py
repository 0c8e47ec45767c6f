"""Which rows of a project may enter a dataset, in SQL: each that is finished, with the first reason why it
may not."""

from __future__ import annotations

from typing import Any

from annotation.datasets.criteria import Question
from annotation.datasets.mixtures import Origins
from annotation.models import AllowedUse, Comparison, Dataset
from annotation.selectors.dataset_rewrites import BEST_REPLY
from labelhub.accounts.models import Project

ANY_CRITERION = "any"

Kind = Dataset.Kind
USE = {
    Kind.SFT: AllowedUse.SFT,
    Kind.COMPARISONS: AllowedUse.COMPARISON,
    Kind.PROMPTS: AllowedUse.RL_PROMPT,
    Kind.REWRITES: AllowedUse.SFT,
}


def parameters(
    *,
    project: Project,
    kind: Dataset.Kind,
    question: Question,
    any_criterion: bool,
    grouped: bool,
    any_use: bool = False,
) -> dict[str, Any]:
    """What BASIS and ROWS ask for. Rankings that are `grouped` have their comparison as `place`; with
    `any_use` rows come whose `allowed_use` does not name the kind's."""
    direction = Comparison.Direction.LESS if question.least else Comparison.Direction.MORE
    return {
        "project": project.pk,
        "use": USE[kind].value,
        "any_use": any_use,
        "grouped": grouped,
        "any_criterion": any_criterion,
        "criterion": question.criterion,
        "criterion_text": question.text,
        "direction": direction.value,
    }


# What ROWS joins with: where the guidelines broke with the past, and who is excluded from when.
BASIS = """
breaking AS (
  SELECT kind, max(version) AS version FROM annotation_guideline
  WHERE project_id = %(project)s AND breaking AND purpose = 'train' GROUP BY kind
),
member AS (
  SELECT person.id AS rater_id, excluded_from FROM accounts_membership
  JOIN accounts_rater person ON person.user_id = accounts_membership.user_id
  WHERE project_id = %(project)s
)"""

_BETTER_REPLIES = """
  SELECT 'ranking' AS rows_of, r.id, r.id AS place, CASE
    WHEN NOT r.is_current THEN 'revised'
    WHEN r.purpose <> 'train' THEN 'not_for_training'
    WHEN r.cannot_judge THEN 'cannot_judge'
    WHEN q.state = 'superseded' THEN 'superseded'
    WHEN cardinality(q.allowed_use) = 0 THEN 'erased'
    WHEN NOT (%(any_use)s OR %(use)s = ANY (q.allowed_use)) THEN 'use_not_allowed'
    WHEN q.direction = 'less' THEN 'other_criterion'
    WHEN member.excluded_from <= r.created_at THEN 'rater_excluded'
    WHEN r.rater_id IS NOT NULL AND coalesce(g.version, 0) < b.version THEN 'older_guideline'
  END AS reason
  FROM annotation_ranking r
  JOIN annotation_comparison q ON q.id = r.comparison_id
  LEFT JOIN annotation_guideline g ON g.id = r.guideline_id
  LEFT JOIN breaking b ON b.kind = 'ranking'
  LEFT JOIN member ON member.rater_id = r.rater_id
  WHERE r.project_id = %(project)s AND r.rewrite <> ''
"""
# The best reply of a ranking whose acceptable line is below it (DATA.md §6). Of several rankings of one
# comparison that name the same reply the first stands for it.
_BEST_REPLIES = """
  SELECT 'ranking' AS rows_of, id, id AS place, coalesce(reason, CASE
    WHEN row_number() OVER (PARTITION BY candidate_id, reason IS NULL ORDER BY id) > 1 THEN 'duplicate'
  END) AS reason
  FROM (
    SELECT r.id, best.candidate_id, CASE
      WHEN NOT r.is_current THEN 'revised'
      WHEN r.purpose <> 'train' THEN 'not_for_training'
      WHEN r.cannot_judge THEN 'cannot_judge'
      WHEN q.state = 'superseded' THEN 'superseded'
      WHEN cardinality(q.allowed_use) = 0 THEN 'erased'
      WHEN NOT (%(any_use)s OR %(use)s = ANY (q.allowed_use)) THEN 'use_not_allowed'
      WHEN q.direction = 'less' THEN 'other_criterion'
      WHEN member.excluded_from <= r.created_at THEN 'rater_excluded'
      WHEN r.rater_id IS NOT NULL AND coalesce(g.version, 0) < b.version THEN 'older_guideline'
      WHEN r.rewrite <> '' THEN 'rewritten'
      WHEN r.acceptable_tier IS NULL THEN 'no_acceptable_line'
      WHEN r.acceptable_tier = 0 THEN 'none_acceptable'
      WHEN best.candidate_id IS NULL THEN 'empty_or_cut'
      WHEN EXISTS (
        SELECT FROM annotation_placement elsewhere
        JOIN annotation_ranking other ON other.id = elsewhere.ranking_id
        LEFT JOIN annotation_guideline its ON its.id = other.guideline_id
        LEFT JOIN member theirs ON theirs.rater_id = other.rater_id
        WHERE elsewhere.candidate_id = best.candidate_id
          AND elsewhere.tier > other.acceptable_tier
          -- What may not leave itself speaks against nothing; unknown is no reason, as above.
          AND other.is_current AND other.purpose = 'train' AND NOT other.cannot_judge
          AND (theirs.excluded_from <= other.created_at) IS NOT TRUE
          AND (other.rater_id IS NOT NULL AND coalesce(its.version, 0) < b.version) IS NOT TRUE
      ) THEN 'disputed'
    END AS reason
    FROM annotation_ranking r
    JOIN annotation_comparison q ON q.id = r.comparison_id
    LEFT JOIN annotation_guideline g ON g.id = r.guideline_id
    LEFT JOIN breaking b ON b.kind = 'ranking'
    LEFT JOIN member ON member.rater_id = r.rater_id
    LEFT JOIN LATERAL (BEST_REPLY) AS best ON TRUE
    WHERE r.project_id = %(project)s
  ) AS ranked
""".replace("BEST_REPLY", BEST_REPLY)
# What people say of the replies in their chats; only what they said last of a reply counts.
_FEEDBACK = """
  SELECT 'feedback' AS rows_of, f.id, f.id AS place, CASE
    WHEN EXISTS (
      SELECT FROM annotation_feedback later WHERE later.message_id = f.message_id
        AND later.rater_id IS NOT DISTINCT FROM f.rater_id AND later.id > f.id
    ) THEN 'revised'
    WHEN t.purpose <> 'train' THEN 'not_for_training'
    WHEN cardinality(c.allowed_use) = 0 THEN 'erased'
    WHEN NOT (%(any_use)s OR %(use)s = ANY (c.allowed_use)) THEN 'use_not_allowed'
    WHEN member.excluded_from <= f.created_at THEN 'rater_excluded'
    WHEN coalesce(g.version, 0) < b.version THEN 'older_guideline'
  END AS reason
  FROM annotation_feedback f
  JOIN annotation_message m ON m.id = f.message_id
  JOIN annotation_conversation c ON c.id = m.conversation_id
  LEFT JOIN annotation_assignment a ON a.id = c.assignment_id
  LEFT JOIN annotation_task t ON t.id = a.task_id
  LEFT JOIN annotation_guideline g ON g.id = a.guideline_id
  LEFT JOIN breaking b ON b.kind = 'chat'
  LEFT JOIN member ON member.rater_id = f.rater_id
  WHERE f.project_id = %(project)s AND c.state = 'finished'
"""
# What a chat's reply should have been.
_REWRITES = f"{_FEEDBACK} AND f.rewrite <> ''"

# Rows of {rows_of, id, place, reason}.
ROWS = {
    Kind.SFT: """
  SELECT 'conversation' AS rows_of, c.id, c.id AS place, CASE
    WHEN c.state = 'submitted' THEN 'waiting_for_review'
    WHEN c.state IN ('returned', 'rejected') THEN c.state
    WHEN t.purpose <> 'train' THEN 'not_for_training'
    WHEN cardinality(c.allowed_use) = 0 THEN 'erased'
    WHEN NOT (%(any_use)s OR %(use)s = ANY (c.allowed_use)) THEN 'use_not_allowed'
    WHEN member.excluded_from <= c.finished_at THEN 'rater_excluded'
    WHEN c.assignment_id IS NOT NULL AND coalesce(g.version, 0) < b.version THEN 'older_guideline'
  END AS reason
  FROM annotation_conversation c
  LEFT JOIN annotation_assignment a ON a.id = c.assignment_id
  LEFT JOIN annotation_task t ON t.id = a.task_id
  LEFT JOIN annotation_guideline g ON g.id = a.guideline_id
  LEFT JOIN breaking b ON b.kind = 'demonstration'
  LEFT JOIN member ON member.rater_id = c.author_id
  WHERE c.project_id = %(project)s AND c.kind IN ('demonstration', 'imported')
    AND c.state NOT IN ('writing', 'abandoned')
""",
    Kind.COMPARISONS: """
  SELECT 'ranking' AS rows_of, r.id,
    CASE WHEN %(grouped)s THEN r.comparison_id ELSE r.id END AS place, CASE
    WHEN NOT r.is_current THEN 'revised'
    WHEN r.purpose <> 'train' THEN 'not_for_training'
    WHEN r.cannot_judge THEN 'cannot_judge'
    WHEN q.state = 'superseded' THEN 'superseded'
    WHEN cardinality(q.allowed_use) = 0 THEN 'erased'
    WHEN NOT (%(any_use)s OR %(use)s = ANY (q.allowed_use)) THEN 'use_not_allowed'
    WHEN NOT %(any_criterion)s AND (q.criterion, q.criterion_text, q.direction)
      <> (%(criterion)s, %(criterion_text)s, %(direction)s) THEN 'other_criterion'
    WHEN member.excluded_from <= r.created_at THEN 'rater_excluded'
    WHEN r.rater_id IS NOT NULL AND coalesce(g.version, 0) < b.version THEN 'older_guideline'
  END AS reason
  FROM annotation_ranking r
  JOIN annotation_comparison q ON q.id = r.comparison_id
  LEFT JOIN annotation_guideline g ON g.id = r.guideline_id
  LEFT JOIN breaking b ON b.kind = 'ranking'
  LEFT JOIN member ON member.rater_id = r.rater_id
  WHERE r.project_id = %(project)s
""",
    Kind.REWRITES: f"{_BETTER_REPLIES} UNION ALL {_REWRITES}",
    # A prompt is text to start from; the first context of a conversation is one that was used.
    Kind.PROMPTS: """
  SELECT rows_of, id, id AS place, coalesce(reason, CASE
    WHEN row_number() OVER (PARTITION BY words, reason IS NULL ORDER BY rows_of DESC, id) > 1
      THEN 'duplicate'
  END) AS reason
  FROM (
    SELECT 'prompt' AS rows_of, p.id, md5(p.turns_before::text || p.text) AS words, CASE
      WHEN cardinality(p.allowed_use) = 0 THEN 'erased'
      WHEN NOT (%(any_use)s OR %(use)s = ANY (p.allowed_use)) THEN 'use_not_allowed'
      WHEN member.excluded_from <= p.created_at THEN 'rater_excluded'
    END AS reason
    FROM annotation_prompt p
    LEFT JOIN member ON member.rater_id = p.author_id
    WHERE p.project_id = %(project)s AND p.kind = 'prompt'
    UNION ALL
    SELECT 'conversation', c.id,
      md5(CASE WHEN asked.position = 0 THEN '[]' ELSE jsonb_build_array(jsonb_build_object(
        'role', 'system', 'content', opening.content))::text END || asked.content), CASE
      WHEN t.purpose <> 'train' THEN 'not_for_training'
      WHEN cardinality(c.allowed_use) = 0 THEN 'erased'
      WHEN NOT (%(any_use)s OR %(use)s = ANY (c.allowed_use)) THEN 'use_not_allowed'
      WHEN asked.origin NOT IN ('human', 'imported') THEN 'model_written'
      WHEN member.excluded_from <= c.finished_at THEN 'rater_excluded'
    END
    FROM annotation_conversation c
    JOIN annotation_message opening
      ON opening.conversation_id = c.id AND opening.is_live AND opening.position = 0
    JOIN annotation_message asked
      ON asked.conversation_id = c.id AND asked.is_live AND asked.role = 'user'
      AND asked.position = CASE WHEN opening.role = 'system' THEN 1 ELSE 0 END
    LEFT JOIN annotation_assignment a ON a.id = c.assignment_id
    LEFT JOIN annotation_task t ON t.id = a.task_id
    LEFT JOIN member ON member.rater_id = c.author_id
    WHERE c.project_id = %(project)s
      AND c.state IN ('finished', 'approved', 'accepted_by_sampling')
  ) AS context
""",
}


def rows_of(kind: Dataset.Kind, *, thumbs: bool) -> str:
    """The query of a kind's rows; of comparisons also the `thumbs` that replies in chats got."""
    return f"{ROWS[kind]} UNION ALL {_FEEDBACK}" if thumbs else ROWS[kind]


# Sources that a recipe has to name.
NAMED_SOURCES = {
    Origins.REWRITES: _REWRITES,
    Origins.BETTER_REPLIES: _BETTER_REPLIES,
    Origins.BEST_REPLIES: _BEST_REPLIES,
    Origins.THUMBS: _FEEDBACK,
}
