"""What a server can do, found by asking it: names and versions promise less than answers show.

A field is known to a server that refuses nonsense in it and ignores fields nobody knows. A server
that refuses unknown fields knows those it takes. llama.cpp overlooks nonsense, so what it knows is
taken from its documentation.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import openai
from openai import AsyncOpenAI

from sampling import tokens
from sampling.engine.protocol import EngineError, UnsupportedPolicy

Json = dict[str, Any]
HELLO = [{"role": "user", "content": "Hello"}]
PROBE_SECONDS = 60.0
NONSENSE = {"labelhub": "is this field known?"}
# Servers that are documented to honour a request's seed, as far as rounding allows.
SEEDED = frozenset({"labelhub", "vllm", "sglang", "llamacpp", "ollama"})
# Servers that are documented to go on from a chat's last message where they are asked to.
CONTINUING = frozenset({"vllm", "sglang"})
# Seeds are 63 bits long here; others get what certainly fits, which excludes a 32-bit "random".
LONG_SEEDED = frozenset({"labelhub", "vllm"})
SEED_END, SHORT_SEED_END = 2**63, 2**31
# How far rounding may take the same token's log-probability from one request to the next.
LOGPROB_TOLERANCE = 0.05
LEAST_LOGPROB = 1e-4


class ServerUnavailable(EngineError):
    """The server did not answer; a later attempt may find it."""

    code = "server_unreachable"
    retryable = True


class ServerRefused(UnsupportedPolicy):
    """The server answers, but neither chats nor completes with this model or this key."""

    code = "server_refused"


@dataclass(frozen=True, slots=True)
class Extension:
    """A sampling field beyond OpenAI's own."""

    neutral: Any  # ours, which changes nothing
    neutral_told: Any  # the same as servers write it
    tell: Callable[[str, Any], Json]  # (kind of server, value) → fields of the body

    def spelled(self, kind: str, value: Any) -> Json:
        """Return the body's fields that say `value` to a server of this kind."""
        return self.tell(kind, value)


def _tell_repetition_penalty(kind: str, value: Any) -> Json:
    if kind == "llamacpp":
        # Its own name, and over the whole context rather than the last 64 tokens.
        return {"repeat_penalty": value, "repeat_last_n": -1}
    return {"repetition_penalty": value}


def _tell_top_k(kind: str, value: Any) -> Json:
    told: Json = {"top_k": value or -1}
    if kind == "llamacpp":
        # Its default order applies the temperature last, which is another distribution.
        told["samplers"] = ["penalties", "temperature", "top_k", "top_p", "min_p"]
    return told


EXTENSIONS: Mapping[str, Extension] = {
    "top_k": Extension(0, -1, _tell_top_k),
    "min_p": Extension(0.0, 0.0, lambda kind, value: {"min_p": value}),
    "repetition_penalty": Extension(1.0, 1.0, _tell_repetition_penalty),
    "stop_token_ids": Extension((), [], lambda kind, value: {"stop_token_ids": list(value)}),
}
DOCUMENTED = {"llamacpp": frozenset({"top_k", "min_p", "repetition_penalty"})}


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What one server was found to do with one model."""

    kind: str = "unknown"  # labelhub | vllm | sglang | llamacpp | ollama | unknown
    version: str | None = None
    token_prompts: bool = False  # completes token ids, and reads a chat as the same number of them
    token_ids: bool = False  # tells the ids it sampled
    logprobs: bool = False  # tells log-probabilities, and they are the unwarped model's
    fields: frozenset[str] = frozenset()  # of EXTENSIONS
    priority: bool = False
    seed_lists: bool = False  # takes `seeds`, one per completion of one prompt
    context_tokens: int | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)  # as another labelhub tells it

    @property
    def seeded(self) -> bool:
        """Whether a seed is documented to be honoured."""
        return self.kind in SEEDED

    @property
    def seed_end(self) -> int:
        return SEED_END if self.kind in LONG_SEEDED else SHORT_SEED_END

    @property
    def unsaid(self) -> tuple[str, ...]:
        """The sampling fields that stay at the server's own defaults, whatever those are."""
        return tuple(sorted(EXTENSIONS.keys() - self.fields - {"stop_token_ids"}))


async def probe(client: AsyncOpenAI, model: str, chat: tokens.ChatTokenizer | None) -> Capabilities:
    """Ask a dozen one-token questions.

    Raises ServerRefused where the model cannot be used, openai.APIError or TimeoutError where the
    server does not answer.
    """
    async with asyncio.timeout(PROBE_SECONDS):
        return await _Probe(client, model, chat).capabilities()


class _Probe:
    """The questions, asked of whichever endpoint will be used."""

    def __init__(self, client: AsyncOpenAI, model: str, chat: tokens.ChatTokenizer | None) -> None:
        self._client = client
        self._model = model
        self._chat = chat
        self._path = "/chat/completions"
        self._prompt: Json = {"messages": HELLO}

    async def capabilities(self) -> Capabilities:
        card = await self._card()
        kind = str(card.get("owned_by", "unknown"))
        kind = "ollama" if kind == "library" else kind
        kind = kind if kind in SEEDED else "unknown"
        token_prompts = await self._choose_endpoint()
        strict = await self._ask({"labelhub_probe": 1}) is None
        fields, others = await self._known_fields(kind, strict=strict)
        context_tokens = card.get("max_model_len") or _mapping(card.get("meta")).get("n_ctx_train")
        return Capabilities(
            kind=kind,
            version=await self._version(card),
            token_prompts=token_prompts,
            token_ids=await self._tells_token_ids(),
            logprobs=await self._tells_raw_logprobs(),
            fields=fields,
            priority="priority" in others,
            seed_lists="seeds" in others,
            context_tokens=context_tokens if isinstance(context_tokens, int) else None,
            provenance=_mapping(card.get("provenance")),
        )

    async def _card(self) -> Json:
        """Return the server's own description of the model, {} where it keeps no list."""
        try:
            listed = await self._client.get("/models", cast_to=object)
        except openai.APIStatusError as error:
            if error.status_code in (401, 403):
                raise ServerRefused(f"the server refuses the key: {error}") from error
            if error.status_code >= 500:
                raise
            return {}
        cards = [_mapping(each) for each in _mapping(listed).get("data") or ()]
        return next((card for card in cards if card.get("id") == self._model), {})

    async def _version(self, card: Json) -> str | None:
        """Return the server's version, where it tells one beside the API."""
        told = _mapping(card.get("provenance")).get("engine_version")
        if told is not None:
            return str(told)
        try:
            answer = await self._client.get(
                str(self._client.base_url.copy_with(path="/version")), cast_to=object
            )
        except openai.APIStatusError:
            return None
        version = _mapping(answer).get("version")
        return None if version is None else str(version)

    async def _choose_endpoint(self) -> bool:
        """Use token ids where the server reads a chat as the same number of them."""
        try:
            chat_answer = await self._post("/chat/completions", {"messages": HELLO})
        except openai.APIStatusError as error:
            if error.status_code >= 500:
                raise
            chat_refusal: openai.APIStatusError | None = error
            n_rendered = None
        else:
            chat_refusal = None
            n_rendered = _mapping(chat_answer.get("usage")).get("prompt_tokens")
        token_ids = self._chat.encode(HELLO) if self._chat else []
        if token_ids:
            prompt = {"prompt": token_ids}
            try:
                answer = await self._post("/completions", prompt)
            except openai.APIStatusError:
                answer = {}
            n_read = _mapping(answer.get("usage")).get("prompt_tokens")
            if n_read == len(token_ids) and n_rendered in (None, n_read):
                self._path, self._prompt = "/completions", prompt
                return True
        if chat_refusal is not None:
            raise ServerRefused(
                f"the server does not chat with {self._model}: {chat_refusal}"
            ) from chat_refusal
        return False

    async def _known_fields(
        self, kind: str, *, strict: bool
    ) -> tuple[frozenset[str], frozenset[str]]:
        """Return the known fields of EXTENSIONS, and which others are known."""
        legal: Json = {name: each.neutral_told for name, each in EXTENSIONS.items()}
        legal |= {"seeds": [1], "priority": 1}
        # One after the other: a server may bound how many wait, and others are there as well.
        names = {
            name for name, value in legal.items() if await self._knows(name, value, strict=strict)
        }
        fields = DOCUMENTED.get(kind, frozenset(names & EXTENSIONS.keys()))
        return fields, frozenset(names - EXTENSIONS.keys())

    async def _knows(self, name: str, value: Any, *, strict: bool) -> bool:
        takes_value = await self._ask({name: value}) is not None
        if strict or not takes_value:
            return takes_value
        return await self._ask({name: NONSENSE}) is None

    async def _tells_token_ids(self) -> bool:
        answer = await self._ask({"return_token_ids": True})
        ids = _choice(answer).get("token_ids")
        return isinstance(ids, list) and len(ids) == 1

    async def _tells_raw_logprobs(self) -> bool:
        """Whether the likeliest token's value is the same at any temperature, and not certainty."""
        asked = {"logprobs": 0 if self._path == "/completions" else True, "top_p": 1e-6}
        found = [
            _logprobs(_choice(await self._ask({**asked, "temperature": temperature})))
            for temperature in (0.5, 2.0)
        ]
        if not all(len(values) == 1 for values in found):
            return False
        (cold,), (hot,) = found
        return cold < -LEAST_LOGPROB and math.isclose(
            cold, hot, rel_tol=LOGPROB_TOLERANCE, abs_tol=LOGPROB_TOLERANCE
        )

    async def _ask(self, fields: Json) -> Json | None:
        """Return the answer to one token's worth of a question, None where it is refused."""
        try:
            return await self._post(self._path, {**self._prompt, **fields})
        except openai.APIStatusError as error:
            if error.status_code in (400, 404, 422):
                return None
            raise

    async def _post(self, path: str, fields: Json) -> Json:
        body = {"model": self._model, "max_tokens": 1, "temperature": 0.0, **fields}
        return _mapping(await self._client.post(path, cast_to=object, body=body))


def _mapping(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _choice(answer: Json | None) -> Json:
    choices = (answer or {}).get("choices")
    return _mapping(choices[0]) if isinstance(choices, list) and choices else {}


def _logprobs(choice: Json) -> Sequence[float]:
    told = _mapping(choice.get("logprobs"))
    content = told.get("content")
    if isinstance(content, list):
        values = [_mapping(each).get("logprob") for each in content]
    else:
        values = told.get("token_logprobs") or []
    return [value for value in values if isinstance(value, float)]
