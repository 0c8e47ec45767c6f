"""What the OpenAI-compatible endpoint is asked, checked and turned into the protocol's requests.

Field names and meanings are OpenAI's; `top_k`, `min_p`, `repetition_penalty`, `stop_token_ids`,
`priority`, `return_token_ids` and `add_special_tokens` are vLLM's, whose clients then need no
change; `seeds`, one per completion, is our own. A field that is not honoured is refused.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sampling import tokens
from sampling.engine.protocol import (
    ContextTooLong,
    GenerationRequest,
    InvalidRequest,
    Message,
    ParameterNotSupported,
    ParameterOutOfRange,
    Priority,
    SamplingParams,
)

SEED_END = 2**63
# OpenAI's default for plain completions.
COMPLETION_TOKENS = 16
# Fields that change what is sampled or answered in ways we do not offer, and the value of each
# that asks for nothing.
NEUTRAL: Mapping[str, Any] = {
    "frequency_penalty": 0,
    "presence_penalty": 0,
    "logit_bias": {},
    "echo": False,
    "suffix": "",
    "best_of": 1,
    "top_logprobs": 0,
    "response_format": {"type": "text"},
    "tools": [],
    "store": False,
}


class _Wire(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class StreamOptions(_Wire):
    include_usage: bool = False


class TextPart(_Wire):
    type: Literal["text"]
    text: str


class Turn(_Wire):
    role: str
    content: str | list[TextPart]

    @property
    def text(self) -> str:
        if isinstance(self.content, str):
            return self.content
        return "".join(part.text for part in self.content)


class Body(_Wire):
    """What both kinds of request share."""

    model: str
    n: int = Field(1, ge=1)
    seed: int | None = Field(None, ge=0, lt=SEED_END)
    seeds: list[int] | None = None
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = Field(-1, ge=-1)
    min_p: float = 0.0
    repetition_penalty: float = 1.0
    max_tokens: int | None = None
    stop: str | list[str] = []
    stop_token_ids: list[int] = []
    priority: int = 0
    stream: bool = False
    stream_options: StreamOptions = StreamOptions()
    return_token_ids: bool = False
    user: str = ""  # whoever asks may say for whom; it is not kept

    @model_validator(mode="before")
    @classmethod
    def _drop_what_asks_for_nothing(cls, body: Any) -> Any:
        """Leave out nulls and neutral values of fields we do not offer."""
        if not isinstance(body, dict):
            return body
        return {
            name: value
            for name, value in body.items()
            if value is not None and not (name in NEUTRAL and value == NEUTRAL[name])
        }

    @model_validator(mode="after")
    def _one_seed_each(self) -> Self:
        if self.seeds is not None and len(self.seeds) != self.n:
            raise ValueError(f"seeds has {len(self.seeds)} entries; n is {self.n}")
        return self

    @property
    def seeds_used(self) -> tuple[int, ...]:
        """One seed per completion: as given, counted up from `seed`, or drawn here."""
        if self.seeds is not None:
            return tuple(self.seeds)
        first = secrets.randbelow(SEED_END) if self.seed is None else self.seed
        return tuple((first + index) % SEED_END for index in range(self.n))

    def request(
        self,
        request_id: str,
        prompt_token_ids: list[int],
        *,
        max_tokens: int,
        messages: tuple[Message, ...] = (),
    ) -> GenerationRequest:
        """Return the engine's request; the engine itself checks the values' ranges."""
        return GenerationRequest(
            request_id=request_id,
            params=SamplingParams(
                temperature=self.temperature,
                top_p=self.top_p,
                top_k=max(self.top_k, 0),
                min_p=self.min_p,
                repetition_penalty=self.repetition_penalty,
                max_tokens=max_tokens,
                stop=(self.stop,) if isinstance(self.stop, str) else tuple(self.stop),
                stop_token_ids=tuple(self.stop_token_ids),
            ),
            seeds=self.seeds_used,
            priority=Priority.INTERACTIVE if self.priority <= 0 else Priority.BATCH,
            prompt_token_ids=tuple(prompt_token_ids),
            messages=messages,
        )


class CompletionBody(Body):
    """POST /v1/completions."""

    prompt: str | list[int]
    logprobs: int | None = Field(None, ge=0)
    add_special_tokens: bool = True

    @property
    def wants_logprobs(self) -> bool:
        return self.logprobs is not None

    def to_request(
        self, request_id: str, chat: tokens.ChatTokenizer, context_tokens: int
    ) -> GenerationRequest:
        """Raise ParameterNotSupported where alternatives to the sampled tokens are asked for."""
        if self.logprobs:
            raise ParameterNotSupported(
                f"logprobs must be 0, the sampled tokens' own; it is {self.logprobs}"
            )
        if isinstance(self.prompt, str):
            encoded = chat.tokenizer.encode(
                self.prompt, add_special_tokens=self.add_special_tokens
            ).ids
        else:
            encoded = self.prompt
        max_tokens = COMPLETION_TOKENS if self.max_tokens is None else self.max_tokens
        return self.request(request_id, encoded, max_tokens=max_tokens)


class ChatBody(Body):
    """POST /v1/chat/completions."""

    messages: list[Turn] = Field(min_length=1)
    max_completion_tokens: int | None = None
    logprobs: bool = False

    @property
    def wants_logprobs(self) -> bool:
        return self.logprobs

    def to_request(
        self, request_id: str, chat: tokens.ChatTokenizer, context_tokens: int
    ) -> GenerationRequest:
        """Raise ContextTooLong or tokens.ChatTemplateFailed; without a bound, fill the window."""
        turns = [{"role": turn.role, "content": turn.text} for turn in self.messages]
        encoded = chat.encode(turns)
        max_tokens = self.max_completion_tokens or self.max_tokens
        if max_tokens is None:
            max_tokens = context_tokens - len(encoded)
            if max_tokens < 1:
                raise ContextTooLong(
                    f"the messages have {len(encoded)} tokens; with a reply of at least 1 they "
                    f"must be at most {context_tokens}"
                )
        messages = tuple(Message(turn["role"], turn["content"]) for turn in turns)
        return self.request(request_id, encoded, max_tokens=max_tokens, messages=messages)


BodyKind = TypeVar("BodyKind", bound=Body)


def parse(kind: type[BodyKind], content: bytes) -> BodyKind:
    """Return the request's body; raises InvalidRequest, naming the field, its bound and value."""
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        raise refusal(error) from error


def refusal(error: ValidationError) -> InvalidRequest:
    """Name the first thing that is wrong with a body."""
    first = error.errors(include_url=False)[0]
    name = str(first["loc"][0]) if first["loc"] else "the body"
    if first["type"] == "extra_forbidden" or name in NEUTRAL:
        only = f"only as {json.dumps(NEUTRAL[name])}" if name in NEUTRAL else "in no form"
        return ParameterNotSupported(f"{name} is supported {only}; leave it out")
    value = "" if first["type"] == "missing" else f"; it is {first['input']!r:.80}"
    return ParameterOutOfRange(f"{name}: {first['msg']}{value}")
