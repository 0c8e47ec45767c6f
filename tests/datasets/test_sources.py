import gzip
import io
import json
import os

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from annotation.datasets import sources
from annotation.datasets.records import Reject, RejectCode
from annotation.datasets.sources import RawRow, RowError
from tests.datasets.strategies import json_values, labels

ROWS = [b'{"a":"x, ] y"}', '{"b":"ü \\" ["}'.encode(), b'{"c":[1,{"d":"\\\\"}]}']
objects = st.lists(st.dictionaries(labels, json_values, max_size=3), max_size=5)


def rows_of(content):
    return list(sources.rows(io.BytesIO(content)))


def numbered(raws):
    return [RawRow(number, raw) for number, raw in enumerate(raws, start=1)]


@pytest.mark.parametrize(
    "content",
    [
        b"\n".join(ROWS) + b"\n",
        b"\n".join(ROWS),
        b"\xef\xbb\xbf" + b"\r\n".join(ROWS) + b"\r\n",
        b"[" + b",".join(ROWS) + b"]",
        b"\xef\xbb\xbf \n[\n  " + b",\r\n  ".join(ROWS) + b"\n]\n",
    ],
    ids=["lines", "no last newline", "bom and crlf", "array", "indented array with bom"],
)
@pytest.mark.parametrize("compress", [bytes, gzip.compress, zstandard.compress])
def test_rows_are_the_same_however_they_are_wrapped(content, compress):
    assert rows_of(compress(content)) == numbered(ROWS)


def test_lines_keep_their_numbers_across_blank_ones():
    assert rows_of(b'\n{"a":1}\n\r\n  \n{"b":2}\n') == [
        RawRow(2, b'{"a":1}'),
        RawRow(5, b'{"b":2}'),
    ]


@pytest.mark.parametrize("content", [b"", b"\xef\xbb\xbf", b"\n \r\n", b"[]", b" [\n] "])
def test_a_file_without_rows_has_none(content):
    assert rows_of(content) == []


def test_zstd_frames_and_gzip_members_are_read_to_the_last():
    first, second = b'{"a":1}\n', b'{"b":2}\n'
    for compress in (gzip.compress, zstandard.compress):
        assert len(rows_of(compress(first) + compress(second))) == 2


@given(objects, st.integers(1, 7), st.sampled_from([None, 2]), st.booleans())
def test_an_array_is_cut_into_its_elements_at_any_chunk_size(values, chunk, indent, ascii_only):
    whole = json.dumps(values, indent=indent, ensure_ascii=ascii_only).encode()
    cutter = sources._ArrayCutter()
    body = whole.lstrip()[1:]
    elements = [
        element
        for start in range(0, len(body), chunk)
        for element in cutter.cut(body[start : start + chunk])
    ]
    assert [json.loads(element) for element in elements] == values
    assert cutter.closed
    assert not cutter.trailing


def test_a_broken_array_element_costs_that_element_only():
    rows = rows_of(b'[{"a":1},{"a":\xff},{"a":tru},{"a":4}]')
    assert [row.number for row in rows] == [1, 2, 3, 4]
    with pytest.raises(RowError):
        sources.decode_object(rows[1])
    assert sources.decode_object(rows[3]) == {"a": 4}


def test_an_array_that_is_cut_off_gives_its_whole_elements_then_a_reject():
    *rows, end = rows_of(b'[{"a":1},{"a":2},{"a":')
    assert len(rows) == 2
    assert (end.row, end.code, end.raw) == (3, RejectCode.TRUNCATED, b'{"a":')


def test_content_after_an_array_is_a_reject():
    *rows, end = rows_of(b'[{"a":1}]\n[{"a":2}]')
    assert len(rows) == 1
    assert (end.row, end.code) == (2, RejectCode.TRAILING_CONTENT)


def test_of_a_file_that_is_cut_off_every_row_before_the_cut_goes_in():
    lines = b"".join(b'{"a":"%s"}\n' % os.urandom(60).hex().encode() for _ in range(1000))
    packed = gzip.compress(lines)
    *rows, end = rows_of(packed[:-100])
    assert end.code == RejectCode.TRUNCATED
    # A hundred bytes are little more than one of these rows, and eight of them are the checksum.
    assert 995 <= len(rows) == end.row - 1
    assert [row.raw for row in rows] == lines.splitlines()[: len(rows)]


def test_a_gzip_file_may_be_filled_up_with_zeros():
    whole = gzip.compress(b'{"a":1}\n') + b"\0" * 3000
    assert len(rows_of(whole)) == 1
    assert len(rows_of(whole + gzip.compress(b'{"a":2}\n'))) == 2


@pytest.mark.parametrize("compress", [gzip.compress, zstandard.compress])
def test_a_cut_or_corrupt_compressed_file_ends_in_a_reject(compress):
    lines = b"".join(b'{"a":%d}\n' % number for number in range(50_000))
    whole = compress(lines)
    for broken in (whole[: len(whole) // 2], whole[:9] + b"\x00\xff" * 20 + whole[49:]):
        *_, end = rows_of(broken)
        assert isinstance(end, Reject)
        assert end.code == RejectCode.TRUNCATED


def test_a_row_past_the_limit_is_skipped_in_bounded_memory(monkeypatch):
    monkeypatch.setattr(sources, "MAX_ROW_BYTES", 1000)
    long = b'{"a":"' + b"x" * 2_000_000 + b'"}'
    before, reject, after = rows_of(b'{"a":1}\n' + long + b'\n{"a":3}\n')
    assert (before.number, after.number) == (1, 3)
    assert (reject.row, reject.code, reject.raw) == (2, RejectCode.TOO_LONG, b"")

    before, reject = rows_of(b'[{"a":1},' + long + b"]")
    assert (reject.row, reject.code) == (2, RejectCode.TOO_LONG)


@pytest.mark.parametrize(
    ("opening", "nothing"),
    [(b'{"a":1}\n', b"\n"), (b'{"a":1}\n', b" \r\n"), (b'[{"a":1}', b"\n,")],
)
def test_a_file_that_goes_on_without_rows_is_not_read_to_its_end(monkeypatch, opening, nothing):
    monkeypatch.setattr(sources, "MAX_ROW_BYTES", 2**18)
    # Packed, this is a thousandth of its size.
    first, reject = rows_of(zstandard.compress(opening + nothing * 2**22))
    assert first.raw == b'{"a":1}'
    assert reject.code == RejectCode.TOO_LONG
    assert "what follows was not read" in reject.detail


def test_blanks_between_rows_are_forgiven(monkeypatch):
    monkeypatch.setattr(sources, "MAX_ROW_BYTES", 1000)
    content = (b"\n" * 900).join([b'{"a":1}\n'] * 5)
    assert len(rows_of(content)) == 5
    assert len(rows_of(b"[" + (b"," + b" " * 900).join([b'{"a":1}'] * 5) + b"]")) == 5


def test_a_line_of_the_longest_length_is_taken(monkeypatch):
    monkeypatch.setattr(sources, "MAX_ROW_BYTES", 10)
    assert rows_of(b'{"a":1234}\n{"b":1}\n') == [RawRow(1, b'{"a":1234}'), RawRow(2, b'{"b":1}')]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b'{"a":', RejectCode.INVALID_JSON),
        (b'{"a":NaN}', RejectCode.INVALID_JSON),
        (b'{"a":1} {"b":2}', RejectCode.INVALID_JSON),
        (b'{"a":"\xff"}', RejectCode.INVALID_UTF8),
        (b'{"a":"\xed\xa0\x80"}', RejectCode.INVALID_UTF8),
        (b'{"a":"\\ud800"}', RejectCode.LONE_SURROGATE),
        (b'{"a":"\\udfffx"}', RejectCode.LONE_SURROGATE),
        (b'{"a":"\x00"}', RejectCode.NUL),
        (b'{"a":"\\u0000"}', RejectCode.NUL),
        (b'{"a":"\\\\\\u0000"}', RejectCode.NUL),
        (b'{"\\u0000":1}', RejectCode.NUL),
        (b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}", RejectCode.TOO_DEEP),
        (b"[" * 200_000, RejectCode.TOO_DEEP),
        (b'{"a":' + b"[" * 64 + b"]" * 64 + b"}", RejectCode.TOO_DEEP),
        (b'["a"]', RejectCode.WRONG_SHAPE),
        (b'"a"', RejectCode.WRONG_SHAPE),
        (b"null", RejectCode.WRONG_SHAPE),
    ],
)
def test_what_cannot_be_held_is_refused_by_name(raw, code):
    with pytest.raises(RowError) as refusal:
        sources.decode_object(RawRow(7, raw))
    reject = refusal.value.reject(RawRow(7, raw))
    assert (reject.row, reject.code, reject.raw) == (7, code, raw)
    assert reject.detail.endswith(".")
    reject.detail.encode()


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":"\\\\u0000"}',
        b'{"a":' + b"[" * 63 + b"]" * 63 + b"}",
        b'{"a":[' + b",".join([b"{}"] * 1000) + b"]}",
        '{"a":"\\ud83d\\ude00 \U0010ffff\uffff"}'.encode(),
        b'{"a":"[[[[[' + b"[" * 100 + b'"}',
    ],
)
def test_what_only_looks_forbidden_is_taken(raw):
    assert sources.decode_object(RawRow(1, raw)) == json.loads(raw)


def test_a_line_of_brackets_does_not_swallow_the_lines_after_it():
    first, second = rows_of(b"[" * 200_000 + b'\n{"a":1}\n')
    assert second == RawRow(2, b'{"a":1}')
    with pytest.raises(RowError):
        sources.decode_object(first)


@pytest.mark.parametrize("compress", [bytes, gzip.compress, zstandard.compress])
def test_the_stream_stays_open(compress):
    stream = io.BytesIO(compress(b'{"a":1}\n{"b":2}\n'))
    list(sources.rows(stream))
    stream.seek(0)
    next(sources.rows(stream))
    assert not stream.closed


def test_the_stream_may_be_closed_before_its_rows_are_through():
    stream = io.BytesIO(b'{"a":1}\n{"b":2}\n')
    rows = sources.rows(stream)
    next(rows)
    stream.close()
    rows.close()
