"""The whole recipe in Chromium: demonstrate, review, chat, pick, sample, rank, export, train a step."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Person, Site
from tests.processes import wait_until

QUESTION = "How do I keep basil alive on a kitchen window?"
# More than any card of the demo has.
PAGES_OF_A_CARD = 30
POLICY = Path(__file__).resolve().parents[2] / "fixtures" / "policy" / "demo"


# transformers, trl and datasets warn about each other's arguments.
@pytest.mark.filterwarnings("ignore")
def test_the_whole_line(person: Callable[[str], Person], site: Site, tmp_path: Path) -> None:
    writer = person("trainer1")
    demonstration = write_a_demonstration(writer)
    approve_it(person("reviewer"), site, demonstration)
    chat = hold_a_chat(writer, site)
    manager = person("manager")
    draw_and_sample(manager, site)
    rank_until_ranked(person("trainer2"), site, chat)
    export_from_the_page(manager, tmp_path)
    sft, pairs = export_from_the_shell(site, tmp_path, demonstration)
    train_one_step_each(sft, pairs, tmp_path)


def write_a_demonstration(writer: Person) -> int:
    """Both roles, the assistant's turn from a streamed draft; the conversation's id."""
    page = writer.page
    writer.start("Write a conversation")
    composer = page.get_by_role("textbox", name=re.compile("Write as User"))
    assistant = page.get_by_role("textbox", name=re.compile("Write as Assistant"))
    # A literal prompt stands there as the first turn already.
    expect(composer.or_(assistant).first).to_be_visible()
    if composer.is_visible():
        composer.fill(QUESTION)
        page.keyboard.press("Alt+Enter")
    expect(assistant).to_be_visible()
    page.keyboard.press("Alt+j")
    drafts = page.get_by_role("region", name="Drafts for the next turn")
    expect(drafts.get_by_text("Drafts are ready").first).to_be_visible()
    for name in ("Draft 1", "Draft 2"):
        expect(drafts.get_by_text(name, exact=True)).to_be_visible()
    page.keyboard.press("Alt+i")
    expect(assistant).not_to_have_value("")
    assistant.press("End")
    page.keyboard.press("Alt+Enter")
    expect(page.get_by_role("textbox", name=re.compile("Write as User"))).to_have_value("")
    writer.submit_by_key()
    ((conversation,),) = writer.site.query(
        "SELECT id FROM annotation_conversation WHERE kind = 'demonstration' AND state = 'submitted'"
    )
    ((n_drafts, n_used),) = writer.site.query(
        "SELECT count(*), count(message_id) FROM annotation_draft"
    )
    assert (n_drafts, n_used) == (2, 1)
    return int(conversation)


def approve_it(reviewer: Person, site: Site, conversation: int) -> None:
    reviewer.start("Review")
    expect(reviewer.page.get_by_role("button", name=re.compile("^Approve")).first).to_be_enabled()
    here = reviewer.page.url
    reviewer.page.keyboard.press("a")
    reviewer.page.wait_for_url(lambda url: url != here)
    rows = site.query("SELECT state FROM annotation_conversation WHERE id = %s", conversation)
    assert rows == [("approved",)]


def hold_a_chat(writer: Person, site: Site) -> int:
    """Two exchanges with the policy, streamed; the conversation's id."""
    page = writer.page
    writer.start("Chat with the assistant")
    for n_replies, message in enumerate((QUESTION, "Thank you. What about mint?"), start=1):
        composer = page.get_by_role("textbox", name=re.compile("Your message"))
        composer.fill(message)
        composer.press("Enter")
        expect(page.get_by_label("Assistant", exact=True)).to_have_count(n_replies)
        # Only a reply that is part of the conversation can be judged.
        expect(page.get_by_role("button", name="Good reply")).to_have_count(n_replies)
    writer.submit_by_key()
    ((chat,),) = site.query("SELECT id FROM annotation_conversation WHERE state = 'finished'")
    return int(chat)


def draw_and_sample(manager: Person, site: Site) -> None:
    page = manager.page
    page.goto("/projects/demo/progress")
    page.get_by_role("button", name="Sample comparisons").click()
    page.get_by_label("How many messages").fill("1")
    page.get_by_role("button", name="Pick and sample").click()
    expect(page.get_by_text("1 message picked").first).to_be_visible()
    wait_until(
        lambda: site.query(
            "SELECT 1 FROM annotation_comparison WHERE pick_run_id IS NOT NULL AND state = 'ready'"
        ),
        "a ready comparison",
        seconds=120,
    )


def rank_until_ranked(trainer: Person, site: Site, chat: int) -> None:
    """Rank by keyboard alone until the comparison from the chat has had its turn in the random order."""
    for _ in range(40):
        rank_by_keyboard(trainer.page, trainer)
        if site.query(
            "SELECT 1 FROM annotation_ranking r JOIN annotation_comparison c ON c.id = r.comparison_id"
            " WHERE c.conversation_id = %s",
            chat,
        ):
            return
    raise AssertionError("the comparison from the chat never came")


def rank_by_keyboard(page: Page, trainer: Person) -> None:
    if "/work/" not in page.url:
        trainer.start("Rank replies")
    cards = page.get_by_label(re.compile("^Candidate [A-I], "))
    expect(cards.first).to_be_visible()
    n = cards.count()
    assert 2 <= n <= 9
    expect(page.get_by_text(f"{n} candidates still to place").first).to_be_visible()
    for number in range(1, n + 1):
        card = cards.nth(number - 1)
        # Each must have been read to its end.
        unread = card.get_by_text("read to the end")
        for _ in range(PAGES_OF_A_CARD):
            if unread.is_visible():
                page.keyboard.press("PageDown")
        expect(unread).to_be_hidden()
        page.keyboard.press(f"Digit{min(number, 3)}")
        page.keyboard.press("ArrowRight")
    expect(page.get_by_role("button", name=re.compile("^Submit"))).to_be_enabled()
    trainer.submit_by_key()


def export_from_the_page(manager: Person, tmp_path: Path) -> None:
    page = manager.page
    page.goto("/projects/demo/datasets")
    page.get_by_role("button", name=re.compile("^New export")).click()
    page.get_by_role("dialog").get_by_role("button", name="Export", exact=True).click()
    link = page.get_by_role("link", name=re.compile("Download")).first
    expect(link).to_be_visible()
    with page.expect_download() as download:
        link.click()
    path = tmp_path / "from_the_page.jsonl"
    download.value.save_as(path)
    assert all("messages" in orjson.loads(line) for line in path.read_bytes().splitlines())


def export_from_the_shell(site: Site, tmp_path: Path, demonstration: int) -> tuple[Path, Path]:
    """Both files, loaded with `datasets`, hold what the database holds."""
    from datasets import load_dataset

    sft, pairs = tmp_path / "sft.jsonl", tmp_path / "pairs.jsonl"
    for kind, file_format, path in (
        ("sft", "messages", sft),
        ("comparisons", "preference", pairs),
    ):
        done = site.manage(
            "export_jsonl", kind, "--project", "demo", "--format", file_format, "--out", str(path)
        )
        assert done.returncode == 0, done.stderr
    cache = str(tmp_path / "cache")
    dialogues = load_dataset("json", data_files=str(sft), split="train", cache_dir=cache)
    ((n_approved,),) = site.query(
        "SELECT count(*) FROM annotation_conversation"
        " WHERE state IN ('approved', 'accepted_by_sampling')"
    )
    assert len(dialogues) == n_approved
    turns = site.query(
        "SELECT role, content FROM annotation_message WHERE conversation_id = %s AND is_live"
        " ORDER BY position",
        demonstration,
    )
    assert [{"role": role, "content": content} for role, content in turns] in list(
        dialogues["messages"]
    )
    preferences = load_dataset("json", data_files=str(pairs), split="train", cache_dir=cache)
    ((n_pairs,),) = site.query(
        "SELECT count(*) FROM annotation_placement a JOIN annotation_placement b"
        " ON a.ranking_id = b.ranking_id AND a.tier < b.tier"
        " JOIN annotation_ranking r ON r.id = a.ranking_id AND r.is_current AND NOT r.cannot_judge"
    )
    assert len(preferences) == n_pairs > 0
    contents = {text for (text,) in site.query("SELECT content FROM annotation_candidate")}
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
