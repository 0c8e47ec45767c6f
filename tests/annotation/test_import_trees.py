"""Trees and transcript pairs in the database: branches, live path, comparisons; each once."""

from __future__ import annotations

import pytest

from annotation.models import Comparison, Conversation, Message, Prompt
from tests.factories import ProjectFactory
from tests.importing import lines_of, take_in, write_out

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return ProjectFactory()


def message(text, role, *replies, **fields):
    return {"message_id": text, "text": text, "role": role, "replies": list(replies)} | fields


TREE = {
    "message_tree_id": "t1",
    "tree_state": "ready_for_export",
    "prompt": message(
        "Q",
        "prompter",
        message("worse", "assistant", rank=1),
        message(
            "best", "assistant", message("Why?", "prompter", message("So.", "assistant")), rank=0
        ),
        message("gone", "assistant", deleted=True),
        lang="de",
    ),
}


def test_a_tree_goes_in_with_its_branches_and_its_comparison(project):
    run, rejects = take_in(project, TREE)
    assert (run.format, run.n_added, run.left_out, rejects) == (
        "oasst",
        2,
        {"deleted_message": 1},
        [],
    )
    conversation = Conversation.objects.get(project=project)
    assert (conversation.language, conversation.state) == ("de", Conversation.State.APPROVED)
    assert conversation.imported_fields["message_tree_id"] == "t1"
    rows = Message.objects.filter(conversation=conversation).order_by("id")
    assert [
        (m.content, m.parent and m.parent.content, m.position, m.sibling, m.is_live) for m in rows
    ] == [
        ("Q", None, 0, 0, True),
        ("worse", "Q", 1, 0, False),
        ("best", "Q", 1, 1, True),
        ("Why?", "best", 2, 0, True),
        ("So.", "Why?", 3, 0, True),
    ]
    comparison = Comparison.objects.get(project=project)
    assert comparison.allowed_use == ["comparison"]
    assert [c.content for c in comparison.candidates.order_by("index")] == ["worse", "best"]


def test_a_tree_leaves_as_its_best_path_and_its_pair(project, tmp_path):
    take_in(project, TREE)
    path = tmp_path / "out.jsonl"
    write_out(project, "sft", "messages", path)
    (line,) = lines_of(path)
    assert [turn["content"] for turn in line["messages"]] == ["Q", "best", "Why?", "So."]
    write_out(project, "comparisons", "preference", path)
    (pair,) = lines_of(path)
    assert (pair["chosen"][0]["content"], pair["rejected"][0]["content"]) == ("best", "worse")


def test_a_second_import_of_trees_and_pairs_adds_nothing(project):
    hh = {"chosen": "\n\nHuman: Hi?\n\nAssistant: A", "rejected": "\n\nHuman: Hi?\n\nAssistant: B"}
    for line, n_added in ((TREE, 2), (hh, 1)):
        assert take_in(project, line)[0].n_added == n_added
        again, _ = take_in(project, line)
        assert (again.n_added, again.n_duplicates) == (0, n_added)


def test_hh_pairs_are_for_comparisons_alone(project, tmp_path):
    hh = {"chosen": "\n\nHuman: Hi?\n\nAssistant: A", "rejected": "\n\nHuman: Hi?\n\nAssistant: B"}
    take_in(project, hh)
    assert Comparison.objects.get(project=project).allowed_use == ["comparison"]
    write_out(project, "comparisons", "hh", tmp_path / "out.jsonl")
    assert lines_of(tmp_path / "out.jsonl") == [hh]
    assert not Conversation.objects.filter(project=project).exists()


def test_a_tree_of_one_message_is_a_prompt(project):
    take_in(project, {"message_tree_id": "t2", "prompt": message("Q", "prompter")})
    assert [prompt.text for prompt in Prompt.objects.filter(project=project)] == ["Q"]
