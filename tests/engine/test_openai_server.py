"""The client of OpenAI-compatible servers, against servers that behave and servers that do not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from sampling.engine import protocol, spec
from sampling.engine.load import load_engine
from sampling.engine.openai_server import OpenAIEngine
from sampling.engine.protocol import (
    CompletionResult,
    Event,
    FinishReason,
    GenerationRequest,
    Message,
    Priority,
    SamplingParams,
)
from tests.engine import scripted_server as scripted
from tests.engine.driving import results

MESSAGES = (Message("system", "Be brief."), Message("user", "Hello"))
MOST_SECONDS = 20


@contextmanager
def engine_at(server: scripted.Server, **options: Any) -> Iterator[OpenAIEngine]:
    engine = OpenAIEngine(spec.Server(server.base_url, "tiny"), **options)
    try:
        yield engine
    finally:
        engine.close()


def request(
    *,
    seeds: tuple[int, ...] = (7,),
    messages: tuple[Message, ...] = MESSAGES,
    priority: Priority = Priority.INTERACTIVE,
    deadline_seconds: float | None = None,
    **params: Any,
) -> GenerationRequest:
    return GenerationRequest(
        request_id="request",
        params=SamplingParams(**params),
        seeds=seeds,
        priority=priority,
        messages=messages,
        deadline_seconds=deadline_seconds,
    )


def read_all(handle: protocol.Handle) -> list[Event]:
    events = []
    while not handle.finished:
        event = handle.next_event(MOST_SECONDS)
        assert event is not None, "no event came"
        events.append(event)
    return events


def one(script: scripted.Script, asked: GenerationRequest, **options: Any) -> CompletionResult:
    with scripted.serve(script) as server, engine_at(server, **options) as engine:
        (result,) = results(read_all(engine.submit(asked)))
    return result


def test_streams_text_and_counts() -> None:
    def script(body: dict[str, Any], number: int) -> scripted.Answer:
        return scripted.answer("Hel", "lo ", "🙂")

    with scripted.serve(script) as server, engine_at(server) as engine:
        events = read_all(engine.submit(request()))
        health = engine.health()
    (result,) = results(events)

    assert [(event.text, event.offset) for event in events] == [
        ("Hel", 0), ("lo ", 3), ("🙂", 6), ("", 7),
    ]  # fmt: skip
    assert result.text == "Hello 🙂"
    assert result.finish_reason is FinishReason.STOP
    assert (result.n_prompt, result.n_completion) == (5, 3)
    assert result.system_fingerprint == "fp-1"
    assert result.t_queue is not None
    assert result.t_first is not None
    assert result.t_last is not None
    assert result.t_queue <= result.t_first <= result.t_last
    assert (health.n_prompt_tokens, health.n_sampled_tokens) == (5, 3)
    assert (health.n_queued, health.n_running) == (0, 0)


def test_sends_every_sampling_field_and_one_request_per_seed() -> None:
    asked = request(
        seeds=(1, 2**62 + 5),
        temperature=0.5,
        top_p=0.9,
        top_k=40,
        min_p=0.1,
        max_tokens=33,
        stop=("END",),
        stop_token_ids=(9,),
    )
    with (
        scripted.serve(lambda body, number: scripted.answer("a")) as server,
        engine_at(server) as engine,
    ):
        found = results(read_all(engine.submit(asked)))

    assert [(result.index, result.seed) for result in found] == [(0, 1), (1, 2**62 + 5)]
    assert sorted(body["seed"] for body in server.requests) == [1, 5]
    expected = {
        "path": "/v1/chat/completions",
        "model": "tiny",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hello"},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.5,
        "top_p": 0.9,
        "top_k": 40,
        "min_p": 0.1,
        "max_tokens": 33,
        "stop": ["END"],
        "stop_token_ids": [9],
    }
    for body in server.requests:
        assert {name: value for name, value in body.items() if name != "seed"} == expected


def test_neutral_filters_are_said_too() -> None:
    with (
        scripted.serve(lambda body, number: scripted.answer("a")) as server,
        engine_at(server) as engine,
    ):
        read_all(engine.submit(request()))

    assert (server.requests[0]["top_k"], server.requests[0]["min_p"]) == (-1, 0.0)
    assert "stop" not in server.requests[0]


def test_a_server_of_openais_own_fields_is_asked_in_them() -> None:
    def script(body: dict[str, Any], number: int) -> scripted.Answer:
        return scripted.refusal(400, "unknown top_k") if "top_k" in body else scripted.answer("a")

    with scripted.serve(script) as server, engine_at(server) as engine:
        neutral = [results(read_all(engine.submit(request())))[0] for _ in range(2)]
        (filtered,) = results(read_all(engine.submit(request(top_k=4))))

    assert [result.text for result in neutral] == ["a", "a"]
    assert ["top_k" in body for body in server.requests] == [True, False, False, True]
    assert filtered.failure is not None
    assert filtered.failure.code == "server_refused"
    assert "unknown top_k" in filtered.failure.detail


def test_the_key_comes_from_the_named_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINY_KEY", "secret-1")
    monkeypatch.setenv("OPENAI_ORG_ID", "somebody")
    monkeypatch.setenv("OPENAI_API_KEY", "somebody's")
    with scripted.serve(lambda body, number: scripted.answer("a")) as server:
        for variable in ("TINY_KEY", None):
            with engine_at(server, api_key_variable=variable) as engine:
                read_all(engine.submit(request()))

    sent = [headers["authorization"] for headers in server.request_headers]
    assert sent == ["Bearer secret-1", "Bearer none"]
    assert not any("openai-organization" in headers for headers in server.request_headers)


def test_a_key_that_is_not_set_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TINY_KEY", raising=False)
    with pytest.raises(protocol.UnsupportedPolicy, match="TINY_KEY"):
        load_engine("openai:http://127.0.0.1:1/v1#tiny", api_key_variable="TINY_KEY")


def test_length_and_told_stop_strings() -> None:
    assert one(lambda b, n: scripted.answer("a", finish="length"), request()).finish_reason == (
        FinishReason.LENGTH
    )
    told = one(lambda b, n: scripted.answer("a", stop_reason="END"), request(stop=("END",)))
    assert (told.finish_reason, told.stop_matched) == (FinishReason.STOP_STRING, "END")
    told = one(lambda b, n: scripted.answer("a", matched_stop=9), request(stop_token_ids=(9,)))
    assert (told.finish_reason, told.stop_matched) == (FinishReason.STOP, 9)


def test_a_stop_string_that_the_server_overlooks_is_found() -> None:
    held = scripted.Answer(scripted.chunk("one EN") + scripted.chunk("D two"), hold=True)
    with scripted.serve(lambda body, number: held) as server, engine_at(server) as engine:
        events = read_all(engine.submit(request(stop=("END",))))
        assert server.hung_up.wait(MOST_SECONDS)
    (result,) = results(events)

    assert result.text == "".join(event.text for event in events) == "one "
    assert (result.finish_reason, result.stop_matched) == (FinishReason.STOP_STRING, "END")


def test_cancel_closes_the_stream() -> None:
    held = scripted.Answer(scripted.chunk("one "), hold=True)
    with scripted.serve(lambda body, number: held) as server, engine_at(server) as engine:
        handle = engine.submit(request())
        first = handle.next_event(MOST_SECONDS)
        handle.cancel()
        (result,) = results(read_all(handle))
        assert server.hung_up.wait(MOST_SECONDS)
    handle.cancel()

    assert first is not None
    assert first.text == "one "
    assert (result.finish_reason, result.text) == (FinishReason.CANCELLED, "one ")


def test_what_waits_is_cancelled_too_and_interactive_has_its_own_connections() -> None:
    def script(body: dict[str, Any], number: int) -> scripted.Answer:
        hold = body["messages"][0]["content"] == "wait"
        return scripted.Answer(scripted.chunk("x"), hold=True) if hold else scripted.answer("a")

    waiting = (Message("user", "wait"),)
    few = {Priority.INTERACTIVE: 1, Priority.BATCH: 1}
    with scripted.serve(script) as server, engine_at(server, connections=few) as engine:
        batch = engine.submit(request(messages=waiting, seeds=(1, 2, 3), priority=Priority.BATCH))
        started = batch.next_event(MOST_SECONDS)
        assert engine.health().n_queued == 2
        (draft,) = results(read_all(engine.submit(request())))
        batch.cancel()
        cancelled = results(read_all(batch))

    assert started is not None
    assert draft.text == "a"
    assert [result.finish_reason for result in cancelled] == [FinishReason.CANCELLED] * 3
    assert len(server.requests) == 2


def test_a_full_queue_answers_busy() -> None:
    held = scripted.Answer(scripted.chunk("x"), hold=True)
    few = {Priority.INTERACTIVE: 1, Priority.BATCH: 1}
    with (
        scripted.serve(lambda body, number: held) as server,
        engine_at(server, connections=few, queue_limit=2) as engine,
    ):
        assert engine.submit(request(seeds=(1, 2, 3))).next_event(MOST_SECONDS)
        with pytest.raises(protocol.EngineBusy):
            engine.submit(request())


def test_close_ends_everything_for_a_later_attempt() -> None:
    held = scripted.Answer(scripted.chunk("x"), hold=True)
    with scripted.serve(lambda body, number: held) as server, engine_at(server) as engine:
        handle = engine.submit(request(seeds=(1, 2)))
        assert handle.next_event(MOST_SECONDS)
        engine.close()
        for result in results(read_all(handle)):
            assert result.failure is not None
            assert (result.failure.code, result.failure.retryable) == ("engine_closed", True)
        with pytest.raises(protocol.EngineClosed):
            engine.submit(request())


def test_a_deadline_ends_a_stalled_server() -> None:
    held = scripted.Answer(scripted.chunk("x"), hold=True)
    result = one(lambda body, number: held, request(deadline_seconds=0.2))

    assert result.failure is not None
    assert result.failure.code == "deadline_exceeded"


FAULTS = {
    "overloaded": (scripted.refusal(429), "server_busy", True),
    "broken": (scripted.refusal(500), "server_failed", True),
    "wrong key": (scripted.refusal(401), "server_refused", False),
    "no such model": (scripted.refusal(404), "server_refused", False),
    "bad request": (scripted.refusal(400), "server_refused", False),
    "redirect": (
        scripted.Answer(b"", 302, {"Location": "http://127.0.0.1:9/", "Content-Length": "0"}),
        "server_refused",
        False,
    ),
    "no JSON": (scripted.Answer(b"data: {nonsense\n\n"), "malformed_stream", True),
    "no choices": (scripted.Answer(scripted.event({"id": "1"})), "malformed_stream", True),
    "choices of another kind": (
        scripted.Answer(scripted.event({"choices": [7]})),
        "malformed_stream",
        True,
    ),
    "text of another kind": (
        scripted.Answer(scripted.event({"choices": [{"delta": {"content": 7}}]})),
        "malformed_stream",
        True,
    ),
    "an error in the stream": (
        scripted.Answer(scripted.chunk("a") + scripted.event({"error": {"message": "oom"}})),
        "server_failed",
        True,
    ),
    "drops": (
        scripted.Answer(
            scripted.chunk("a"), headers=scripted.STREAM_HEADERS | {"Content-Length": "99999"}
        ),
        "server_unreachable",
        True,
    ),
    "ends early": (scripted.Answer(scripted.chunk("a")), "stream_ended_early", True),
    "filtered": (scripted.answer("a", finish="content_filter"), "server_refused", False),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_has_its_name_and_its_last_event(fault: str) -> None:
    scripted_answer, code, retryable = FAULTS[fault]
    result = one(lambda body, number: scripted_answer, request(top_k=4), max_retries=1)

    assert result.finish_reason is FinishReason.ERROR
    assert result.failure is not None
    assert (result.failure.code, result.failure.retryable) == (code, retryable), result.failure


def test_a_silent_server_is_given_up() -> None:
    held = scripted.Answer(scripted.chunk("a"), hold=True)
    result = one(lambda body, number: held, request(), silence_seconds=0.2)

    assert result.failure is not None
    assert (result.failure.code, result.failure.retryable) == ("server_unreachable", True)
    assert result.text == "a"


def test_no_server_at_all() -> None:
    with engine_at(scripted.Server("http://127.0.0.1:1/v1"), max_retries=0) as engine:
        (result,) = results(read_all(engine.submit(request())))

    assert result.failure is not None
    assert result.failure.code == "server_unreachable"


def test_retries_what_may_pass() -> None:
    def script(body: dict[str, Any], number: int) -> scripted.Answer:
        return scripted.refusal([429, 500, 503][number]) if number < 3 else scripted.answer("a")

    assert one(script, request(), max_retries=3).text == "a"


def test_messages_are_needed() -> None:
    with (
        engine_at(scripted.Server("http://127.0.0.1:1/v1")) as engine,
        pytest.raises(protocol.PromptMissing),
    ):
        engine.submit(request(messages=()))


@pytest.mark.parametrize(
    "wrong",
    [
        "openai:http://127.0.0.1/v1",
        "openai:ftp://127.0.0.1/v1#tiny",
        "openai:#tiny",
        "openai:http://name:secret@127.0.0.1/v1#tiny",
        "no/such/folder/here",
        "",
    ],
)
def test_a_spec_that_names_nothing_is_refused(wrong: str) -> None:
    with pytest.raises(protocol.UnsupportedPolicy):
        spec.parse(wrong)


def test_a_spec_names_a_server_a_hub_id_or_a_folder(tmp_path: Any) -> None:
    assert spec.parse("openai:https://host/v1#org/model") == spec.Server(
        "https://host/v1", "org/model"
    )
    assert spec.parse("Qwen/Qwen3-8B") == spec.HubId("Qwen/Qwen3-8B")
    assert spec.parse(str(tmp_path)) == tmp_path
