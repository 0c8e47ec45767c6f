"""Lines into a file, as an export writes them."""

from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from annotation.datasets.formats import Line
from annotation.datasets.writers import LineFile, Progress, WrittenFile, replacing


def write_lines(
    lines: Iterable[Line], path: Path, *, progress: Progress | None = None
) -> WrittenFile:
    with replacing(path) as sink:
        return write_into(sink, lines, name=path.name, progress=progress)


def write_into(
    sink: BinaryIO, lines: Iterable[Line], *, name: str, progress: Progress | None = None
) -> WrittenFile:
    file = LineFile(sink, name=name, progress=progress)
    for line in lines:
        file.add(line)
    return file.finish()
