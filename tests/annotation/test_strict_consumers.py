"""Strict consumers take every row that varied projects give: none refused, none skipped."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotation.datasets import comparison_formats, formats
from annotation.services.dataset_files import Written
from tests.datasets import strategies
from tests.datasets.consumer_rules import require_all
from tests.factories import ProjectFactory
from tests.importing import dialogue, ranking, said, take_in, weighted, write_out

pytestmark = pytest.mark.django_db

TOLD = said("system", "Sé breve. 😀")
DIALOGUES = ("openai", "sharegpt", "alpaca")
USED_A_TOOL = [said("user", "Ask."), said("assistant", "…"), said("tool", "7")]


@pytest.fixture
def project():
    return ProjectFactory()


def taken(project, kind, file_format, folder, **options) -> tuple[list[dict[str, Any]], Written]:
    path = folder / "out.jsonl"
    written = write_out(project, kind, file_format, path, **options)
    return require_all(file_format, path.read_bytes()), written


@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(strategies.dialogues(), min_size=1, max_size=4),
    st.lists(strategies.dialogues(all_trainable=True), min_size=1, max_size=4),
    st.lists(strategies.rankings(), min_size=1, max_size=4),
)
def test_generated_projects_are_taken_whole(tmp_path, weighed, learned, rankings):
    project = ProjectFactory()
    take_in(project, *map(weighted, [*weighed, *learned]), file_format="openai")
    take_in(
        project,
        *comparison_formats.ranking_lines(
            [replace(record, reason="planned", purpose="train") for record in rankings],
            formats.Options(),
        ),
        file_format="ranking",
    )
    for file_format in DIALOGUES:
        rows, written = taken(project, "sft", file_format, tmp_path)
        assert len(rows) == written.manifest["kept"]
    for ties in ("drop", "half"):
        taken(project, "comparisons", "openai-dpo", tmp_path, criterion="any", ties=ties)


@pytest.mark.parametrize("file_format", DIALOGUES)
def test_dialogues_with_and_without_a_system_turn(project, tmp_path, file_format):
    several = dialogue("One?", "1\u2028.", "Two?", "二 𠀀 2.", "Three?", "3.")
    take_in(project, dialogue("Hi?", "Hello."), several)
    take_in(project, {"messages": [TOLD, *dialogue("Who?", "Anna.")["messages"]]})
    rows, written = taken(project, "sft", file_format, tmp_path)
    assert (len(rows), written.manifest["excluded"]) == (3, {})


@pytest.mark.parametrize("file_format", DIALOGUES)
def test_dialogues_with_tools_are_left_out_and_counted(project, tmp_path, file_format):
    take_in(project, {"messages": [*USED_A_TOOL, said("assistant", "Seven.")]})
    # Its weights are of no file: what is left has none.
    partly = {"messages": [*USED_A_TOOL, said("assistant", "7!")]}
    partly["messages"][1] = partly["messages"][1] | {"weight": 0}
    take_in(project, partly, dialogue("Hi?", "Hello."), file_format="openai")
    rows, written = taken(project, "sft", file_format, tmp_path)
    assert len(rows) == 1
    assert "weight" not in str(rows)
    assert written.manifest["excluded"].get("tool_turn", 0) >= 1
    assert sum(written.manifest["excluded"].values()) == 2


def test_comparisons_with_tools_are_left_out_and_counted(project, tmp_path):
    take_in(
        project, ranking("A", "BC"), ranking("A", "B", id="r2", group_id="g2", prompt=USED_A_TOOL)
    )
    rows, written = taken(project, "comparisons", "openai-dpo", tmp_path)
    assert (len(rows), written.manifest["excluded"]) == (2, {"tool_turn": 1})


def test_pairs_with_an_empty_reply_are_left_out_and_counted(project, tmp_path):
    def with_empty(**fields):
        line = ranking("A", "B", "C", **fields)
        line["candidates"][-1]["content"] = ""
        return line

    only = ranking("A", "B", id="r2", group_id="g2")
    only["candidates"][0]["content"] = ""
    take_in(project, with_empty(prompt=[TOLD, said("user", "Hi?")]), only)
    rows, written = taken(project, "comparisons", "openai-dpo", tmp_path)
    assert len(rows) == 1
    assert written.manifest["notes"] == {"empty_reply": 3}
    assert written.manifest["excluded"] == {"empty_reply": 1}
