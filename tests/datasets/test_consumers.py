"""Hugging Face `datasets` reads what we write, row for row."""

from datetime import UTC, datetime

import pytest

from annotation.datasets import comparison_formats, formats
from annotation.datasets.formats import Options
from annotation.datasets.records import (
    CandidateRecord,
    DialogueRecord,
    MessageRecord,
    PromptRecord,
    RankingRecord,
    origin_key,
)
from tests.datasets.strategies import PLANES
from tests.datasets.written import write_lines

TEXTS = [*PLANES, "  spaces \r\n", "\u2028\u0085\x0b", '"\\', "x" * 100_000]


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Writes lines and loads them as `datasets` does, without a network, its cache in tmp_path."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")

    def load(lines, name):
        path = tmp_path / name
        write_lines(lines, path)
        return datasets.load_dataset(
            "json", data_files=str(path), split="train", cache_dir=str(tmp_path / "cache")
        )

    return load


def dialogue(text):
    messages = (
        MessageRecord("system", text),
        MessageRecord("user", text),
        MessageRecord("assistant", text, trainable=True),
    )
    return DialogueRecord(messages, 1, origin_key(messages))


def ranking(group, text):
    candidates = tuple(
        CandidateRecord(f"c{rank}", f"{text}{rank}", min(rank, 3), "fresh") for rank in range(1, 5)
    )
    return RankingRecord(
        row=1,
        prompt=(MessageRecord("user", text),),
        candidates=candidates,
        origin_key="text:0",
        group_id=group,
        created_at=datetime(2026, 1, 2, tzinfo=UTC),
    )


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
@pytest.mark.parametrize("file_format", ["messages", "openai", "prompt-completion"])
def test_sft_files_load(load, file_format, suffix):
    lines = [
        line
        for text in TEXTS
        for line in formats.SFT_FORMATS[file_format](dialogue(text), Options(weighted=True))
    ]
    assert load(lines, f"sft.jsonl{suffix}").to_list() == lines


@pytest.mark.parametrize(
    "file_format",
    ["ranking", "preference", "preference-implicit", "reward", "openai-dpo", "hh", "nectar"],
)
def test_comparison_files_load(load, file_format):
    lines = [
        line
        for group, text in enumerate(TEXTS)
        for line in comparison_formats.COMPARISON_FORMATS[file_format](
            [ranking(group, text)], Options()
        )
    ]
    loaded = load(lines, "comparisons.jsonl")
    assert loaded.column_names == list(lines[0])
    if file_format == "ranking":  # `datasets` reads RFC 3339 texts as times
        loaded = loaded.remove_columns("created_at")
        lines = [{k: v for k, v in line.items() if k != "created_at"} for line in lines]
    assert loaded.to_list() == lines


def test_prompt_files_load(load):
    lines = [
        line
        for text in TEXTS
        for line in formats.prompt_only_lines(
            PromptRecord((MessageRecord("user", text),), 1, "text:0"), Options()
        )
    ]
    assert load(lines, "prompts.jsonl").to_list() == lines
