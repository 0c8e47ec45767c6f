"""The whole recipe in Chromium: demonstrate, review, chat, pick, sample, rank, export, train a step."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from tests.browser import keyboard, mouse
from tests.browser.conftest import SignIn
from tests.browser.projects import LINE
from tests.demo import Demo
from tests.processes import wait_until

QUESTION = "How do I keep basil alive on a kitchen window?"
# A conversation of the project in which nothing is but what the walk makes.
OF_THE_LINE = (
    "FROM annotation_conversation c JOIN accounts_project p ON p.id = c.project_id"
    f" WHERE p.slug = '{LINE}'"
)
POLICY = Path(__file__).resolve().parents[2] / "fixtures" / "policy" / "demo"


# transformers, trl and datasets warn about each other's arguments.
@pytest.mark.filterwarnings("ignore")
def test_the_whole_line_by_keyboard_alone(person: SignIn, site: Demo, tmp_path: Path) -> None:
    writer = person("trainer1", keyboard_only=True)
    keyboard.write_a_demonstration(writer, QUESTION, LINE)
    ((demonstration,),) = site.query(f"SELECT c.id {OF_THE_LINE} AND c.state = 'submitted'")
    drafts = site.query(
        "SELECT count(*), count(d.message_id) FROM annotation_draft d"
        " JOIN annotation_conversation c ON c.assignment_id = d.assignment_id WHERE c.id = %s",
        demonstration,
    )
    assert drafts == [(2, 1)]

    keyboard.approve(person("reviewer", keyboard_only=True), LINE)
    assert site.query(f"SELECT c.id {OF_THE_LINE} AND c.state = 'approved'") == [(demonstration,)]

    keyboard.hold_a_chat(writer, [QUESTION, "Thank you. What about mint?"], LINE)
    ((chat,),) = site.query(f"SELECT c.id {OF_THE_LINE} AND c.state = 'finished'")

    manager = person("manager", keyboard_only=True)
    keyboard.draw(manager, 1, LINE)
    wait_until(
        lambda: site.query(
            "SELECT 1 FROM annotation_comparison WHERE conversation_id = %s AND state = 'ready'",
            chat,
        ),
        "a ready comparison",
        seconds=120,
    )
    keyboard.rank(person("trainer2", keyboard_only=True), LINE)

    from_the_page = tmp_path / "from_the_page.jsonl"
    keyboard.export(manager, from_the_page, LINE)
    assert all("messages" in orjson.loads(line) for line in from_the_page.read_bytes().splitlines())
    sft, pairs = export_from_the_shell(site, tmp_path, demonstration)
    train_one_step_each(sft, pairs, tmp_path)


def test_each_workflow_by_mouse(person: SignIn, site: Demo, tmp_path: Path) -> None:
    writer = person("trainer3")
    mouse.write_a_demonstration(writer, QUESTION)
    mouse.approve_with_a_comment(person("reviewer"))
    review = site.query(
        "SELECT verdict, array_agg(text) FROM annotation_review r"
        " JOIN annotation_reviewcomment c ON c.review_id = r.id GROUP BY r.id ORDER BY r.id DESC LIMIT 1"
    )
    assert review == [("approved", ["Well put."])]

    mouse.hold_a_chat(writer, [QUESTION])
    thumbs = site.query("SELECT thumb, reasons FROM annotation_feedback ORDER BY id DESC LIMIT 1")
    assert thumbs == [("up", ["helpful"])]
    manager = person("manager")
    mouse.draw(manager, 1)

    trainer = person("trainer1")
    mouse.rank(trainer)
    ((ranking, acceptable),) = site.query(
        "SELECT id, acceptable_tier FROM annotation_ranking WHERE assignment_id IS NOT NULL"
        " ORDER BY id DESC LIMIT 1"
    )
    tiers = site.query(
        "SELECT count(*) FROM annotation_placement WHERE ranking_id = %s GROUP BY tier ORDER BY tier",
        ranking,
    )
    assert (acceptable, tiers[:2]) == (1, [(1,), (2,)])

    path = tmp_path / "by_mouse.jsonl"
    mouse.export(manager, path)
    assert all("messages" in orjson.loads(line) for line in path.read_bytes().splitlines())


def export_from_the_shell(site: Demo, tmp_path: Path, demonstration: int) -> tuple[Path, Path]:
    """Both files, loaded with `datasets`, hold what the database holds."""
    from datasets import load_dataset

    sft, pairs = tmp_path / "sft.jsonl", tmp_path / "pairs.jsonl"
    for kind, file_format, path in (
        ("sft", "messages", sft),
        ("comparisons", "preference", pairs),
    ):
        done = site.manage(
            "export_jsonl", kind, "--project", LINE, "--format", file_format, "--out", str(path)
        )
        assert done.returncode == 0, done.stderr
    cache = str(tmp_path / "cache")
    dialogues = load_dataset("json", data_files=str(sft), split="train", cache_dir=cache)
    assert len(dialogues) == 1
    turns = site.query(
        "SELECT role, content FROM annotation_message WHERE conversation_id = %s AND is_live"
        " ORDER BY position",
        demonstration,
    )
    assert dialogues[0]["messages"] == [
        {"role": role, "content": content} for role, content in turns
    ]
    preferences = load_dataset("json", data_files=str(pairs), split="train", cache_dir=cache)
    ((n_pairs,),) = site.query(
        "SELECT count(*) FROM annotation_placement a JOIN annotation_placement b"
        " ON a.ranking_id = b.ranking_id AND a.tier < b.tier"
        " JOIN annotation_ranking r ON r.id = a.ranking_id"
        " JOIN accounts_project p ON p.id = r.project_id WHERE p.slug = %s",
        LINE,
    )
    assert len(preferences) == n_pairs > 0
    contents = {
        text
        for (text,) in site.query(
            "SELECT k.content FROM annotation_candidate k"
            " JOIN annotation_ranking r ON r.comparison_id = k.comparison_id"
            " JOIN accounts_project p ON p.id = r.project_id WHERE p.slug = %s",
            LINE,
        )
    }
    for row in preferences:
        assert row["chosen"][0]["content"] in contents
        assert row["rejected"][0]["content"] in contents
    return sft, pairs


def train_one_step_each(sft: Path, pairs: Path, tmp_path: Path) -> None:
    """TRL takes both files as they are: one SFT step and one reward step on CPU."""
    from datasets import load_dataset
    from transformers import (
        AutoModelForCausalLM,
        AutoModelForSequenceClassification,
        AutoTokenizer,
    )
    from trl import RewardConfig, RewardTrainer, SFTConfig, SFTTrainer

    tokenizer = AutoTokenizer.from_pretrained(POLICY)
    common = {
        "max_steps": 1, "per_device_train_batch_size": 2, "use_cpu": True, "report_to": "none",
        "max_length": 256, "save_strategy": "no", "disable_tqdm": True, "bf16": False,
    }  # fmt: skip
    cache = str(tmp_path / "cache")
    sft_trainer = SFTTrainer(
        model=AutoModelForCausalLM.from_pretrained(POLICY),
        args=SFTConfig(output_dir=str(tmp_path / "sft"), **common),
        train_dataset=load_dataset("json", data_files=str(sft), split="train", cache_dir=cache),
        processing_class=tokenizer,
    )
    assert sft_trainer.train().global_step == 1
    reward_trainer = RewardTrainer(
        model=AutoModelForSequenceClassification.from_pretrained(POLICY, num_labels=1),
        args=RewardConfig(output_dir=str(tmp_path / "reward"), **common),
        train_dataset=load_dataset("json", data_files=str(pairs), split="train", cache_dir=cache),
        processing_class=tokenizer,
    )
    assert reward_trainer.train().global_step == 1
