"""What chat servers are told and what they answer, in the protocol's words."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import openai

from sampling.engine.loop import TOO_LATE
from sampling.engine.protocol import Failure, FinishReason, SamplingParams, UnsupportedPolicy


class MalformedStream(Exception):
    """The server sent what no chat stream contains."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a completion ended at the server."""

    reason: FinishReason
    stop_matched: str | int | None = None
    failure: Failure | None = None


def api_key(variable: str | None) -> str:
    """Return the key that the named environment variable holds; servers without keys ignore it."""
    if variable is None:
        return "none"
    key = os.environ.get(variable)
    if not key:
        raise UnsupportedPolicy(
            f"the policy takes its API key from the environment variable {variable}, which is not "
            "set here"
        )
    return key


def extensions(params: SamplingParams) -> dict[str, Any]:
    """Return the fields beyond OpenAI's own; left out, servers apply the policy's defaults."""
    fields: dict[str, Any] = {"top_k": params.top_k or -1, "min_p": params.min_p}
    if params.stop_token_ids:
        fields["stop_token_ids"] = list(params.stop_token_ids)
    return fields


def needs_no_extensions(params: SamplingParams) -> bool:
    return not (params.top_k or params.min_p or params.stop_token_ids)


def ending_of(
    reason: str | None, extra: Mapping[str, Any] | None, params: SamplingParams
) -> Ending | None:
    """Translate a server's finish reason; vLLM and SGLang add what stopped it."""
    if reason is None:
        return None
    if reason == "length":
        return Ending(FinishReason.LENGTH)
    if reason == "stop":
        matched = (extra or {}).get("stop_reason", (extra or {}).get("matched_stop"))
        if isinstance(matched, str) and matched in params.stop:
            return Ending(FinishReason.STOP_STRING, matched)
        if isinstance(matched, int) and matched in params.stop_token_ids:
            return Ending(FinishReason.STOP, matched)
        return Ending(FinishReason.STOP)
    failure = Failure("server_refused", f"The server ended the answer with {reason!r:.80}.", False)
    return Ending(FinishReason.ERROR, failure=failure)


def failure_of(error: BaseException) -> Failure:
    """Name what went wrong, and whether another attempt may go better."""
    detail = f"{type(error).__name__}: {error}"[:500]
    match error:
        case TimeoutError():
            return TOO_LATE
        case openai.APIConnectionError():
            return Failure("server_unreachable", detail, True)
        case openai.RateLimitError():
            return Failure("server_busy", detail, True)
        case openai.APIStatusError() if error.status_code < 500:
            return Failure("server_refused", detail, False)
        case openai.APIStatusError() | openai.APIError():
            return Failure("server_failed", detail, True)
        case MalformedStream() | ValueError() | TypeError() | AttributeError() | LookupError():
            # The client library builds its objects unchecked, so nonsense shows when it is read.
            return Failure("malformed_stream", detail, True)
        case _:
            return Failure("engine_failed", detail, False)
