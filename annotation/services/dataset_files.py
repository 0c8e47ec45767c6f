"""Writing a frozen dataset: its lines to files that are whole or absent, with their manifest."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Self

import orjson
from django.db import transaction

from annotation.datasets import formats, writers
from annotation.datasets.formats import Options
from annotation.datasets.kept_parts import BeingWrittenError, Parts, finished, kept_parts, note_of
from annotation.datasets.pairs import Margin
from annotation.datasets.parquet import MisfitError
from annotation.datasets.writers import LineFile, WrittenFile
from annotation.exceptions import FileBeingWritten, ParquetRefused
from annotation.models import Dataset
from annotation.selectors import datasets as selectors
from annotation.services import datasets, recipes
from annotation.services.dataset_lines import line_options_of, lines_made, splitting
from annotation.services.file_options import PACKED, FileOptions
from annotation.services.framing import Through, framed_chunks, is_framed
from annotation.services.row_splits import WHOLE, Splitting
from labelhub.accounts.models import Project

_SUFFIXES = re.compile(r"(?:\.parquet|(?:\.jsonl?)?(?:\.gz|\.zst)?)$")
# What a file is called that has no name.
WHOLE_NAME = "-"
# Options that the manifest repeats; format, kind and criterion have their own place there.
TOLD = (
    "with_metadata",
    "turns",
    "pairs",
    "margin",
    "ties",
    "system",
    "thumbs",
    "aggregate",
    "min_agreement",
    "min_raters",
    "max_model_share",
    "without_drafts",
    "allow_use",
    "split_by",
    "hold_out_raters",
    "seed",
    "personal_data",
    "benchmarks",
)


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
    into = splitting(dataset=dataset, options=options)
    targets = _targets(path, into.outputs)
    try:
        with kept_parts(path, targets, identity=_identity(dataset, options)) as parts:
            tally = _write(dataset, options, into, parts.outputs, progress, parts)
            files = finished(path, targets, parts, file_format=options.file_format)
    except BeingWrittenError as error:
        raise FileBeingWritten from error
    except MisfitError as error:
        raise ParquetRefused(f"{error} Export the rows as JSON lines.") from error
    written = Written(files, _manifest(dataset, options, files, tally))
    writers.write_manifest(written.manifest, path.with_name(f"{path.name}.manifest.json"))
    return written


def begun(*, path: Path, project: Project, options: FileOptions) -> Dataset | None:
    """The frozen rows of which an attempt that was killed wrote such files to `path` in part."""
    note = note_of(path)
    if note is None:
        return None
    dataset = Dataset.objects.filter(
        pk=note["identity"]["dataset"], project=project, withdrawn_at=None
    ).first()
    if dataset is None or note["identity"] != _identity(dataset, options):
        return None
    return dataset


def _identity(dataset: Dataset, options: FileOptions) -> Any:
    """What lines must be of to be gone on with, as JSON gives it back."""
    told = {"dataset": dataset.pk, "options": options.as_json(), "orjson": orjson.__version__}
    return orjson.loads(orjson.dumps(told))


def write_stream(
    *, dataset: Dataset, options: FileOptions, sink: BinaryIO, progress: Progress
) -> Written:
    """As `write_files` into one stream that stays open; a split has no place there."""
    into = splitting(dataset=dataset, options=options)
    outputs = {WHOLE: LineFile(sink, name=WHOLE_NAME)}
    tally = _write(dataset, options, into, outputs, progress)
    files = [outputs[WHOLE].written()]
    return Written(files, _manifest(dataset, options, files, tally))


def try_out(*, project: Project, options: FileOptions, progress: Progress) -> Written:
    """What files would be made now, without making any: nothing is frozen and nothing written.

    Raises what `datasets.freeze` does.
    """
    with transaction.atomic(), Path(os.devnull).open("wb") as nowhere:
        dataset = datasets.freeze(
            project=project,
            kind=Dataset.Kind(options.kind),
            criterion=options.criterion,
            grouped=options.grouped,
            thumbs=options.thumbs,
            allow_use=options.allow_use,
        )
        into = splitting(dataset=dataset, options=options)
        outputs = {name: LineFile(nowhere, name=name or WHOLE_NAME) for name in into.outputs}
        tally = _write(dataset, options, into, outputs, progress)
        files = [output.written() for output in outputs.values()]
        manifest = _manifest(dataset, options, files, tally)
        transaction.set_rollback(True)
    return Written(files, manifest)


@dataclass(frozen=True)
class Preview:
    """What an export would hold: how many rows may leave, how many may not and why, the first lines."""

    n_rows: int
    excluded: dict[str, int]
    lines: list[str]


def preview(*, project: Project, options: FileOptions, n_lines: int) -> Preview:
    """The first lines of the files that would be made now, of a first chunk of rows; nothing is kept.

    Rows that the format leaves out count as rows: only writing all of them tells. Raises what
    `datasets.freeze` does, and BenchmarkUnknown.
    """
    recipes.require_benchmarks(project=project, ids=options.benchmarks)
    kind = Dataset.Kind(options.kind)
    counted = datasets.count(
        project=project,
        kind=kind,
        criterion=options.criterion,
        grouped=options.grouped,
        thumbs=options.thumbs,
        allow_use=options.allow_use,
    )
    with transaction.atomic():
        dataset = datasets.freeze_first(project=project, kind=kind, counted=counted)
        into = splitting(dataset=dataset, options=options)
        line_options = line_options_of(dataset=dataset, options=options, into=into)
        chunks = lines_made(dataset=dataset, options=options, line_options=line_options, into=into)
        lines = (line for chunk in chunks for made in chunk for line in made.lines)
        first = [orjson.dumps(line).decode() for line in islice(lines, n_lines)]
        # Ends the reading ahead, which uses this transaction.
        chunks.close()
        transaction.set_rollback(True)
    return Preview(counted.n_rows, counted.excluded, first)


def file_name(*, dataset: Dataset, options: FileOptions) -> str:
    """A name that tells the files of an installation apart."""
    project = dataset.project.slug
    stem = f"{project}-{dataset.kind}-{dataset.number}-{options.file_format}"
    return f"{stem}{PACKED[options.pack]}"


def _targets(path: Path, outputs: Sequence[str]) -> dict[str, Path]:
    suffixes = _SUFFIXES.search(path.name)
    assert suffixes is not None
    stem = path.name[: suffixes.start()]
    return {
        name: path if name == WHOLE else path.with_name(f"{stem}.{name}{suffixes.group()}")
        for name in outputs
    }


@dataclass
class _Tally:
    """What has become of the rows of the first chunks."""

    n_chunks: int = 0
    n_kept: int = 0
    n_through: int = 0
    excluded: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    margin: str = Margin.NONE.value

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Self:
        counts = {name: Counter(kept[name]) for name in ("excluded", "notes")}
        return cls(**{**kept, **counts})

    def as_json(self) -> dict[str, Any]:
        # Not by `asdict`, which before Python 3.12 counts the entries of a Counter anew.
        return vars(self) | {"excluded": dict(self.excluded), "notes": dict(self.notes)}


def _write(
    dataset: Dataset,
    options: FileOptions,
    into: Splitting,
    outputs: Mapping[str, LineFile],
    progress: Progress,
    parts: Parts | None = None,
) -> _Tally:
    line_options = line_options_of(dataset=dataset, options=options, into=into)
    tally = _Tally(
        excluded=Counter(dataset.excluded), margin=next(iter(line_options.values())).margin.value
    )
    if parts is not None and parts.progress is not None:
        tally = _Tally.of(parts.progress)
    before = tally.notes
    chunks = (
        framed_chunks(
            dataset=dataset, options=options, output=outputs[WHOLE], n_before=tally.n_chunks
        )
        if is_framed(dataset=dataset, options=options, into=into)
        else _made(dataset, options, line_options, into, outputs, tally.n_chunks)
    )
    for n_chunks, kept, left_out in chunks:
        tally.n_chunks += n_chunks
        tally.n_kept += kept
        tally.n_through += kept + left_out.total()
        tally.excluded += left_out
        tally.notes = before + sum((line.notes for line in line_options.values()), Counter[str]())
        if parts is not None:
            parts.keep(tally.as_json())
        progress(tally.n_through)
    return tally


def _made(
    dataset: Dataset,
    options: FileOptions,
    line_options: Mapping[str, Options],
    into: Splitting,
    outputs: Mapping[str, LineFile],
    n_before: int,
) -> Iterator[Through]:
    """Write the lines of each chunk but the first."""
    for chunk in lines_made(
        dataset=dataset, options=options, line_options=line_options, into=into, n_before=n_before
    ):
        n_kept, left_out = 0, Counter[str]()
        for made in chunk:
            if made.left_out is not None:
                left_out[made.left_out.value] += len(made.row_ids)
                continue
            n_kept += len(made.row_ids)
            for line in made.lines:
                outputs[made.split].add(line)
        yield Through(1, n_kept, left_out)


def _manifest(
    dataset: Dataset, options: FileOptions, files: Sequence[WrittenFile], tally: _Tally
) -> dict[str, Any]:
    told = options.as_json() | {"margin": tally.margin}
    provenance = selectors.provenance_of(dataset)
    return writers.manifest(
        dataset={
            "project": dataset.project.slug,
            "kind": dataset.kind,
            "number": dataset.number,
            "rows": dataset.n_rows,
        },
        file_format=options.file_format,
        options={"split": dict(options.shares)} | {name: told[name] for name in TOLD},
        filters=dataset.recipe,
        files=files,
        kept=tally.n_kept,
        excluded=tally.excluded,
        notes=tally.notes,
        licences=provenance.licences,
        without_licence=provenance.without_licence,
        guidelines=provenance.guidelines,
        policies=provenance.policies,
        frozen_at=formats.rfc3339(dataset.created_at),
    )
