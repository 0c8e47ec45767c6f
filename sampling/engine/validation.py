"""Refusals made at submit: each names the bound and the value (SAMPLING.md, pitfalls)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real

from sampling.engine import protocol

MAX_STOP_STRINGS = 16
MAX_STOP_CHARACTERS = 200
SEED_END = 2**63


@dataclass(frozen=True, slots=True)
class Limits:
    """What one engine can hold."""

    vocab_size: int  # ids at or above it do not exist
    context_tokens: int  # prompt and completion together
    n_interactive: int  # completions of one interactive request
    n_batch: int  # completions of one batch request


def check_against_limits(request: protocol.GenerationRequest, limits: Limits) -> None:
    """Raise InvalidRequest where an in-process engine with these limits cannot serve `request`."""
    check_request(request)
    check_token_ids("prompt_token_ids", request.prompt_token_ids, limits.vocab_size)
    check_token_ids("stop_token_ids", request.params.stop_token_ids, limits.vocab_size)
    if not request.prompt_token_ids:
        raise protocol.PromptMissing("prompt_token_ids is empty; at least 1 token id is needed")
    n_prompt, max_tokens = len(request.prompt_token_ids), request.params.max_tokens
    if n_prompt + max_tokens > limits.context_tokens:
        raise protocol.ContextTooLong(
            f"the prompt has {n_prompt} tokens and max_tokens is {max_tokens}; together they "
            f"must be at most {limits.context_tokens}"
        )
    interactive = request.priority is protocol.Priority.INTERACTIVE
    most = limits.n_interactive if interactive else limits.n_batch
    if len(request.seeds) > most:
        raise protocol.TooManyCompletions(
            f"{len(request.seeds)} seeds are given; this engine samples at most {most} "
            f"{request.priority.name.lower()} completions of one context"
        )


def check_request(request: protocol.GenerationRequest) -> None:
    """Raise InvalidRequest for what no engine serves, whatever its size."""
    if not request.seeds:
        raise protocol.TooManyCompletions("seeds is empty; at least 1 is needed")
    for seed in request.seeds:
        _check_integer("seeds", seed, 0, SEED_END - 1)
    params = request.params
    _check_number("temperature", params.temperature, 0.0, math.inf)
    if _check_number("top_p", params.top_p, 0.0, 1.0) == 0.0:
        raise protocol.ParameterOutOfRange("top_p must be above 0; it is 0")
    _check_number("min_p", params.min_p, 0.0, 1.0)
    _check_number("repetition_penalty", params.repetition_penalty, 0.1, 10.0)
    _check_integer("top_k", params.top_k, 0, None)
    _check_integer("max_tokens", params.max_tokens, 1, None)
    if request.deadline_seconds is not None:
        _check_number("deadline_seconds", request.deadline_seconds, 0.0, math.inf)
    if len(params.stop) > MAX_STOP_STRINGS:
        raise protocol.ParameterOutOfRange(
            f"stop has {len(params.stop)} strings; it may have at most {MAX_STOP_STRINGS}"
        )
    for stop in params.stop:
        if not isinstance(stop, str) or not 1 <= len(stop) <= MAX_STOP_CHARACTERS:
            raise protocol.ParameterOutOfRange(
                f"a stop string must have 1 to {MAX_STOP_CHARACTERS} characters; "
                f"one is {stop!r:.80}"
            )


def check_token_ids(name: str, token_ids: tuple[int, ...], vocab_size: int) -> None:
    """Raise TokenIdOutOfRange, naming field, position and bound."""
    for position, token_id in enumerate(token_ids):
        if type(token_id) is not int or not 0 <= token_id < vocab_size:
            raise protocol.TokenIdOutOfRange(
                f"{name}[{position}] must be an integer between 0 and {vocab_size - 1}; "
                f"it is {token_id!r:.80}"
            )


def _check_number(name: str, value: float, low: float, high: float) -> float:
    # Booleans are integers to Python and never a meant temperature.
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise protocol.ParameterOutOfRange(f"{name} must be a finite number; it is {value!r:.80}")
    if not low <= value <= high:
        bound = f"at least {low:g}" if high == math.inf else f"between {low:g} and {high:g}"
        raise protocol.ParameterOutOfRange(f"{name} must be {bound}; it is {value!r:.80}")
    return float(value)


def _check_integer(name: str, value: int, low: int, high: int | None) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise protocol.ParameterOutOfRange(f"{name} must be an integer; it is {value!r:.80}")
    if value < low or (high is not None and value > high):
        bound = f"at least {low}" if high is None else f"between {low} and {high}"
        raise protocol.ParameterOutOfRange(f"{name} must be {bound}; it is {value!r:.80}")
