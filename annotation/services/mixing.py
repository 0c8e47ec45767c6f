"""Mixing a recipe's rows: chosen from its sources, screened, cut to their shares, counted (DATA.md §6).

The rows lie in a temporary table of the connection while they are mixed, so that no transaction is long
and nothing is left behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db import connection

from annotation import near_duplicates
from annotation.datasets.criteria import question_of
from annotation.datasets.mixtures import Mixture, Origins, Source, quotas
from annotation.datasets.screening import Screening
from annotation.models import Dataset, DatasetChunk, PersonalDataHold
from annotation.selectors import dataset_rewrites, dataset_thumbs, mixtures
from annotation.selectors.datasets import left_out_by_drafts
from annotation.services import datasets, personal_data_holds
from annotation.services.dataset_rows import (
    ANY_CRITERION,
    BASIS,
    NAMED_SOURCES,
    ROWS,
    USE,
    parameters,
)
from labelhub.accounts.models import Project, User

CHUNK_ROWS = 500

# progress(stage's rows through, rows in all): may raise to stop.
Progress = Callable[[int, int], None]
CountTokens = Callable[[str], int]
Kind = Dataset.Kind
RowsOf = DatasetChunk.RowsOf
Decision = PersonalDataHold.Decision


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
    _screen(kind, mixture, count_tokens, progress)
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


@dataclass
class _Screen:
    """What is looked for in texts, and what was met so far."""

    mixture: Mixture
    count_tokens: CountTokens | None
    screening: Screening
    seen: near_duplicates.NearDuplicates = field(default_factory=near_duplicates.NearDuplicates)
    # Of the place looked at last: its texts that may stay, and whether it repeats another's.
    place: tuple[str, int] | None = None
    sound: set[str] = field(default_factory=set)
    repeats: bool | None = None
    # Rows that nobody has decided of, with what was found in each.
    held: dict[_Row, frozenset[str]] = field(default_factory=dict)

    def reason(self, row: _Row, texts: Sequence[str], decision: Decision | None) -> str | None:
        """Why a row stays out, of the first that holds; where none does it is remembered by number.

        Rankings of one comparison, which have one place, are no near-duplicates of each other; each is
        looked through for what its own rater wrote. What a person decided of the row's personal data
        goes before what the mixture says of it.
        """
        place = row.rows_of, row.place
        if place != self.place:
            self.place, self.sound, self.repeats = place, set(), None
        unread = [text for text in texts if text not in self.sound]
        verdict = self.screening.verdict(unread, row.language, decision)
        if verdict.kinds:
            self.held[row] = verdict.kinds
        if verdict.reason is not None:
            return verdict.reason
        if decision != Decision.BLANKED:
            self.sound.update(unread)
        if self.mixture.near_duplicates and self.repeats is None:
            whole = "\n".join(texts)
            self.repeats = bool(self.seen.alike(whole))
            if not self.repeats:
                self.seen.add(row.seq, whole)
        return "near_duplicate" if self.repeats else None


def _screen(
    kind: Dataset.Kind,
    mixture: Mixture,
    count_tokens: CountTokens | None,
    progress: Progress,
) -> None:
    screening = Screening(
        personal_data=mixture.personal_data,
        forbidden=mixtures.forbidden_runs(mixture.benchmarks),
    )
    screen = _Screen(mixture, count_tokens, screening)
    n_rows, n_through = _count_open(), 0
    for rows in _open_rows():
        texts, decided = _texts(kind, rows), _decided(rows)
        drafted = _drafted(rows, mixture)
        verdicts: list[tuple[int, str | None, int | None]] = []
        for row in rows:
            said = texts[row.rows_of, row.id]
            reason = drafted.get((row.rows_of, row.id)) or screen.reason(
                row, said, decided.get((row.rows_of, row.id))
            )
            n_tokens = None
            if reason is None and count_tokens is not None:
                n_tokens = sum(count_tokens(text) for text in said)
            verdicts.append((row.seq, reason, n_tokens))
        _hold(screen.held, mixture)
        screen.held.clear()
        with connection.cursor() as cursor:
            cursor.execute(_JUDGE, [list(column) for column in zip(*verdicts, strict=True)])
        n_through += len(rows)
        progress(n_through, n_rows)


def _count_open() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM mixture_row WHERE reason IS NULL")
        return int(cursor.fetchone()[0])


class _Row(NamedTuple):
    seq: int
    source: int
    rows_of: str
    id: int
    place: int
    language: str


def _texts(kind: Dataset.Kind, rows: Sequence[_Row]) -> dict[tuple[str, int], list[str]]:
    """What is said in each row."""
    readers = {
        RowsOf.CONVERSATION.value: mixtures.dialogue_texts,
        RowsOf.RANKING.value: mixtures.ranking_texts
        if kind == Kind.COMPARISONS
        else dataset_rewrites.answered_texts,
        RowsOf.FEEDBACK.value: dataset_thumbs.judged_texts
        if kind == Kind.COMPARISONS
        else dataset_rewrites.rewrite_texts,
    }
    return {
        (rows_of, pk): said
        for rows_of in {row.rows_of for row in rows}
        for pk, said in readers[rows_of]([row.id for row in rows if row.rows_of == rows_of]).items()
    }


def _drafted(rows: Sequence[_Row], mixture: Mixture) -> Mapping[tuple[str, int], str]:
    """Dialogues that what they took from drafts keeps out, with the reasons."""
    found = left_out_by_drafts(
        [row.id for row in rows if row.rows_of == RowsOf.CONVERSATION],
        share=mixture.max_model_share,
        outcomes=mixture.without_drafts,
    )
    return {(RowsOf.CONVERSATION.value, pk): reason.value for pk, reason in found.items()}


def _decided(rows: Sequence[_Row]) -> dict[tuple[str, int], Decision]:
    return {
        (rows_of, pk): decision
        for rows_of in {row.rows_of for row in rows}
        for pk, decision in personal_data_holds.decisions(
            rows_of, [row.id for row in rows if row.rows_of == rows_of]
        ).items()
    }


def _hold(found: Mapping[_Row, frozenset[str]], mixture: Mixture) -> None:
    slugs = {mixture.sources[row.source].project for row in found}
    projects = dict(Project.objects.filter(slug__in=slugs).values_list("slug", "pk"))
    personal_data_holds.hold(
        personal_data_holds.Found(
            projects[mixture.sources[row.source].project], row.rows_of, row.id, row.language, kinds
        )
        for row, kinds in found.items()
    )


def _open_rows() -> Iterator[list[_Row]]:
    """The rows that nothing speaks against yet, in order, by chunks."""
    last = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT seq, source, rows_of, id, place, language FROM mixture_row"
                " WHERE seq > %s AND reason IS NULL ORDER BY seq LIMIT %s",
                [last, CHUNK_ROWS],
            )
            rows = [_Row._make(row) for row in cursor.fetchall()]
        if not rows:
            return
        yield rows
        last = rows[-1].seq


_JUDGE = """
UPDATE mixture_row
SET reason = verdict.reason, n_tokens = verdict.n_tokens
FROM unnest(%s::bigint[], %s::text[], %s::bigint[]) AS verdict (seq, reason, n_tokens)
WHERE mixture_row.seq = verdict.seq
"""


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
