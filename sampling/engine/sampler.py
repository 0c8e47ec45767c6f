"""Draws tokens so that a completion is the same alone and in company.

Each draw is an exponential race: the token with the largest p / E wins, E being unit exponentials
(Gumbel-max in other clothes). E is no generator's output but a hash of (seed, step, id), so a row's
noise does not depend on the other rows, nor on the device. Rounding moves every edge of an inverse
CDF; it flips a race only on a near tie (SAMPLING.md §E).

The race is run in two rounds, among blocks of the vocabulary by their summed p, then among the
tokens of the winning block: the least of a block's E / p is itself exponential, with the block's
sum as its rate, so the distribution is the same and all but a few hundred hashes are saved.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import pad

from sampling.engine.backend import Draw

# Outside these float32 has no room; the draw is then greedy, or uniform, already.
COLDEST, HOTTEST = 1e-30, 1e30
# About the square root of a vocabulary, where both rounds are equally short.
BLOCK_TOKENS = 256
# Ids of blocks begin where no token's can be.
FIRST_BLOCK_ID = 2**30
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
    tokens = torch.empty(len(draws), dtype=torch.long, device=logits.device)
    warm = [row for row, draw in enumerate(draws) if draw.params.temperature > 0]
    cold = [row for row, draw in enumerate(draws) if draw.params.temperature <= 0]
    if cold:
        tokens[cold] = _rows(known, cold).argmax(-1)
    if warm:
        tokens[warm] = _draw_warm(_rows(known, warm), [draws[row] for row in warm])
    logprobs = logits.gather(1, tokens[:, None]).squeeze(1) - logits.logsumexp(-1)
    return tokens, logprobs


def _rows(values: Tensor, rows: Sequence[int]) -> Tensor:
    """Return some rows, without a copy where they are all."""
    return values if len(rows) == len(values) else values[rows]


def _penalise(logits: Tensor, draws: Sequence[Draw]) -> Tensor:
    """Make what was seen less likely: positive logits are divided by the penalty, others times it."""
    cells = [(row, token_id) for row, draw in enumerate(draws) for token_id in set(draw.seen)]
    if not cells:
        return logits
    rows, ids = torch.tensor(cells, device=logits.device).T
    penalty = _column([draw.params.repetition_penalty for draw in draws], logits)[rows, 0]
    seen = logits[rows, ids]
    return logits.index_put((rows, ids), torch.where(seen > 0, seen / penalty, seen * penalty))


def _draw_warm(logits: Tensor, draws: Sequence[Draw]) -> Tensor:
    temperatures = [min(max(d.params.temperature, COLDEST), HOTTEST) for d in draws]
    scaled = logits - logits.amax(-1, keepdim=True)
    scaled /= _column(temperatures, logits)
    top_k = [min(draw.params.top_k, scaled.shape[1]) for draw in draws]
    if any(top_k):
        scaled = _keep_top_k(scaled, top_k)
    # The likeliest weighs 1, and nothing needs them to sum to 1.
    weights: Tensor = scaled.exp_()
    if weights.shape[1] > BLOCK_TOKENS:
        weights = pad(weights, (0, -weights.shape[1] % BLOCK_TOKENS))
    top_p = [draw.params.top_p for draw in draws]
    # What top_p bounds is measured before min_p has its say.
    mass = weights.sum(-1, keepdim=True) * _column(top_p, weights)
    min_p = [draw.params.min_p for draw in draws]
    raced = weights
    if any(min_p):
        raced = weights.masked_fill(weights < _column(min_p, weights), 0)
    winners = _race(raced, draws, attempt=0)
    bounded = [row for row, share in enumerate(top_p) if share < 1]
    if bounded:
        nucleus = _rows(weights, bounded), _rows(raced, bounded), _rows(mass, bounded)
        winners[bounded] = _in_nucleus(*nucleus, winners[bounded], [draws[row] for row in bounded])
    return winners


def _in_nucleus(
    weights: Tensor, raced: Tensor, mass: Tensor, winners: Tensor, draws: Sequence[Draw]
) -> Tensor:
    """Return each row's winner among its nucleus, without sorting the vocabulary.

    A token is in the nucleus when the tokens likelier than it weigh less than `mass`. Where the
    winner is not, neither is anything as unlikely: what is left races again, with noise of its
    own, which is rejection sampling.
    """
    racing = list(range(len(draws)))
    attempt = 0
    while True:
        lightest = weights.gather(1, winners[racing, None])
        likelier = torch.where(weights > lightest, weights, 0).sum(-1, keepdim=True)
        out = (likelier >= mass).squeeze(1).nonzero().squeeze(1).tolist()
        if not out:
            return winners
        attempt += 1
        racing = [racing[row] for row in out]
        weights, mass = weights[out], mass[out]
        raced = raced[out].masked_fill_(weights <= lightest[out], 0)
        winners[racing] = _race(raced, [draws[row] for row in racing], attempt)


def _race(weights: Tensor, draws: Sequence[Draw], attempt: int) -> Tensor:
    """Draw one token per row in proportion to `weights`: whole blocks, or less than one."""
    device = weights.device
    width = min(BLOCK_TOKENS, weights.shape[1])
    blocks = weights.view(len(draws), -1, width)
    block_ids = torch.arange(blocks.shape[1], device=device)
    keys = _keys(draws, attempt, device)
    block = (blocks.sum(-1) / exponentials(keys, FIRST_BLOCK_ID + block_ids[None])).argmax(-1)
    within = blocks[torch.arange(len(draws), device=device), block]
    ids = block[:, None] * width + torch.arange(width, device=device)
    return ids.gather(1, (within / exponentials(keys, ids)).argmax(-1, keepdim=True)).squeeze(1)


def _keep_top_k(scaled: Tensor, top_k: Sequence[int]) -> Tensor:
    """Push all but each row's k largest below everything; 0 keeps all, ties at the k-th stay."""
    largest = scaled.topk(max(top_k), dim=-1).values
    kth = torch.tensor([max(k - 1, 0) for k in top_k], device=scaled.device)[:, None]
    unbounded = torch.tensor([k == 0 for k in top_k], device=scaled.device)[:, None]
    return scaled.masked_fill((scaled < largest.gather(1, kth)) & ~unbounded, -torch.inf)


def _column(values: Sequence[float], like: Tensor) -> Tensor:
    return torch.tensor(values, dtype=like.dtype, device=like.device)[:, None]


def exponentials(keys: tuple[Tensor, Tensor], ids: Tensor) -> Tensor:
    """Return unit exponentials [n_rows, n_ids], each a pure function of a row's key and an id.

    `keys` are two int32 columns [n_rows, 1], `ids` int64 [n_rows or 1, n_ids] below 2**31.
    """
    low, high = keys
    x = (ids.int() * _signed(0x9E3779B1)) ^ low
    x = _mix(_mix(x) + high)
    # 31 bits survive in a float near zero, where a small exponential decides the race.
    uniform = ((x & 0x7FFFFFFF).float() + 0.5) * 2.0**-31
    return uniform.clamp_(max=1 - 2.0**-24).neg_().log1p_().neg_()


def _keys(draws: Sequence[Draw], attempt: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return 64 well-mixed bits per draw as two columns of int32."""
    keys = [_splitmix(_splitmix(_splitmix(d.seed) + d.step) + attempt) for d in draws]
    halves = [[_signed(key & 0xFFFFFFFF), _signed(key >> 32)] for key in keys]
    columns = torch.tensor(halves, dtype=torch.int32, device=device)
    return columns[:, :1], columns[:, 1:]


def _mix(x: Tensor) -> Tensor:
    """Scramble int32 values in place: murmur3's finaliser, with logical shifts."""
    x ^= (x >> 16) & 0xFFFF
    x *= _signed(0x85EBCA6B)
    x ^= (x >> 13) & 0x7FFFF
    x *= _signed(0xC2B2AE35)
    x ^= (x >> 16) & 0xFFFF
    return x


def _splitmix(x: int) -> int:
    """Return 64 bits that look unrelated to those of x and of its neighbours (splitmix64)."""
    x = (x + GOLDEN) & MASK_64
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK_64
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK_64
    return x ^ (x >> 31)


def _signed(x: int) -> int:
    """Return the int32 with these 32 bits, which is how torch wants them."""
    return x - 2**32 if x >= 2**31 else x
