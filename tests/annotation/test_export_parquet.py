"""Exports as Parquet: by the command, a file a split, gone on with after a death, refused by the line."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from pyarrow import parquet

from annotation.datasets import formats, kept_parts
from annotation.datasets.formats import Line, Options
from annotation.datasets.records import DialogueRecord
from annotation.exceptions import LineUnknown, ParquetRefused
from annotation.models import Dataset
from annotation.services import dataset_files, datasets
from annotation.services.explanations import explain_line
from annotation.services.file_options import FileOptions
from labelhub.accounts.models import Project
from tests.factories import ProjectFactory
from tests.importing import dialogue, lines_of, take_in, unlike, write_out

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    project = ProjectFactory()
    take_in(project, *(dialogue(unlike(n), f"Answer {n}.") for n in range(20)))
    return project


def test_the_command_writes_the_rows_of_the_lines(project: Project, tmp_path: Path) -> None:
    command = ["export_jsonl", "sft", "--project", project.slug, "--with-metadata", "--out"]
    call_command(*command, str(tmp_path / "x.jsonl"))
    call_command(*command, str(tmp_path / "x.parquet"))
    rows = parquet.read_table(tmp_path / "x.parquet").to_pylist()
    assert [row["messages"] for row in rows] == [
        line["messages"] for line in lines_of(tmp_path / "x.jsonl")
    ]


def test_a_split_is_a_file_each_and_the_manifest_names_the_library(
    project: Project, tmp_path: Path
) -> None:
    path = tmp_path / "x.parquet"
    manifest = write_out(project, "sft", "messages", path, split="train=0.5,test=0.5").manifest
    assert [file["name"] for file in manifest["files"]] == ["x.test.parquet", "x.train.parquet"]
    assert "pyarrow" in manifest["libraries"]
    n_rows = [parquet.read_table(tmp_path / file["name"]).num_rows for file in manifest["files"]]
    assert n_rows == [file["rows"] for file in manifest["files"]]
    assert sum(n_rows) == 20


def test_what_was_cut_off_ends_with_the_same_bytes(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_parts, "KEEP_BYTES", 1)
    monkeypatch.setattr(datasets, "CHUNK_ROWS", 5)
    dataset = datasets.freeze(project=project, kind=Dataset.Kind.SFT)
    options = FileOptions.checked(kind="sft", file_format="messages")

    def write(name: str, stop_after: int) -> Path:
        def progress(n_through: int) -> None:
            if n_through >= stop_after:
                raise InterruptedError

        path = tmp_path / name / "x.parquet"
        path.parent.mkdir(exist_ok=True)
        dataset_files.write_files(dataset=dataset, options=options, path=path, progress=progress)
        return path

    with pytest.raises(InterruptedError):
        write("cut", 10)
    assert not (tmp_path / "cut" / "x.parquet").exists()
    assert write("cut", 1000).read_bytes() == write("whole", 1000).read_bytes()


def test_a_line_that_does_not_fit_is_refused_by_its_number(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def with_more(dialogue: DialogueRecord, options: Options) -> list[Line]:
        (line,) = formats.messages_lines(dialogue, options)
        return [line | {"more": 1} if dialogue.row == 3 else line]

    # With metadata, lines are written here; without, PostgreSQL writes them.
    monkeypatch.setitem(cast(Any, formats.SFT_FORMATS), "messages", with_more)
    earlier = tmp_path / "x.test.parquet"
    earlier.write_bytes(b"from before")
    with pytest.raises(ParquetRefused, match=r"Line \d+ .*“more”"):
        # One of the two files fits.
        write_out(
            project,
            "sft",
            "messages",
            tmp_path / "x.parquet",
            split="test=0.5,train=0.5",
            with_metadata=True,
        )
    assert earlier.read_bytes() == b"from before"
    assert list(tmp_path.iterdir()) == [earlier]
    earlier.unlink()
    with pytest.raises(ParquetRefused, match=r"Line 3 .*“more”.*as JSON lines"):
        write_out(project, "sft", "messages", tmp_path / "x.parquet", with_metadata=True)
    out = str(tmp_path / "y.parquet")
    with pytest.raises(CommandError, match="Line 3 "):
        call_command(
            "export_jsonl", "sft", "--project", project.slug, "--out", out, "--with-metadata"
        )
    assert list(tmp_path.iterdir()) == []


def test_only_lines_are_explained(project: Project, tmp_path: Path) -> None:
    write_out(project, "sft", "messages", tmp_path / "x.parquet")
    with pytest.raises(LineUnknown, match="as JSON lines"):
        explain_line(path=tmp_path / "x.parquet", number=1)
