"""Mixing a recipe's rows: chosen from its sources, screened, cut to their shares, counted (DATA.md §6).

The rows lie in a temporary table of the connection while they are mixed, so that no transaction is long
and nothing is left behind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection

from annotation.datasets.criteria import question_of
from annotation.datasets.mixtures import Mixture, Origins, Source, quotas
from annotation.models import Dataset
from annotation.services import datasets, mixture_screening
from annotation.services.dataset_rows import (
    ANY_CRITERION,
    BASIS,
    NAMED_SOURCES,
    ROWS,
    USE,
    parameters,
)
from annotation.services.mixture_screening import CountTokens, Progress
from labelhub.accounts.models import Project, User

Kind = Dataset.Kind


def mix(
    *,
    kind: Dataset.Kind,
    mixture: Mixture,
    count_tokens: CountTokens | None,
    progress: Progress,
) -> dict[str, Any]:
    """Lay out the mixture in the connection's table and count it; see `table`.

    A source's rows that an earlier source has are that one's. Raises CriteriaMixed.
    """
    projects = {
        project.slug: project
        for project in Project.objects.filter(slug__in={one.project for one in mixture.sources})
    }
    criterion = criterion_of(kind=kind, mixture=mixture, projects=list(projects.values()))
    with connection.cursor() as cursor:
        cursor.execute(_LAY_OUT)
        for number, source in enumerate(mixture.sources):
            _select(cursor, number, source, projects[source.project], kind, criterion)
        cursor.execute("ANALYZE mixture_row")
    mixture_screening.screen(
        kind=kind, mixture=mixture, count_tokens=count_tokens, progress=progress
    )
    _draw(mixture)
    return table(mixture)


def criterion_of(*, kind: Dataset.Kind, mixture: Mixture, projects: Sequence[Project]) -> str:
    """The one question that the mixture's rankings answer. Raises CriteriaMixed where there are several."""
    if kind != Kind.COMPARISONS:
        return ""
    ranked = {one.project for one in mixture.sources if one.origins != Origins.THUMBS}
    return mixture.criterion or datasets.only_criterion(
        [project for project in projects if project.slug in ranked]
    )


def frozen(
    *,
    project: Project,
    kind: Dataset.Kind,
    mixture: Mixture,
    contents: Mapping[str, Any],
    name: str,
    created_by: User | None,
) -> Dataset:
    """A dataset of what `mix` has just laid out on this connection."""
    projects = list(Project.objects.filter(slug__in={one.project for one in mixture.sources}))
    criterion = criterion_of(kind=kind, mixture=mixture, projects=projects)
    return datasets.freeze_rows(
        project=project,
        kind=kind,
        recipe={
            "recipe": name,
            "kind": kind.value,
            "allowed_use": USE[kind].value,
            "order": "group" if kind == Kind.COMPARISONS else "id",
            "contents": dict(contents),
            **({"criterion": criterion} if criterion else {}),
        },
        basis="nothing AS (SELECT)",
        rows="SELECT rows_of, id, place, reason FROM mixture_row",
        parameters={},
        created_by=created_by,
    )


_LAY_OUT = """
DROP TABLE IF EXISTS mixture_row;
CREATE TEMPORARY TABLE mixture_row (
  seq bigserial PRIMARY KEY, source int NOT NULL, rows_of text NOT NULL, id bigint NOT NULL,
  place bigint NOT NULL, reason text, category text, language text, n_tokens bigint,
  UNIQUE (rows_of, id)
)"""


def _select(
    cursor: Any, number: int, source: Source, project: Project, kind: Dataset.Kind, criterion: str
) -> None:
    """One statement sees one moment of the database."""
    is_named = source.origins in NAMED_SOURCES
    rows = NAMED_SOURCES[Origins(source.origins)] if is_named else ROWS[kind]
    described = _DESCRIBED[Origins(source.origins)] if is_named else _DESCRIBED[kind]
    cursor.execute(
        _SELECT.format(basis=BASIS, rows=rows, described=described),
        parameters(
            project=project,
            kind=kind,
            question=question_of(criterion),
            any_criterion=criterion == ANY_CRITERION,
            grouped=True,
        )
        | {
            "source": number,
            "written": is_named or source.origins in (Origins.ALL, Origins.WRITTEN),
            "imported": is_named or source.origins in (Origins.ALL, Origins.IMPORTED),
            "rounds": list(source.rounds) or None,
            "import_runs": list(source.import_runs) or None,
            "categories": list(source.categories) or None,
            "languages": list(source.languages) or None,
            "licences": list(source.licences) or None,
        },
    )


_SELECT = """
WITH {basis}, found AS MATERIALIZED ({rows})
INSERT INTO mixture_row (source, rows_of, id, place, reason, category, language)
SELECT %(source)s, found.rows_of, found.id, found.place, found.reason, d.category, d.language
FROM found JOIN ({described}) d ON d.id = found.id LEFT JOIN annotation_round ON annotation_round.id = d.round_id
WHERE (%(written)s AND d.import_run_id IS NULL OR %(imported)s AND d.import_run_id IS NOT NULL)
  AND (%(rounds)s::int[] IS NULL OR annotation_round.number = ANY (%(rounds)s))
  AND (%(import_runs)s::bigint[] IS NULL OR d.import_run_id = ANY (%(import_runs)s))
  AND (%(categories)s::text[] IS NULL OR d.category = ANY (%(categories)s))
  AND (%(languages)s::text[] IS NULL OR d.language = ANY (%(languages)s))
  AND (%(licences)s::text[] IS NULL OR d.licence = ANY (%(licences)s))
ORDER BY found.place, found.id
ON CONFLICT (rows_of, id) DO NOTHING
"""
_DESCRIBED_RANKINGS = (
    "SELECT r.id, q.round_id, q.import_run_id, q.category, q.language, q.licence"
    " FROM annotation_ranking r JOIN annotation_comparison q ON q.id = r.comparison_id"
    " WHERE r.project_id = %(project)s"
)
_DESCRIBED_FEEDBACK = (
    "SELECT f.id, c.round_id, c.import_run_id, c.category, c.language, c.licence"
    " FROM annotation_feedback f JOIN annotation_message m ON m.id = f.message_id"
    " JOIN annotation_conversation c ON c.id = m.conversation_id WHERE f.project_id = %(project)s"
)
_DESCRIBED: Mapping[str, str] = {
    Kind.SFT: "SELECT id, round_id, import_run_id, category, language, licence"
    " FROM annotation_conversation WHERE project_id = %(project)s",
    Kind.COMPARISONS: _DESCRIBED_RANKINGS,
    Origins.BETTER_REPLIES: _DESCRIBED_RANKINGS,
    Origins.BEST_REPLIES: _DESCRIBED_RANKINGS,
    Origins.REWRITES: _DESCRIBED_FEEDBACK,
    Origins.THUMBS: _DESCRIBED_FEEDBACK,
}


def _draw(mixture: Mixture) -> None:
    """Cut each source to its quota by a seeded draw; rankings of one comparison stay together."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT source, count(*) FROM mixture_row WHERE reason IS NULL GROUP BY 1")
        counted = dict(cursor.fetchall())
        n_rows = [counted.get(number, 0) for number in range(len(mixture.sources))]
        for number, quota in enumerate(quotas(mixture.sources, n_rows)):
            if quota < n_rows[number]:
                cursor.execute(_CUT, {"source": number, "quota": quota, "seed": str(mixture.seed)})


_CUT = """
UPDATE mixture_row SET reason = 'over_quota'
WHERE source = %(source)s AND reason IS NULL AND place IN (
  SELECT place FROM (
    SELECT place, sum(count(*)) OVER (ORDER BY md5(%(seed)s || ':' || place), place) AS n_so_far
    FROM mixture_row WHERE source = %(source)s AND reason IS NULL GROUP BY place
  ) AS drawn WHERE n_so_far > %(quota)s
)
"""


def table(mixture: Mixture) -> dict[str, Any]:
    """Rows, tokens and what was left out, by source, and rows and tokens by category and language.

    Tokens are null where no tokenizer was chosen.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT source, reason, count(*), sum(n_tokens) FROM mixture_row GROUP BY 1, 2"
            " ORDER BY 1, 2"
        )
        by_source: dict[int, list[tuple[Any, ...]]] = {}
        for number, *row in cursor.fetchall():
            by_source.setdefault(number, []).append(tuple(row))
        categories = _by(cursor, "category")
        languages = _by(cursor, "language")
    sources = []
    for number, source in enumerate(mixture.sources):
        found = by_source.get(number, [])
        kept = next(((n, tokens) for reason, n, tokens in found if reason is None), (0, None))
        sources.append(
            {
                "name": source.name,
                "project": source.project,
                "rows": kept[0],
                "tokens": _whole(kept[1]),
                "excluded": {reason: n for reason, n, _ in found if reason is not None},
            }
        )
    return {
        "rows": sum(source["rows"] for source in sources),
        "tokens": _whole(
            sum(source["tokens"] for source in sources if source["tokens"] is not None)
            if any(source["tokens"] is not None for source in sources)
            else None
        ),
        "sources": sources,
        "categories": categories,
        "languages": languages,
    }


_BY = {
    "category": "SELECT category, count(*), sum(n_tokens) FROM mixture_row WHERE reason IS NULL"
    " GROUP BY 1 ORDER BY 2 DESC, 1",
    "language": "SELECT language, count(*), sum(n_tokens) FROM mixture_row WHERE reason IS NULL"
    " GROUP BY 1 ORDER BY 2 DESC, 1",
}


def _by(cursor: Any, column: str) -> list[dict[str, Any]]:
    cursor.execute(_BY[column])
    return [
        {"name": name, "rows": n, "tokens": _whole(tokens)} for name, n, tokens in cursor.fetchall()
    ]


def _whole(number: Any) -> int | None:
    return None if number is None else int(number)
