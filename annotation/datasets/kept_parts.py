"""Files of lines that are being written: hidden until they are whole, gone on with after a death.

Beside `PATH` lie `.NAME.partial`, the lines of each file as yet, and `.PATH.kept.json`, which says how
far they are to be believed. What was written past that, or by another hand, is written again.
"""

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from glob import escape
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from annotation.datasets import writers
from annotation.datasets.parquet import MisfitError
from annotation.datasets.writers import Kept, LineFile, WrittenFile

# So much is written anew at the most.
KEEP_BYTES = 2**22
_BLOCK_BYTES = 2**20


class BeingWrittenError(Exception):
    """Another process is writing the same file."""


def note_path(path: Path) -> Path:
    """Where it is noted how far the files named after `path` have come."""
    return path.with_name(f".{path.name}.kept.json")


def note_of(path: Path) -> dict[str, Any] | None:
    """What was noted; None where nothing was, or nothing that can be read."""
    try:
        note = orjson.loads(note_path(path).read_bytes())
    except (FileNotFoundError, orjson.JSONDecodeError):
        return None
    return note if isinstance(note, dict) else None


class Parts:
    """Line files by output, and `progress`, what the writer noted when they were last kept."""

    def __init__(
        self, path: Path, outputs: Mapping[str, LineFile], identity: Any, progress: Any
    ) -> None:
        self.outputs = outputs
        self.progress = progress
        self._path = path
        self._identity = identity
        self._kept_bytes = self._n_bytes()

    def keep(self, progress: Any) -> None:
        """What has been written is worth keeping, where it is enough; `progress` is JSON."""
        if self._n_bytes() - self._kept_bytes < KEEP_BYTES:
            return
        kept = {name: output.written() for name, output in self.outputs.items()}
        self._kept_bytes = self._n_bytes()
        note = {
            "identity": self._identity,
            "progress": progress,
            "files": {name: [one.rows, one.bytes, one.sha256] for name, one in kept.items()},
        }
        with writers.replacing(note_path(self._path), synced=False) as sink:
            sink.write(orjson.dumps(note))

    def _n_bytes(self) -> int:
        return sum(output.n_bytes for output in self.outputs.values())


@contextmanager
def kept_parts(path: Path, targets: Mapping[str, Path], *, identity: Any) -> Iterator[Parts]:
    """The parts of the files `targets`, of an earlier attempt of the same `identity` where it left any.

    They stay where the block fails; `finished` ends them. Raises BeingWrittenError.
    """
    note = note_of(path)
    if note is not None and note["identity"] != identity:
        note = None
    with ExitStack() as stack:
        sinks = {
            name: stack.enter_context(partial_path(target).open("a+b"))
            for name, target in targets.items()
        }
        for sink in sinks.values():
            try:
                fcntl.flock(sink, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise BeingWrittenError from error
        # A death while something was noted leaves what nobody else knows the name of.
        for stray in path.parent.glob(f".{escape(note_path(path).name)}.*.partial"):
            stray.unlink()
        begun = _believed(sinks, note["files"]) if note is not None else None
        for name, sink in sinks.items():
            sink.truncate(begun[name].n_bytes if begun else 0)
        outputs = {
            name: LineFile(sink, name=targets[name].name, begun=begun[name] if begun else None)
            for name, sink in sinks.items()
        }
        yield Parts(path, outputs, identity, note["progress"] if note and begun else None)


def _believed(
    sinks: Mapping[str, BinaryIO], noted: Mapping[str, tuple[int, int, str]]
) -> dict[str, Kept] | None:
    """The kept lines, where they are what was noted of them."""
    begun = {}
    for name, sink in sinks.items():
        rows, n_bytes, expected = noted[name]
        digest, left = sha256(), n_bytes
        sink.seek(0)
        while left and (block := sink.read(min(left, _BLOCK_BYTES))):
            digest.update(block)
            left -= len(block)
        if digest.hexdigest() != expected:
            return None
        begun[name] = Kept(rows, n_bytes, digest)
    return begun


def finished(
    path: Path, targets: Mapping[str, Path], parts: Parts, *, file_format: str
) -> list[WrittenFile]:
    """Give the files their names, packed as those tell, and forget that they were parts.

    None has its name before all of them are whole. Raises parquet.MisfitError, and leaves nothing then:
    the same lines would never fit.
    """
    files = []
    try:
        for name, output in parts.outputs.items():
            written, target = output.written(), targets[name]
            if writers.is_packed(target.name):
                written = writers.packed(
                    partial_path(target),
                    _whole_path(target),
                    name=target.name,
                    rows=written.rows,
                    file_format=file_format,
                )
            files.append(written)
    except MisfitError:
        forget(path, targets)
        raise
    for target in targets.values():
        writers.replace(_whole_path(target), target)
    forget(path, targets)
    return files


def forget(path: Path, targets: Mapping[str, Path]) -> None:
    """What was written of the files in part is of no use any more."""
    for target in targets.values():
        partial_path(target).unlink(missing_ok=True)
        _whole_path(target).unlink(missing_ok=True)
    note_path(path).unlink(missing_ok=True)


def partial_path(target: Path) -> Path:
    return target.with_name(f".{target.name}.partial")


def _whole_path(target: Path) -> Path:
    """Where a file lies that is whole and waits for the others to be."""
    if writers.is_packed(target.name):
        return target.with_name(f".{target.name}.whole")
    return partial_path(target)
