"""Reading recipes, freezings and versions, and what changed between two versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from string import ascii_uppercase
from typing import Any, TypeVar

from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import QuerySet

from annotation.models import (
    Benchmark,
    Dataset,
    DatasetChunk,
    DatasetVersion,
    Freezing,
    Placement,
    Recipe,
)
from annotation.selectors.dataset_rewrites import answered_texts, rewrite_texts
from annotation.selectors.dataset_thumbs import judged_texts
from annotation.selectors.mixtures import dialogue_texts, ranking_texts
from labelhub.accounts.models import Membership, User
from labelhub.accounts.selectors import row_for

EXAMPLES = 10
_SHOWN_CHARACTERS = 160

RowsOf = DatasetChunk.RowsOf
Row = TypeVar("Row", Recipe, Freezing, DatasetVersion)


def recipes_of(*, membership: Membership) -> list[Recipe]:
    """The project's recipes by name, each with its newest freezing as `latest`; two queries."""
    recipes = list(Recipe.objects.filter(project=membership.project).order_by("name"))
    newest = {
        freezing.recipe_id: freezing
        for freezing in Freezing.objects.filter(recipe__in=recipes)
        .select_related("dataset__version")
        .order_by("recipe_id", "-pk")
        .distinct("recipe_id")
    }
    for recipe in recipes:
        recipe.latest = newest.get(recipe.pk)  # type: ignore[attr-defined]
    return recipes


def with_latest(recipe: Recipe) -> Recipe:
    """The recipe with its newest freezing as `latest`."""
    recipe.latest = (  # type: ignore[attr-defined]
        Freezing.objects.filter(recipe=recipe)
        .select_related("dataset__version")
        .order_by("-pk")
        .first()
    )
    return recipe


def recipe_for(*, user: User | AnonymousUser, recipe_id: int) -> Recipe:
    """A recipe of a project that the person manages. Raises NotFound for any other."""
    return row_for(Recipe.objects.all(), recipe_id, user=user)


def freezing_for(*, user: User | AnonymousUser, freezing_id: int) -> Freezing:
    """A freezing of a project that the person manages. Raises NotFound for any other."""
    return row_for(Freezing.objects.select_related("dataset__version"), freezing_id, user=user)


def version_for(*, user: User | AnonymousUser, version_id: int) -> DatasetVersion:
    """A version of a project that the person manages. Raises NotFound for any other."""
    return row_for(
        DatasetVersion.objects.select_related("recipe", "dataset"), version_id, user=user
    )


def versions_of(*, membership: Membership) -> QuerySet[DatasetVersion]:
    return (
        DatasetVersion.objects.filter(project=membership.project)
        .select_related("recipe", "dataset")
        .defer("card", "plots")
    )


def benchmarks_of(*, membership: Membership) -> QuerySet[Benchmark]:
    return Benchmark.objects.filter(project=membership.project).defer("runs").order_by("-pk")


@dataclass(frozen=True)
class Change:
    """A row of one version that the other has not, or has in another revision."""

    rows_of: str
    id: int
    was_id: int | None
    before: str
    after: str


@dataclass(frozen=True)
class Diff:
    added: int
    changed: int
    gone: int
    same: int
    examples: dict[str, list[Change]]
    recipe_changes: list[str]


def diff(*, before: DatasetVersion, after: DatasetVersion) -> Diff:
    """Rows added, changed and gone between two versions, with the first few of each.

    Changed are rankings and demonstrations of which a later revision stands in `after`, however many
    revisions lie between, and what somebody said of a reply and then said otherwise.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _DIFF, {"before": before.dataset_id, "after": after.dataset_id, "few": EXAMPLES}
        )
        rows = cursor.fetchall()
    counts = dict.fromkeys(("added", "changed", "gone", "same"), 0)
    examples: dict[str, list[Change]] = {"added": [], "changed": [], "gone": []}
    beginnings = _beginnings(
        after.dataset.kind,
        {(row[2], pk) for row in rows for pk in row[3:5] if row[2] and pk is not None},
    )
    for what, n, rows_of, pk, was in rows:
        counts[what] = n
        if rows_of is None:
            continue
        examples[what].append(
            Change(
                rows_of,
                pk,
                was,
                before="" if what == "added" else beginnings[rows_of, was or pk],
                after="" if what == "gone" else beginnings[rows_of, pk],
            )
        )
    return Diff(
        **counts,
        examples=examples,
        recipe_changes=list(
            _changes(before.dataset.recipe["contents"], after.dataset.recipe["contents"])
        ),
    )


_DIFF = """
WITH RECURSIVE before AS (
  SELECT rows_of, unnest(row_ids) AS id FROM annotation_datasetchunk WHERE dataset_id = %(before)s
),
after AS (
  SELECT rows_of, unnest(row_ids) AS id FROM annotation_datasetchunk WHERE dataset_id = %(after)s
),
gone AS (SELECT * FROM before EXCEPT SELECT * FROM after),
added AS (SELECT * FROM after EXCEPT SELECT * FROM before),
revised AS (
  SELECT added.id, now.revises_id AS was FROM added
  JOIN annotation_conversation now ON now.id = added.id
  WHERE added.rows_of = 'conversation' AND now.revises_id IS NOT NULL
  UNION ALL
  SELECT revised.id, past.revises_id FROM revised
  JOIN annotation_conversation past ON past.id = revised.was
  WHERE past.revises_id IS NOT NULL
),
changed AS (
  SELECT added.rows_of, added.id, gone.id AS was FROM added
  JOIN annotation_ranking now ON now.id = added.id
  JOIN annotation_ranking past ON past.assignment_id = now.assignment_id
  JOIN gone ON gone.id = past.id AND gone.rows_of = 'ranking'
  WHERE added.rows_of = 'ranking'
  UNION ALL
  SELECT gone.rows_of, revised.id, gone.id FROM revised
  JOIN gone ON gone.id = revised.was AND gone.rows_of = 'conversation'
  UNION ALL
  SELECT added.rows_of, added.id, gone.id FROM added
  JOIN annotation_feedback now ON now.id = added.id
  JOIN annotation_feedback past
    ON past.message_id = now.message_id AND past.rater_id IS NOT DISTINCT FROM now.rater_id
  JOIN gone ON gone.id = past.id AND gone.rows_of = 'feedback'
  WHERE added.rows_of = 'feedback'
),
found AS (
  SELECT 'changed' AS what, rows_of, id, was FROM changed
  UNION ALL
  SELECT 'added', rows_of, id, NULL FROM added
  WHERE (rows_of, id) NOT IN (SELECT rows_of, id FROM changed)
  UNION ALL
  SELECT 'gone', rows_of, id, NULL FROM gone
  WHERE (rows_of, id) NOT IN (SELECT rows_of, was FROM changed)
),
numbered AS (
  SELECT *, count(*) OVER (PARTITION BY what) AS n,
    row_number() OVER (PARTITION BY what ORDER BY rows_of, id) AS place FROM found
)
SELECT what, n, rows_of, id, was FROM numbered WHERE place <= %(few)s
UNION ALL
SELECT 'same', count(*), NULL, NULL, NULL FROM (SELECT * FROM before INTERSECT SELECT * FROM after) AS kept
"""


def _beginnings(kind: str, rows: set[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """How each row's text begins; of a ranking also its order, best first, or the answer it gives."""
    is_compared = kind == Dataset.Kind.COMPARISONS
    conversations = [pk for rows_of, pk in rows if rows_of == RowsOf.CONVERSATION]
    rankings = [pk for rows_of, pk in rows if rows_of == RowsOf.RANKING]
    found = {
        (RowsOf.CONVERSATION.value, pk): _short(" … ".join(texts[:2]))
        for pk, texts in dialogue_texts(conversations).items()
    }
    feedback = [pk for rows_of, pk in rows if rows_of == RowsOf.FEEDBACK]
    told = judged_texts if is_compared else rewrite_texts
    found |= {
        (RowsOf.FEEDBACK.value, pk): _short(" … ".join(texts[-2:]))
        for pk, texts in told(feedback).items()
    }
    if not is_compared:
        return found | {
            (RowsOf.RANKING.value, pk): _short(" … ".join(texts[-2:]))
            for pk, texts in answered_texts(rankings).items()
        }
    orders = _orders(rankings)
    for pk, texts in ranking_texts(rankings).items():
        found[RowsOf.RANKING.value, pk] = f"{_short(texts[0])} ({orders[pk]})"
    return found


def _orders(ranking_ids: list[int]) -> dict[int, str]:
    """“B > A = C”, in letters by the candidates' own order."""
    placed = (
        Placement.objects.filter(ranking__in=ranking_ids)
        .order_by("ranking_id", "tier", "candidate__index")
        .values_list("ranking_id", "tier", "candidate__index")
    )
    return {
        pk: " > ".join(
            " = ".join(ascii_uppercase[index] for _, _, index in tied)
            for _, tied in groupby(rows, key=lambda row: row[1])
        )
        for pk, rows in groupby(placed, key=lambda row: row[0])
    }


def _short(text: str) -> str:
    one_line = " ".join(text.split())
    if len(one_line) <= _SHOWN_CHARACTERS:
        return one_line
    return one_line[: _SHOWN_CHARACTERS - 1] + "…"


def _changes(before: Any, after: Any, path: str = "") -> Iterator[str]:
    """“file.pairs: all → one” for each value that differs."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted(before.keys() | after.keys()):
            yield from _changes(before.get(key), after.get(key), f"{path}.{key}" if path else key)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for place, (one, other) in enumerate(zip(before, after, strict=True), start=1):
            yield from _changes(one, other, f"{path} {place}")
    elif before != after:
        yield f"{path}: {_said(before)} → {_said(after)}"


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value in ("", []):
        return "none"
    if isinstance(value, list):
        return ", ".join(_said(one) for one in value)
    return str(value.get("name", value)) if isinstance(value, Mapping) else str(value)
