"""Lines → a file of JSON lines that is whole or absent, and what its manifest says of it."""

import gzip
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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


def write_file(
    lines: Iterable[Line], path: Path, *, progress: Progress | None = None
) -> WrittenFile:
    """Write the lines under this name, all of them or nothing.

    `.gz` and `.zst` names are compressed. `progress(rows, bytes)` is called about once a MiB. An
    earlier file of the name stays until the new one is whole and on disk.
    """
    with _replacing(path) as sink:
        return write_stream(lines, sink, name=path.name, progress=progress)


def write_stream(
    lines: Iterable[Line],
    sink: BinaryIO,
    *,
    name: str,
    progress: Progress | None = None,
) -> WrittenFile:
    """As `write_file`, into a binary stream that stays open; `name` tells the compression.

    Equal lines give equal bytes: what is compressed carries no file name and no time.
    """
    hashed = _HashedSink(sink)
    out = _compressed(hashed, name)
    buffer = bytearray()
    n_rows = 0

    def flush() -> None:
        out.write(bytes(buffer))
        buffer.clear()
        if progress is not None:
            progress(n_rows, hashed.n_bytes)

    for line in lines:
        buffer += orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)
        n_rows += 1
        if len(buffer) >= _BUFFER_BYTES:
            flush()
    flush()
    if out is not hashed:
        out.close()
    sink.flush()
    return WrittenFile(name, n_rows, hashed.n_bytes, hashed.digest.hexdigest())


def manifest(
    *,
    kind: str,
    file_format: str,
    options: Mapping[str, Any],
    filters: Mapping[str, Any],
    files: Sequence[WrittenFile],
    kept: int,
    excluded: Mapping[str, int],
    licences: Sequence[str],
    guidelines: Sequence[int],
    policies: Sequence[str],
    frozen_at: str,
) -> dict[str, Any]:
    """What a set of exported files is, for a `.manifest.json` beside them (DESIGN.md §8).

    `kept` counts records, not lines; `excluded` counts records by reason. It names no moment but
    that of the freeze, so that the same frozen rows give the same manifest.
    """
    return {
        "schema": MANIFEST_SCHEMA,
        "kind": kind,
        "format": file_format,
        "options": dict(options),
        "filters": dict(filters),
        "frozen_at": frozen_at,
        "files": [asdict(file) for file in files],
        "kept": kept,
        "excluded": dict(sorted(excluded.items())),
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
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """A new file beside `path` that takes its name when the block ends, and goes when it fails."""
    partial = path.with_name(f".{path.name}.{uuid4().hex}.partial")
    try:
        with partial.open("xb") as sink:
            yield sink
            os.fsync(sink.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
