"""Freezing datasets: which rows may leave, in which order, and why the others may not."""

from __future__ import annotations

import secrets

import orjson
from django.db import connection, transaction

from annotation.datasets.criteria import KNOWN_CRITERIA, Question, question_label, question_of
from annotation.exceptions import CriteriaMixed
from annotation.models import AllowedUse, Comparison, Dataset
from labelhub import clock
from labelhub.accounts import services as accounts
from labelhub.accounts.models import Project, User

# What a writer holds in memory at once.
CHUNK_ROWS = 500
ANY_CRITERION = "any"
PSEUDONYM_KEY_BYTES = 32

Kind = Dataset.Kind
USE = {
    Kind.SFT: AllowedUse.SFT,
    Kind.COMPARISONS: AllowedUse.COMPARISON,
    Kind.PROMPTS: AllowedUse.RL_PROMPT,
}


@transaction.atomic
def freeze(
    *,
    project: Project,
    kind: Dataset.Kind,
    criterion: str = "",
    grouped: bool = False,
    created_by: User | None = None,
) -> Dataset:
    """Write down the ids of every row of this kind that may leave now, and count the others.

    One statement sees one moment of the database. Rows are ordered by id; rankings that are
    `grouped` by comparison and id, so that pairs of one group stand together. `criterion` is the
    question that rankings answer, as `ranking` lines name it, or `any`; without one they must all
    answer the same. Raises CriteriaMixed where they do not.
    """
    # One dataset of a project is numbered at a time; readers and foreign keys do not wait.
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    if kind == Kind.COMPARISONS:
        criterion = criterion or _only_criterion(project)
    family = Dataset.objects.filter(project=project, kind=kind).order_by("-number").first()
    key = bytes(family.pseudonym_key) if family else secrets.token_bytes(PSEUDONYM_KEY_BYTES)
    question = question_of(criterion)
    recipe = {
        "project": project.slug,
        "kind": kind.value,
        "allowed_use": USE[kind].value,
        "order": "group" if grouped else "id",
        **({"criterion": criterion} if kind == Kind.COMPARISONS else {}),
    }
    with connection.cursor() as cursor:
        cursor.execute(
            _FREEZE.format(rows=_ROWS[kind]),
            {
                "project": project.pk,
                "kind": kind.value,
                "use": USE[kind].value,
                "recipe": orjson.dumps(recipe).decode(),
                "number": family.number + 1 if family else 1,
                "pseudonym_key": key,
                "created_by": created_by.pk if created_by else None,
                "now": clock.now(),
                "chunk_rows": CHUNK_ROWS,
                "grouped": grouped,
                "any_criterion": criterion == ANY_CRITERION,
                "criterion": question.criterion,
                "criterion_text": question.text,
                "direction": _direction(question),
            },
        )
        dataset = Dataset.objects.get(pk=cursor.fetchone()[0])
    accounts.record(
        actor=created_by, verb="dataset frozen", subject=dataset, project=project, recipe=recipe
    )
    return dataset


def _only_criterion(project: Project) -> str:
    """The question that all training rankings of the project answer; the project's own for none."""
    asked = (
        Comparison.objects.filter(
            project=project,
            rankings__purpose="train",
            rankings__is_current=True,
            rankings__cannot_judge=False,
        )
        .values_list("criterion", "criterion_text", "direction")
        .distinct()
    )
    labels = sorted(
        question_label(Question(criterion, text, direction == Comparison.Direction.LESS))
        for criterion, text, direction in asked
    )
    if len(labels) > 1:
        raise CriteriaMixed(
            f"The rankings answer different questions: {', '.join(labels)}. Name the one to export, "
            f"or “{ANY_CRITERION}” to mix them.",
            fields={"criterion": labels},
        )
    return labels[0] if labels else KNOWN_CRITERIA[0]


def _direction(question: Question) -> str:
    return (Comparison.Direction.LESS if question.least else Comparison.Direction.MORE).value


# `found` is each row of the kind that is finished, with the first reason why it may not leave.
_FREEZE = """
WITH breaking AS (
  SELECT kind, max(version) AS version FROM annotation_guideline
  WHERE project_id = %(project)s AND breaking AND purpose = 'train' GROUP BY kind
),
member AS (
  SELECT person.id AS rater_id, excluded_from FROM accounts_membership
  JOIN accounts_rater person ON person.user_id = accounts_membership.user_id
  WHERE project_id = %(project)s
),
found AS MATERIALIZED ({rows}),
part AS (
  SELECT rows_of, id, place,
    (dense_rank() OVER (PARTITION BY rows_of ORDER BY place) - 1) / %(chunk_rows)s AS part
  FROM found WHERE reason IS NULL
),
numbered AS (
  SELECT rows_of, id, place, dense_rank() OVER (ORDER BY rows_of DESC, part) - 1 AS number FROM part
),
dataset AS (
  INSERT INTO annotation_dataset
    (project_id, kind, number, recipe, n_rows, excluded, pseudonym_key, created_by_id, created_at)
  SELECT %(project)s, %(kind)s, %(number)s, %(recipe)s::jsonb,
    (SELECT count(*) FROM part),
    (SELECT coalesce(jsonb_object_agg(reason, n), '{{}}') FROM
      (SELECT reason, count(*) AS n FROM found WHERE reason IS NOT NULL GROUP BY reason) AS counted),
    %(pseudonym_key)s, %(created_by)s, %(now)s
  RETURNING id
),
chunk AS (
  INSERT INTO annotation_datasetchunk (dataset_id, number, rows_of, row_ids)
  SELECT dataset.id, number, rows_of, array_agg(numbered.id ORDER BY place, numbered.id)
  FROM numbered, dataset GROUP BY dataset.id, number, rows_of
)
SELECT id FROM dataset
"""

_ROWS = {
    Kind.SFT: """
  SELECT 'conversation' AS rows_of, c.id, c.id AS place, CASE
    WHEN c.state = 'submitted' THEN 'waiting_for_review'
    WHEN c.state IN ('returned', 'rejected') THEN c.state
    WHEN t.purpose <> 'train' THEN 'not_for_training'
    WHEN NOT %(use)s = ANY (c.allowed_use) THEN 'use_not_allowed'
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
    WHEN NOT %(use)s = ANY (q.allowed_use) THEN 'use_not_allowed'
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
    # A prompt is text to start from; the first context of a conversation is one that was used.
    Kind.PROMPTS: """
  SELECT rows_of, id, id AS place, coalesce(reason, CASE
    WHEN row_number() OVER (PARTITION BY words, reason IS NULL ORDER BY rows_of DESC, id) > 1
      THEN 'duplicate'
  END) AS reason
  FROM (
    SELECT 'prompt' AS rows_of, p.id, md5(p.turns_before::text || p.text) AS words, CASE
      WHEN NOT %(use)s = ANY (p.allowed_use) THEN 'use_not_allowed'
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
      WHEN NOT %(use)s = ANY (c.allowed_use) THEN 'use_not_allowed'
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
