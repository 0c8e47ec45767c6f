"""What every engine accepts and answers (SAMPLING.md §E).

`Engine.submit` takes a `GenerationRequest` and gives a `Handle`, an iterator of `Event`s. Every
completion of the request ends with exactly one event that carries its `CompletionResult`, however
it ended. Durations are seconds since `submit`; text offsets count Python characters.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Protocol


class Priority(IntEnum):
    """Who goes first at the next step; the lower value does."""

    INTERACTIVE = 0  # somebody watches the text appear: drafts and chat replies
    BATCH = 1  # candidates for a comparison


class FinishReason(StrEnum):
    """Why a completion ended."""

    STOP = "stop"  # an end-of-turn id of the policy, or one of the request's stop ids
    LENGTH = "length"  # max_tokens were sampled
    STOP_STRING = "stop_string"  # the text reached one of the request's stop strings
    CANCELLED = "cancelled"  # Handle.cancel
    ERROR = "error"  # see CompletionResult.failure


class Reproducible(StrEnum):
    """What the same request with the same seeds gives on the same kind of machine."""

    EXACT = "exact"  # the same tokens, alone or in company
    BEST_EFFORT = "best-effort"  # nearly always the same tokens: rounding may flip a near tie
    NONE = "none"  # no promise: the seed was not, or may not have been, honoured


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """How tokens are drawn: repetition_penalty, temperature, top_k, top_p, min_p, in this order."""

    temperature: float = 1.0  # >= 0; 0 takes the likeliest token
    top_p: float = 1.0  # in (0, 1]; 1 keeps every token
    top_k: int = 0  # >= 0; 0 keeps every token
    min_p: float = 0.0  # in [0, 1], a share of the likeliest token's probability; 0 keeps all
    # In [0.1, 10]; above 1 makes tokens of prompt and completion less likely to come again (CTRL,
    # arXiv:1909.05858, section 4.1); 1 changes nothing.
    repetition_penalty: float = 1.0
    max_tokens: int = 256  # >= 1, per completion
    stop: tuple[str, ...] = ()  # the text ends before the first of these
    stop_token_ids: tuple[int, ...] = ()  # in addition to the policy's own end-of-turn ids


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of the dialogue, as chat templates and chat servers know it."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """One context to complete `len(seeds)` times. `request_id` names it in logs and at servers."""

    request_id: str
    params: SamplingParams
    seeds: tuple[int, ...]  # one completion each, 0 <= seed < 2**63
    priority: Priority
    prompt_token_ids: tuple[int, ...] = ()  # the rendered context; in-process engines need it
    messages: tuple[Message, ...] = ()  # the same context as turns; chat servers need it
    continues: bool = False  # the last message is the policy's own, unfinished: it goes on from it
    deadline_seconds: float | None = None  # after submit; then what is unfinished ends in error


# The process is about to end: another one has to try.
DEVICE_LOST = "device_lost"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a completion ended in error. `retryable` is true where another attempt may succeed.

    Of the in-process engines, `code` is one of deadline_exceeded, non_finite_logits,
    undecodable_token (not retryable), step_failed, engine_closed, engine_failed and DEVICE_LOST.
    """

    code: str
    detail: str
    retryable: bool


@dataclass(frozen=True, slots=True)
class Provenance:
    """Which engine, weights and arithmetic answered; `None` where the engine cannot know."""

    engine: str  # slots | openai | fake
    engine_version: str
    model: str  # hub id, folder or server and model name
    revision: str | None = None
    weights_sha256: str | None = None
    tokenizer_sha256: str | None = None
    template_sha256: str | None = None
    dtype: str | None = None
    device: str | None = None
    attention: str | None = None
    reproducible: Reproducible = Reproducible.NONE
    # Sampling fields that a server does not take: it applied its own defaults, whatever those are.
    left_to_server: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CompletionResult:
    """One finished completion, with all that replaying or judging it needs.

    The same weights (`provenance`), `prompt_token_ids`, `params` and `seed` give it again, as far
    as `provenance.reproducible` promises. `prompt_token_ids` are what the policy read, empty where
    a server rendered the messages and did not say; `params` are those of the request that were
    applied, with the neutral value where a server did not take one. `token_ids` keeps the id that ended it; `text` leaves it out, as it does a stop string and
    bytes that never completed a character. `logprobs` are the unwarped model's: log-softmax of
    the raw logits, before temperature and filters, one per token id.
    """

    index: int
    seed: int
    prompt_token_ids: tuple[int, ...]
    params: SamplingParams
    token_ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    text: str
    finish_reason: FinishReason
    stop_matched: str | int | None  # the stop string or stop id of the request that ended it
    failure: Failure | None  # given exactly when finish_reason is ERROR
    n_prompt: int
    n_cached: int  # prompt tokens whose keys and values were already there
    n_completion: int  # tokens sampled; a server may count them without giving ids
    n_in_step: int  # completions that shared the first decoding step, this one included
    t_queue: float | None  # waited before the prompt was taken up
    t_first: float | None  # until the first token
    t_last: float | None  # until the last token
    provenance: Provenance
    system_fingerprint: str | None = None  # as given by a server


@dataclass(frozen=True, slots=True)
class Event:
    """One token of completion `index`, or its end without one; `result` is set on the last event.

    `text` continues the completion at character `offset`. Concatenated, the texts of an index
    are its result's text. `token_id` is None where text arrives without ids.
    """

    index: int
    token_id: int | None
    logprob: float | None
    text: str
    offset: int
    t: float
    result: CompletionResult | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """One look at an engine, for probes and dashboards."""

    alive: bool
    n_queued: int  # requests that wait for the device
    n_running: int  # completions being sampled
    n_prompt_tokens: int  # put through the model since the start
    n_sampled_tokens: int  # sampled since the start
    provenance: Provenance
    n_slots: int = 0  # completions that fit at once; 0 where that is a server's affair
    n_cached_tokens: int = 0  # prompt tokens that were there already, since the start
    oldest_queued_seconds: float = 0.0  # how long the first in line has waited
    busy_seconds: float = 0.0  # spent on steps since the start; its growth is the utilisation
    memory_bytes: int | None = None  # held on the device: weights, cache and room to work
    memory_budget_bytes: int | None = None  # what the engine was allowed to hold
    unavailable_seconds: float = 0.0  # for how long a server that failed is left alone yet


class EngineError(Exception):
    """Anything that an engine refuses. `code` is stable and names the refusal."""

    code = "engine_error"
    retryable = False

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class EngineBusy(EngineError):
    """The queue is full; `retry_after_seconds` estimates when there is room again."""

    code = "engine_busy"
    retryable = True

    def __init__(self, *, n_queued: int, retry_after_seconds: float) -> None:
        super().__init__(
            f"{n_queued} requests are waiting, which is the bound; "
            f"try again in about {retry_after_seconds:.0f} s"
        )
        self.retry_after_seconds = retry_after_seconds


class EngineClosed(EngineError):
    """The engine was closed, or is closing."""

    code = "engine_closed"
    retryable = True


class UnsupportedPolicy(EngineError):
    """The policy cannot be served by this engine; the detail says why and what can."""

    code = "unsupported_policy"


class PolicyTooLarge(UnsupportedPolicy):
    """Weights, work and the smallest useful cache exceed the memory of one device."""

    code = "policy_too_large"


class InvalidRequest(EngineError):
    """A request no engine of this kind will ever serve, told before any device work."""

    code = "invalid_request"


class PromptMissing(InvalidRequest):
    """The context is empty, or not in the form that this engine takes."""

    code = "prompt_missing"


class TokenIdOutOfRange(InvalidRequest):
    """A token id is no integer or is not in the vocabulary."""

    code = "token_id_out_of_range"


class ContextTooLong(InvalidRequest):
    """Prompt and max_tokens together exceed what the engine holds for one completion."""

    code = "context_too_long"


class TooManyCompletions(InvalidRequest):
    """No seed is given, or more than the engine samples at once for this priority."""

    code = "too_many_completions"


class ParameterOutOfRange(InvalidRequest):
    """One field of the request is outside its bounds; the detail names field, bound and value."""

    code = "parameter_out_of_range"


class ParameterNotSupported(InvalidRequest):
    """A field is set that would change the text and that this engine or server does not take."""

    code = "parameter_not_supported"


class Handle(Protocol):
    """The answer to one request, read by one thread; `cancel` may be called from any."""

    @property
    def finished(self) -> bool:
        """Whether every completion's last event has been read."""

    def __iter__(self) -> Iterator[Event]:
        """Yield events as they come, until every completion has ended."""

    def next_event(self, timeout_seconds: float) -> Event | None:
        """Return the next event, or None when none came in time or all have been read."""

    def cancel(self) -> None:
        """End what is unfinished at the next step; each index still gets its last event."""


class Engine(Protocol):
    """A source of completions. Methods may be called from any thread."""

    @property
    def provenance(self) -> Provenance:
        """Say what answers; each result repeats it."""

    def submit(self, request: GenerationRequest) -> Handle:
        """Queue one request.

        Raises InvalidRequest (naming bound and value, before any device work), EngineBusy or
        EngineClosed.
        """

    def health(self) -> Health:
        """Return a snapshot; never waits for the device."""

    def close(self) -> None:
        """Stop after the current step; what is unfinished ends with a retryable failure."""


def seed_for(base_seed: int, request_id: str, index: int) -> int:
    """Return the seed of completion `index`, 0 <= seed < 2**63.

    It depends on nothing else, so adding or retrying a completion never changes the others.
    """
    key = f"{base_seed}\x00{request_id}\x00{index}".encode()
    return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest()) >> 1
