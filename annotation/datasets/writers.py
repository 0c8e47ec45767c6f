"""Lines → a file of JSON lines that is whole or absent, and what its manifest says of it."""

import gzip
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias, cast
from uuid import uuid4

import orjson
import zstandard

from annotation.datasets.formats import Line

MANIFEST_SCHEMA = "labelhub.export/1"

_BUFFER_BYTES = 2**20
_GZIP_LEVEL = 6
_LIBRARIES = ("orjson", "zstandard")

Progress: TypeAlias = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A finished file: its rows, and size and hash as it lies on disk."""

    name: str
    rows: int
    bytes: int
    sha256: str


class LineFile:
    """JSON lines into a binary stream, which stays open; compressed as `name` tells.

    Equal lines give equal bytes: what is compressed carries no file name and no time.
    """

    def __init__(self, sink: BinaryIO, *, name: str, progress: Progress | None = None) -> None:
        """`progress(rows, bytes)` is called about once a MiB."""
        self._name = name
        self._progress = progress
        self._sink = sink
        self._hashed = _HashedSink(sink)
        self._out = _compressed(self._hashed, name)
        self._buffer = bytearray()
        self._n_rows = 0

    def add(self, line: Line) -> None:
        self.add_written(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))

    def add_written(self, line: bytes) -> None:
        """A line as `add` would write it, with its end."""
        self._buffer += line
        self._n_rows += 1
        if len(self._buffer) >= _BUFFER_BYTES:
            self._flush()

    def finish(self) -> WrittenFile:
        """Write what is left; nothing can be added after."""
        self._flush()
        if self._out is not self._hashed:
            self._out.close()
        self._sink.flush()
        hashed = self._hashed
        return WrittenFile(self._name, self._n_rows, hashed.n_bytes, hashed.digest.hexdigest())

    def _flush(self) -> None:
        self._out.write(bytes(self._buffer))
        self._buffer.clear()
        if self._progress is not None:
            self._progress(self._n_rows, self._hashed.n_bytes)


def write_manifest(contents: Mapping[str, Any], path: Path) -> None:
    """The manifest as indented JSON under this name, whole or not at all."""
    with replacing(path) as sink:
        sink.write(orjson.dumps(contents, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def manifest(
    *,
    dataset: Mapping[str, Any],
    file_format: str,
    options: Mapping[str, Any],
    filters: Mapping[str, Any],
    files: Sequence[WrittenFile],
    kept: int,
    excluded: Mapping[str, int],
    notes: Mapping[str, int],
    licences: Sequence[str],
    guidelines: Sequence[int],
    policies: Sequence[str],
    frozen_at: str,
) -> dict[str, Any]:
    """What a set of exported files is, for a `.manifest.json` beside them (DESIGN.md §8).

    `dataset` names the frozen rows (project, kind, number). `kept` counts records, not lines; `excluded` counts records by reason, `notes` lines
    that something had to be done with. It names no moment but
    that of the freeze, so that the same frozen rows give the same manifest.
    """
    return {
        "schema": MANIFEST_SCHEMA,
        "dataset": dict(dataset),
        "format": file_format,
        "options": dict(options),
        "filters": dict(filters),
        "frozen_at": frozen_at,
        "files": [asdict(file) for file in files],
        "kept": kept,
        "excluded": dict(sorted(excluded.items())),
        "notes": dict(sorted(notes.items())),
        "licences": sorted(set(licences)),
        "guidelines": sorted(set(guidelines)),
        "policies": sorted(set(policies)),
        "libraries": {library: version(library) for library in _LIBRARIES},
    }


class _HashedSink:
    """Passes bytes on and keeps their count and hash."""

    def __init__(self, sink: BinaryIO) -> None:
        self.n_bytes = 0
        self.digest = sha256()
        self._sink = sink

    def write(self, chunk: bytes) -> int:
        self.n_bytes += len(chunk)
        self.digest.update(chunk)
        return self._sink.write(chunk)


def _compressed(sink: _HashedSink, name: str) -> Any:
    if name.endswith(".gz"):
        return gzip.GzipFile("", "wb", _GZIP_LEVEL, fileobj=cast(BinaryIO, sink), mtime=0)
    if name.endswith(".zst"):
        return zstandard.ZstdCompressor().stream_writer(cast(BinaryIO, sink), closefd=False)
    return sink


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A new file beside `path` that takes its name when the block ends, and goes when it fails.

    An earlier file of the name stays until the new one is whole and on disk.
    """
    partial = path.with_name(f".{path.name}.{uuid4().hex}.partial")
    try:
        with partial.open("xb") as sink:
            yield sink
            os.fsync(sink.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
