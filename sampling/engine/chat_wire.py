"""What OpenAI-compatible servers are told and what they answer, in the protocol's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import openai
from pydantic import BaseModel, ConfigDict, ValidationError

from sampling.engine.loop import TOO_LATE
from sampling.engine.protocol import (
    EngineError,
    Failure,
    FinishReason,
    GenerationRequest,
    InvalidRequest,
    SamplingParams,
)
from sampling.engine.server_connection import LineTooLong
from sampling.engine.server_probe import EXTENSIONS, Capabilities

MOST_DETAIL = 500


class _Wire(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)


class TokenLogprob(_Wire):
    logprob: float


class Logprobs(_Wire):
    """Of a plain completion's tokens, or of a chat's."""

    token_logprobs: list[float | None] | None = None
    content: list[TokenLogprob] | None = None

    @property
    def values(self) -> list[float]:
        if self.content is not None:
            return [each.logprob for each in self.content]
        return [each for each in self.token_logprobs or () if each is not None]


class Delta(_Wire):
    content: str | None = None


class ChoiceError(_Wire):
    code: str
    message: str
    retryable: bool = False


class Choice(_Wire):
    """What one event adds to one completion."""

    index: int = 0
    text: str | None = None
    delta: Delta | None = None
    finish_reason: str | None = None
    stop_reason: str | int | None = None  # vLLM's and ours
    matched_stop: str | int | None = None  # SGLang's
    token_ids: list[int] | None = None
    logprobs: Logprobs | None = None
    error: ChoiceError | None = None  # ours

    @property
    def new_text(self) -> str:
        return self.text or (self.delta.content if self.delta else None) or ""


class PromptDetails(_Wire):
    cached_tokens: int | None = None


class Usage(_Wire):
    prompt_tokens: int = 0
    completion_tokens: int | None = 0
    prompt_tokens_details: PromptDetails | None = None


class Chunk(_Wire):
    """One event of a stream."""

    choices: list[Choice]
    usage: Usage | None = None
    system_fingerprint: str | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """How a completion ended at the server."""

    reason: FinishReason
    stop_matched: str | int | None = None
    failure: Failure | None = None


class MalformedStream(ValueError):
    """The server sent what no stream of completions contains."""


class ServerFault(Exception):
    """An attempt failed. `after_seconds` is when the server asks to be tried again."""

    def __init__(
        self, failure: Failure, *, infrastructure: bool, after_seconds: float | None = None
    ) -> None:
        super().__init__(failure.detail)
        self.failure = failure
        self.infrastructure = infrastructure  # of the server or the way to it, not of the request
        self.after_seconds = after_seconds


def body_of(
    request: GenerationRequest,
    indexes: Sequence[int],
    *,
    model: str,
    capabilities: Capabilities,
    end_of_turn_ids: frozenset[int],
) -> tuple[str, dict[str, Any]]:
    """Return path and body of the stream that gives the completions `indexes`."""
    params = request.params
    body: dict[str, Any] = {
        "model": model,
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": params.temperature,
        "top_p": params.top_p,
        "max_tokens": params.max_tokens,
    }
    if params.stop:
        body["stop"] = list(params.stop)
    for name in capabilities.fields:
        body |= EXTENSIONS[name].spelled(capabilities.kind, getattr(params, name))
    seeds = [request.seeds[index] for index in indexes]
    if capabilities.seed_lists:
        body |= {"n": len(seeds), "seeds": seeds}
    else:
        body["seed"] = seeds[0] % capabilities.seed_end
    if capabilities.priority:
        body["priority"] = request.priority.value
    if capabilities.token_ids:
        body["return_token_ids"] = True
    if capabilities.token_prompts and request.prompt_token_ids:
        # The template has been rendered, so a server that adds tokens of its own would add twice.
        body["prompt"] = list(request.prompt_token_ids)
        if "stop_token_ids" in capabilities.fields:
            # Plain completions know no turns; the policy's own ends are told.
            body["stop_token_ids"] = sorted(end_of_turn_ids | set(params.stop_token_ids))
        if capabilities.logprobs:
            body["logprobs"] = 0
        return "/completions", body
    body["messages"] = [{"role": each.role, "content": each.content} for each in request.messages]
    if request.continues:
        body |= {"continue_final_message": True, "add_generation_prompt": False}
    if capabilities.logprobs:
        body["logprobs"] = True
    return "/chat/completions", body


def ending_of(choice: Choice, params: SamplingParams) -> Ending | None:
    """Translate a server's finish reason; vLLM and SGLang add what stopped it."""
    match choice.finish_reason:
        case None:
            return None
        case "length":
            return Ending(FinishReason.LENGTH)
        case "stop":
            matched = choice.matched_stop if choice.stop_reason is None else choice.stop_reason
            if isinstance(matched, str) and matched in params.stop:
                return Ending(FinishReason.STOP_STRING, matched)
            if isinstance(matched, int) and matched in params.stop_token_ids:
                return Ending(FinishReason.STOP, matched)
            return Ending(FinishReason.STOP)
        case "error" if choice.error is not None:
            told = choice.error
            return failed(Failure(told.code, told.message[:MOST_DETAIL], told.retryable))
        case other:
            detail = f"The server ended the answer with {other!r:.80}."
            return failed(Failure("server_refused", detail, False))


def failed(failure: Failure) -> Ending:
    """Return the ending that a failure is."""
    return Ending(FinishReason.ERROR, failure=failure)


def fault_of(error: Exception) -> ServerFault:
    """Name what went wrong, whose fault it was, and whether another attempt may go better."""
    match error:
        case ServerFault():
            return error
        case EngineError():
            failure = Failure(error.code, error.detail, error.retryable)
            return ServerFault(failure, infrastructure=False)
        case openai.APIConnectionError() if isinstance(error.__cause__, LineTooLong):
            return fault_of(MalformedStream(str(error.__cause__)))
        case openai.APIConnectionError():
            cause = f" ({error.__cause__})" if error.__cause__ else ""
            detail = f"{type(error).__name__}: {error}{cause}"[:MOST_DETAIL]
            return ServerFault(Failure("server_unreachable", detail, True), infrastructure=True)
        case openai.RateLimitError():
            after = _seconds_asked(error.response.headers)
            failure = Failure("server_busy", _detail(error), True)
            return ServerFault(failure, infrastructure=False, after_seconds=after)
        case openai.APIStatusError() if error.status_code < 500:
            failure = Failure(_refused_code(error), _detail(error), False)
            return ServerFault(failure, infrastructure=False)
        case openai.APIStatusError():
            after = _seconds_asked(error.response.headers)
            failure = Failure("server_failed", _detail(error), True)
            return ServerFault(failure, infrastructure=True, after_seconds=after)
        case openai.APIError():
            failure = Failure("server_failed", _detail(error), True)
            return ServerFault(failure, infrastructure=True)
        case ValidationError() | ValueError():
            failure = Failure("malformed_stream", _detail(error), True)
            return ServerFault(failure, infrastructure=True)
        case _:
            return ServerFault(
                Failure("engine_failed", _detail(error), False), infrastructure=False
            )


def silent(seconds: float) -> ServerFault:
    """Return the fault of a server that connected and then said nothing for `seconds`."""
    detail = f"The server sent no token for {seconds:g} s."
    return ServerFault(Failure("server_silent", detail, True), infrastructure=True)


def too_late() -> Ending:
    """Return the ending of a completion whose deadline passed."""
    return failed(TOO_LATE)


def without_key(failure: Failure, key: str | None) -> Failure:
    """Return the failure without the key, which some servers repeat in their refusals."""
    if not key or key not in failure.detail:
        return failure
    return Failure(failure.code, failure.detail.replace(key, "…"), failure.retryable)


def _refused_code(error: openai.APIStatusError) -> str:
    """Return the name that a refusal has here; a server's own names are another's words."""
    if error.status_code in (401, 403):
        return "server_key_refused"
    if error.code in {each.code for each in InvalidRequest.__subclasses__()}:
        return str(error.code)
    return "server_refused"


def _detail(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:MOST_DETAIL]


def _seconds_asked(headers: Mapping[str, str]) -> float | None:
    """Return what Retry-After says in seconds; a date in it is nobody's for a queue."""
    try:
        seconds = float(headers.get("retry-after", ""))
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None
