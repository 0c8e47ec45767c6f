"""What the loop promises step by step, over the fake and over a model (DESIGN.md §6)."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Any

import pytest

from sampling.engine import protocol
from sampling.engine.handle import EventStream
from sampling.engine.loop import EngineLoop
from sampling.engine.protocol import FinishReason, Priority, Reproducible
from tests.engine.driving import Clock, complete, read, request, results, step_until_idle

MakeEngine = Callable[..., EngineLoop]
PROMPT = tuple(range(3, 23))
OTHER_PROMPT = tuple(range(40, 57))
BATCH, INTERACTIVE = Priority.BATCH, Priority.INTERACTIVE


def test_every_completion_streams_its_text_and_ends_once(make_engine: MakeEngine) -> None:
    engine = make_engine()
    submitted = request(PROMPT, seeds=(1, 2, 3), max_tokens=20)
    handle = engine.submit(submitted)
    step_until_idle(engine)
    events = read(handle)

    assert handle.finished
    assert [result.index for result in results(events)] == [0, 1, 2]
    for result in results(events):
        own = [event for event in events if event.index == result.index]
        assert [event.result is None for event in own] == [True] * (len(own) - 1) + [False]
        assert "".join(event.text for event in own) == result.text
        n_characters = 0
        for event in own:
            assert event.offset == n_characters
            n_characters += len(event.text)
        assert tuple(event.token_id for event in own) == result.token_ids
        assert tuple(event.logprob for event in own) == result.logprobs
        assert result.n_completion == len(result.token_ids)
        assert result.n_prompt == len(PROMPT)
        assert result.prompt_token_ids == PROMPT
        assert result.params == submitted.params
        assert result.provenance == engine.provenance


def test_times_follow_the_clock(make_engine: MakeEngine) -> None:
    clock = Clock()
    engine = make_engine(clock=clock)
    handle = engine.submit(request(PROMPT, max_tokens=3))
    while not handle.finished:
        clock.now += 1
        assert engine.step()
        events = read(handle)
    (result,) = results(events)

    # The prompt and its first two tokens share the first step.
    assert (result.t_queue, result.t_first, result.t_last) == (1, 1, 2)


def test_max_tokens_is_the_length(make_engine: MakeEngine) -> None:
    for max_tokens in (1, 2, 5):
        ((result,),) = complete(make_engine(), request(PROMPT, max_tokens=max_tokens))

        assert result.finish_reason is FinishReason.LENGTH
        assert len(result.token_ids) == max_tokens


def test_group_equals_singles_alone_and_under_load(make_engine: MakeEngine) -> None:
    seeds = tuple(protocol.seed_for(5, "request", index) for index in range(6))
    singles = [complete(make_engine(), request(PROMPT, seeds=(seed,)))[0][0] for seed in seeds]

    (group,) = complete(make_engine(), request(PROMPT, seeds=seeds))
    crowd = [
        request(OTHER_PROMPT, seeds=(90, 91), priority=BATCH, max_tokens=15),
        request(PROMPT, seeds=seeds, priority=BATCH),
        request(OTHER_PROMPT[:9], seeds=(92,), max_tokens=4),
    ]
    _, loaded, _ = complete(make_engine(), *crowd)

    assert [result.token_ids for result in group] == [result.token_ids for result in singles]
    assert [result.token_ids for result in loaded] == [result.token_ids for result in singles]
    assert [result.text for result in loaded] == [result.text for result in singles]
    assert len({result.token_ids for result in singles}) == len(seeds)


def test_stop_string_ends_the_text_before_it(make_engine: MakeEngine) -> None:
    ((free,),) = complete(make_engine(), request(PROMPT, max_tokens=12))
    for start in range(1, len(free.text) - 3):
        stop = free.text[start : start + 3]
        engine = make_engine()
        handle = engine.submit(request(PROMPT, max_tokens=12, stop=("never", stop)))
        step_until_idle(engine)
        events = read(handle)
        (result,) = results(events)

        assert result.finish_reason is FinishReason.STOP_STRING
        assert result.stop_matched == stop
        assert result.text == free.text[: free.text.index(stop)]
        assert "".join(event.text for event in events) == result.text
        assert result.token_ids == free.token_ids[: len(result.token_ids)]


def test_text_held_for_a_stop_string_is_given_at_the_end(make_engine: MakeEngine) -> None:
    ((free,),) = complete(make_engine(), request(PROMPT, max_tokens=6))
    nearly = free.text[-2:] + "\x00"

    ((result,),) = complete(make_engine(), request(PROMPT, max_tokens=6, stop=(nearly,)))

    assert result.text == free.text
    assert result.finish_reason is FinishReason.LENGTH


def test_stop_token_id_is_kept_in_ids_and_left_out_of_text(make_engine: MakeEngine) -> None:
    ((free,),) = complete(make_engine(), request(PROMPT))
    stop_id = free.token_ids[4]
    first = free.token_ids.index(stop_id)
    ((before,),) = complete(make_engine(), request(PROMPT, max_tokens=max(first, 1)))

    ((result,),) = complete(make_engine(), request(PROMPT, stop_token_ids=(stop_id,)))

    assert result.finish_reason is FinishReason.STOP
    assert result.stop_matched == stop_id
    assert result.token_ids == free.token_ids[: first + 1]
    assert result.text == before.text


def test_cancel_ends_every_index_at_the_next_step(make_engine: MakeEngine) -> None:
    engine = make_engine()
    cancelled = engine.submit(request(PROMPT, seeds=(7, 8, 9), max_tokens=50))
    other = engine.submit(request(OTHER_PROMPT, seeds=(4,)))
    for _ in range(3):
        engine.step()
    before = read(cancelled)
    cancelled.cancel()
    engine.step()
    after = read(cancelled)

    assert [event.token_id for event in after] == [None] * 3
    for result in results(after):
        assert result.finish_reason is FinishReason.CANCELLED
        assert result.text == "".join(e.text for e in before if e.index == result.index)
        assert result.n_completion == 4
    step_until_idle(engine)
    ((alone,),) = complete(make_engine(), request(OTHER_PROMPT, seeds=(4,)))
    assert [result.token_ids for result in results(read(other))] == [alone.token_ids]
    assert engine.health().n_running == 0


def test_cancel_reaches_what_waits_and_what_is_being_read(make_engine: MakeEngine) -> None:
    engine = make_engine(prefill_chunk_tokens=4)
    reading = engine.submit(request(PROMPT, seeds=(1, 2)))
    waiting = engine.submit(request(PROMPT, seeds=(3,)))
    engine.step()
    reading.cancel()
    waiting.cancel()
    engine.step()

    for handle, n_completions in ((reading, 2), (waiting, 1)):
        found = results(read(handle))
        assert [result.finish_reason for result in found] == ["cancelled"] * n_completions
        assert all(result.token_ids == () for result in found)
    assert not engine.step()
    assert engine.health().n_queued == 0


def test_a_deadline_ends_in_error_with_its_name(make_engine: MakeEngine) -> None:
    clock = Clock()
    engine = make_engine(clock=clock)
    handle = engine.submit(request(PROMPT, max_tokens=50, deadline_seconds=2.5))
    for now in (1.0, 2.0, 3.0):
        clock.now = now
        engine.step()
    (result,) = results(read(handle))

    assert result.failure is not None
    assert result.failure.code == "deadline_exceeded"
    assert not result.failure.retryable
    assert len(result.token_ids) == 3


def test_interactive_goes_ahead_of_batch_at_the_next_step(make_engine: MakeEngine) -> None:
    engine = make_engine(prefill_chunk_tokens=8)
    n_batch = engine._backend.limits.n_batch
    running = engine.submit(
        request(PROMPT, seeds=tuple(range(4, 4 + n_batch)), priority=BATCH, max_tokens=40)
    )
    queued = engine.submit(request(PROMPT, priority=BATCH))
    for _ in range(4):
        engine.step()
    assert read(running)
    draft = engine.submit(request(OTHER_PROMPT[:8], max_tokens=4))
    engine.step()

    # The whole prompt and two tokens in the one step after it was submitted.
    assert len(read(draft)) == 2
    assert read(queued) == []


def test_interactive_prompt_overtakes_a_batch_prompt(make_engine: MakeEngine) -> None:
    engine = make_engine(prefill_chunk_tokens=4)
    batch = engine.submit(request(PROMPT, priority=BATCH))
    engine.step()
    draft = engine.submit(request(OTHER_PROMPT[:8]))
    engine.step()
    engine.step()

    assert read(draft)
    assert read(batch) == []
    step_until_idle(engine)
    ((alone,),) = complete(make_engine(), request(PROMPT, priority=BATCH))
    assert results(read(batch))[0].token_ids == alone.token_ids


def test_batch_gets_one_step_in_its_stride(make_engine: MakeEngine) -> None:
    engine = make_engine(batch_stride=4)
    batch = engine.submit(request(PROMPT, priority=BATCH, max_tokens=40))
    engine.step()
    read(batch)
    draft = engine.submit(request(OTHER_PROMPT, max_tokens=20))
    n_batch_tokens = []
    for _ in range(12):
        engine.step()
        n_batch_tokens.append(len(read(batch)))

    assert n_batch_tokens == [1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0] or n_batch_tokens == [
        0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1,
    ]  # fmt: skip
    assert len(read(draft)) == 13


def test_slots_reserved_for_interactive_are_never_batch(make_engine: MakeEngine) -> None:
    engine = make_engine()
    n_batch = engine._backend.limits.n_batch
    for _ in range(4):
        engine.submit(request(PROMPT, seeds=(1,) * (n_batch // 2 + 1), priority=BATCH))
    engine.step()
    engine.step()

    assert engine.health().n_running == n_batch // 2 + 1
    draft = engine.submit(request(OTHER_PROMPT))
    engine.step()
    assert read(draft)


def test_a_full_queue_answers_busy_for_its_priority_only(make_engine: MakeEngine) -> None:
    engine = make_engine(queue_limit=2)
    for _ in range(2):
        engine.submit(request(PROMPT, priority=BATCH))

    with pytest.raises(protocol.EngineBusy) as refused:
        engine.submit(request(PROMPT, priority=BATCH))

    assert refused.value.retry_after_seconds >= 1
    draft = engine.submit(request(PROMPT))
    step_until_idle(engine)
    assert results(read(draft))
    assert complete(engine, request(PROMPT, priority=BATCH))


POISON: list[tuple[dict[str, Any], str]] = [
    ({"prompt": ()}, "prompt_missing"),
    ({"prompt": (1, -1)}, "token_id_out_of_range"),
    ({"prompt": (1, 10**9)}, "token_id_out_of_range"),
    ({"prompt": ("a",)}, "token_id_out_of_range"),
    ({"prompt": (True,)}, "token_id_out_of_range"),
    ({"prompt": (5,) * 100_000}, "context_too_long"),
    ({"max_tokens": 10**6}, "context_too_long"),
    ({"max_tokens": 0}, "parameter_out_of_range"),
    ({"max_tokens": 2.0}, "parameter_out_of_range"),
    ({"temperature": math.nan}, "parameter_out_of_range"),
    ({"temperature": math.inf}, "parameter_out_of_range"),
    ({"temperature": -0.1}, "parameter_out_of_range"),
    ({"temperature": "1"}, "parameter_out_of_range"),
    ({"top_p": 0.0}, "parameter_out_of_range"),
    ({"top_p": 1.01}, "parameter_out_of_range"),
    ({"repetition_penalty": 0.0}, "parameter_out_of_range"),
    ({"repetition_penalty": math.nan}, "parameter_out_of_range"),
    ({"repetition_penalty": 10.1}, "parameter_out_of_range"),
    ({"top_k": -1}, "parameter_out_of_range"),
    ({"min_p": 1.5}, "parameter_out_of_range"),
    ({"stop": ("",)}, "parameter_out_of_range"),
    ({"stop": ("x" * 201,)}, "parameter_out_of_range"),
    ({"stop": tuple("abcdefghijklmnopq")}, "parameter_out_of_range"),
    ({"stop_token_ids": (10**9,)}, "token_id_out_of_range"),
    ({"seeds": ()}, "too_many_completions"),
    ({"seeds": (1,) * 1000}, "too_many_completions"),
    ({"seeds": (-1,)}, "parameter_out_of_range"),
    ({"seeds": (2**63,)}, "parameter_out_of_range"),
    ({"deadline_seconds": math.nan}, "parameter_out_of_range"),
]


def test_poison_is_refused_by_name_and_hurts_nobody(make_engine: MakeEngine) -> None:
    ((alone,),) = complete(make_engine(), request(PROMPT, max_tokens=40))
    engine = make_engine()
    in_flight = engine.submit(request(PROMPT, max_tokens=40))
    engine.step()
    for fields, code in POISON:
        prompt = fields.get("prompt", PROMPT)
        others = {name: value for name, value in fields.items() if name != "prompt"}
        with pytest.raises(protocol.InvalidRequest) as refused:
            engine.submit(request(prompt, **others))
        assert refused.value.code == code, fields
        engine.step()
    step_until_idle(engine)

    assert results(read(in_flight))[0].token_ids == alone.token_ids


def test_extreme_but_legal_parameters_are_served(make_engine: MakeEngine) -> None:
    params: list[dict[str, object]] = [
        {"temperature": 0},
        {"temperature": 1e-30},
        {"temperature": 1e30},
        {"top_k": 10**12},
        {"top_p": 1e-30},
        {"min_p": 1.0},
        {"repetition_penalty": 10.0},
        {"repetition_penalty": 0.1, "temperature": 0},
        {"top_k": 1, "top_p": 0.5, "min_p": 0.5},
    ]
    found = complete(make_engine(), *(request(PROMPT, **each) for each in params))  # type: ignore[arg-type]

    assert [result.finish_reason for (result,) in found] == ["length"] * len(params)


def test_close_ends_everything_for_a_later_attempt(make_engine: MakeEngine) -> None:
    engine = make_engine()
    handles: list[EventStream] = [engine.submit(request(PROMPT, seeds=(1, 2)))]
    engine.step()
    handles.append(engine.submit(request(PROMPT)))
    engine.close()

    for handle in handles:
        for result in results(read(handle)):
            assert result.failure is not None
            assert (result.failure.code, result.failure.retryable) == ("engine_closed", True)
        assert handle.finished
    with pytest.raises(protocol.EngineClosed):
        engine.submit(request(PROMPT))
    assert not engine.health().alive


def test_many_threads_are_answered_as_one_would_be(make_engine: MakeEngine) -> None:
    requests = [
        request(
            PROMPT[: 5 + number],
            seeds=(number, number + 1),
            priority=Priority(number % 2),
            request_id=str(number),
        )
        for number in range(8)
    ]
    expected = [[result.token_ids for result in found[0]] for found in (
        complete(make_engine(), each) for each in requests)]  # fmt: skip
    engine = make_engine(threaded=True)
    found: dict[int, list[tuple[int, ...]]] = {}

    def ask(number: int) -> None:
        events = list(engine.submit(requests[number]))
        found[number] = [result.token_ids for result in results(events)]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    engine.close()

    assert [found[number] for number in range(8)] == expected


def test_provenance_says_what_the_seed_promises(make_engine: MakeEngine) -> None:
    assert make_engine().provenance.reproducible is Reproducible.EXACT
