"""Lines into a file, as an export writes them."""

from collections.abc import Iterable
from pathlib import Path

from annotation.datasets.formats import Line
from annotation.datasets.kept_parts import finished, kept_parts
from annotation.datasets.writers import WrittenFile


def write_lines(lines: Iterable[Line], path: Path, file_format: str = "messages") -> WrittenFile:
    targets = {"": path}
    with kept_parts(path, targets, identity="lines") as parts:
        for line in lines:
            parts.outputs[""].add(line)
        (written,) = finished(path, targets, parts, file_format=file_format)
    return written
