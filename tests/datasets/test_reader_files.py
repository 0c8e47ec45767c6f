import io
import json
import tracemalloc

import pytest
import zstandard

from annotation.datasets import readers
from annotation.datasets.records import (
    DialogueRecord,
    Reject,
    content_sha256,
)
from tests.datasets.reading import HELLO, HI, RANKING, ranked, read, says


def test_the_format_is_that_of_most_of_the_first_rows():
    good = {"messages": [HI, HELLO]}
    records = read({"prompt": "x"}, b"oops", good, good)
    assert [type(record) for record in records] == [Reject, Reject, DialogueRecord, DialogueRecord]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no JSON rows"),
        (b"a,b\n1,2\n", "no JSON rows. The row is not JSON"),
        (zstandard.compress(b"{}" * 99)[:-3], "no JSON rows. The compressed file is .* cut off"),
        (b'{"text":"x","score":1}\n', "text, score"),
        (b'{"prompt":"x","chosen":"a","rejected":"b"}\n', "prompt, chosen, rejected"),
    ],
)
def test_a_file_of_no_known_format_is_refused_with_what_was_seen(content, says):
    with pytest.raises(readers.UnknownFormatError, match=says):
        readers.Reader(io.BytesIO(content))


def test_a_name_that_is_no_format_is_refused():
    with pytest.raises(readers.UnknownFormatError, match="csv"):
        readers.Reader(io.BytesIO(b"{}"), file_format="csv")


@pytest.mark.parametrize("array", [False, True], ids=["lines", "array"])
def test_memory_does_not_grow_with_the_file(tmp_path, array):
    def peak(n_rows):
        path = tmp_path / f"{n_rows}.json"
        line = json.dumps({"messages": [HI, says("assistant", "x" * 2000)]})
        opening, between, closing = ("[", ",", "]") if array else ("", "\n", "\n")
        path.write_text(opening + between.join([line] * n_rows) + closing)
        tracemalloc.start()
        with path.open("rb", buffering=0) as stream:
            n_records = sum(1 for _ in readers.Reader(stream))
        peak_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert n_records == n_rows
        return peak_bytes

    peak(10)
    assert peak(5000) < peak(500) + 2**20


def test_duplicates_share_a_hash_and_other_rows_do_not():
    dialogue, again, otherwise = (
        read(line, file_format="messages")[0]
        for line in (
            {"messages": [HI, HELLO]},
            {"messages": [HI, HELLO], "category": "chat"},
            {"messages": [HI, HELLO | {"weight": 0}]},
        )
    )
    assert content_sha256(dialogue) == content_sha256(again) != content_sha256(otherwise)

    (ranking,), (same,), (other_rater,) = (
        read(line, file_format="ranking") for line in (RANKING, RANKING, ranked(rater="r2"))
    )
    assert content_sha256(ranking) == content_sha256(same) != content_sha256(other_rater)
