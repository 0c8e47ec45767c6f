import gzip
import hashlib
from importlib.metadata import version
from pathlib import Path

import orjson
import pytest
import zstandard

from annotation.datasets import writers
from tests.datasets.written import write_lines

LINES = [{"messages": [{"role": "user", "content": f"räksmörgås {n} " * 20}]} for n in range(9000)]
PLAIN = b"".join(orjson.dumps(line) + b"\n" for line in LINES)


@pytest.mark.parametrize(
    ("name", "unpack"),
    [
        ("rows.jsonl", bytes),
        ("rows.jsonl.gz", gzip.decompress),
        (
            "rows.jsonl.zst",
            lambda packed: zstandard.ZstdDecompressor().decompressobj().decompress(packed),
        ),
    ],
)
def test_a_file_is_whole_hashed_and_the_same_every_time(tmp_path, name, unpack):
    first, second = tmp_path / "a" / name, tmp_path / "b" / name
    written = []
    for path in (first, second):
        path.parent.mkdir()
        written.append(write_lines(iter(LINES), path))
    content = first.read_bytes()
    assert unpack(content) == PLAIN
    assert content == second.read_bytes()
    assert (
        written[0]
        == written[1]
        == writers.WrittenFile(name, len(LINES), len(content), hashlib.sha256(content).hexdigest())
    )
    assert [path.name for path in first.parent.iterdir()] == [name]


def test_a_failure_leaves_the_earlier_file(tmp_path):
    def failing():
        yield from LINES
        raise RuntimeError("the database went away")

    path = tmp_path / "x.jsonl"
    path.write_bytes(b"earlier")
    with pytest.raises(RuntimeError):
        write_lines(failing(), path)
    assert path.read_bytes() == b"earlier"
    assert sorted(left.name for left in tmp_path.iterdir()) == [".x.jsonl.partial", "x.jsonl"]


def test_the_name_appears_only_when_the_file_is_whole(tmp_path):
    path = tmp_path / "x.jsonl"

    def watching():
        for line in LINES:
            assert not path.exists()
            yield line

    write_lines(watching(), path)
    assert path.read_bytes() == PLAIN


def test_a_file_gets_the_permissions_that_others_get(tmp_path):
    ordinary = tmp_path / "ordinary"
    ordinary.touch()
    write_lines([], tmp_path / "x.jsonl")
    assert (tmp_path / "x.jsonl").stat().st_mode == ordinary.stat().st_mode


def test_no_lines_make_an_empty_file(tmp_path):
    assert write_lines([], tmp_path / "x.jsonl").rows == 0
    assert Path(tmp_path / "x.jsonl").read_bytes() == b""


def test_the_manifest_says_what_the_files_are(tmp_path):
    written = write_lines(LINES[:2], tmp_path / "x.jsonl")
    assert writers.manifest(
        dataset={"project": "demo", "kind": "sft", "number": 1},
        file_format="messages",
        options={"weighted": False},
        filters={"project": "demo"},
        files=[written],
        kept=2,
        excluded={"untrainable_turn": 3, "all_tied": 1},
        notes={"margin_unknown": 4},
        licences=["MIT", "CC-BY-4.0", "MIT"],
        without_licence=1,
        guidelines=[2, 1],
        policies=["b", "a"],
        frozen_at="2026-01-02T03:04:05.000000Z",
    ) == {
        "schema": "labelhub.export/1",
        "dataset": {"project": "demo", "kind": "sft", "number": 1},
        "format": "messages",
        "options": {"weighted": False},
        "filters": {"project": "demo"},
        "frozen_at": "2026-01-02T03:04:05.000000Z",
        "files": [
            {
                "name": "x.jsonl",
                "rows": 2,
                "bytes": written.bytes,
                "sha256": written.sha256,
            }
        ],
        "kept": 2,
        "excluded": {"all_tied": 1, "untrainable_turn": 3},
        "notes": {"margin_unknown": 4},
        "licences": ["CC-BY-4.0", "MIT"],
        "without_licence": 1,
        "guidelines": [1, 2],
        "policies": ["a", "b"],
        "libraries": {"orjson": version("orjson"), "zstandard": version("zstandard")},
    }
