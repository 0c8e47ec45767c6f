"""Sampling: our engine beside four ways to sample with transformers' own, on one random model.

Measured: tokens per CPU-second of this process with one torch thread, which other people's load
hardly moves; all cases of a round one after the other, ratios within a round, medians over rounds.
Against: `generate` a completion at a time ("single"), `generate(num_return_sequences=K)`, one
left-padded batch, and transformers' continuous batching with fork. Then a draft's first token
beside two K = 9 jobs and beside none, and 16 drafts at a time beside a queue of batch work that
never empties, in CPU-seconds as well.

Five rounds take about 25 minutes of a busy core's time. `--quick` is one round of
what the JSON's ratios need and a third of the tokens or less, so that prompts weigh more than in the table
and one busy moment shows.

Run with `python -m benchmarks.sampling [--quick] [--rounds N] [--cases PART]`; with `--gpu` see
benchmarks.sampling_gpu. Exits 1 where a case fails, is left out unasked, or samples another number
of tokens than asked.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
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
# Of jobs whose prompts are most of the work, and of those that no floor is stated for.
FEW_TOKENS = 10
QUICK_TOKENS = 6
# Fewer would leave the eight prompts most of the work.
QUICK_TOKENS_OF_EIGHT = 9
EIGHT = (64, 96, 128, 192, 80, 144, 160, 160)
MIXED = (64, 96, 128, 192, 64, 160, 256, 128) * 2
# Job, way and rival of each figure, and its floor: docs/PERFORMANCE.md claims no less.
RATIOS = {
    "k9_p128_vs_single": ("p128", "ours K=9", "single", 4.5),
    "k9_p512_vs_single": ("p512", "ours K=9", "single", 5.0),
    "b8k4_vs_single": ("b8k4", "ours", "single", 5.0),
    "b8k4_vs_continuous_batching": ("b8k4", "ours", "continuous batching", 1.8),
}


@dataclass(frozen=True)
class Case:
    """One way to sample `n_tokens` tokens; `job` names what all of its rivals do as well."""

    job: str
    way: str
    n_tokens: int
    run: Callable[[], int]


class Cases:
    """What is measured, in the order of a round.

    One by one, a part of a job's prompts stands for all: their pace does not depend on the others.
    """

    def __init__(self, model: PreTrainedModel, engine: EngineLoop) -> None:
        self._model = model
        self._engine = engine
        self.found: list[Case] = []

    def quick(self) -> None:
        """What the JSON's ratios need."""
        for length in (128, 512):
            one = self._prompts(1, length)
            self._add(f"p{length}", "single", one, 1, QUICK_TOKENS)
            self._add(f"p{length}", "ours K=9", one, 9, QUICK_TOKENS)
        self._eight(QUICK_TOKENS_OF_EIGHT)

    def whole(self) -> None:
        """Every line of the table."""
        for length in (64, 128, 512, 1024):
            job, one = f"p{length}", self._prompts(1, length)
            n_tokens = MAX_TOKENS if length in (128, 512) else FEW_TOKENS
            self._add(job, "single", one, 1, n_tokens)
            for n in (1, 4, 9):
                self._add(job, f"ours K={n}", one, n, n_tokens)
            if length in (128, 512):
                self._add(job, "num_return_sequences K=9", one, 9, n_tokens)
        one = self._prompts(1, 128)
        self._add("p128", "num_return_sequences K=4", one, 4, MAX_TOKENS)
        self._add("p128", "ours K=9, all features", one, 9, MAX_TOKENS, samplers.ALL_FEATURES)
        eight = self._eight(MAX_TOKENS)
        self._add("b8k4", "left-padded batch", eight, 4, MAX_TOKENS)
        self._add("b8k4", "ours, all features", eight, 4, MAX_TOKENS, samplers.ALL_FEATURES)
        mixed = [self._prompts(1, length, seed=at)[0] for at, length in enumerate(MIXED)]
        # Four whose mean length is nearly that of all.
        self._add("16 mixed", "single", mixed[:4], 1, FEW_TOKENS)
        prefix = self._prompts(1, 1000)[0]
        shared = [(*prefix, *tail) for tail in self._prompts(4, 24)]
        self._add("4 share 1,000", "single", shared[:2], 1, FEW_TOKENS)
        for way in ("left-padded batch", "continuous batching", "ours"):
            self._add("16 mixed", way, mixed, 1, FEW_TOKENS)
            self._add("4 share 1,000", way, shared, 1, FEW_TOKENS)

    def _eight(self, max_tokens: int) -> list[samplers.Prompt]:
        eight = [self._prompts(1, length, seed=at)[0] for at, length in enumerate(EIGHT)]
        # The one whose length is the eight's mean.
        self._add("b8k4", "single", [eight[2]], 1, max_tokens)
        self._add("b8k4", "continuous batching", eight, 4, max_tokens)
        self._add("b8k4", "ours", eight, 4, max_tokens)
        return eight

    def _prompts(self, n: int, length: int, *, seed: int = 3) -> list[samplers.Prompt]:
        vocab_size = int(self._model.config.vocab_size)
        return samplers.random_prompts(n, length, seed=seed, vocab_size=vocab_size)

    def _add(
        self,
        job: str,
        way: str,
        texts: Sequence[samplers.Prompt],
        n: int,
        max_tokens: int,
        features: Mapping[str, object] = samplers.PLAIN,
    ) -> None:
        known = WAYS.get(way.split(" K=")[0])
        run = (
            partial(known, self._model)
            if known
            else partial(samplers.ours, self._engine, features=features)
        )
        n_tokens = len(texts) * n * max_tokens
        self.found.append(Case(job, way, n_tokens, partial(run, texts, n, max_tokens)))


def warm_up(model: PreTrainedModel, engine: EngineLoop) -> None:
    """Have what only the first call of a process pays behind everybody."""
    (prompt,) = samplers.random_prompts(1, 16, seed=0, vocab_size=int(model.config.vocab_size))
    samplers.one_by_one(model, [prompt], 1, 2)
    samplers.ours(engine, [prompt], 9, 2)


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


def ratios_of(rates: dict[tuple[str, str], list[float]]) -> dict[str, object]:
    """The medians that docs/PERFORMANCE.md claims something of, printed beside their floors."""
    figures: dict[str, object] = {}
    for key, (job, way, rival, floor) in RATIOS.items():
        if found := ratio(rates, job, way, rival):
            figures[key] = round(statistics.median(found), 2)
            print(f"  {key:<34} {spread(found)}   floor {floor}")
    return figures


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
        cases = Cases(model, engine)
        if asked.quick:
            cases.quick()
        else:
            cases.whole()
        wanted = [case for case in cases.found if re.search(asked.cases, case.job)]
        warm_up(model, engine)
        rates, failures = measure(wanted, engine, rounds)
        print_rates(rates)
        figures = ratios_of(rates)
        vocab_size = int(model.config.vocab_size)
        if re.search(asked.cases, "drafts"):
            figures |= measure_drafts(engine, vocab_size, 2 if asked.quick else 7)
        if re.search(asked.cases, "streams") and not asked.quick:
            figures |= measure_load(engine, vocab_size)
    finally:
        engine.close()
    if not asked.cases:
        expected = {*RATIOS, "draft_first_token_loaded_vs_idle"}
        failures += [f"{key} was not measured" for key in sorted(expected - figures.keys())]
    for failure in failures:
        print(f"  failed: {failure}")
    print_figures(figures)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
