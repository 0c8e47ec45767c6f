"""One contract, whatever engine answers: a model here, a model behind HTTP, the fake (DESIGN.md §6).

Nobody steps these engines: they run as they run in a worker, and the openai engine speaks to a
process of `manage.py serve_policy`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from sampling import tokens
from sampling.engine import load, memory, protocol
from sampling.engine.fake import FakeEngine
from sampling.engine.loop import EngineLoop
from sampling.engine.openai_server import OpenAIEngine
from sampling.engine.protocol import (
    CompletionResult,
    Engine,
    Event,
    FinishReason,
    GenerationRequest,
    Handle,
    Priority,
)
from tests.engine import served
from tests.engine.driving import request, results
from tests.engine.served import Served
from tests.engine.test_loop import POISON
from tests.processes import wait_until

PROMPT = tuple(range(3, 23))
BATCH, INTERACTIVE = Priority.BATCH, Priority.INTERACTIVE
MOST_SECONDS = 60
N_RESERVED = 3
# Below its vocabulary, whose last word ends a turn.
FAKE_CONTEXT_TOKENS = 90_000
MakeEngine = Callable[..., Engine]


@pytest.fixture(params=["fake", "slots", "openai"])
def make_engine(request: pytest.FixtureRequest, long_policy: Path) -> Iterator[MakeEngine]:
    made: list[Engine] = []

    def make(**options: Any) -> Engine:
        match request.param:
            case "fake":
                made.append(
                    FakeEngine(
                        n_slots=served.N_SLOTS,
                        n_reserved=N_RESERVED,
                        n_words=FAKE_CONTEXT_TOKENS,
                        context_tokens=FAKE_CONTEXT_TOKENS,
                        **options,
                    )
                )
            case "slots":
                made.append(EngineLoop(load_long(long_policy), **options))
            case "openai":
                found: Served = request.getfixturevalue("served_policy")
                made.append(
                    OpenAIEngine(
                        found.server, chat=found.chat, capabilities=found.capabilities, **options
                    )
                )
        return made[-1]

    yield make
    for engine in made:
        engine.close()


def load_long(folder: Path) -> Any:
    return load.load_backend(
        folder,
        name="tiny",
        revision=None,
        device=torch.device("cpu"),
        allowance=memory.Allowance(served.N_SLOTS, N_RESERVED, 4, memory.GIB),
    )


def read_all(handle: Handle) -> list[Event]:
    """Read to the end; one that never comes fails."""
    events = []
    while not handle.finished:
        event = handle.next_event(MOST_SECONDS)
        assert event is not None, "no event came"
        events.append(event)
    return events


def answers(engine: Engine, asked: GenerationRequest) -> list[CompletionResult]:
    return results(read_all(engine.submit(asked)))


def endless(engine: Engine) -> dict[str, Any]:
    """Return parameters of a completion that outlasts whatever a test does to it, by seconds.

    The likeliest words of the tiny policy go round in a circle, so that it never ends its turn; the
    fake is faster and counts further.
    """
    longest = (
        FAKE_CONTEXT_TOKENS if engine.provenance.engine == "fake" else served.LONG_CONTEXT_TOKENS
    )
    return {"temperature": 0, "max_tokens": longest - 2000}


def fill(engine: Engine, running: list[Handle]) -> None:
    """Submit what never ends until the engine refuses; far more than any here takes fails."""
    while len(running) < 200:
        running.append(engine.submit(request(PROMPT, priority=BATCH, **endless(engine))))


def begun(handle: Handle) -> list[Event]:
    """Wait until the first word has come."""
    first = handle.next_event(MOST_SECONDS)
    assert first is not None
    assert first.result is None, "what should never end has ended"
    return [first]


def test_every_completion_streams_its_text_and_ends_once(make_engine: MakeEngine) -> None:
    engine = make_engine()
    handle = engine.submit(request(PROMPT, seeds=(1, 2, 3), max_tokens=20))
    events = read_all(handle)

    assert handle.next_event(0) is None
    assert [result.index for result in results(events)] == [0, 1, 2]
    for result in results(events):
        own = [event for event in events if event.index == result.index]
        assert [event.result is None for event in own] == [True] * (len(own) - 1) + [False]
        assert "".join(event.text for event in own) == result.text
        n_characters = 0
        for event in own:
            assert event.offset == n_characters
            n_characters += len(event.text)
        sampled = [event for event in own if event.token_id is not None]
        assert tuple(event.token_id for event in sampled) == result.token_ids
        assert tuple(event.logprob for event in sampled) == result.logprobs
        assert all(logprob <= 0 for logprob in result.logprobs)
        assert result.n_completion == len(result.token_ids) > 0


def test_a_result_says_all_that_replaying_it_needs(make_engine: MakeEngine) -> None:
    engine = make_engine()
    asked = request(
        PROMPT, seeds=(11,), temperature=0.7, top_p=0.9, top_k=50, min_p=0.01,
        repetition_penalty=1.2,
    )  # fmt: skip
    (result,) = answers(engine, asked)

    assert result.seed == 11
    assert result.prompt_token_ids == PROMPT
    assert result.params == asked.params
    assert result.n_prompt == len(PROMPT)
    assert result.provenance == engine.provenance
    assert result.t_queue is not None
    assert result.t_first is not None
    assert result.t_last is not None
    assert 0 <= result.t_queue <= result.t_first <= result.t_last


def test_max_tokens_is_the_length(make_engine: MakeEngine) -> None:
    engine = make_engine()
    for max_tokens in (1, 2, 5):
        (result,) = answers(engine, request(PROMPT, max_tokens=max_tokens))

        assert result.finish_reason is FinishReason.LENGTH
        assert result.n_completion == len(result.token_ids) == max_tokens


def test_the_same_seed_gives_the_same_text_alone_and_in_company(make_engine: MakeEngine) -> None:
    engine = make_engine()
    assert engine.provenance.reproducible is protocol.Reproducible.EXACT
    seeds = (1, 2**62 + 5, 3)
    singles = [answers(engine, request(PROMPT, seeds=(seed,)))[0] for seed in seeds]

    other = engine.submit(request(PROMPT[:9], seeds=(7, 8), priority=BATCH, max_tokens=30))
    group = answers(engine, request(PROMPT, seeds=seeds))
    read_all(other)

    assert [result.token_ids for result in group] == [result.token_ids for result in singles]
    assert [result.text for result in group] == [result.text for result in singles]
    assert len({result.token_ids for result in group}) == len(seeds)


@pytest.mark.parametrize("make_engine", ["slots", "openai"], indirect=True)
def test_every_sampling_field_reaches_the_sampler(make_engine: MakeEngine) -> None:
    """A field that were dropped on the way would leave the draw as it is without it."""
    engine = make_engine()
    (free,) = answers(engine, request(PROMPT, max_tokens=24, temperature=3.0))
    (greedy,) = answers(engine, request(PROMPT, max_tokens=24, temperature=0))
    one_word: list[dict[str, Any]] = [{"top_k": 1}, {"top_p": 1e-9}, {"min_p": 1.0}]
    for fields in one_word:
        (result,) = answers(engine, request(PROMPT, max_tokens=24, temperature=3.0, **fields))
        assert result.token_ids == greedy.token_ids != free.token_ids, fields
    (penalised,) = answers(
        engine, request(PROMPT, max_tokens=24, temperature=0, repetition_penalty=10.0)
    )
    assert len(set(penalised.token_ids)) > len(set(greedy.token_ids))


def test_stop_string_ends_the_text_before_it(make_engine: MakeEngine) -> None:
    engine = make_engine()
    (free,) = answers(engine, request(PROMPT, temperature=0, max_tokens=12))
    for start in (1, len(free.text) // 2, len(free.text) - 3):
        stop = free.text[start : start + 3]
        events = read_all(
            engine.submit(request(PROMPT, temperature=0, max_tokens=12, stop=("never", stop)))
        )
        (result,) = results(events)

        assert (result.finish_reason, result.stop_matched) == (FinishReason.STOP_STRING, stop)
        assert result.text == free.text[: free.text.index(stop)]
        assert "".join(event.text for event in events) == result.text
        assert result.token_ids == free.token_ids[: len(result.token_ids)]


def test_text_held_for_a_stop_string_is_given_at_the_end(make_engine: MakeEngine) -> None:
    engine = make_engine()
    (free,) = answers(engine, request(PROMPT, temperature=0, max_tokens=6))
    nearly = free.text[-2:] + "\x00"

    (result,) = answers(engine, request(PROMPT, temperature=0, max_tokens=6, stop=(nearly,)))

    assert (result.text, result.finish_reason) == (free.text, FinishReason.LENGTH)


def test_stop_token_id_is_kept_in_ids_and_left_out_of_text(make_engine: MakeEngine) -> None:
    engine = make_engine()
    (free,) = answers(engine, request(PROMPT))
    first, stop_id = next(
        (position, token_id)
        for position, token_id in enumerate(free.token_ids)
        if position > 0 and free.token_ids.index(token_id) == position
    )
    (before,) = answers(engine, request(PROMPT, max_tokens=first))

    (result,) = answers(engine, request(PROMPT, stop_token_ids=(stop_id,)))

    assert (result.finish_reason, result.stop_matched) == (FinishReason.STOP, stop_id)
    assert result.token_ids == free.token_ids[: first + 1]
    assert result.text == before.text


@pytest.mark.parametrize("make_engine", ["slots", "openai"], indirect=True)
def test_text_comes_in_whole_characters(make_engine: MakeEngine, long_policy: Path) -> None:
    engine = make_engine()
    found = answers(engine, request(PROMPT, seeds=tuple(range(8)), max_tokens=40))

    tokenizer = tokens.load(long_policy).tokenizer
    for result in found:
        whole = tokenizer.decode(list(result.token_ids), skip_special_tokens=True)
        # Bytes that never completed a character are shown as such by a decoder that is done.
        assert whole.rstrip("\ufffd") == result.text.rstrip("\ufffd")


def test_cancel_ends_every_index_and_hurts_nobody(make_engine: MakeEngine) -> None:
    engine = make_engine()
    (alone,) = answers(engine, request(PROMPT[:12], seeds=(4,)))
    cancelled = engine.submit(request(PROMPT, seeds=(1, 2, 3), **endless(engine)))
    events = begun(cancelled)
    other = engine.submit(request(PROMPT[:12], seeds=(4,)))
    cancelled.cancel()
    events += read_all(cancelled)

    assert [result.finish_reason for result in results(events)] == ["cancelled"] * 3
    for result in results(events):
        assert result.failure is None
        assert result.text == "".join(e.text for e in events if e.index == result.index)
        assert result.n_completion < endless(engine)["max_tokens"]
    (result,) = results(read_all(other))
    assert result.token_ids == alone.token_ids
    cancelled.cancel()
    assert cancelled.next_event(0) is None


def test_a_deadline_ends_in_error_with_its_name(make_engine: MakeEngine) -> None:
    engine = make_engine()
    found = answers(engine, request(PROMPT, seeds=(1, 2), deadline_seconds=0.02, **endless(engine)))

    for result in found:
        assert result.finish_reason is FinishReason.ERROR
        assert result.failure is not None
        assert result.failure.code == "deadline_exceeded"
        assert not result.failure.retryable


def test_poison_is_refused_by_name_and_hurts_nobody(make_engine: MakeEngine) -> None:
    engine = make_engine()
    (alone,) = answers(engine, request(PROMPT, max_tokens=40))
    in_flight = engine.submit(request(PROMPT, max_tokens=40))
    for fields, code in POISON:
        prompt = fields.get("prompt", PROMPT)
        others = {name: value for name, value in fields.items() if name != "prompt"}
        with pytest.raises(protocol.InvalidRequest) as refused:
            engine.submit(request(prompt, **others))
        assert refused.value.code == code, fields

    (result,) = results(read_all(in_flight))
    assert result.token_ids == alone.token_ids


def test_a_full_queue_answers_busy_for_its_priority_only(make_engine: MakeEngine) -> None:
    engine = make_engine(queue_limit=2)
    running: list[Handle] = []
    with pytest.raises(protocol.EngineBusy) as refused:
        fill(engine, running)

    assert refused.value.retryable
    assert refused.value.retry_after_seconds >= 1
    assert answers(engine, request(PROMPT, max_tokens=2))
    for handle in running:
        handle.cancel()
    for handle in running:
        read_all(handle)
    assert answers(engine, request(PROMPT, priority=BATCH, max_tokens=2))


def test_health_says_what_runs_and_whether_anything_can(make_engine: MakeEngine) -> None:
    engine = make_engine()
    assert (engine.health().alive, engine.health().n_running) == (True, 0)
    handle = engine.submit(request(PROMPT, seeds=(1, 2), **endless(engine)))
    begun(handle)
    wait_until(lambda: engine.health().n_running == 2, "two running completions")
    handle.cancel()
    read_all(handle)
    wait_until(lambda: engine.health().n_running == 0, "an idle engine")

    health = engine.health()
    assert health.n_queued == 0
    assert health.provenance == engine.provenance
    answers(engine, request(PROMPT, max_tokens=5))
    assert engine.health().n_sampled_tokens >= health.n_sampled_tokens + 5
    engine.close()
    assert not engine.health().alive


def test_close_ends_everything_for_a_later_attempt(make_engine: MakeEngine) -> None:
    engine = make_engine()
    handles = [engine.submit(request(PROMPT, seeds=(1, 2), **endless(engine)))]
    begun(handles[0])
    handles.append(engine.submit(request(PROMPT, **endless(engine))))
    engine.close()

    for handle in handles:
        for result in results(read_all(handle)):
            assert result.failure is not None
            assert (result.failure.code, result.failure.retryable) == ("engine_closed", True)
    with pytest.raises(protocol.EngineClosed):
        engine.submit(request(PROMPT))
    engine.close()


def test_a_policy_says_the_same_behind_http(served_policy: Served, long_policy: Path) -> None:
    """Token for token: the served engine is the same engine, and so is what is recorded of it."""
    here = EngineLoop(load_long(long_policy))
    there = OpenAIEngine(
        served_policy.server, chat=served_policy.chat, capabilities=served_policy.capabilities
    )
    asked = request(PROMPT, seeds=(5, 2**62), temperature=0.9, top_p=0.95, max_tokens=30)
    try:
        expected, found = answers(here, asked), answers(there, asked)
    finally:
        here.close()
        there.close()

    assert [result.token_ids for result in found] == [result.token_ids for result in expected]
    assert [result.text for result in found] == [result.text for result in expected]
    for one, other in zip(found, expected, strict=True):
        assert one.logprobs == pytest.approx(other.logprobs, abs=1e-4)
        for what in ("weights_sha256", "tokenizer_sha256", "template_sha256", "dtype", "device"):
            assert getattr(one.provenance, what) == getattr(other.provenance, what)
