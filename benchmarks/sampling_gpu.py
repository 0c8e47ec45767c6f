"""Sampling on a CUDA device: an 8B-shaped random policy in bfloat16 beside what its memory allows.

A decoding step reads all weights once and every row's keys and values, so tokens per second are
bounded by the device's bandwidth, which is measured in the same run by copying. Before anything is
timed, greedy completions of a small policy must be those of plain `generate`, token for token.

Run with `python -m benchmarks.sampling --gpu`. It needs torch, transformers, tokenizers and jinja2,
no Django and no network. Exits 1 where a case fails.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable

import torch
import transformers
from transformers import PreTrainedModel

from benchmarks import samplers
from benchmarks.report import print_figures, print_header
from sampling.engine import load, memory
from sampling.engine.graphs import CudaCapture
from sampling.engine.loop import EngineLoop
from sampling.engine.protocol import CompletionResult, Priority
from sampling.engine.slots import TransformerBackend, layer_shapes

ROWS = (1, 9, 32, 64, 256)
PROMPT_TOKENS, NEW_TOKENS = 1024, 128
POSITIONS = PROMPT_TOKENS + NEW_TOKENS
COPIED_BYTES = 2 * memory.GIB


def bandwidth() -> float:
    """Bytes per second that the device's memory reads and writes, the best of ten copies."""
    source = torch.empty(COPIED_BYTES, dtype=torch.uint8, device="cuda")
    target = torch.empty_like(source)
    best = 0.0
    for _ in range(10):
        began, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        began.record()  # type: ignore[no-untyped-call]
        target.copy_(source)
        ended.record()  # type: ignore[no-untyped-call]
        torch.cuda.synchronize()
        best = max(best, 2 * COPIED_BYTES / (began.elapsed_time(ended) / 1000))  # type: ignore[no-untyped-call]
    return best


def results_of(engine: EngineLoop, n: int, seed: int, vocab_size: int) -> list[CompletionResult]:
    """`n` completions of a prompt that nobody has asked before."""
    (prompt,) = samplers.random_prompts(1, PROMPT_TOKENS, seed=seed, vocab_size=vocab_size)
    asked = samplers.request(prompt, n=n, max_tokens=NEW_TOKENS, features=samplers.ALL_FEATURES)
    found = [event.result for event in engine.submit(asked) if event.result is not None]
    for result in found:
        if result.failure is not None:
            raise RuntimeError(result.failure.detail)
    return found


def decoding_rate(found: list[CompletionResult]) -> float:
    """Tokens per second once the prompt was read."""
    firsts = [result.t_first for result in found if result.t_first is not None]
    lasts = [result.t_last for result in found if result.t_last is not None]
    return len(found) * (NEW_TOKENS - 1) / (max(lasts) - min(firsts))


def check_greedy() -> None:
    """Raise unless slots and graphs give what plain `generate` gives, in float32."""
    torch.backends.cuda.matmul.allow_tf32 = False
    model = samplers.random_model(
        samplers.SHAPE_135M | {"num_hidden_layers": 4}, device="cuda", dtype=torch.float32
    )
    vocab_size = int(model.config.vocab_size)
    engine = load.start_loop(new_backend(model, n_slots=16, cache_bytes=2 * memory.GIB), "cuda")
    try:
        prompts = [
            samplers.random_prompts(1, length, seed=length, vocab_size=vocab_size)[0]
            for length in (1, 30, 200, 700)
        ]
        greedy: dict[str, object] = {"temperature": 0}
        handles = [
            engine.submit(samplers.request(prompt, n=1, max_tokens=32, features=greedy))
            for prompt in prompts
        ]
        for prompt, handle in zip(prompts, handles, strict=True):
            (result,) = (event.result for event in handle if event.result is not None)
            expected = model.generate(  # type: ignore[operator]
                torch.tensor([prompt], device="cuda"), do_sample=False, max_new_tokens=32
            )[0, len(prompt) :].tolist()
            if list(result.token_ids) != expected:
                raise RuntimeError(f"a prompt of {len(prompt)} tokens is completed unlike generate")
    finally:
        engine.close()


def new_backend(model: PreTrainedModel, *, n_slots: int, cache_bytes: int) -> TransformerBackend:
    return samplers.backend(
        model,
        n_slots=n_slots,
        n_reserved=0,
        n_kept=2,
        window_tokens=POSITIONS,
        cache_bytes=cache_bytes,
        capture=CudaCapture(model.device),
    )


def first_token_under_load(engine: EngineLoop, n_rows: int, vocab_size: int) -> list[float]:
    """Seconds until the first token of 1,024-token drafts while a batch of `n_rows` is sampled."""
    batch = threading.Thread(target=results_of, args=(engine, n_rows, 900, vocab_size))
    batch.start()
    found = []
    for number in range(5):
        (prompt,) = samplers.random_prompts(
            1, PROMPT_TOKENS, seed=950 + number, vocab_size=vocab_size
        )
        asked = samplers.request(prompt, n=1, max_tokens=2, priority=Priority.INTERACTIVE)
        (result,) = (event.result for event in engine.submit(asked) if event.result is not None)
        if result.t_first is not None and batch.is_alive():
            found.append(result.t_first)
    batch.join()
    if not found:
        raise RuntimeError("the batch ended before a draft began")
    return found


def timed(sample: Callable[[], int]) -> float:
    """Tokens per second of one run, prompt included."""
    torch.cuda.synchronize()
    began = time.perf_counter()
    n_tokens = sample()
    torch.cuda.synchronize()
    return n_tokens / (time.perf_counter() - began)


def main() -> int:
    if not torch.cuda.is_available():
        print("no CUDA device here")
        return 1
    print_header(
        f"Sampling on {torch.cuda.get_device_name()}, an 8B-shaped random Llama in bfloat16, "
        f"torch {torch.__version__}, transformers {transformers.__version__}"
    )
    check_greedy()
    print("  greedy completions are those of generate")
    peak = bandwidth()
    print(f"  memory bandwidth by copying: {peak / 1e12:.2f} TB/s")
    model = samplers.random_model(samplers.SHAPE_8B, device="cuda", dtype=torch.bfloat16)
    vocab_size = int(model.config.vocab_size)
    weights_bytes = sum(each.numel() * each.element_size() for each in model.parameters())
    token_bytes = 2 * sum(shape.values_per_token for shape in layer_shapes(model))
    # The weights lie on the device already and count no longer among what is free.
    room = memory.budget(
        name="the policy",
        weights_bytes=0,
        logits_bytes=max(ROWS) * vocab_size * 4,
        device=torch.device("cuda"),
    )
    n_slots = min(max(ROWS), room.cache_bytes // (token_bytes * (POSITIONS + 1)) - 4)
    began = time.perf_counter()
    device_side = new_backend(model, n_slots=n_slots, cache_bytes=room.cache_bytes)
    print(f"  {n_slots} slots; every shape captured in {time.perf_counter() - began:.1f} s")
    figures: dict[str, object] = {"bandwidth_bytes_per_second": round(peak)}
    failures: list[str] = []
    engine = load.start_loop(device_side, "cuda")
    try:
        for n_rows in (rows for rows in ROWS if rows <= n_slots):
            rates = [
                decoding_rate(results_of(engine, n_rows, 10 * n_rows + at, vocab_size))
                for at in range(3)
            ]
            step_bytes = weights_bytes + n_rows * (POSITIONS - NEW_TOKENS // 2) * token_bytes
            ceiling = n_rows * peak / step_bytes
            rate = statistics.median(rates)
            print(f"  {n_rows:4d} rows: {rate:9.0f} tokens/s, ceiling {ceiling:9.0f}, "
                  f"{rate / ceiling:.0%} of it")  # fmt: skip
            figures[f"rows_{n_rows}_tokens_per_second"] = round(rate)
            figures[f"rows_{n_rows}_of_ceiling"] = round(rate / ceiling, 3)
        n_beside = min(32, n_slots - 1)
        waits = first_token_under_load(engine, n_beside, vocab_size)
        print(f"  first token of a 1,024-token draft beside {n_beside} rows: "
              f"{statistics.median(waits) * 1000:.0f} ms (longest {max(waits) * 1000:.0f})")  # fmt: skip
        figures["first_token_under_load_ms"] = round(statistics.median(waits) * 1000, 1)
        prompts = samplers.random_prompts(8, 128, seed=7, vocab_size=vocab_size)
        for name, sample in (
            ("ours", lambda: samplers.ours(engine, prompts, 4, NEW_TOKENS)),
            ("single", lambda: samplers.one_by_one(model, prompts[:1], 1, NEW_TOKENS)),
            (
                "num_return_sequences",
                lambda: samplers.return_sequences(model, prompts[:1], 4, NEW_TOKENS),
            ),
            (
                "continuous_batching",
                lambda: samplers.continuous_batching(model, prompts, 4, NEW_TOKENS),
            ),
        ):
            try:
                timed(sample)
                engine.forget_kept()
                rate = timed(sample)
            except Exception as error:  # noqa: BLE001
                # What was measured before it is not measured again for one that fails.
                failures.append(f"{name}: {type(error).__name__}: {error}")
                continue
            engine.forget_kept()
            figures[f"b8k4_{name}_tokens_per_second"] = round(rate, 1)
            print(f"  8 prompts, K = 4, {name}: {rate:.1f} tokens/s")
    finally:
        engine.close()
    for failure in failures:
        print(f"  failed: {failure}")
    print_figures(figures)
    return 1 if failures else 0
