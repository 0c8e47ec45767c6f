"""Frozen rows → the lines of a file, chunk by chunk: one of them in memory at a time."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from functools import partial
from itertools import groupby
from typing import Any, NamedTuple

from annotation.datasets import comparison_formats
from annotation.datasets.aggregation import Aggregate
from annotation.datasets.formats import CannotWriteError, Exclusion, Line, Options
from annotation.datasets.mixtures import PersonalData
from annotation.datasets.pairs import Margin, Pairs, Ties
from annotation.datasets.records import (
    DialogueRecord,
    JudgedReplyRecord,
    MessageRecord,
    RankingRecord,
)
from annotation.datasets.screening import Screening
from annotation.models import Dataset, DatasetChunk
from annotation.selectors import dataset_rankings, dataset_rewrites, dataset_thumbs
from annotation.selectors import datasets as selectors
from annotation.selectors.mixtures import forbidden_runs
from annotation.services import personal_data_holds, row_screening
from annotation.services.file_options import FORMATS, MARGIN_AS_COLLECTED, FileOptions
from annotation.services.reading_ahead import read_ahead
from annotation.services.row_splits import (
    PlacedRow,
    Row,
    Splitting,
    placed_rows,
    splitting_of,
)

Kind = Dataset.Kind


class Made(NamedTuple):
    """What became of one record, or of the rankings of one comparison, on its way into a file.

    `row_ids` are of the table `rows_of`. Without lines, `left_out` says why.
    """

    rows_of: str
    row_ids: list[int]
    split: str
    lines: list[Line]
    left_out: Exclusion | None = None


def splitting(*, dataset: Dataset, options: FileOptions) -> Splitting:
    """The outputs that files of these options have, and who is held out."""
    return splitting_of(
        dataset=dataset,
        shares=options.shares,
        by=options.split_by,
        hold_out=options.hold_out_raters,
        seed=options.seed,
    )


def lines_made(
    *,
    dataset: Dataset,
    options: FileOptions,
    line_options: Mapping[str, Options],
    into: Splitting,
    n_before: int = 0,
) -> Generator[list[Made]]:
    """Everything that the dataset holds, in the order of the file, a list for each chunk; those that
    `n_before` counts were dealt with."""
    write_line = _writer_of(options)
    with closing(read_ahead(_placed_rows(dataset, options, into, n_before))) as ahead:
        for rows_of, rows, held in ahead:
            drafted = _drafted(rows_of, rows, options)
            yield [Made(rows_of, ids, "", [], Exclusion(reason)) for ids, reason in held] + [
                Made(rows_of, placed.row_ids, placed.split or "", [], drafted[placed.row_ids[0]])
                if placed.row_ids[0] in drafted
                else _made(rows_of, placed, write_line, line_options)
                for placed in rows
            ]


def _drafted(rows_of: str, rows: list[PlacedRow], options: FileOptions) -> Mapping[int, Exclusion]:
    """The conversations among the rows that what they took from drafts keeps out."""
    if not options.looks_at_drafts or rows_of != DatasetChunk.RowsOf.CONVERSATION:
        return {}
    return selectors.left_out_by_drafts(
        [pk for placed in rows for pk in placed.row_ids],
        share=options.max_model_share,
        outcomes=options.without_drafts,
    )


def _writer_of(options: FileOptions) -> Callable[..., list[Line]]:
    write_line = FORMATS[options.kind][options.file_format]
    if options.kind == Kind.COMPARISONS:
        return partial(_judged_lines, write=write_line)
    return write_line


def _judged_lines(
    row: list[RankingRecord] | JudgedReplyRecord,
    options: Options,
    *,
    write: Callable[..., list[Line]],
) -> list[Line]:
    if isinstance(row, JudgedReplyRecord):
        return comparison_formats.judged_reply_lines(row, options)
    return comparison_formats.comparison_lines(row, options, write=write)


def _made(
    rows_of: str,
    placed: PlacedRow,
    write_line: Callable[..., list[Line]],
    line_options: Mapping[str, Options],
) -> Made:
    ids, row, split = placed.row_ids, placed.row, placed.split
    if split is None:
        return Made(rows_of, ids, "", [], Exclusion.BRIDGES_SPLITS)
    if split not in line_options:
        return Made(rows_of, ids, split, [], Exclusion.OTHER_SPLIT)
    if split and isinstance(row, list):
        row = [replace(ranking, split=split) for ranking in row]
    try:
        return Made(rows_of, ids, split, write_line(row, line_options[split]))
    except CannotWriteError as error:
        return Made(rows_of, ids, split, [], error.reason)


def _placed_rows(
    dataset: Dataset, options: FileOptions, into: Splitting, n_before: int
) -> Iterator[tuple[str, list[PlacedRow], list[tuple[list[int], str]]]]:
    """What each chunk holds, with its outputs, and what of it is held back, with the reasons.

    What is held for personal data that nobody has decided of is listed for somebody to look at.
    """
    screening = Screening(
        personal_data=options.personal_data, forbidden=forbidden_runs(options.benchmarks)
    )
    decisions = row_screening.decisions_of(dataset)
    for rows_of, rows in _rows(dataset, options, n_before):
        held: list[tuple[list[int], str]] = []
        if decisions or options.is_screened or options.personal_data == PersonalData.MASK:
            screened = row_screening.screened(
                dataset=dataset,
                rows_of=rows_of,
                rows=rows,
                screening=screening,
                decisions=decisions.get(rows_of, {}),
            )
            rows, held = screened.kept, screened.left_out
            if screened.found:
                personal_data_holds.hold(screened.found)
        yield rows_of, placed_rows(rows_of=rows_of, rows=rows, splitting=into), held


def _rows(
    dataset: Dataset, options: FileOptions, n_before: int
) -> Iterator[tuple[str, list[tuple[list[int], Row]]]]:
    """What is written as one, with the ids of its rows: a dialogue, a prompt, a comparison's rankings."""
    for chunk in selectors.chunks_of(dataset, n_before=n_before):
        yield chunk.rows_of, _rows_of_chunk(dataset, chunk, options)


def _rows_of_chunk(
    dataset: Dataset, chunk: DatasetChunk, options: FileOptions
) -> list[tuple[list[int], Row]]:
    if chunk.rows_of == DatasetChunk.RowsOf.RANKING:
        return _ranked_rows(dataset, chunk, options)
    metadata = options.with_metadata
    records: list[Row] = []
    if chunk.rows_of == DatasetChunk.RowsOf.PROMPT:
        records += selectors.prompts(chunk.row_ids, metadata=metadata)
    elif options.thumbs:
        records += dataset_thumbs.judged_replies(chunk.row_ids, metadata=metadata)
    elif chunk.rows_of == DatasetChunk.RowsOf.FEEDBACK:
        records += dataset_rewrites.rewrites(chunk.row_ids, metadata=metadata)
    elif options.kind == Kind.PROMPTS:
        records += selectors.first_contexts(chunk.row_ids, metadata=metadata)
    else:
        records += selectors.dialogues(chunk.row_ids, metadata=metadata)
    return [([pk], record) for pk, record in zip(sorted(chunk.row_ids), records, strict=True)]


def _ranked_rows(
    dataset: Dataset, chunk: DatasetChunk, options: FileOptions
) -> list[tuple[list[int], Row]]:
    rankings = (
        dataset_rankings.rankings(
            chunk.row_ids, key=bytes(dataset.pseudonym_key), metadata=options.with_metadata
        )
        if _tells_all(options)
        else dataset_rankings.orders(chunk.row_ids)
    )
    if options.thumbs:
        rankings = dataset_thumbs.without_thumbed(rankings, dataset=dataset)
    pairs = list(zip(chunk.row_ids, rankings, strict=True))
    if options.kind != Kind.COMPARISONS:
        best = dataset_rewrites.best_replies([pk for pk, ranking in pairs if not ranking.rewrite])
        return [([pk], answered(ranking, best.get(pk))) for pk, ranking in pairs]
    # Elsewhere each ranking stands, or is left out, by itself.
    key = _group if options.grouped else _itself
    groups = [list(group) for _, group in groupby(pairs, key=key)]
    return [([pk for pk, _ in group], [r for _, r in group]) for group in groups]


def _tells_all(options: FileOptions) -> bool:
    """Whether lines hold more of a ranking than its order and what it says of single replies."""
    return (
        options.with_metadata
        or options.file_format == "ranking"
        or options.kind != Kind.COMPARISONS
        or options.is_screened
    )


def answered(ranking: RankingRecord, best: int | None) -> DialogueRecord:
    """The better reply that a ranker wrote, else the candidate that they found best, as the answer to
    the context they ranked in."""
    answer = ranking.rewrite or next(c.content for c in ranking.candidates if c.id == best)
    return DialogueRecord(
        (*ranking.prompt, MessageRecord("assistant", answer, trainable=True)),
        ranking.row,
        ranking.origin_key,
        language=ranking.language,
        metadata=ranking.metadata,
    )


def _group(ranking: tuple[int, RankingRecord]) -> Any:
    return ranking[1].group_id


def _itself(ranking: tuple[int, RankingRecord]) -> Any:
    return ranking[0]


def line_options_of(
    *, dataset: Dataset, options: FileOptions, into: Splitting
) -> dict[str, Options]:
    """Options of each output: a file has weights on all its answers, or on none."""
    weighted: set[str | None] = set()
    if options.file_format == "openai":
        for chunk in selectors.chunks_of(dataset):
            weighted |= _outputs_trained_in_part(dataset, chunk, options, into)
    return {
        name: Options(
            weighted=name in weighted,
            turns=options.turns,
            pairs=Pairs(options.pairs),
            margin=_margin(dataset, options),
            ties=Ties(options.ties),
            system=options.system,
            aggregate=Aggregate(options.aggregate),
            min_agreement=options.min_agreement,
            min_raters=options.min_raters,
            metadata=options.with_metadata,
        )
        for name in into.outputs
    }


def _outputs_trained_in_part(
    dataset: Dataset, chunk: DatasetChunk, options: FileOptions, into: Splitting
) -> set[str | None]:
    """Where this chunk's dialogues go that have an answer nobody is to train on."""
    rows: list[tuple[list[int], Row]]
    if chunk.rows_of == DatasetChunk.RowsOf.CONVERSATION:
        ids = selectors.trained_in_part(chunk.row_ids)
        dialogues = selectors.dialogues(ids, metadata=False)
        rows = [
            ([pk], dialogue)
            for pk, dialogue in zip(ids, dialogues, strict=True)
            # Such a dialogue has no line in the file.
            if all(turn.role != "tool" for turn in dialogue.messages)
        ]
    else:
        # What was rewritten answers replies that nobody is to train on.
        rows = [
            (row_ids, row)
            for row_ids, row in _rows_of_chunk(dataset, chunk, options)
            if isinstance(row, DialogueRecord)
            and sum(turn.role == "assistant" for turn in row.messages) > 1
        ]
    return {
        placed.split for placed in placed_rows(rows_of=chunk.rows_of, rows=rows, splitting=into)
    }


def _margin(dataset: Dataset, options: FileOptions) -> Margin:
    """The one rule of the file (DATA.md §6)."""
    if options.file_format != "reward":
        return Margin.NONE
    if options.margin != MARGIN_AS_COLLECTED:
        return Margin(options.margin)
    if options.aggregate != Aggregate.RATERS:
        return Margin.NONE
    return Margin.STRENGTH if selectors.strength_collected(dataset) else Margin.NONE
