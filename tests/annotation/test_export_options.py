"""Each option of a comparison export changes the rows that it is about."""

from __future__ import annotations

import pytest

from tests.factories import ProjectFactory
from tests.importing import lines_of, ranking, take_in, write_out

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return ProjectFactory()


@pytest.fixture
def written(project, tmp_path):
    def written(file_format, **options):
        done = write_out(project, "comparisons", file_format, tmp_path / "out.jsonl", **options)
        return lines_of(tmp_path / "out.jsonl"), done.manifest

    return written


def test_margins_follow_strength_where_it_was_collected(project, written):
    take_in(project, ranking("A", "B", strength={"grade": 1, "scale": "-3..3"}))
    take_in(project, ranking("A", "B", "C", id="r2", group_id="g2"))
    lines, manifest = written("reward")
    assert sorted(line["margin"] for line in lines) == pytest.approx([0, 0, 0, 1 / 3])
    assert manifest["options"]["margin"] == "strength"
    assert manifest["notes"] == {"margin_unknown": 3}


def test_without_strength_there_is_no_margin_unless_one_is_asked_for(project, written):
    take_in(project, ranking("A", "B", "C"))
    lines, manifest = written("reward")
    assert {line["margin"] for line in lines} == {0}
    assert manifest["options"]["margin"] == "none"
    lines, _ = written("reward", margin="rank")
    assert sorted(line["margin"] for line in lines) == [0.5, 0.5, 1]


@pytest.mark.parametrize(
    ("options", "n_lines"),
    [
        ({}, 5),
        ({"pairs": "best-worst"}, 1),
        ({"pairs": "best-rest"}, 3),
        ({"pairs": "adjacent"}, 4),
        ({"pairs": "one"}, 1),
        ({"ties": "half"}, 7),
    ],
)
def test_pairs_and_ties(project, written, options, n_lines):
    take_in(project, ranking("A", "BC", "D"))
    lines, manifest = written("preference", **options)
    assert len(lines) == n_lines
    assert sum(line["pair_weight"] for line in lines) == pytest.approx(1)
    assert options.items() <= manifest["options"].items()


def test_system_turns(project, written):
    told = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi?"}]
    take_in(project, ranking("A", "B", prompt=told))
    lines, manifest = written("hh")
    assert lines == []
    assert manifest["excluded"] == {"system_turn": 1}
    lines, _ = written("hh", system="prefix")
    assert lines[0]["chosen"].startswith("\n\nHuman: Be kind.\n\nHi?\n\nAssistant: ")


def test_kto_takes_rows_that_say_so(project, written):
    take_in(project, ranking("A", "B", acceptable_tier=1), ranking("A", "B", id="r2"))
    lines, manifest = written("kto")
    assert [line["label"] for line in lines] == [True, False]
    assert manifest["excluded"] == {"unlabelled": 1}
