"""Lines → a file of JSON lines that is whole or absent, and what its manifest says of it."""

import gzip
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import file_digest, sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast
from uuid import uuid4

import orjson
import zstandard

from annotation.datasets.formats import Line
from annotation.datasets.parquet import is_parquet, write_parquet

MANIFEST_SCHEMA = "labelhub.export/1"

_BUFFER_BYTES = 2**20
_GZIP_LEVEL = 6
_LIBRARIES = ("orjson", "zstandard")
# Hashing and writing hold no lock that the next lines would need.
_PUTTING = ThreadPoolExecutor(1, thread_name_prefix="putting lines")


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A finished file: its rows, and size and hash as it lies on disk."""

    name: str
    rows: int
    bytes: int
    sha256: str


class Kept(NamedTuple):
    """Lines that are in a file already: how many, their bytes, and the hash that goes on from them."""

    n_rows: int
    n_bytes: int
    digest: Any


class LineFile:
    """JSON lines into a binary stream, which stays open; what is in it already may be gone on from.

    A thread hashes and writes what was added while the next lines are made. The stream is the caller's
    again after `written`.
    """

    def __init__(
        self,
        sink: BinaryIO,
        *,
        name: str,
        begun: Kept | None = None,
    ) -> None:
        """The sink stands behind what was `begun`."""
        self._name = name
        self._sink = sink
        self._buffer = bytearray()
        begun = begun or Kept(0, 0, sha256())
        self._n_rows, self.n_bytes, self._digest = begun.n_rows, begun.n_bytes, begun.digest
        self._being_put: Future[None] | None = None

    def add(self, line: Line) -> None:
        self.add_written(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))

    def add_written(self, line: bytes) -> None:
        """A line as `add` would write it, with its end."""
        self._buffer += line
        self._n_rows += 1
        if len(self._buffer) >= _BUFFER_BYTES:
            self.flush()

    def flush(self) -> None:
        """Hand over what was added. Raises OSError where what was handed over before did not fit."""
        self._settle()
        self.n_bytes += len(self._buffer)
        self._being_put = _PUTTING.submit(self._put, self._buffer)
        self._buffer = bytearray()

    def _put(self, lines: bytearray) -> None:
        self._sink.write(lines)
        self._digest.update(lines)

    def _settle(self) -> None:
        if self._being_put is not None:
            self._being_put.result()

    def written(self) -> WrittenFile:
        """What was added so far, all of it in the stream. Raises OSError where it did not fit."""
        self.flush()
        self._settle()
        self._sink.flush()
        return WrittenFile(self._name, self._n_rows, self.n_bytes, self._digest.hexdigest())


def packed(lines: Path, target: Path, *, name: str, rows: int, file_format: str) -> WrittenFile:
    """The lines as `target`, packed as the `name` tells that it is going to have; whole or not at all.

    Equal lines give equal bytes: what is packed carries no file name and no time. Raises
    parquet.MisfitError.
    """
    if is_parquet(Path(name)):
        return _as_parquet(lines, target, name=name, rows=rows, file_format=file_format)
    with lines.open("rb") as source, replacing(target) as sink:
        hashed = _HashedSink(sink)
        out = _compressed(hashed, name)
        shutil.copyfileobj(source, out, _BUFFER_BYTES)
        out.close()
    return WrittenFile(name, rows, hashed.n_bytes, hashed.digest.hexdigest())


def _as_parquet(
    lines: Path, target: Path, *, name: str, rows: int, file_format: str
) -> WrittenFile:
    with lines.open("rb") as source, replacing(target) as sink:
        write_parquet(source, sink, file_format=file_format)
    with target.open("rb") as stream:
        digest = file_digest(stream, "sha256").hexdigest()
    return WrittenFile(name, rows, target.stat().st_size, digest)


def is_packed(name: str) -> bool:
    return name.endswith((".gz", ".zst", ".parquet"))


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
    without_licence: int,
    guidelines: Sequence[int],
    policies: Sequence[str],
    frozen_at: str,
) -> dict[str, Any]:
    """What a set of exported files is, for a `.manifest.json` beside them (DESIGN.md §8).

    `dataset` names the frozen rows (project, kind, number). `kept` counts records, not lines; `excluded` counts records by reason, `notes` lines
    that something had to be done with. It names no moment but
    that of the freeze, so that the same frozen rows give the same manifest.
    """
    is_columns = any(is_parquet(Path(file.name)) for file in files)
    libraries = (*_LIBRARIES, "pyarrow") if is_columns else _LIBRARIES
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
        "without_licence": without_licence,
        "guidelines": sorted(set(guidelines)),
        "policies": sorted(set(policies)),
        "libraries": {library: version(library) for library in libraries},
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
    return zstandard.ZstdCompressor().stream_writer(cast(BinaryIO, sink), closefd=False)


def replace(whole: Path, path: Path) -> None:
    """Give a finished file its name, once it is on disk."""
    with whole.open("rb") as stream:
        os.fsync(stream.fileno())
    whole.replace(path)


@contextmanager
def replacing(path: Path, *, synced: bool = True) -> Iterator[BinaryIO]:
    """A new file beside `path` that takes its name when the block ends, and goes when it fails.

    An earlier file of the name stays until the new one is whole and, where it is `synced`, on disk.
    """
    partial = path.with_name(f".{path.name}.{uuid4().hex}.partial")
    try:
        with partial.open("xb") as sink:
            yield sink
            if synced:
                sink.flush()
                os.fsync(sink.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
