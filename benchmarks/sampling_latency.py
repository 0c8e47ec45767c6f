"""How long a draft waits for its first token while the engine has other work.

Times are CPU-seconds of this process (the engine runs on that clock): what a draft waits for on a
core of its own, whoever else computes on the machine.
"""

from __future__ import annotations

import random
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.report import quantile, spread
from benchmarks.samplers import random_prompts, request
from sampling.engine.loop import EngineLoop
from sampling.engine.protocol import CompletionResult, Priority

PROMPT_TOKENS = 128
DRAFT_TOKENS = 8
N_STREAMS = 16
DRAFTS_PER_STREAM = 3


def draft(engine: EngineLoop, seed: int, vocab_size: int) -> CompletionResult:
    """One draft of a prompt that nobody has asked before."""
    (prompt,) = random_prompts(1, PROMPT_TOKENS, seed=seed, vocab_size=vocab_size)
    asked = request(prompt, n=1, max_tokens=DRAFT_TOKENS, priority=Priority.INTERACTIVE)
    (result,) = (event.result for event in engine.submit(asked) if event.result is not None)
    if result.failure is not None:
        raise RuntimeError(result.failure.detail)
    return result


@contextmanager
def batch_work(engine: EngineLoop, n_jobs: int, vocab_size: int) -> Iterator[list[int]]:
    """`n_jobs` K = 9 jobs at any time, each followed by another; the tokens they have sampled."""
    ended = threading.Event()
    n_tokens = [0] * n_jobs

    def keep_busy(number: int) -> None:
        seed = 1_000_000 * (number + 1)
        while not ended.is_set():
            seed += 1
            (prompt,) = random_prompts(1, PROMPT_TOKENS, seed=seed, vocab_size=vocab_size)
            handle = engine.submit(request(prompt, n=9, max_tokens=32))
            for event in handle:
                n_tokens[number] += event.token_id is not None
                if ended.is_set() and not handle.cancelled:
                    handle.cancel()

    threads = [threading.Thread(target=keep_busy, args=(number,)) for number in range(n_jobs)]
    for thread in threads:
        thread.start()
    try:
        yield n_tokens
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def per_token(result: CompletionResult) -> float:
    assert result.t_first is not None
    assert result.t_last is not None
    return (result.t_last - result.t_first) / (result.n_completion - 1)


def first_token(result: CompletionResult) -> float:
    assert result.t_first is not None
    return result.t_first


def measure_drafts(engine: EngineLoop, vocab_size: int, n_drafts: int) -> dict[str, object]:
    """First token and pace of a draft, alone and beside two K = 9 jobs."""
    idle = [draft(engine, 5_000 + number, vocab_size) for number in range(n_drafts)]
    chance = random.Random(1)
    loaded = []
    with batch_work(engine, 2, vocab_size) as n_tokens:
        for number in range(n_drafts):
            # A person comes at any moment of a step, and not before the batch has begun.
            time.sleep(chance.uniform(0.1, 0.6))
            while not all(n_tokens):
                time.sleep(0.05)
            loaded.append(draft(engine, 6_000 + number, vocab_size))
    for name, found in (("idle", idle), ("beside two K=9 jobs", loaded)):
        print(
            f"  draft, {name}: first token (CPU-s) {spread([first_token(each) for each in found])}"
        )
        print(f"  draft, {name}: per token (CPU-s)   {spread([per_token(each) for each in found])}")

    def times(of: object) -> float:
        medians = [statistics.median(map(of, found)) for found in (loaded, idle)]  # type: ignore[call-overload]
        return round(medians[0] / medians[1], 2)

    return {
        "draft_first_token_loaded_vs_idle": times(first_token),
        "draft_per_token_loaded_vs_idle": times(per_token),
    }


def measure_load(engine: EngineLoop, vocab_size: int) -> dict[str, object]:
    """16 people drafting without a pause beside four K = 9 jobs: waits, fairness, starvation."""
    results: list[list[CompletionResult]] = [[] for _ in range(N_STREAMS)]

    def person(number: int) -> None:
        for turn in range(DRAFTS_PER_STREAM):
            results[number].append(draft(engine, 10_000 + 100 * number + turn, vocab_size))

    threads = [threading.Thread(target=person, args=(number,)) for number in range(N_STREAMS)]
    with batch_work(engine, 4, vocab_size) as n_tokens:
        before = sum(n_tokens)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        n_batch = sum(n_tokens) - before
    waits = [first_token(result) for found in results for result in found]
    n_drafted = sum(result.n_completion for found in results for result in found)
    means = [statistics.fmean(map(first_token, found)) for found in results]
    print(f"  {N_STREAMS} streams beside four K=9 jobs: first token (CPU-s) p50 "
          f"{quantile(waits, 0.5):.2f}, p95 {quantile(waits, 0.95):.2f}; longest mean wait of a "
          f"stream {max(means) / statistics.fmean(means):.2f} times the average; "
          f"{n_drafted} tokens drafted, {n_batch} sampled for batch meanwhile")  # fmt: skip
    return {
        "streams_first_token_p50": round(quantile(waits, 0.5), 3),
        "streams_first_token_p95": round(quantile(waits, 0.95), 3),
        "streams_longest_mean_vs_average": round(max(means) / statistics.fmean(means), 2),
        "streams_batch_share_of_tokens": round(n_batch / (n_batch + n_drafted), 3),
    }
