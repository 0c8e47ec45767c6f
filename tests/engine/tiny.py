"""A policy small enough to build in a test: own tokenizer, chat template and random weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoModelForCausalLM,
    BloomConfig,
    GPTNeoXConfig,
    LlamaConfig,
    MambaConfig,
    MistralConfig,
    MptConfig,
    PreTrainedConfig,
    Qwen3Config,
    Qwen3NextConfig,
    RwkvConfig,
    T5Config,
    T5ForConditionalGeneration,
)

from sampling.engine import load, memory
from sampling.engine.graphs import Capture
from sampling.engine.slots import TransformerBackend

CORPUS = (
    "The harbour was quiet, and the fishermen mended their nets.",
    "How do I sort a list of numbers? Use the sorted function.",
    "Write a short poem about rain on a tin roof, please.",
    "user: hello there! assistant: hello, what can I do for you today?",
    "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12",
)
CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
VOCAB_SIZE = 400  # of the tokenizer
PADDED_VOCAB_SIZE = 448  # of the model, as real ones pad theirs
CONTEXT_TOKENS = 256


def save_tokenizer(folder: Path, *, template: str | None = CHATML) -> None:
    """Write tokenizer.json, tokenizer_config.json and the chat template."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB_SIZE,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(CORPUS, trainer)
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "eos_token": "<|endoftext|>",
        "model_max_length": CONTEXT_TOKENS,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    if template is not None:
        (folder / "chat_template.jinja").write_text(template)


def config_of(kind: str) -> PreTrainedConfig:
    """Return one of the shapes that real policies have, some thousand times smaller."""
    shared: dict[str, Any] = {
        "vocab_size": PADDED_VOCAB_SIZE,
        "hidden_size": 48,
        "intermediate_size": 96,
        "num_hidden_layers": 3,
        "num_attention_heads": 6,
        "max_position_embeddings": CONTEXT_TOKENS,
        "bos_token_id": 0,
        "eos_token_id": 0,
        # Wide enough that a random policy prefers some tokens clearly.
        "initializer_range": 0.2,
    }
    if kind == "llama":
        return LlamaConfig(**shared, num_key_value_heads=3, tie_word_embeddings=True)
    if kind == "qwen3":
        return Qwen3Config(**shared, num_key_value_heads=2, head_dim=16)
    if kind == "gpt_neox":
        return GPTNeoXConfig(**shared)
    if kind in ("bloom", "mpt"):
        # Both take positions from elsewhere than the caller; mpt does not even fail.
        named: dict[str, Any] = {"bloom": BloomConfig, "mpt": MptConfig}
        config: PreTrainedConfig = named[kind](
            vocab_size=PADDED_VOCAB_SIZE, hidden_size=48, n_layer=2, n_head=6
        )
        return config
    if kind == "sliding":
        return MistralConfig(**shared, num_key_value_heads=2, sliding_window=16)
    if kind == "linear":
        layers = ["linear_attention", "full_attention", "linear_attention"]
        return Qwen3NextConfig(**shared, num_key_value_heads=2, head_dim=16, layer_types=layers)
    if kind == "state space":
        return MambaConfig(vocab_size=PADDED_VOCAB_SIZE, hidden_size=48, num_hidden_layers=2)
    if kind == "recurrent":
        return RwkvConfig(vocab_size=PADDED_VOCAB_SIZE, hidden_size=48, num_hidden_layers=2)
    if kind == "encoder-decoder":
        return T5Config(vocab_size=PADDED_VOCAB_SIZE, d_model=48, d_ff=96, num_layers=2)
    raise ValueError(kind)


def save_policy(folder: Path, kind: str) -> None:
    """Write a whole policy, weights seeded by nothing but their shape."""
    save_tokenizer(folder)
    torch.manual_seed(20)
    config = config_of(kind)
    model: Any
    if isinstance(config, T5Config):
        model = T5ForConditionalGeneration(config)
    else:
        model = AutoModelForCausalLM.from_config(config)  # type: ignore[no-untyped-call]
    model.save_pretrained(folder)


def load_tiny(
    folder: Path,
    *,
    n_slots: int = 12,
    n_reserved: int = 4,
    n_kept: int = 4,
    device: str = "cpu",
    capture: Capture | None = None,
) -> TransformerBackend:
    """Load a policy that save_policy wrote, with half a GiB for its weights and its cache."""
    return load.load_backend(
        folder,
        name="tiny",
        revision=None,
        device=torch.device(device),
        allowance=memory.Allowance(
            n_slots, n_reserved, n_kept, memory.GIB // 2 + memory.WORKING_BYTES[device]
        ),
        capture=capture,
    )
