"""Freezing datasets: which rows may leave, in which order, and why the others may not."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connection, transaction

from annotation.datasets.criteria import KNOWN_CRITERIA, Question, question_label, question_of
from annotation.exceptions import CriteriaMixed
from annotation.models import Comparison, Dataset
from annotation.services.dataset_rows import ANY_CRITERION, BASIS, USE, parameters, rows_of
from labelhub import clock
from labelhub.accounts import services as accounts
from labelhub.accounts.models import Project, User

# What a writer holds in memory at once.
CHUNK_ROWS = 500
PSEUDONYM_KEY_BYTES = 32

Kind = Dataset.Kind


@transaction.atomic
def freeze(
    *,
    project: Project,
    kind: Dataset.Kind,
    criterion: str = "",
    grouped: bool = False,
    thumbs: bool = False,
    allow_use: bool = False,
    created_by: User | None = None,
) -> Dataset:
    """Write down the ids of every row of this kind that may leave now, and count the others.

    One statement sees one moment of the database. Rows are ordered by id; rankings that are
    `grouped` by comparison and id, so that pairs of one group stand together. `criterion` is the
    question that rankings answer, as `ranking` lines name it, or `any`; without one they must all
    answer the same. Raises CriteriaMixed where they do not. With `thumbs` the replies in chats that
    people gave one follow the rankings. With `allow_use` rows come too whose source does not allow this
    use.
    """
    if kind == Kind.COMPARISONS:
        criterion = criterion or only_criterion([project])
    recipe = {
        "project": project.slug,
        "kind": kind.value,
        "allowed_use": USE[kind].value,
        "order": "group" if grouped else "id",
        **({"criterion": criterion} if kind == Kind.COMPARISONS else {}),
        **({"thumbs": True} if thumbs else {}),
        **({"allow_use": True} if allow_use else {}),
    }
    return freeze_rows(
        project=project,
        kind=kind,
        recipe=recipe,
        basis=BASIS,
        rows=rows_of(kind, thumbs=thumbs),
        parameters=parameters(
            project=project,
            kind=kind,
            question=question_of(criterion),
            any_criterion=criterion == ANY_CRITERION,
            grouped=grouped,
            any_use=allow_use,
        ),
        created_by=created_by,
    )


@dataclass(frozen=True)
class Counted:
    """How many rows may leave now, how many may not and why, and {rows_of, id, place} of a first chunk."""

    n_rows: int
    excluded: dict[str, int]
    first: list[tuple[str, int, int]]


def count(
    *,
    project: Project,
    kind: Dataset.Kind,
    criterion: str,
    grouped: bool,
    thumbs: bool,
    allow_use: bool,
) -> Counted:
    """What `freeze` would write down, by one statement that locks and writes nothing.

    Raises CriteriaMixed.
    """
    if kind == Kind.COMPARISONS:
        criterion = criterion or only_criterion([project])
    with connection.cursor() as cursor:
        cursor.execute(
            _COUNT.format(basis=BASIS, rows=rows_of(kind, thumbs=thumbs)),
            parameters(
                project=project,
                kind=kind,
                question=question_of(criterion),
                any_criterion=criterion == ANY_CRITERION,
                grouped=grouped,
                any_use=allow_use,
            )
            | {"few": CHUNK_ROWS},
        )
        rows = cursor.fetchall()
    counts = {reason: n for reason, n, *_ in rows if n is not None}
    return Counted(
        n_rows=counts.pop(None, 0),
        excluded=counts,
        first=[(rows_of, pk, place) for _, n, rows_of, pk, place in rows if n is None],
    )


@transaction.atomic
def freeze_first(*, project: Project, kind: Dataset.Kind, counted: Counted) -> Dataset:
    """A dataset of the first chunk alone, for whoever rolls it back once its lines are seen."""
    kinds, ids, places = zip(*counted.first, strict=True) if counted.first else ((), (), ())
    return freeze_rows(
        project=project,
        kind=kind,
        recipe={},
        basis="nothing AS (SELECT)",
        rows="SELECT *, NULL::text AS reason FROM"
        " unnest(%(kinds)s::text[], %(ids)s::bigint[], %(places)s::bigint[])"
        " AS first (rows_of, id, place)",
        parameters={"kinds": list(kinds), "ids": list(ids), "places": list(places)},
        created_by=None,
    )


@transaction.atomic
def freeze_rows(
    *,
    project: Project,
    kind: Dataset.Kind,
    recipe: Mapping[str, Any],
    basis: str,
    rows: str,
    parameters: Mapping[str, Any],
    created_by: User | None,
) -> Dataset:
    """A dataset of the rows that a query finds without a reason against them, ordered by their place.

    `basis` are the query's common table expressions and `rows` it yields {rows_of, id, place, reason}.
    Its recipe also says, as `decisions`, what people decided until now of these rows' personal data.
    """
    # One dataset of a project is numbered at a time; readers and foreign keys do not wait.
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    family = Dataset.objects.filter(project=project, kind=kind).order_by("-number").first()
    key = bytes(family.pseudonym_key) if family else secrets.token_bytes(PSEUDONYM_KEY_BYTES)
    with connection.cursor() as cursor:
        cursor.execute(
            _FREEZE.format(basis=basis, rows=rows),
            {
                **parameters,
                "project": project.pk,
                "kind": kind.value,
                "recipe": orjson.dumps(recipe).decode(),
                "number": family.number + 1 if family else 1,
                "pseudonym_key": key,
                "created_by": created_by.pk if created_by else None,
                "now": clock.now(),
                "chunk_rows": CHUNK_ROWS,
            },
        )
        dataset = Dataset.objects.get(pk=cursor.fetchone()[0])
    accounts.record(
        actor=created_by,
        verb="dataset frozen",
        subject=dataset,
        project=project,
        recipe=dict(recipe),
    )
    return dataset


def only_criterion(projects: Sequence[Project]) -> str:
    """The question that all training rankings of the projects answer; the usual one for none.

    Raises CriteriaMixed where there are several.
    """
    asked = (
        Comparison.objects.filter(
            project__in=projects,
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


_COUNT = """
WITH {basis},
found AS MATERIALIZED ({rows}),
first AS (
  SELECT rows_of, id, place FROM found WHERE reason IS NULL
  ORDER BY rows_of DESC, place, id LIMIT %(few)s
)
SELECT reason, count(*), NULL, NULL, NULL FROM found GROUP BY reason
UNION ALL
SELECT NULL, NULL, rows_of, id, place FROM first
"""
_FREEZE = """
WITH {basis},
found AS MATERIALIZED ({rows}),
part AS (
  SELECT rows_of, id, place,
    (dense_rank() OVER (PARTITION BY rows_of ORDER BY place) - 1) / %(chunk_rows)s AS part
  FROM found WHERE reason IS NULL
),
decided AS (
  SELECT decision, h.rows_of, jsonb_agg(row_id ORDER BY row_id) AS ids
  FROM annotation_personaldatahold h JOIN found ON found.rows_of = h.rows_of AND found.id = row_id
  WHERE reason IS NULL AND decision <> 'open' GROUP BY decision, h.rows_of
),
dataset AS (
  INSERT INTO annotation_dataset
    (project_id, kind, number, recipe, n_rows, excluded, pseudonym_key, created_by_id, created_at)
  SELECT %(project)s, %(kind)s, %(number)s, %(recipe)s::jsonb || coalesce((
      SELECT jsonb_build_object('decisions', jsonb_object_agg(decision, ids_of)) FROM
        (SELECT decision, jsonb_object_agg(rows_of, ids) AS ids_of FROM decided GROUP BY decision) AS each
      HAVING count(*) > 0
    ), '{{}}'),
    (SELECT count(*) FROM found WHERE reason IS NULL),
    (SELECT coalesce(jsonb_object_agg(reason, n), '{{}}') FROM
      (SELECT reason, count(*) AS n FROM found WHERE reason IS NOT NULL GROUP BY reason) AS counted),
    %(pseudonym_key)s, %(created_by)s, %(now)s
  RETURNING id
),
chunk AS (
  INSERT INTO annotation_datasetchunk (dataset_id, number, rows_of, row_ids)
  SELECT dataset.id, row_number() OVER (ORDER BY rows_of DESC, part) - 1, rows_of, ids
  FROM dataset, (
    SELECT rows_of, part, array_agg(part.id ORDER BY place, part.id) AS ids
    FROM part GROUP BY rows_of, part
  ) AS whole
)
SELECT id FROM dataset
"""
