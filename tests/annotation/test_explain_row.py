"""From a line back to its rows, and counting without writing."""

from __future__ import annotations

from io import StringIO

import orjson
import pytest
from django.core.management import CommandError, call_command

from annotation.models import Conversation, Dataset, Ranking
from annotation.selectors import row_origins
from annotation.services.explanations import explain_line
from labelhub.accounts.models import AuditEvent
from tests.factories import ProjectFactory
from tests.importing import dialogue, lines_of, ranking, take_in, write_out

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return ProjectFactory()


def explained(path, line):
    out = StringIO()
    call_command("explain_row", str(path), str(line), stdout=out)
    return orjson.loads(out.getvalue())


def test_a_dialogue_line_names_its_conversation_and_source(project, tmp_path):
    take_in(project, *(dialogue(f"Q{n}", f"A{n}") for n in range(5)), licence="MIT")
    path = tmp_path / "out.jsonl"
    write_out(project, "sft", "messages", path)
    told = explained(path, 3)
    (row,) = told["rows"]
    assert told["rows_of"] == "conversation"
    assert told["dataset"]["number"] == 1
    assert (row["source_row"], row["licence"]) == (3, "MIT")
    assert lines_of(path)[2]["messages"][0]["content"] == "Q2"


def test_every_pair_of_a_comparison_names_all_its_rankings(project, tmp_path):
    take_in(project, ranking("A", "B", id="r1"), ranking("B", "A", id="r2"))
    take_in(project, ranking("A", "B", "C", id="r3", group_id="g2"))
    path = tmp_path / "out.jsonl"
    write_out(project, "comparisons", "preference", path)
    n_rankings = [len(explained(path, line)["rows"]) for line in (1, 2, 3, 4, 5)]
    assert n_rankings == [2, 2, 1, 1, 1]
    candidates = explained(path, 5)["rows"][0]["candidates"]
    assert [candidate["origin"] for candidate in candidates] == ["imported"] * 3


def test_lines_of_a_split_are_counted_in_their_own_file(project, tmp_path):
    take_in(project, *(dialogue(f"Q{n}", f"A{n}") for n in range(40)))
    write_out(project, "sft", "messages", tmp_path / "out.jsonl", split="test=0.5,train=0.5")
    for name in ("out.test.jsonl", "out.train.jsonl"):
        lines = lines_of(tmp_path / name)
        row = explained(tmp_path / name, len(lines))["rows"][0]
        assert lines[-1]["messages"][0]["content"] == f"Q{row['source_row'] - 1}"


@pytest.mark.parametrize("line", [2, 10**6])
def test_a_line_that_is_not_there(project, tmp_path, line):
    take_in(project, dialogue("Q", "A"))
    write_out(project, "sft", "messages", tmp_path / "out.jsonl")
    with pytest.raises(CommandError, match="has no line") as refusal:
        explained(tmp_path / "out.jsonl", line)
    assert refusal.value.returncode == 2


def test_a_line_that_was_changed_is_no_line_of_ours(project, tmp_path):
    take_in(project, dialogue("Q", "A"))
    path = tmp_path / "out.jsonl"
    write_out(project, "sft", "messages", path)
    path.write_bytes(path.read_bytes().replace(b"Q", b"R"))
    with pytest.raises(CommandError, match="not what the frozen rows give"):
        explained(path, 1)


def test_a_file_without_manifest_or_installation(project, tmp_path):
    take_in(project, dialogue("Q", "A"))
    path = tmp_path / "out.jsonl"
    write_out(project, "sft", "messages", path)
    manifest = tmp_path / "out.jsonl.manifest.json"
    foreign = manifest.read_bytes().replace(project.slug.encode(), b"elsewhere")
    manifest.write_bytes(foreign)
    with pytest.raises(CommandError, match="no dataset sft 1 of the project “elsewhere”"):
        explained(path, 1)
    manifest.unlink()
    with pytest.raises(CommandError, match="No manifest"):
        explained(path, 1)
    with pytest.raises(CommandError, match="counted from 1"):
        explained(path, 0)


def test_a_dry_run_counts_and_leaves_nothing(project, tmp_path, capsys):
    told = [{"role": "system", "content": "S"}, {"role": "user", "content": "Q"}]
    take_in(project, ranking("A", "B"), ranking("A", "B", id="r2", group_id="g2", prompt=told))
    n_events = AuditEvent.objects.count()
    call_command(
        "export_jsonl", "comparisons", "--project", project.slug, "--format", "hh", "--dry-run"
    )
    said = capsys.readouterr().err
    assert "comparisons: 1 rows would be written" in said
    assert "left out, system_turn: 1" in said
    assert not Dataset.objects.exists()
    assert AuditEvent.objects.count() == n_events


def test_out_and_dry_run_exclude_each_other(project, tmp_path):
    with pytest.raises(CommandError):
        call_command(
            "export_jsonl",
            "sft",
            "--project",
            project.slug,
            "--dry-run",
            "--out",
            str(tmp_path / "x"),
        )


def test_an_imported_ranking_names_no_person(project, tmp_path):
    take_in(project, ranking("A", "B"))
    write_out(project, "comparisons", "ranking", tmp_path / "out.jsonl")
    found = explain_line(path=tmp_path / "out.jsonl", number=1)
    # An imported ranking is data, no rater's (DATA.md §4).
    assert "person" not in found.rows[0]
    assert found.rows[0]["reason"] == "planned"


@pytest.mark.parametrize("n_rows", [1, 12])
def test_origins_cost_the_same_queries_however_many_rows(
    project, django_assert_num_queries, n_rows
):
    take_in(project, *(dialogue(f"Q{n}", f"A{n}") for n in range(n_rows)))
    take_in(project, *(ranking("A", "B", id=n, group_id=n) for n in range(n_rows)))
    rankings = list(Ranking.objects.order_by("pk").values_list("pk", flat=True))
    conversations = list(Conversation.objects.order_by("pk").values_list("pk", flat=True))
    with django_assert_num_queries(2):
        rows = row_origins.of_rankings(rankings)
    assert [len(row["candidates"]) for row in rows] == [2] * n_rows
    with django_assert_num_queries(3):
        rows = row_origins.of_conversations(conversations)
    assert [row["conversation"] for row in rows] == conversations
