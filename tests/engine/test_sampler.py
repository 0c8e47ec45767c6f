"""Drawn tokens follow the warped distribution exactly, and depend on nothing but their keys."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import (
    LogitsProcessorList,
    MinPLogitsWarper,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from sampling.engine import sampler
from sampling.engine.backend import Draw
from sampling.engine.protocol import SamplingParams

N_DRAWS = 40_000
PARAMS = [
    SamplingParams(),
    SamplingParams(temperature=0.6),
    SamplingParams(temperature=1.7, top_k=5),
    SamplingParams(top_p=0.5),
    SamplingParams(top_p=0.9, temperature=1.3),
    SamplingParams(min_p=0.2),
    SamplingParams(temperature=1.2, top_k=12, top_p=0.85, min_p=0.05),
    SamplingParams(top_p=1e-9),
    SamplingParams(repetition_penalty=1.8),
    SamplingParams(repetition_penalty=0.6, temperature=0.9, top_k=9, top_p=0.9),
]
SEEN = (2, 5, 5, 7, 11, 13)


def logits_of(n_tokens: int, seed: int = 3) -> Tensor:
    return torch.randn(n_tokens, generator=torch.Generator().manual_seed(seed)) * 2


def warped(logits: Tensor, params: SamplingParams) -> Tensor:
    """Return the distribution that transformers samples from with these params."""
    chain: Any = LogitsProcessorList(
        [
            RepetitionPenaltyLogitsProcessor(params.repetition_penalty),
            TemperatureLogitsWarper(float(params.temperature)),
        ]
    )
    if params.top_k:
        chain.append(TopKLogitsWarper(params.top_k))
    if params.top_p < 1:
        chain.append(TopPLogitsWarper(params.top_p))
    if params.min_p:
        chain.append(MinPLogitsWarper(params.min_p))
    scores: Tensor = chain(torch.tensor([SEEN]), logits[None])
    return scores[0].softmax(-1)


@pytest.mark.parametrize("params", [PARAMS[0], PARAMS[4], PARAMS[6], PARAMS[9]], ids=str)
def test_draws_over_many_blocks_follow_the_warped_distribution(params: SamplingParams) -> None:
    # A real vocabulary's likeliest tokens lie anywhere in it; the rest is far below.
    n_tokens = 3 * sampler.BLOCK_TOKENS + 7
    spread = torch.full((n_tokens,), -30.0)
    places = torch.tensor([0, 1, 2, 255, 256, 257, 300, 511, 512, 600, 767, 768, 770, 774])
    spread[places] = logits_of(len(places))
    seen = SEEN if params.repetition_penalty != 1 else ()
    expected = warped(spread, params)
    draws = [Draw(params, seed, 3, seen) for seed in range(8_000)]
    counts = torch.bincount(
        sampler.choose(spread.expand(len(draws), -1), draws, n_tokens)[0], minlength=n_tokens
    ).float()

    assert_follows(counts[places], expected[places] * len(draws))


def draw(logits: Tensor, params: SamplingParams, n_draws: int) -> Tensor:
    seen = SEEN if params.repetition_penalty != 1 else ()
    draws = [
        Draw(params, seed, step, seen) for seed in range(n_draws // 100) for step in range(100)
    ]
    return sampler.choose(logits.expand(n_draws, -1), draws, logits.shape[0])[0]


@pytest.mark.parametrize("params", PARAMS, ids=str)
def test_draws_follow_the_warped_distribution(params: SamplingParams) -> None:
    logits = logits_of(20)
    expected = warped(logits, params) * N_DRAWS
    counts = torch.bincount(draw(logits, params, N_DRAWS), minlength=20).float()

    assert_follows(counts, expected)


def assert_follows(counts: Tensor, expected: Tensor) -> None:
    """Chi-square; the draws are the same in every run."""
    kept = expected > 0
    assert counts[~kept].sum() == 0
    chi_square = float(((counts - expected)[kept] ** 2 / expected[kept]).sum())
    n_free = int(kept.sum()) - 1
    if n_free:
        # By Wilson and Hilferty 4 sigma is passed once in 30,000 honest samplers.
        limit = n_free * (1 - 2 / (9 * n_free) + 4 * math.sqrt(2 / (9 * n_free))) ** 3
        assert chi_square < limit


@pytest.mark.parametrize("top_p", [0.05, 0.3, 0.7, 0.95, 0.999])
def test_nucleus_equals_the_sorted_one(top_p: float) -> None:
    logits = logits_of(300, seed=5)
    nucleus = set(warped(logits, SamplingParams(top_p=top_p)).nonzero().flatten().tolist())
    hot = logits / 3
    hot_nucleus = set(warped(hot, SamplingParams(top_p=top_p)).nonzero().flatten().tolist())

    assert set(draw(logits, SamplingParams(top_p=top_p), 4_000).tolist()) <= nucleus
    found = set(draw(hot, SamplingParams(top_p=top_p), 4_000).tolist())
    assert found <= hot_nucleus
    assert len(found) > 0.5 * len(hot_nucleus)


def test_a_row_is_drawn_alike_alone_and_in_company() -> None:
    n_rows = 64
    logits = torch.stack([logits_of(500, seed) for seed in range(n_rows)])
    draws = [Draw(PARAMS[row % len(PARAMS)], seed=row, step=row * 7) for row in range(n_rows)]
    together, logprobs = sampler.choose(logits, draws, 480)

    for row in range(n_rows):
        alone, logprob = sampler.choose(logits[row, None], [draws[row]], 480)
        assert alone.item() == together[row].item()
        assert logprob.item() == pytest.approx(logprobs[row].item(), abs=1e-5)
    assert together.max() < 480


def test_noise_of_neighbouring_keys_is_unrelated() -> None:
    params = SamplingParams()
    keys = [(seed, step) for seed in range(30) for step in range(30)]
    draws = [Draw(params, seed, step) for seed, step in keys]
    ids = torch.arange(400)[None]
    noise = sampler.exponentials(sampler._keys(draws, 0, ids.device), ids)

    assert noise.min() > 0
    assert noise.mean().item() == pytest.approx(1, abs=0.01)
    assert noise.var().item() == pytest.approx(1, abs=0.02)
    correlation = torch.corrcoef(noise) - torch.eye(len(keys))
    # 400 tokens: chance alone gives 0.05 per pair, and hardly ever five times as much.
    assert correlation.abs().max() < 0.35
    assert correlation.std().item() == pytest.approx(0.05, abs=0.005)


def test_noise_is_fixed_for_ever() -> None:
    # Stored completions are replayed with it.
    ids = torch.arange(3)[None]
    keys = sampler._keys([Draw(SamplingParams(), 123, 4)], 0, ids.device)
    noise = sampler.exponentials(keys, ids)

    torch.testing.assert_close(noise, torch.tensor([[0.542825, 0.525372, 0.48719]]))


def test_penalty_reaches_greedy_and_spares_the_logprob() -> None:
    logits = logits_of(20)[None]
    best = int(logits.argmax())
    params = SamplingParams(temperature=0, repetition_penalty=10.0)
    expected = int(warped_greedy(logits[0], (best,), 10.0))
    tokens, logprobs = sampler.choose(logits, [Draw(params, 1, 0, (best,))], 20)

    assert tokens.tolist() == [expected] != [best]
    torch.testing.assert_close(logprobs, logits.log_softmax(-1)[:, expected])


def warped_greedy(logits: Tensor, seen: tuple[int, ...], penalty: float) -> Tensor:
    process: Any = RepetitionPenaltyLogitsProcessor(penalty)
    scores: Tensor = process(torch.tensor([seen]), logits[None].clone())
    return scores.argmax()


def test_greedy_ignores_noise_and_filters() -> None:
    logits = logits_of(50)
    params = SamplingParams(temperature=0, top_k=3, top_p=0.1)

    assert set(draw(logits, params, 200).tolist()) == {int(logits.argmax())}


def test_logits_that_are_not_finite_say_so_in_the_logprob() -> None:
    logits = torch.stack([logits_of(9), torch.full((9,), torch.nan)])
    draws = [Draw(PARAMS[-2], 1, 1), Draw(PARAMS[-2], 1, 1)]
    _, logprobs = sampler.choose(logits, draws, 9)

    assert logprobs.isfinite().tolist() == [True, False]
