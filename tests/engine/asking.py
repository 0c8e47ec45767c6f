"""Asks the openai engine over a scripted server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sampling.engine import spec
from sampling.engine.openai_server import OpenAIEngine
from sampling.engine.protocol import (
    CompletionResult,
    Event,
    GenerationRequest,
    Handle,
    Message,
    Priority,
    SamplingParams,
)
from sampling.engine.server_probe import EXTENSIONS, Capabilities
from tests.engine import scripted_server as scripted
from tests.engine.driving import results

MESSAGES = (Message("system", "Be brief."), Message("user", "Hello"))
MOST_SECONDS = 20
# A server of chats that takes every field and tells no ids.
CHAT = Capabilities(kind="vllm", fields=frozenset(EXTENSIONS), priority=True)
# One that is given token ids and tells them.
TOKENS = Capabilities(
    kind="vllm",
    token_prompts=True,
    token_ids=True,
    logprobs=True,
    fields=frozenset(EXTENSIONS),
    priority=True,
)
# One that takes a list of seeds, hence all completions of a request at once.
TOGETHER = Capabilities(
    kind="labelhub",
    token_prompts=True,
    token_ids=True,
    fields=frozenset(EXTENSIONS),
    seed_lists=True,
)


async def no_pause(seconds: float) -> None:
    """Retry at once: no test waits."""


@contextmanager
def engine_at(server: scripted.Server, **options: Any) -> Iterator[OpenAIEngine]:
    place = spec.Server(server.base_url, "tiny")
    given: dict[str, Any] = {"capabilities": CHAT, "pause": no_pause} | options
    engine = OpenAIEngine(place, **given)
    try:
        yield engine
    finally:
        engine.close()


def request(
    *,
    seeds: tuple[int, ...] = (7,),
    messages: tuple[Message, ...] = MESSAGES,
    prompt: tuple[int, ...] = (),
    priority: Priority = Priority.INTERACTIVE,
    continues: bool = False,
    deadline_seconds: float | None = None,
    **params: Any,
) -> GenerationRequest:
    return GenerationRequest(
        request_id="request",
        params=SamplingParams(**params),
        seeds=seeds,
        priority=priority,
        prompt_token_ids=prompt,
        messages=messages,
        continues=continues,
        deadline_seconds=deadline_seconds,
    )


def read_all(handle: Handle) -> list[Event]:
    events = []
    while not handle.finished:
        event = handle.next_event(MOST_SECONDS)
        assert event is not None, "no event came"
        events.append(event)
    return events


def one(script: scripted.Script, asked: GenerationRequest, **options: Any) -> CompletionResult:
    """Return the only result of one request."""
    with scripted.serve(script) as server, engine_at(server, **options) as engine:
        (result,) = results(read_all(engine.submit(asked)))
    return result
