"""Looking through the rows that were chosen for a mixture: what speaks against each, and its tokens.

The rows are those of the connection's temporary table, which `mixing` lays out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db import connection

from annotation import near_duplicates
from annotation.datasets.mixtures import Mixture
from annotation.datasets.screening import Screening
from annotation.models import Dataset, DatasetChunk, PersonalDataHold
from annotation.selectors import dataset_rewrites, dataset_thumbs, mixtures
from annotation.selectors.datasets import left_out_by_drafts
from annotation.services import personal_data_holds
from labelhub.accounts.models import Project

CHUNK_ROWS = 500

# progress(rows through, rows in all): may raise to stop.
Progress = Callable[[int, int], None]
CountTokens = Callable[[str], int]
Kind = Dataset.Kind
RowsOf = DatasetChunk.RowsOf
Decision = PersonalDataHold.Decision


def screen(
    *,
    kind: Dataset.Kind,
    mixture: Mixture,
    count_tokens: CountTokens | None,
    progress: Progress,
) -> None:
    """Say of each row of `mixture_row` that is in so far why it stays out, and count the tokens of the rest.

    Rows in which something looks like personal data are put before a person, who decides of them.
    """
    screening = Screening(
        personal_data=mixture.personal_data,
        forbidden=mixtures.forbidden_runs(mixture.benchmarks),
    )
    met = _Screen(mixture, count_tokens, screening)
    n_rows, n_through = _count_open(), 0
    for rows in _open_rows():
        texts, decided = _texts(kind, rows), _decided(rows)
        drafted = _drafted(rows, mixture)
        verdicts: list[tuple[int, str | None, int | None]] = []
        for row in rows:
            said = texts[row.rows_of, row.id]
            reason = drafted.get((row.rows_of, row.id)) or met.reason(
                row, said, decided.get((row.rows_of, row.id))
            )
            n_tokens = None
            if reason is None and count_tokens is not None:
                n_tokens = sum(count_tokens(text) for text in said)
            verdicts.append((row.seq, reason, n_tokens))
        _hold(met.held, mixture)
        met.held.clear()
        with connection.cursor() as cursor:
            cursor.execute(_JUDGE, [list(column) for column in zip(*verdicts, strict=True)])
        n_through += len(rows)
        progress(n_through, n_rows)


class _Row(NamedTuple):
    seq: int
    source: int
    rows_of: str
    id: int
    place: int
    language: str


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


def _count_open() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM mixture_row WHERE reason IS NULL")
        return int(cursor.fetchone()[0])


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
