"""Sampling: our engine beside four ways to sample with transformers' own, on one random model.

Measured: tokens per CPU-second of this process with one torch thread, which other people's load
hardly moves; all cases of a round one after the other, ratios within a round, medians over rounds.
Against: `generate` a completion at a time ("single"), `generate(num_return_sequences=K)`, one
left-padded batch, and transformers' continuous batching with fork. Then a draft's first token
beside two K = 9 jobs and beside none, and 16 drafts at a time beside a queue of batch work that
never empties, in CPU-seconds as well.

Run with `python -m benchmarks.sampling [--quick] [--rounds N] [--cases PART]`; with `--gpu` see
benchmarks.sampling_gpu. Exits 1 where a case fails or samples another number of tokens than asked.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from transformers import PreTrainedModel
from transformers.utils import logging

from benchmarks import samplers
from benchmarks.report import print_figures, print_header, spread
from benchmarks.sampling_latency import measure_drafts, measure_load
from sampling.engine import load, memory
from sampling.engine.loop import EngineLoop

WAYS = {
    "single": samplers.one_by_one,
    "num_return_sequences": samplers.return_sequences,
    "left-padded batch": samplers.left_padded,
    "continuous batching": samplers.continuous_batching,
}
MAX_TOKENS = 24
EIGHT = (64, 96, 128, 192, 80, 144, 160, 160)
MIXED = (64, 96, 128, 192, 64, 160, 256, 128)
# Printed beside what is claimed of them in docs/PERFORMANCE.md.
FLOORS = {
    "k9_p128_vs_single": 4.5,
    "k9_p512_vs_single": 5.0,
    "b8k4_vs_single": 5.0,
    "b8k4_vs_continuous_batching": 1.8,
}
DRAFT_CEILING = 2.0


@dataclass(frozen=True)
class Case:
    """One way to sample `n_tokens` tokens; `job` names what all of its rivals do as well."""

    job: str
    way: str
    n_tokens: int
    run: Callable[[], int]


def cases_of(
    model: PreTrainedModel, engine: EngineLoop, *, max_tokens: int, quick: bool
) -> list[Case]:
    vocab_size = int(model.config.vocab_size)
    prompts = partial(samplers.random_prompts, seed=3, vocab_size=vocab_size)
    found: list[Case] = []

    def add(job: str, way: str, texts: Sequence[samplers.Prompt], n: int, **how: object) -> None:
        known = WAYS.get(way.split(" K=")[0])
        run = partial(known, model) if known else partial(samplers.ours, engine, **how)
        n_tokens = len(texts) * n * max_tokens
        found.append(Case(job, way, n_tokens, partial(run, texts, n, max_tokens)))

    for length in (128, 512) if quick else (64, 128, 512, 1024):
        one = prompts(1, length)
        add(f"p{length}", "single", one, 1)
        for n in (9,) if quick else (1, 4, 9):
            add(f"p{length}", f"ours K={n}", one, n)
            if n > 1 and not quick:
                add(f"p{length}", f"num_return_sequences K={n}", one, n)
        if not quick:
            add(f"p{length}", "ours K=9, all features", one, 9, features=samplers.ALL_FEATURES)
    eight = [prompts(1, length, seed=at)[0] for at, length in enumerate(EIGHT)]
    # Two whose lengths have the eight's mean.
    add("b8k4", "single", [eight[1], eight[7]] if quick else eight, 1)
    add("b8k4", "continuous batching", eight, 4)
    add("b8k4", "ours", eight, 4)
    if not quick:
        add("b8k4", "num_return_sequences", eight, 4)
        add("b8k4", "left-padded batch", eight, 4)
        add("b8k4", "ours, all features", eight, 4, features=samplers.ALL_FEATURES)
        mixed = [prompts(1, length, seed=at)[0] for at, length in enumerate(MIXED * 4)]
        add("32 mixed", "single", mixed[:8], 1)
        for way in ("left-padded batch", "continuous batching", "ours"):
            add("32 mixed", way, mixed, 1)
        prefix = prompts(1, 1000)[0]
        shared = [(*prefix, *tail) for tail in prompts(8, 24)]
        add("8 share 1,000", "single", shared, 1)
        add("8 share 1,000", "continuous batching", shared, 1)
        add("8 share 1,000", "ours", shared, 1)
    return found


def measure(
    cases: Sequence[Case], engine: EngineLoop, rounds: int
) -> tuple[dict[tuple[str, str], list[float]], list[str]]:
    """Tokens per CPU-second of every case, a figure a round; and what failed."""
    rates: dict[tuple[str, str], list[float]] = {}
    failures: list[str] = []
    for _ in range(rounds):
        for case in cases:
            # What the last case left may help no other: each pays for its own prompts.
            engine.forget_kept()
            began = time.process_time()
            try:
                n_tokens = case.run()
            except Exception as error:  # noqa: BLE001
                failures.append(f"{case.job}, {case.way}: {type(error).__name__}: {error}")
                continue
            seconds = time.process_time() - began
            if n_tokens != case.n_tokens:
                failures.append(f"{case.job}, {case.way}: {n_tokens} tokens, not {case.n_tokens}")
            rates.setdefault((case.job, case.way), []).append(n_tokens / seconds)
    return rates, failures


def ratio(rates: dict[tuple[str, str], list[float]], job: str, way: str, rival: str) -> list[float]:
    """How many times the rival's rate, round by round."""
    pairs = zip(rates.get((job, way), []), rates.get((job, rival), []), strict=False)
    return [one / other for one, other in pairs]


def print_rates(rates: dict[tuple[str, str], list[float]]) -> None:
    print(f"  {'job':<14} {'sampler':<26} {'tokens per CPU-second':<38} times single")
    for (job, way), found in rates.items():
        ratios = ratio(rates, job, way, "single")
        times = f"{statistics.median(ratios):5.2f}" if ratios else "    –"
        print(f"  {job:<14} {way:<26} {spread(found):<38} {times}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="ends within 50 s on idle cores")
    parser.add_argument("--rounds", type=int, help="5, or 1 where quick")
    parser.add_argument("--cases", default="", help="only jobs whose name matches, as p128|b8k4")
    parser.add_argument("--gpu", action="store_true", help="an 8B-shaped model on the CUDA device")
    asked = parser.parse_args()
    logging.set_verbosity_error()
    if asked.gpu:
        from benchmarks.sampling_gpu import main as main_gpu

        return main_gpu()
    torch.set_num_threads(1)
    print_header("Sampling, a random 135M Llama in float32 on one thread")
    rounds = asked.rounds or (1 if asked.quick else 5)
    model = samplers.random_model(samplers.SHAPE_135M, device="cpu", dtype=torch.float32)
    backend = samplers.backend(
        model, n_slots=54, n_reserved=18, n_kept=8, window_tokens=2048, cache_bytes=6 * memory.GIB
    )
    engine = load.start_loop(backend, "cpu", clock=time.process_time)
    try:
        cases = [
            case
            for case in cases_of(model, engine, max_tokens=MAX_TOKENS, quick=asked.quick)
            if re.search(asked.cases, case.job)
        ]
        rates, failures = measure(cases, engine, rounds)
        print_rates(rates)
        drafts = measure_drafts(engine, int(model.config.vocab_size), 3 if asked.quick else 7)
        crowd = {} if asked.quick else measure_load(engine, int(model.config.vocab_size))
    finally:
        engine.close()
    figures: dict[str, object] = {}
    for key, job, way, rival in (
        ("k9_p128_vs_single", "p128", "ours K=9", "single"),
        ("k9_p512_vs_single", "p512", "ours K=9", "single"),
        ("b8k4_vs_single", "b8k4", "ours", "single"),
        ("b8k4_vs_continuous_batching", "b8k4", "ours", "continuous batching"),
    ):
        if found := ratio(rates, job, way, rival):
            figures[key] = round(statistics.median(found), 2)
            print(f"  {key:<34} {spread(found)}   floor {FLOORS[key]}")
    figures |= drafts | crowd
    for failure in failures:
        print(f"  failed: {failure}")
    print_figures(figures)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
