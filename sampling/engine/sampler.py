"""Draws tokens so that a completion is the same alone and in company.

Each draw is an exponential race: the token with the largest p / E wins, E being unit exponentials
(Gumbel-max in other clothes). E is no generator's output but a hash of (seed, step, token id), so
a row's noise does not depend on the other rows, nor on the device. Rounding moves every edge of
an inverse CDF; it flips a race only on a near tie (SAMPLING.md §E).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor

from sampling.engine.backend import Draw

# Outside these float32 has no room; the draw is then greedy, or uniform, already.
COLDEST, HOTTEST = 1e-30, 1e30
GOLDEN = 0x9E3779B97F4A7C15
MASK_64 = 2**64 - 1


def choose(logits: Tensor, draws: Sequence[Draw], n_tokens: int) -> tuple[Tensor, Tensor]:
    """Draw one token per row.

    `logits` [n_rows, n_logits] are the raw ones; ids from `n_tokens` on pad the vocabulary and
    are never drawn. Returns token ids [n_rows] and their log-probabilities [n_rows] under the
    unwarped model, NaN where a row's logits are not finite.
    """
    logits = logits.float()
    known = _penalise(logits[:, :n_tokens], draws)
    tokens = known.argmax(-1)
    warm = [row for row, draw in enumerate(draws) if draw.params.temperature > 0]
    if warm:
        tokens[warm] = _race(known[warm], [draws[row] for row in warm])
    logprobs = logits.gather(1, tokens[:, None]).squeeze(1) - logits.logsumexp(-1)
    return tokens, logprobs


def _penalise(logits: Tensor, draws: Sequence[Draw]) -> Tensor:
    """Make what was seen less likely: positive logits are divided by the penalty, others times it."""
    cells = [(row, token_id) for row, draw in enumerate(draws) for token_id in set(draw.seen)]
    if not cells:
        return logits
    rows, ids = torch.tensor(cells, device=logits.device).T
    penalty = _column([draw.params.repetition_penalty for draw in draws], logits)[rows, 0]
    seen = logits[rows, ids]
    return logits.index_put((rows, ids), torch.where(seen > 0, seen / penalty, seen * penalty))


def _race(logits: Tensor, draws: Sequence[Draw]) -> Tensor:
    temperature = _column([min(max(d.params.temperature, COLDEST), HOTTEST) for d in draws], logits)
    scaled = (logits - logits.amax(-1, keepdim=True)) / temperature
    top_k = [min(draw.params.top_k, scaled.shape[1]) for draw in draws]
    if any(top_k):
        scaled = _keep_top_k(scaled, top_k)
    p = scaled.softmax(-1)
    q = p / exponentials(draws, p.shape[1], p.device)
    min_p = [draw.params.min_p for draw in draws]
    if any(min_p):
        q[p < _column(min_p, p) * p.amax(-1, keepdim=True)] = -1
    winners = q.argmax(-1)
    bounded = [row for row, draw in enumerate(draws) if draw.params.top_p < 1]
    if bounded:
        top_p = _column([draws[row].params.top_p for row in bounded], p)
        winners[bounded] = _in_nucleus(p[bounded], q[bounded], top_p)
    return winners


def _in_nucleus(p: Tensor, q: Tensor, top_p: Tensor) -> Tensor:
    """Return each row's winner among its nucleus, without sorting the vocabulary.

    A token is in the nucleus when the tokens likelier than it hold less than `top_p`. Where the
    winner is not, neither is anything as unlikely, so all of that leaves the race at once.
    """
    winners = q.argmax(-1)
    racing = torch.arange(len(p), device=p.device)
    while True:
        p_winner = p.gather(1, winners[racing, None])
        likelier = torch.where(p > p_winner, p, 0).sum(-1, keepdim=True)
        out = (likelier >= top_p).squeeze(1)
        if not out.any():
            return winners
        racing, p, q, top_p = racing[out], p[out], q[out], top_p[out]
        q = torch.where(p <= p_winner[out], -1, q)
        winners[racing] = q.argmax(-1)


def _keep_top_k(scaled: Tensor, top_k: Sequence[int]) -> Tensor:
    """Push all but each row's k largest below everything; 0 keeps all, ties at the k-th stay."""
    largest = scaled.topk(max(top_k), dim=-1).values
    kth = torch.tensor([max(k - 1, 0) for k in top_k], device=scaled.device)[:, None]
    unbounded = torch.tensor([k == 0 for k in top_k], device=scaled.device)[:, None]
    return scaled.masked_fill((scaled < largest.gather(1, kth)) & ~unbounded, -torch.inf)


def _column(values: Sequence[float], like: Tensor) -> Tensor:
    return torch.tensor(values, dtype=like.dtype, device=like.device)[:, None]


def exponentials(draws: Sequence[Draw], n_tokens: int, device: torch.device) -> Tensor:
    """Return unit exponentials [n_rows, n_tokens], each a pure function of seed, step and token."""
    keys = [_key(draw.seed, draw.step) for draw in draws]
    low = torch.tensor([_signed(key & 0xFFFFFFFF) for key in keys], dtype=torch.int32)
    high = torch.tensor([_signed(key >> 32) for key in keys], dtype=torch.int32)
    x = _token_hashes(n_tokens, device)[None] ^ low.to(device)[:, None]
    x = _mix(_mix(x) + high.to(device)[:, None])
    # 31 bits survive in a float near zero, where a small exponential decides the race.
    uniform = ((x & 0x7FFFFFFF).float() + 0.5) * 2.0**-31
    return uniform.neg_().log1p_().neg_()


@lru_cache(maxsize=8)
def _token_hashes(n_tokens: int, device: torch.device) -> Tensor:
    ids = torch.arange(n_tokens, dtype=torch.int32, device=device)
    return ids * _signed(0x9E3779B1)


def _mix(x: Tensor) -> Tensor:
    """Scramble int32 values in place: murmur3's finaliser, with logical shifts."""
    x ^= (x >> 16) & 0xFFFF
    x *= _signed(0x85EBCA6B)
    x ^= (x >> 13) & 0x7FFFF
    x *= _signed(0xC2B2AE35)
    x ^= (x >> 16) & 0xFFFF
    return x


def _key(seed: int, step: int) -> int:
    """Return 64 well-mixed bits for one draw (splitmix64 of the seed, then of the step)."""
    return _splitmix((_splitmix(seed) + step) & MASK_64)


def _splitmix(x: int) -> int:
    x = (x + GOLDEN) & MASK_64
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK_64
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK_64
    return x ^ (x >> 31)


def _signed(x: int) -> int:
    """Return the int32 with these 32 bits, which is how torch wants them."""
    return x - 2**32 if x >= 2**31 else x
