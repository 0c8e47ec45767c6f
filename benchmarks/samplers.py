"""What the sampling benchmark compares: our engine and four ways to use transformers' own.

All run one random model of a real policy's shape, so nothing is downloaded; what they say means
nothing, what it costs is real. Each takes prompts and gives the tokens it sampled.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

import torch
from tokenizers import Tokenizer, decoders, models
from transformers import (
    AutoModelForCausalLM,
    ContinuousBatchingConfig,
    GenerationConfig,
    LlamaConfig,
    PreTrainedModel,
)

from sampling.engine.graphs import Capture
from sampling.engine.loop import EngineLoop
from sampling.engine.protocol import (
    GenerationRequest,
    Handle,
    Priority,
    Provenance,
    SamplingParams,
    seed_for,
)
from sampling.engine.slots import TransformerBackend

Prompt = tuple[int, ...]
TEMPERATURE, TOP_P = 0.9, 0.95
PLAIN = {"temperature": TEMPERATURE, "top_p": TOP_P}
# Everything at once; log-probabilities of the unwarped model come with every engine's token.
ALL_FEATURES = PLAIN | {
    "top_k": 100,
    "min_p": 0.01,
    "repetition_penalty": 1.1,
    "stop": ("no such text", "nor this one"),
}
SHAPE_135M = {
    "vocab_size": 49_152,
    "hidden_size": 576,
    "intermediate_size": 1536,
    "num_hidden_layers": 30,
    "num_attention_heads": 9,
    "num_key_value_heads": 3,
    "max_position_embeddings": 2048,
    "tie_word_embeddings": True,
}
SHAPE_8B = {
    "vocab_size": 128_256,
    "hidden_size": 4096,
    "intermediate_size": 14_336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "max_position_embeddings": 8192,
}


def random_model(
    shape: Mapping[str, object], *, device: str, dtype: torch.dtype
) -> PreTrainedModel:
    """A Llama of this shape that ends no turn by itself."""
    torch.manual_seed(0)
    config = LlamaConfig(**shape, bos_token_id=None, eos_token_id=None, pad_token_id=0)  # type: ignore[arg-type]
    with torch.device(device):
        model: PreTrainedModel = AutoModelForCausalLM.from_config(  # type: ignore[no-untyped-call]
            config, dtype=dtype, attn_implementation="sdpa"
        )
    model.generation_config = GenerationConfig(pad_token_id=0)
    return model.eval()  # type: ignore[no-untyped-call,no-any-return]


def word_tokenizer(n_words: int) -> Tokenizer:
    """Token k reads "wk "."""
    tokenizer = Tokenizer(models.WordLevel({f"w{k} ": k for k in range(n_words)}, unk_token="w0 "))
    tokenizer.decoder = decoders.Fuse()
    return tokenizer


def random_prompts(n: int, n_tokens: int, *, seed: int, vocab_size: int) -> list[Prompt]:
    chance = random.Random(f"{seed} {n_tokens}")
    return [tuple(chance.randrange(1, vocab_size) for _ in range(n_tokens)) for _ in range(n)]


def request(
    prompt: Prompt,
    *,
    n: int,
    max_tokens: int,
    priority: Priority = Priority.BATCH,
    features: Mapping[str, object] = PLAIN,
) -> GenerationRequest:
    params = SamplingParams(**features, max_tokens=max_tokens)  # type: ignore[arg-type]
    seeds = tuple(seed_for(1, "benchmark", index) for index in range(n))
    return GenerationRequest("benchmark", params, seeds, priority, prompt)


def backend(
    model: PreTrainedModel,
    *,
    n_slots: int,
    n_reserved: int,
    n_kept: int,
    window_tokens: int,
    cache_bytes: int,
    capture: Capture | None = None,
) -> TransformerBackend:
    """The engine's device side over `model`."""
    vocab_size = int(model.config.vocab_size)
    return TransformerBackend(
        model,
        word_tokenizer(vocab_size),
        provenance=Provenance(engine="slots", engine_version="benchmark", model="random"),
        stop_ids=frozenset(),
        n_slots=n_slots,
        n_reserved=n_reserved,
        n_kept=n_kept,
        window_tokens=window_tokens,
        cache_bytes=cache_bytes,
        capture=capture,
    )


def n_tokens_of(handles: Sequence[Handle]) -> int:
    """Read every handle to its end; the tokens sampled. Raises where a completion failed."""
    n_tokens = 0
    for handle in handles:
        for event in handle:
            if event.result is not None:
                if event.result.failure is not None:
                    raise RuntimeError(event.result.failure.detail)
                n_tokens += event.result.n_completion
    return n_tokens


def ours(
    engine: EngineLoop, prompts: Sequence[Prompt], n: int, max_tokens: int, **how: object
) -> int:
    """All prompts at once."""
    requests = [request(prompt, n=n, max_tokens=max_tokens, **how) for prompt in prompts]  # type: ignore[arg-type]
    return n_tokens_of([engine.submit(each) for each in requests])


def one_by_one(model: PreTrainedModel, prompts: Sequence[Prompt], n: int, max_tokens: int) -> int:
    """Plain `generate`, a completion at a time."""
    return sum(_generate(model, [prompt], 1, max_tokens) for prompt in prompts for _ in range(n))


def return_sequences(
    model: PreTrainedModel, prompts: Sequence[Prompt], n: int, max_tokens: int
) -> int:
    """`generate(num_return_sequences=n)`, a prompt at a time."""
    return sum(_generate(model, [prompt], n, max_tokens) for prompt in prompts)


def left_padded(model: PreTrainedModel, prompts: Sequence[Prompt], n: int, max_tokens: int) -> int:
    """`generate` over all prompts in one left-padded batch."""
    return _generate(model, prompts, n, max_tokens)


def _generate(model: PreTrainedModel, prompts: Sequence[Prompt], n: int, max_tokens: int) -> int:
    longest = max(len(prompt) for prompt in prompts)
    padded = [[0] * (longest - len(prompt)) + list(prompt) for prompt in prompts]
    mask = [[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts]
    output = model.generate(  # type: ignore[operator]
        torch.tensor(padded, device=model.device),
        attention_mask=torch.tensor(mask, device=model.device),
        do_sample=True,
        temperature=TEMPERATURE,
        top_p=TOP_P,
        top_k=0,
        max_new_tokens=max_tokens,
        num_return_sequences=n,
    )
    return int(output.shape[0] * (output.shape[1] - longest))


def continuous_batching(
    model: PreTrainedModel, prompts: Sequence[Prompt], n: int, max_tokens: int
) -> int:
    """transformers' own continuous batching, the n completions of a prompt forked after it."""
    room = sum(len(prompt) + n * (max_tokens + 64) for prompt in prompts)
    settings = GenerationConfig(
        do_sample=True,
        temperature=TEMPERATURE,
        top_p=TOP_P,
        top_k=0,
        num_return_sequences=n,
        max_new_tokens=max_tokens,
        pad_token_id=0,
        # It takes none of its own for "never": this id is drawn by nobody.
        eos_token_id=-1,
    )
    pages = ContinuousBatchingConfig(
        page_size=32, num_blocks=max(64, 2 * room // 32), max_batch_tokens=512
    )
    attention = model.config._attn_implementation
    manager = model.init_continuous_batching(settings, pages)  # type: ignore[operator]
    manager.start()
    try:
        for number, prompt in enumerate(prompts):
            manager.add_request(list(prompt), request_id=str(number), max_new_tokens=max_tokens)
        n_tokens = 0
        for _ in range(len(prompts) * n):
            output = manager.get_result(timeout=600)
            if output is None or output.error:
                raise RuntimeError(f"continuous batching failed: {output and output.error}")
            n_tokens += len(output.generated_tokens)
        return n_tokens
    finally:
        manager.destroy()
        model.set_attn_implementation(attention)
