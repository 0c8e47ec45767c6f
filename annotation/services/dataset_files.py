"""Writing a frozen dataset: rows to lines to files, in chunks, one of them in memory at a time."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO, Self

from django.conf import settings

from annotation.datasets import comparison_formats, formats, splits, writers
from annotation.datasets.formats import CannotWriteError, Line, Options
from annotation.datasets.pairs import Margin, Pairs, Ties
from annotation.datasets.records import DialogueRecord, PromptRecord, RankingRecord
from annotation.datasets.writers import LineFile, WrittenFile
from annotation.exceptions import FormatUnknown, SplitRefused
from annotation.models import Dataset, DatasetChunk
from annotation.selectors import dataset_rankings
from annotation.selectors import datasets as selectors

Kind = Dataset.Kind
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
_SUFFIXES = re.compile(r"(?:\.jsonl?)?(?:\.gz|\.zst)?$")
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
class Written:
    """Finished files with the manifest that describes them."""

    files: list[WrittenFile]
    manifest: dict[str, Any]


Progress = Callable[[int], None]


def write_files(
    *, dataset: Dataset, options: FileOptions, path: Path, progress: Progress
) -> Written:
    """Write `path`, or a file a split beside it, and `path`.manifest.json; all whole or none there.

    `progress(rows)` is told after each chunk how many rows are through, and may raise to stop.
    """
    with ExitStack() as stack:
        sinks = {
            name: (target.name, stack.enter_context(writers.replacing(target)))
            for name, target in _targets(path, options.shares).items()
        }
        written = _write(dataset, options, sinks, progress)
    writers.write_manifest(written.manifest, path.with_name(f"{path.name}.manifest.json"))
    return written


def write_stream(
    *, dataset: Dataset, options: FileOptions, sink: BinaryIO, progress: Progress
) -> Written:
    """As `write_files` into one stream that stays open; a split has no place there."""
    return _write(dataset, options, {WHOLE: ("-", sink)}, progress)


def file_name(*, dataset: Dataset, options: FileOptions) -> str:
    """A name that tells the files of an installation apart."""
    project = dataset.project.slug
    return f"{project}-{dataset.kind}-{dataset.number}-{options.file_format}.jsonl"


def _targets(path: Path, shares: Mapping[str, float]) -> dict[str, Path]:
    if not shares:
        return {WHOLE: path}
    suffixes = _SUFFIXES.search(path.name)
    assert suffixes is not None
    stem = path.name[: suffixes.start()]
    return {name: path.with_name(f"{stem}.{name}{suffixes.group()}") for name in shares}


def _write(
    dataset: Dataset,
    options: FileOptions,
    sinks: Mapping[str, tuple[str, BinaryIO]],
    progress: Progress,
) -> Written:
    outputs = {name: LineFile(sink, name=label) for name, (label, sink) in sinks.items()}
    line_options = _line_options(dataset, options)
    write_line = FORMATS[options.kind][options.file_format]
    excluded: Counter[str] = Counter(dataset.excluded)
    n_kept = n_through = 0
    for rows in _rows(dataset, options):
        for row in rows:
            split = _split(row, options)
            n_records = 1
            if isinstance(row, list):
                n_records = len(row)
                row = [replace(ranking, split=split or None) for ranking in row]
            n_through += n_records
            try:
                lines = write_line(row, line_options[split])
            except CannotWriteError as error:
                excluded[error.reason.value] += n_records
                continue
            n_kept += n_records
            for line in lines:
                outputs[split].add(line)
        progress(n_through)
    files = [output.finish() for output in outputs.values()]
    notes = sum((line.notes for line in line_options.values()), Counter[str]())
    told = options.as_json() | {"margin": next(iter(line_options.values())).margin.value}
    return Written(files, _manifest(dataset, told, files, n_kept, excluded, notes))


def _rows(
    dataset: Dataset, options: FileOptions
) -> Iterator[Sequence[DialogueRecord | PromptRecord | list[RankingRecord]]]:
    """What is written as one, chunk by chunk: a dialogue, a prompt, rankings of one group."""
    metadata = options.with_metadata
    for chunk in selectors.chunks_of(dataset):
        if chunk.rows_of == DatasetChunk.RowsOf.RANKING:
            rankings = dataset_rankings.rankings(
                chunk.row_ids,
                key=bytes(dataset.pseudonym_key),
                project=dataset.project.slug,
                metadata=metadata,
            )
            # Elsewhere each ranking stands, or is left out, by itself.
            key = _group if options.grouped else _itself
            yield [list(group) for _, group in groupby(rankings, key=key)]
        elif chunk.rows_of == DatasetChunk.RowsOf.PROMPT:
            yield selectors.prompts(chunk.row_ids, metadata=metadata)
        elif options.kind == Kind.PROMPTS:
            yield selectors.first_contexts(chunk.row_ids, metadata=metadata)
        else:
            yield selectors.dialogues(chunk.row_ids, metadata=metadata)


def _group(ranking: RankingRecord) -> Any:
    return ranking.group_id


def _itself(ranking: RankingRecord) -> Any:
    return ranking.id


def _split(row: DialogueRecord | PromptRecord | list[RankingRecord], options: FileOptions) -> str:
    if not options.shares:
        return WHOLE
    record = row[0] if isinstance(row, list) else row
    return splits.split_of(record.origin_key, salt=settings.SPLIT_SALT, shares=options.shares)


def _line_options(dataset: Dataset, options: FileOptions) -> dict[str, Options]:
    """Options of each output: a file has weights on all its answers, or on none."""
    weighted: set[str] = set()
    if options.file_format == "openai":
        weighted = {
            splits.split_of(key, salt=settings.SPLIT_SALT, shares=options.shares)
            if options.shares
            else WHOLE
            for key in selectors.origins_with_untrainable_turns(dataset)
        }
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


def _manifest(
    dataset: Dataset,
    options: Mapping[str, Any],
    files: Sequence[WrittenFile],
    n_kept: int,
    excluded: Mapping[str, int],
    notes: Mapping[str, int],
) -> dict[str, Any]:
    provenance = selectors.provenance_of(dataset)
    return writers.manifest(
        dataset={
            "project": dataset.project.slug,
            "kind": dataset.kind,
            "number": dataset.number,
            "rows": dataset.n_rows,
        },
        file_format=options["file_format"],
        options={"split": dict(options["shares"])} | {name: options[name] for name in _TOLD},
        filters=dataset.recipe,
        files=files,
        kept=n_kept,
        excluded=excluded,
        notes=notes,
        licences=provenance.licences,
        guidelines=provenance.guidelines,
        policies=provenance.policies,
        frozen_at=formats.rfc3339(dataset.created_at),
    )
