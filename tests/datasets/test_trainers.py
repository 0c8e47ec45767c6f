"""TRL's trainers take our files as they are: one step each, on the CPU, with a tiny model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from annotation.datasets import comparison_formats, formats
from annotation.datasets.formats import Options
from annotation.datasets.pairs import Margin
from annotation.datasets.records import (
    CandidateRecord,
    DialogueRecord,
    MessageRecord,
    RankingRecord,
    StrengthRecord,
)
from tests.datasets.written import write_lines

# transformers, trl and datasets warn about each other's arguments.
pytestmark = pytest.mark.filterwarnings("ignore")

POLICY = Path(__file__).parents[2] / "fixtures" / "policy" / "demo"
N_ROWS = 4


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("WANDB_DISABLED", "true")


@pytest.fixture
def trained(tmp_path: Path) -> Any:
    """Writes the lines, loads them by `datasets`, and gives the columns that one step was made with."""
    import torch
    from datasets import load_dataset
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM
    from transformers import LlamaForSequenceClassification as Scorer

    torch.set_num_threads(1)
    tokenizer = AutoTokenizer.from_pretrained(POLICY)
    shape = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=512,
        pad_token_id=tokenizer.pad_token_id,
    )

    # From a folder, since DPO and KTO load the model a second time, as the reference.
    model = str(tmp_path / "model")
    LlamaForCausalLM(shape).save_pretrained(model)

    def train(
        trainer: Any, config: Any, lines: list[Any], *, parquet_of: str = "", **more: Any
    ) -> list[str]:
        path = tmp_path / ("rows.parquet" if parquet_of else "rows.jsonl")
        write_lines(lines, path, parquet_of or "lines")
        kind = "parquet" if parquet_of else "json"
        rows = load_dataset(
            kind, data_files=str(path), split="train", cache_dir=str(tmp_path / "cache")
        )
        scores = trainer.__name__ == "RewardTrainer"
        begun = trainer(
            model=Scorer.from_pretrained(model, num_labels=1)
            if scores
            else LlamaForCausalLM.from_pretrained(model),
            args=config(
                output_dir=str(tmp_path / "out"),
                max_steps=1,
                per_device_train_batch_size=2,
                max_length=128,
                use_cpu=True,
                bf16=False,
                report_to="none",
                save_strategy="no",
                disable_tqdm=True,
                **more,
            ),
            train_dataset=rows,
            processing_class=tokenizer,
        )
        assert begun.train().global_step == 1
        return rows.column_names

    return train


def sft_lines(file_format: str) -> list[Any]:
    messages = (
        MessageRecord("system", "Be brief."),
        MessageRecord("user", "Why is the sky blue?"),
        MessageRecord("assistant", "It scatters blue light.", trainable=True),
    )
    dialogue = DialogueRecord(messages, 1, "text:0")
    return formats.SFT_FORMATS[file_format](dialogue, Options()) * N_ROWS


def comparison_lines(file_format: str, options: Options) -> list[Any]:
    ranking = RankingRecord(
        row=1,
        prompt=(MessageRecord("user", "Why is the sky blue?"),),
        candidates=(
            CandidateRecord(1, "It scatters blue light most.", 1, "fresh", rating=7),
            CandidateRecord(2, "Because of the sea.", 2, "fresh", rating=2),
        ),
        origin_key="text:0",
        group_id=1,
        strength=StrengthRecord(2, "0..3"),
    )
    return comparison_formats.COMPARISON_FORMATS[file_format]([ranking], options) * N_ROWS


@pytest.mark.parametrize("file_format", ["messages", "openai", "prompt-completion"])
def test_sft(trained: Any, file_format: str) -> None:
    from trl import SFTConfig, SFTTrainer

    trained(SFTTrainer, SFTConfig, sft_lines(file_format))


def test_parquet(trained: Any) -> None:
    from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

    trained(SFTTrainer, SFTConfig, sft_lines("messages"), parquet_of="messages")
    lines = comparison_lines("preference", Options())
    trained(DPOTrainer, DPOConfig, lines, parquet_of="preference")


@pytest.mark.parametrize("file_format", ["preference", "preference-implicit", "reward"])
def test_reward(trained: Any, file_format: str) -> None:
    from trl import RewardConfig, RewardTrainer

    lines = comparison_lines(file_format, Options(margin=Margin.STRENGTH))
    columns = trained(RewardTrainer, RewardConfig, lines)
    assert ("margin" in columns) is (file_format == "reward")


def test_dpo(trained: Any) -> None:
    from trl import DPOConfig, DPOTrainer

    trained(DPOTrainer, DPOConfig, comparison_lines("preference", Options()))


def test_kto(trained: Any) -> None:
    from trl import KTOConfig, KTOTrainer

    lines = comparison_lines("kto", Options())
    assert {line["label"] for line in lines} == {True, False}
    trained(KTOTrainer, KTOConfig, lines)
