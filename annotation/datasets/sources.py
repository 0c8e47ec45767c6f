"""Bytes of a file → numbered rows, and a row → a JSON object: streaming, bounded, strict.

A JSON array is cut into its elements here rather than by ijson, which turns a lone surrogate
into "?" without a word and gives up the rest of the file at the first broken element.
"""

import json
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader, RawIOBase
from typing import Any, BinaryIO

import orjson
import zstandard

from annotation.datasets.records import Reject, RejectCode

MAX_ROW_BYTES = 32 * 2**20
MAX_DEPTH = 64

_CHUNK_BYTES = 2**18
# A byte of zstd can stand for 32 KiB: a step of this size never gives more than MAX_ROW_BYTES.
_PACKED_STEP_BYTES = 2**10
# Archives on tape fill the last block up.
_PADDING = b"\0"
_BOM = b"\xef\xbb\xbf"
_GZIP_MAGIC = b"\x1f\x8b"
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
_WHITESPACE = b" \t\r\n"
_OPENING = re.compile(rb"(\s*\[)\s*(?:[{\]]|\Z)")
# Up to the next bracket, to a string that is not closed here and, between elements, to a comma.
_INSIDE_ELEMENT = re.compile(rb'(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)
_BETWEEN_ELEMENTS = re.compile(rb'(?:[^"\[\]{},]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)
_STRING_REST = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
_ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_SPACED_KEY = re.compile(rb'"[ \t\r\n]+:')
_LONE_SURROGATE_ERROR = re.compile("(?:high|low) surrogate in string")
_WORDS = {
    list: "a list",
    str: "a string",
    int: "a number",
    float: "a number",
    bool: "true or false",
    type(None): "null",
}
_BROKEN_COMPRESSION = (EOFError, zlib.error, zstandard.ZstdError)


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row as it stands in the file. `number` counts from 1: lines of a JSONL file, elements
    of a JSON array."""

    number: int
    raw: bytes


class RowError(Exception):
    """A row that is not taken, with its code; the message is a sentence for a person."""

    def __init__(self, code: RejectCode, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail

    def reject(self, row: RawRow) -> Reject:
        return Reject(row=row.number, code=self.code, detail=self.detail, raw=row.raw)


@contextmanager
def decompressed(stream: BinaryIO) -> Iterator[BufferedReader]:
    """The stream's plain bytes: gzip and zstd are told by their first bytes, whatever the name.

    The stream stays open.
    """
    buffered = _buffered(stream)
    try:
        magic = buffered.peek(4)[:4]
        if magic.startswith(_GZIP_MAGIC):
            yield _buffered(_Unpacked(buffered, _gzip_member))
        elif magic == _ZSTD_MAGIC:
            yield _buffered(_Unpacked(buffered, _zstd_frame))
        else:
            yield buffered
    finally:
        if not buffered.closed:
            buffered.detach()


def _buffered(stream: Any) -> BufferedReader:
    return BufferedReader(stream, _CHUNK_BYTES)


def rows(stream: BinaryIO) -> Iterator[RawRow | Reject]:
    """The rows of a JSONL file or of a JSON array of objects, plain, gzip or zstd.

    Holds one row at a time, never more than MAX_ROW_BYTES. Blank lines are no rows; where more than
    MAX_ROW_BYTES hold none, a reject says so and nothing more is read. A file that breaks off ends in
    a reject too.
    """
    with decompressed(stream) as plain:
        reader = _Reader(plain)
        try:
            if reader.opens_array():
                yield from _array_rows(reader)
            else:
                yield from _line_rows(reader)
        except _BROKEN_COMPRESSION as error:
            detail = f"The compressed file is broken or cut off after row {reader.row}: {error}."
            yield Reject(reader.row + 1, RejectCode.TRUNCATED, detail)


def decode_object(row: RawRow) -> dict[str, Any]:
    """The row's JSON object.

    Raises RowError for what is no JSON object and for what labelhub cannot hold or write back:
    bytes that are no UTF-8, lone surrogates, U+0000, NaN, nesting past MAX_DEPTH, a key named twice.
    """
    try:
        value = orjson.loads(row.raw)
    except orjson.JSONDecodeError as error:
        raise _explained(row.raw, error) from None
    if not isinstance(value, dict):
        raise RowError(
            RejectCode.WRONG_SHAPE, f"The row is not a JSON object but {_WORDS[type(value)]}."
        )
    if b"\\u0000" in row.raw and _ESCAPED_NUL.search(row.raw):
        raise RowError(RejectCode.NUL, "The row holds the character U+0000.")
    if row.raw.count(b"{") + row.raw.count(b"[") > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        raise _too_deep()
    if _may_repeat_a_key(row.raw, value):
        json.loads(row.raw, object_pairs_hook=_each_key_once, parse_int=float)
    return value


def _may_repeat_a_key(raw: bytes, value: dict[str, Any]) -> bool:
    """Whether the row names more keys than its value has, or writes them so that counting cannot tell.

    orjson keeps the last value of a key without a word. Reading each row once more with the standard
    library would tell too, and take several times as long as the first reading.
    """
    return (
        raw.count(b'":') != orjson.dumps(value).count(b'":')
        or b"\\u0022" in raw
        or b"\\u003" in raw
        or _SPACED_KEY.search(raw) is not None
    )


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise RowError(
            RejectCode.DUPLICATE_KEY,
            f"The row names the key “{twice[:60]}” twice; keep one of them.",
        )
    return value


class _Unpacked(RawIOBase):
    """The plain bytes of gzip members or zstd frames one after another.

    All that stands before a break is given before it is raised: GzipFile keeps back what it has read
    of a stream that is cut off, and zstandard's reader takes such a stream for one that has ended.
    """

    def __init__(self, stream: BufferedReader, new_frame: Callable[[], Any]) -> None:
        self._stream = stream
        self._new_frame = new_frame
        self._frame = new_frame()
        self._plain = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._plain:
            packed = self._frame.unused_data.lstrip(_PADDING) if self._frame.eof else b""
            packed = packed or self._stream.read(_PACKED_STEP_BYTES)
            if not packed:
                if not self._frame.eof:
                    raise EOFError("it ends in the middle")
                return 0
            if self._frame.eof:
                packed = packed.lstrip(_PADDING)
                if not packed:
                    continue
                self._frame = self._new_frame()
            self._plain = memoryview(self._frame.decompress(packed))
        n_bytes = min(len(buffer), len(self._plain))
        buffer[:n_bytes] = self._plain[:n_bytes]
        self._plain = self._plain[n_bytes:]
        return n_bytes


def _gzip_member() -> Any:
    return zlib.decompressobj(zlib.MAX_WBITS | 16)


def _zstd_frame() -> Any:
    return zstandard.ZstdDecompressor().decompressobj()


class _Reader:
    """A stream read in chunks and lines, past a byte order mark; `row` is the last row begun."""

    def __init__(self, stream: BufferedReader) -> None:
        self._stream = stream
        self.row = 0

    def opens_array(self) -> bool:
        """Whether this is an array of objects, whose opening bracket is then read.

        A file of brackets only is one bad line, not an array that swallows the lines after it.
        """
        if self._stream.peek(len(_BOM)).startswith(_BOM):
            self._stream.read(len(_BOM))
        opening = _OPENING.match(self._stream.peek(_CHUNK_BYTES))
        if opening is None:
            return False
        self._stream.read(opening.end(1))
        return True

    def chunks(self) -> Iterator[bytes]:
        while chunk := self._stream.read1(_CHUNK_BYTES):
            yield chunk

    def line(self) -> bytes:
        return self._stream.readline(MAX_ROW_BYTES + 1)

    def skip_line(self) -> None:
        while (rest := self._stream.readline(_CHUNK_BYTES)) and not rest.endswith(b"\n"):
            pass


def _line_rows(reader: _Reader) -> Iterator[RawRow | Reject]:
    n_blank_bytes = 0
    while line := reader.line():
        reader.row += 1
        if len(line) > MAX_ROW_BYTES and not line.endswith(b"\n"):
            reader.skip_line()
            yield _too_long(reader.row)
        elif raw := line.strip(_WHITESPACE):
            n_blank_bytes = 0
            yield RawRow(reader.row, raw)
        else:
            n_blank_bytes += len(line)
            if n_blank_bytes > MAX_ROW_BYTES:
                yield _too_empty(reader.row)
                return


def _array_rows(reader: _Reader) -> Iterator[RawRow | Reject]:
    cutter = _ArrayCutter()
    row_before = n_bytes = 0
    for chunk in reader.chunks():
        for element in cutter.cut(chunk):
            reader.row += 1
            yield RawRow(reader.row, element)
        # Bytes since an element ended; beyond those of the one begun they are commas and blanks.
        n_bytes = n_bytes + len(chunk) if reader.row == row_before else 0
        row_before = reader.row
        if cutter.trailing:
            detail = f"Something follows the end of the JSON array after element {reader.row}."
            yield Reject(reader.row + 1, RejectCode.TRAILING_CONTENT, detail)
            return
        if len(cutter.rest) > MAX_ROW_BYTES:
            # Where this element ends cannot be told without trusting its quotes: stop here.
            yield _too_long(reader.row + 1)
            return
        if n_bytes - len(cutter.rest) > MAX_ROW_BYTES:
            yield _too_empty(reader.row + 1)
            return
    if not cutter.closed:
        detail = f"The JSON array is not closed: it breaks off after element {reader.row}."
        rest = bytes(cutter.rest.strip(_WHITESPACE))
        yield Reject(reader.row + 1, RejectCode.TRUNCATED, detail, raw=rest)


class _ArrayCutter:
    """Cuts a JSON array, fed in chunks, at the commas of its first level.

    Only strings and brackets are followed; whether an element is JSON is for the decoder to say.
    """

    def __init__(self) -> None:
        self.rest = bytearray()  # of the element that the last chunk left unfinished
        self.closed = False
        self.trailing = False
        self._depth = 0
        self._inside_string = False
        self._escaped = 0  # bytes of the next chunk that a backslash takes away

    def cut(self, chunk: bytes) -> Iterator[bytes]:
        """The elements that end in this chunk."""
        start, position = 0, self._escaped
        while not self.closed and (passed := self._pattern().match(chunk, position)):
            character = chunk[passed.end() : passed.end() + 1]
            position = passed.end() + 1
            if character in b"\\":  # or nothing: the chunk is through
                self.rest += chunk[start:]
                self._escaped = len(character)
                return
            if character == b'"':
                self._inside_string = not self._inside_string
            elif character in b"[{":
                self._depth += 1
            elif self._depth:
                self._depth -= 1
            else:
                self.rest += chunk[start : position - 1]
                start = position
                self.closed = character == b"]"
                if element := bytes(self.rest.strip(_WHITESPACE)):
                    yield element
                self.rest.clear()
        self.trailing = bool(chunk[start:].strip(_WHITESPACE))

    def _pattern(self) -> re.Pattern[bytes]:
        if self._inside_string:
            return _STRING_REST
        return _INSIDE_ELEMENT if self._depth else _BETWEEN_ELEMENTS


def _too_long(number: int) -> Reject:
    limit = MAX_ROW_BYTES // 2**20
    detail = f"The row is longer than {limit} MiB."
    return Reject(row=number, code=RejectCode.TOO_LONG, detail=detail)


def _too_empty(number: int) -> Reject:
    limit = MAX_ROW_BYTES // 2**20
    detail = f"There is no row in more than {limit} MiB up to here; what follows was not read."
    return Reject(row=number, code=RejectCode.TOO_LONG, detail=detail)


def _too_deep() -> RowError:
    return RowError(
        RejectCode.TOO_DEEP,
        f"The row nests objects and lists more than {MAX_DEPTH} deep.",
    )


def _explained(raw: bytes, error: orjson.JSONDecodeError) -> RowError:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as broken:
        return RowError(
            RejectCode.INVALID_UTF8, f"Byte {broken.start + 1} of the row is not UTF-8."
        )
    if b"\x00" in raw:
        return RowError(RejectCode.NUL, "The row holds a NUL byte.")
    if "depth limit" in error.msg:
        return _too_deep()
    if _LONE_SURROGATE_ERROR.search(error.msg):
        return RowError(
            RejectCode.LONE_SURROGATE,
            "The row holds half of a surrogate pair (\\uD800 to \\uDFFF).",
        )
    return RowError(RejectCode.INVALID_JSON, f"The row is not JSON: {error.msg}.")


def _depth(value: Any) -> int:
    """How deep objects and lists nest; level by level, so that it cannot exhaust the stack."""
    depth = 0
    level = [value]
    while level:
        depth += 1
        level = [
            child
            for container in level
            for child in (container.values() if isinstance(container, dict) else container)
            if isinstance(child, dict | list)
        ]
    return depth
