"""Parquet files: the same rows as the lines, with the types of their format, the same bytes each time."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from hashlib import file_digest
from pathlib import Path
from typing import Any

import orjson
import pyarrow
import pytest
from pyarrow import parquet

from annotation.datasets import comparison_formats, formats
from annotation.datasets.formats import Options
from annotation.datasets.parquet import ROW_GROUP_BYTES, MisfitError, shape_of
from annotation.datasets.records import (
    CandidateRecord,
    DialogueRecord,
    MessageRecord,
    PickRecord,
    PromptRecord,
    RankingRecord,
    StrengthRecord,
)
from tests.datasets.strategies import PLANES
from tests.datasets.written import write_lines

TEXTS = [*PLANES, "  spaces \r\n", "\u2028\u0085\x0b", '"\\', "2026-01-02", "", "x" * 100_000]
MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
FORMATS = [
    *formats.SFT_FORMATS,
    *formats.PROMPT_FORMATS,
    *comparison_formats.COMPARISON_FORMATS,
]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")

    def load(path: Path) -> Any:
        kind = "parquet" if path.suffix == ".parquet" else "json"
        cache = str(tmp_path / "cache")
        return datasets.load_dataset(kind, data_files=str(path), split="train", cache_dir=cache)

    return load


def lines_of(file_format: str, options: Options | None = None) -> list[Any]:
    options = options or Options(weighted=True)
    lines: list[Any] = []
    for number, text in enumerate(TEXTS):
        asked = MessageRecord("user", f"{number}{text}")
        answered = MessageRecord("assistant", f"{text}!", trainable=True)
        if file_format in formats.PROMPT_FORMATS:
            prompt = PromptRecord((asked,), 1, "text:0", metadata={"source": text})
            lines += formats.PROMPT_FORMATS[file_format](prompt, options)
        elif file_format in formats.SFT_FORMATS:
            turns = (MessageRecord("system", text), asked, answered, asked, answered)
            dialogue = DialogueRecord(turns, 1, "text:0", metadata={"imported": {text: [1, None]}})
            lines += formats.SFT_FORMATS[file_format](dialogue, options)
        else:
            lines += comparison_formats.COMPARISON_FORMATS[file_format](
                [ranking(number, asked, text)], options
            )
    return lines


def without_nulls(turn: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in turn.items() if value is not None}


def ranking(number: int, asked: MessageRecord, text: str) -> RankingRecord:
    return RankingRecord(
        row=1,
        prompt=(asked,),
        candidates=tuple(
            CandidateRecord(
                rank,
                f"{text}{rank}",
                min(rank, 3),
                "fresh",
                rating=6 - rank,
                flags=("harmful",) if rank > 1 else (),
                policy="p",
                params={"temperature": 0.5, "stop": ["a"]},
                seed=2**62,
                finish_reason="stop",
            )
            for rank in range(1, 5)
        ),
        origin_key="text:0",
        id=number,
        group_id=number,
        pick=PickRecord("uniform", 7, MOMENT),
        acceptable_tier=1,
        strength=StrengthRecord(1, "-3..3"),
        shown_order=(3, 1, 2, 4),
        active_seconds=1.5,
        created_at=MOMENT,
    )


@pytest.mark.parametrize("file_format", FORMATS)
def test_datasets_reads_the_rows_that_it_reads_from_lines(
    load: Any, tmp_path: Path, file_format: str
) -> None:
    lines = lines_of(file_format)
    write_lines(lines, tmp_path / "x.jsonl")
    write_lines(lines, tmp_path / "x.parquet", file_format)
    rows = load(tmp_path / "x.parquet")
    assert rows.column_names == list(lines[0])
    rows = rows.to_list()
    if file_format == "openai":
        # In a column a member that one turn has is null in the others.
        rows = [{"messages": [without_nulls(turn) for turn in row["messages"]]} for row in rows]
    expected = load(tmp_path / "x.jsonl").to_list()
    if file_format == "ranking":
        for row, line, as_read in zip(rows, lines, expected, strict=True):
            assert row["created_at"] == row["pick"]["as_of"] == MOMENT
            as_read["created_at"] = as_read["pick"]["as_of"] = MOMENT
            for candidate, said, read in zip(
                row["candidates"], line["candidates"], as_read["candidates"], strict=True
            ):
                assert orjson.loads(candidate["params"]) == said["params"]
                read["params"] = candidate["params"]
    assert rows == expected


@pytest.mark.parametrize("file_format", FORMATS)
def test_types_are_the_formats(tmp_path: Path, file_format: str) -> None:
    lines = lines_of(file_format, Options(weighted=True, metadata=True))
    path = tmp_path / "x.parquet"
    write_lines(lines, path, file_format)
    schema = parquet.read_schema(path)
    turns = pyarrow.list_(
        pyarrow.struct({"role": pyarrow.string(), "content": pyarrow.string()}.items())
    )
    for name in ("prompt", "completion", "preferred_output"):
        if name in schema.names and file_format != "nectar":
            assert schema.field(name).type == turns
    # What differs from line to line is JSON text.
    assert schema.field("metadata").type == pyarrow.string()
    told = [orjson.loads(text) for text in parquet.read_table(path)["metadata"].to_pylist()]
    assert told == [line["metadata"] for line in lines]


def test_a_file_without_rows_has_the_columns_of_its_format(load: Any, tmp_path: Path) -> None:
    written = write_lines([], tmp_path / "x.parquet", "alpaca")
    assert written.rows == 0
    assert parquet.read_schema(tmp_path / "x.parquet").names == list(shape_of("alpaca"))


def test_what_some_lines_lack_is_null_in_them_and_what_all_lack_is_no_column(
    tmp_path: Path,
) -> None:
    path = tmp_path / "x.parquet"
    plain = {"instruction": "a", "input": "", "output": "b"}
    write_lines([plain, plain | {"system": "s"}], path, "alpaca")
    table = parquet.read_table(path)
    assert table.column_names == ["instruction", "input", "output", "system"]
    assert table["system"].to_pylist() == [None, "s"]


def test_equal_lines_give_equal_bytes_in_row_groups(tmp_path: Path) -> None:
    text = "räksmörgås " * 1000
    lines = [{"messages": [{"role": "user", "content": f"{n}{text}"}]} for n in range(1500)]
    written = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        path = tmp_path / name / "x.parquet"
        written.append(write_lines(iter(lines), path, "messages"))
        with path.open("rb") as stream:
            assert written[-1].sha256 == file_digest(stream, "sha256").hexdigest()
        assert [left.name for left in path.parent.iterdir()] == [path.name]
    assert written[0] == written[1]
    described = parquet.ParquetFile(path)
    assert described.read()["messages"].to_pylist() == [line["messages"] for line in lines]
    # So that what is in memory at once does not grow with the file.
    groups = [described.metadata.row_group(n) for n in range(described.num_row_groups)]
    assert len(groups) > 3
    assert max(group.total_byte_size for group in groups) < 2 * ROW_GROUP_BYTES


@pytest.mark.parametrize(
    ("line", "member"),
    [
        ({"messages": [], "extra": 1}, "extra"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages.content"),
        ({"messages": [{"role": "user", "name": "a"}]}, "messages.name"),
        ({"messages": {"role": "user"}}, "messages"),
        ({"messages": None}, "messages"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_line(tmp_path: Path, line: Any, member: str) -> None:
    good = {"messages": [{"role": "user", "content": "Hi?"}]}
    with pytest.raises(MisfitError, match=f"Line 3 does not fit.*“{member}”"):
        write_lines([good, good, line], tmp_path / "x.parquet", "messages")
    assert not (tmp_path / "x.parquet").exists()


def test_a_number_beyond_64_bits_is_refused(tmp_path: Path) -> None:
    line = lines_of("ranking")[0] | {"id": 2**63}
    with pytest.raises(MisfitError, match="“id”"):
        write_lines([line], tmp_path / "x.parquet", "ranking")


def test_pyarrow_is_loaded_by_whoever_writes_parquet_alone() -> None:
    code = "import sys, annotation.datasets.writers; sys.exit('pyarrow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
