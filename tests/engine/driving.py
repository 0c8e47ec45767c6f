"""Drives an engine step by step, so that a test says exactly when what happened."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sampling.engine.handle import EventStream
from sampling.engine.loop import EngineLoop
from sampling.engine.protocol import (
    CompletionResult,
    Event,
    GenerationRequest,
    Handle,
    Priority,
    SamplingParams,
)

MOST_STEPS = 10_000


@dataclass
class Clock:
    """A clock that a test moves."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def request(
    prompt: tuple[int, ...],
    *,
    seeds: tuple[int, ...] = (7,),
    priority: Priority = Priority.INTERACTIVE,
    deadline_seconds: float | None = None,
    request_id: str = "request",
    **params: object,
) -> GenerationRequest:
    return GenerationRequest(
        request_id=request_id,
        params=SamplingParams(**({"max_tokens": 8} | params)),  # type: ignore[arg-type]
        seeds=seeds,
        priority=priority,
        prompt_token_ids=prompt,
        deadline_seconds=deadline_seconds,
    )


def read(handle: Handle) -> list[Event]:
    """Return the events that are there now."""
    events = []
    while (event := handle.next_event(0)) is not None:
        events.append(event)
    return events


def results(events: Iterable[Event]) -> list[CompletionResult]:
    """Return the results in the order of their indexes."""
    found = [event.result for event in events if event.result is not None]
    return sorted(found, key=lambda result: result.index)


def step_until_idle(engine: EngineLoop) -> None:
    for _ in range(MOST_STEPS):
        if not engine.step():
            return
    raise AssertionError("the engine never became idle")


def complete(engine: EngineLoop, *requests: GenerationRequest) -> list[list[CompletionResult]]:
    """Submit all at once, step to the end, and return each request's results."""
    handles: list[EventStream] = [engine.submit(each) for each in requests]
    step_until_idle(engine)
    return [results(read(handle)) for handle in handles]
