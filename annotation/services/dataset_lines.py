"""Frozen rows → the lines of a file, chunk by chunk: one of them in memory at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import groupby
from typing import Any, Self, TypeAlias

from annotation.datasets import comparison_formats, formats, splits
from annotation.datasets.formats import CannotWriteError, Exclusion, Line, Options
from annotation.datasets.pairs import Margin, Pairs, Ties
from annotation.datasets.records import DialogueRecord, PromptRecord, RankingRecord
from annotation.exceptions import FormatUnknown, SplitRefused
from annotation.models import Dataset, DatasetChunk
from annotation.selectors import dataset_rankings
from annotation.selectors import datasets as selectors
from annotation.services.split_keys import splits_of_keys

Kind = Dataset.Kind
Row: TypeAlias = DialogueRecord | PromptRecord | list[RankingRecord]
FORMATS: Mapping[str, Mapping[str, Callable[..., list[Line]]]] = {
    Kind.SFT.value: formats.SFT_FORMATS,
    Kind.COMPARISONS.value: comparison_formats.COMPARISON_FORMATS,
    Kind.PROMPTS.value: formats.PROMPT_FORMATS,
}
TURNS = ("all", "last")
SYSTEM_TURNS = ("drop", "prefix")
# Formats whose lines need all rankings of one comparison together.
_GROUPED_FORMATS = comparison_formats.PAIR_FORMATS
# The strength people gave where they were asked for one, else no margin.
MARGIN_AS_COLLECTED = ""
WHOLE = ""
# Options that the manifest repeats; format, kind and criterion have their own place there.
_TOLD = ("with_metadata", "turns", "pairs", "margin", "ties", "system")


@dataclass(frozen=True, kw_only=True)
class FileOptions:
    """What file to make of a dataset. `criterion` is a label of datasets.criteria, or `any`;
    `pairs`, `margin` and `ties` are words of datasets.pairs."""

    kind: str
    file_format: str
    shares: Mapping[str, float] = field(default_factory=dict)
    with_metadata: bool = False
    turns: str = "all"
    criterion: str = ""
    pairs: str = Pairs.ALL.value
    margin: str = MARGIN_AS_COLLECTED
    ties: str = Ties.DROP.value
    system: str = "drop"

    @classmethod
    def checked(cls, *, kind: str, file_format: str, split: str = "", **options: Any) -> Self:
        """Raises FormatUnknown or SplitRefused, saying what would do."""
        if file_format not in FORMATS[kind]:
            raise FormatUnknown(
                f"“{file_format}” is no format of {kind}; known are {', '.join(FORMATS[kind])}."
            )
        try:
            shares = splits.parse_shares(split)
        except splits.SplitError as error:
            raise SplitRefused(str(error)) from error
        return cls(kind=kind, file_format=file_format, shares=shares, **options)

    @property
    def grouped(self) -> bool:
        return self.file_format in _GROUPED_FORMATS

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Made:
    """What became of one record, or of the rankings of one comparison, on its way into a file.

    `row_ids` are of the table `rows_of`. Without lines, `left_out` says why.
    """

    rows_of: str
    row_ids: list[int]
    split: str
    lines: list[Line]
    left_out: Exclusion | None = None


def lines_made(
    *, dataset: Dataset, options: FileOptions, line_options: Mapping[str, Options]
) -> Iterator[list[Made]]:
    """Everything that the dataset holds, in the order of the file, a list for each chunk."""
    write_line = FORMATS[options.kind][options.file_format]
    for rows_of, rows in _rows(dataset, options):
        split_of = _splits([_origin(row) for _, row in rows], options)
        yield [
            _made(rows_of, ids, row, split_of[_origin(row)], write_line, line_options)
            for ids, row in rows
        ]


def _made(
    rows_of: str,
    ids: list[int],
    row: Row,
    split: str,
    write_line: Callable[..., list[Line]],
    line_options: Mapping[str, Options],
) -> Made:
    if split not in line_options:
        return Made(rows_of, ids, split, [], Exclusion.OTHER_SPLIT)
    if isinstance(row, list):
        row = [replace(ranking, split=split or None) for ranking in row]
    try:
        return Made(rows_of, ids, split, write_line(row, line_options[split]))
    except CannotWriteError as error:
        return Made(rows_of, ids, split, [], error.reason)


def _rows(
    dataset: Dataset, options: FileOptions
) -> Iterator[tuple[str, list[tuple[list[int], Row]]]]:
    """What is written as one, with the ids of its rows: a dialogue, a prompt, a comparison's rankings."""
    metadata = options.with_metadata
    for chunk in selectors.chunks_of(dataset):
        if chunk.rows_of == DatasetChunk.RowsOf.RANKING:
            rankings = dataset_rankings.rankings(
                chunk.row_ids,
                key=bytes(dataset.pseudonym_key),
                project=dataset.project.slug,
                metadata=metadata,
            )
            pairs = zip(chunk.row_ids, rankings, strict=True)
            # Elsewhere each ranking stands, or is left out, by itself.
            key = _group if options.grouped else _itself
            groups = [list(group) for _, group in groupby(pairs, key=key)]
            yield (
                chunk.rows_of,
                [([pk for pk, _ in group], [r for _, r in group]) for group in groups],
            )
            continue
        records: list[DialogueRecord | PromptRecord] = []
        if chunk.rows_of == DatasetChunk.RowsOf.PROMPT:
            records += selectors.prompts(chunk.row_ids, metadata=metadata)
        elif options.kind == Kind.PROMPTS:
            records += selectors.first_contexts(chunk.row_ids, metadata=metadata)
        else:
            records += selectors.dialogues(chunk.row_ids, metadata=metadata)
        rows: list[tuple[list[int], Row]] = []
        for pk, record in zip(sorted(chunk.row_ids), records, strict=True):
            rows.append(([pk], record))
        yield chunk.rows_of, rows


def _group(ranking: tuple[int, RankingRecord]) -> Any:
    return ranking[1].group_id


def _itself(ranking: tuple[int, RankingRecord]) -> Any:
    return ranking[0]


def _origin(row: Row) -> str:
    return (row[0] if isinstance(row, list) else row).origin_key


def _splits(origins: Collection[str], options: FileOptions) -> Mapping[str, str]:
    if not options.shares:
        return dict.fromkeys(origins, WHOLE)
    return splits_of_keys(keys=origins, shares=options.shares)


def line_options_of(*, dataset: Dataset, options: FileOptions) -> dict[str, Options]:
    """Options of each output: a file has weights on all its answers, or on none."""
    weighted: set[str] = set()
    if options.file_format == "openai":
        for origins in selectors.origins_with_untrainable_turns(dataset):
            weighted.update(_splits(origins, options).values())
    return {
        name: Options(
            weighted=name in weighted,
            turns=options.turns,
            pairs=Pairs(options.pairs),
            margin=_margin(dataset, options),
            ties=Ties(options.ties),
            system=options.system,
            metadata=options.with_metadata,
        )
        for name in options.shares or (WHOLE,)
    }


def _margin(dataset: Dataset, options: FileOptions) -> Margin:
    """The one rule of the file (DATA.md §6)."""
    if options.file_format != "reward":
        return Margin.NONE
    if options.margin != MARGIN_AS_COLLECTED:
        return Margin(options.margin)
    return Margin.STRENGTH if selectors.strength_collected(dataset) else Margin.NONE
