"""Many random requests, good and bad, given up and cut short: nothing leaks, everyone is told.

2,000 of them with `make test-long`, a tenth with `make test`.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings

from sampling.engine import protocol
from sampling.engine.handle import EventStream
from sampling.engine.loop import EngineLoop
from sampling.engine.protocol import FinishReason, GenerationRequest, Priority
from tests.engine.driving import Clock, complete, read, request, results, step_until_idle

# 100 examples in the profile of make test, 1,000 in that of make test-long.
N_REQUESTS = 2 * settings.default.max_examples  # type: ignore[attr-defined]
PROMPTS = tuple(tuple(range(3 + start, 3 + start + 40)) for start in (0, 7, 50))
BAD: tuple[dict[str, Any], ...] = (
    {"temperature": float("nan")},
    {"top_p": 0.0},
    {"max_tokens": 0},
    {"repetition_penalty": 100.0},
    {"stop_token_ids": (10**9,)},
    {"seeds": ()},
    {"seeds": (-1,)},
)


def random_request(chance: random.Random, number: int) -> GenerationRequest:
    prompt = chance.choice(PROMPTS)[: chance.randint(1, 40)]
    return request(
        prompt,
        seeds=tuple(chance.randrange(2**63) for _ in range(chance.randint(1, 4))),
        priority=chance.choice(list(Priority)),
        max_tokens=chance.randint(1, 12),
        temperature=chance.choice([0, 0.7, 1.0, 2.0]),
        top_p=chance.choice([0.5, 1.0]),
        top_k=chance.choice([0, 20]),
        min_p=chance.choice([0.0, 0.02]),
        repetition_penalty=chance.choice([1.0, 1.0, 1.3]),
        deadline_seconds=chance.choice([None, None, 5.0]),
        stop=chance.choice([(), ("1",)]),
        request_id=str(number),
    )


def refuse_one(engine: EngineLoop, chance: random.Random) -> None:
    prompt = chance.choice([PROMPTS[0], (), (10**9,)])
    with pytest.raises(protocol.InvalidRequest):
        engine.submit(request(prompt, **chance.choice(BAD)))


def fail_once(engine: EngineLoop, chance: random.Random) -> None:
    """Let one call to the device fail, as it does where memory ran out."""
    backend: Any = engine._backend
    name = chance.choice(["prefill", "first", "decode"])

    def fail(*args: object) -> None:
        delattr(backend, name)
        raise RuntimeError("out of memory")

    setattr(backend, name, fail)


def test_a_storm_leaves_nothing_behind(make_engine: Callable[..., EngineLoop]) -> None:
    chance = random.Random(11)  # noqa: S311
    clock = Clock()
    engine = make_engine(clock=clock, prefill_chunk_tokens=7, batch_stride=3, queue_limit=20)
    asked: list[tuple[GenerationRequest, EventStream]] = []
    n_busy = 0
    for number in range(N_REQUESTS):
        submitted = random_request(chance, number)
        try:
            asked.append((submitted, engine.submit(submitted)))
        except protocol.EngineBusy:
            n_busy += 1
        if chance.random() < 0.1:
            refuse_one(engine, chance)
        if chance.random() < 0.05:
            fail_once(engine, chance)
        for _ in range(chance.randint(0, 6)):
            clock.now += 0.25
            engine.step()
        if chance.random() < 0.2:
            chance.choice(asked[-20:])[1].cancel()
    step_until_idle(engine)

    reasons = set()
    for submitted, handle in asked:
        found = results(read(handle))
        assert handle.finished
        assert [result.index for result in found] == list(range(len(submitted.seeds)))
        reasons |= {result.finish_reason for result in found}
        for result in found:
            assert (result.failure is not None) == (result.finish_reason is FinishReason.ERROR)
    assert reasons >= set(FinishReason) - {FinishReason.STOP}
    assert n_busy < N_REQUESTS / 2
    health = engine.health()
    assert health.n_running == health.n_queued == 0
    assert not engine._schedule.busy
    vars(engine._backend).pop("first", None)
    ((after,),) = complete(engine, request(PROMPTS[0], max_tokens=12))
    ((alone,),) = complete(make_engine(), request(PROMPTS[0], max_tokens=12))
    assert after.token_ids == alone.token_ids
