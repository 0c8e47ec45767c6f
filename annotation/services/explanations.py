"""From a line of an exported file back to the rows that it was made of (DATA.md §6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from annotation.datasets import sources
from annotation.datasets.formats import Line
from annotation.datasets.parquet import is_parquet
from annotation.datasets.records import Reject
from annotation.exceptions import LineUnknown
from annotation.models import Dataset, DatasetChunk
from annotation.selectors import row_origins
from annotation.services.dataset_files import TOLD
from annotation.services.dataset_lines import (
    line_options_of,
    lines_made,
    splitting,
)
from annotation.services.file_options import FileOptions

MANIFEST_SUFFIX = ".manifest.json"


@dataclass(frozen=True)
class Explanation:
    """What a line was made of: the frozen rows, and what the database knows of each today."""

    dataset: Dataset
    filters: Mapping[str, Any]
    rows_of: str
    rows: list[dict[str, Any]]


def explain_line(*, path: Path, number: int) -> Explanation:
    """The rows behind one line, counted from 1, of a file that lies beside its manifest.

    The line is made again from the frozen rows and must be equal. Raises LineUnknown where there is
    no manifest, no such dataset or no such line, or where the line is another one now.
    """
    manifest, place = _manifest(path)
    dataset = _dataset(manifest["dataset"])
    told = manifest["options"]
    options = FileOptions(
        kind=dataset.kind,
        file_format=manifest["format"],
        shares=told["split"],
        criterion=manifest["filters"].get("criterion", ""),
        **{name: told[name] for name in TOLD if name in told},
    )
    into = splitting(dataset=dataset, options=options)
    # Files stand in the order of the outputs.
    split = into.outputs[place]
    line = _line(path, number)
    n_before = 0
    for chunk in lines_made(
        dataset=dataset,
        options=options,
        line_options=line_options_of(dataset=dataset, options=options, into=into),
        into=into,
    ):
        for made in chunk:
            if made.split != split:
                continue
            if n_before + len(made.lines) >= number:
                _require_equal(made.lines[number - n_before - 1], line)
                return Explanation(
                    dataset,
                    manifest["filters"],
                    made.rows_of,
                    _origins(made.rows_of, made.row_ids),
                )
            n_before += len(made.lines)
    raise LineUnknown(f"The dataset gives {n_before:,} lines; there is no line {number:,}.")


def _manifest(path: Path) -> tuple[dict[str, Any], int]:
    """The manifest beside the file, and the file's place among those that it names."""
    for beside in path.parent.glob(f"*{MANIFEST_SUFFIX}"):
        manifest = orjson.loads(beside.read_bytes())
        names = [file["name"] for file in manifest["files"]]
        if path.name in names:
            return manifest, names.index(path.name)
    raise LineUnknown(
        f"No manifest beside {path.name} names it; it is written next to every exported file."
    )


def _dataset(named: Mapping[str, Any]) -> Dataset:
    dataset = (
        Dataset.objects.select_related("project")
        .filter(project__slug=named["project"], kind=named["kind"], number=named["number"])
        .first()
    )
    if dataset is None:
        raise LineUnknown(
            f"There is no dataset {named['kind']} {named['number']} of the project "
            f"“{named['project']}” in this installation."
        )
    return dataset


def _line(path: Path, number: int) -> bytes:
    if is_parquet(path):
        raise LineUnknown("Only lines can be explained; export the same rows as JSON lines.")
    with path.open("rb") as stream:
        row = next(islice(sources.rows(stream), number - 1, None), None)
    if row is None or isinstance(row, Reject):
        raise LineUnknown(f"{path.name} has no line {number:,}.")
    return row.raw


def _require_equal(made: Line, line: bytes) -> None:
    if orjson.dumps(made) != line:
        raise LineUnknown(
            "The line is not what the frozen rows give: the file was changed, or a row was erased."
        )


def _origins(rows_of: str, ids: list[int]) -> list[dict[str, Any]]:
    read = {
        DatasetChunk.RowsOf.RANKING.value: row_origins.of_rankings,
        DatasetChunk.RowsOf.CONVERSATION.value: row_origins.of_conversations,
        DatasetChunk.RowsOf.PROMPT.value: row_origins.of_prompts,
        DatasetChunk.RowsOf.FEEDBACK.value: row_origins.of_feedback,
    }
    return read[rows_of](ids)
