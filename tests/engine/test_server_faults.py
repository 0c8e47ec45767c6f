"""Servers that fail: each fault has its name and its last event, and nothing leaks."""

from __future__ import annotations

from typing import Any

import pytest

from sampling.engine import protocol, server_connection, spec
from sampling.engine.breaker import CircuitBreaker
from sampling.engine.openai_server import OpenAIEngine
from sampling.engine.protocol import FinishReason, Priority
from tests.engine import scripted_server as scripted
from tests.engine.asking import (
    CHAT,
    MOST_SECONDS,
    TOGETHER,
    engine_at,
    one,
    read_all,
    request,
)
from tests.engine.driving import Clock, results

FAULTS = {
    "overloaded": (scripted.refusal(429), "server_busy", True),
    "broken": (scripted.refusal(500), "server_failed", True),
    "starting": (scripted.refusal(503), "server_failed", True),
    "wrong key": (scripted.refusal(401), "server_key_refused", False),
    "no such model": (scripted.refusal(404), "server_refused", False),
    "bad request": (scripted.refusal(400), "server_refused", False),
    "redirect": (
        scripted.Answer(b"", 302, {"Location": "http://127.0.0.1:9/", "Content-Length": "0"}),
        "server_refused",
        False,
    ),
    "a page": (
        scripted.Answer(b"<html>Sign in</html>", headers={"Content-Type": "text/html"}),
        "malformed_stream",
        True,
    ),
    "no type": (scripted.Answer(scripted.chunk("a"), headers={}), "malformed_stream", True),
    "no JSON": (scripted.Answer(b"data: {nonsense\n\n"), "malformed_stream", True),
    "no text": (scripted.Answer(b"data: \xff\xfe\n\n"), "malformed_stream", True),
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
    "a choice nobody asked for": (
        scripted.Answer(scripted.chunk("a", index=1)),
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
    "says nothing": (scripted.Answer(scripted.DONE), "stream_ended_early", True),
    "filtered": (scripted.answer("a", finish="content_filter"), "server_refused", False),
    "its own failure": (
        scripted.answer(
            "a", finish="error", error={"code": "step_failed", "message": "x", "retryable": True}
        ),
        "step_failed",
        True,
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_has_its_name_and_its_last_event(fault: str) -> None:
    scripted_answer, code, retryable = FAULTS[fault]
    with (
        scripted.serve(lambda body, number: scripted_answer) as server,
        engine_at(server, max_retries=1) as engine,
    ):
        events = read_all(engine.submit(request(top_k=4)))
        health = engine.health()
    (result,) = results(events)

    assert result.finish_reason is FinishReason.ERROR
    assert result.failure is not None
    assert (result.failure.code, result.failure.retryable) == (code, retryable), result.failure
    assert [event.result is None for event in events] == [True] * (len(events) - 1) + [False]
    assert result.text == "".join(event.text for event in events)
    assert (health.n_running, health.n_queued) == (0, 0)
    # Only what may pass, and before the first word, is asked again.
    asked_again = retryable and not result.text
    assert len(server.requests) == (2 if asked_again else 1)


def test_an_endless_line_is_not_held_in_memory() -> None:
    endless = scripted.Answer(b"data: " + b"x" * (2 * server_connection.LONGEST_LINE_BYTES))
    result = one(lambda body, number: endless, request(), max_retries=0)

    assert result.failure is not None
    assert result.failure.code == "malformed_stream"
    assert "a line of more than" in result.failure.detail
    assert len(result.failure.detail) < 600


def test_fewer_choices_than_asked_leave_the_others_whole() -> None:
    pieces = scripted.piece("a", [1], index=1, finish="length") + scripted.counted(1, 1)
    short = scripted.Answer(pieces + scripted.DONE)
    with (
        scripted.serve(lambda body, number: short) as server,
        engine_at(server, capabilities=TOGETHER) as engine,
    ):
        missing, there = results(read_all(engine.submit(request(prompt=(5,), seeds=(1, 2)))))

    assert (there.finish_reason, there.text) == (FinishReason.LENGTH, "a")
    assert missing.failure is not None
    assert (missing.failure.code, missing.failure.retryable) == ("fewer_choices", True)


def test_what_was_said_in_full_survives_a_fault_after_it() -> None:
    said = scripted.chunk("all", finish="stop")
    for after in (scripted.event({"error": {"message": "late"}}), b"data: {nonsense\n\n"):
        broken = scripted.Answer(said + after)
        result = one(lambda body, number, broken=broken: broken, request())  # type: ignore[misc]

        assert (result.finish_reason, result.text) == (FinishReason.STOP, "all")


def test_a_silent_server_is_given_up_before_and_within_an_answer() -> None:
    mute = scripted.Answer(b": still here\n\n", hold=True)
    result = one(lambda b, n: mute, request(), first_token_seconds=0.2, max_retries=0)
    assert result.failure is not None
    assert (result.failure.code, result.failure.retryable) == ("server_silent", True)

    stalls = scripted.Answer(scripted.chunk("a"), hold=True)
    result = one(lambda b, n: stalls, request(), silence_seconds=0.2)
    assert result.failure is not None
    assert (result.failure.code, result.text) == ("server_silent", "a")


def test_a_deadline_ends_a_stalled_server() -> None:
    held = scripted.Answer(scripted.chunk("x"), hold=True)
    result = one(lambda body, number: held, request(deadline_seconds=0.2))

    assert result.failure is not None
    assert result.failure.code == "deadline_exceeded"


def test_no_server_at_all() -> None:
    with engine_at(scripted.Server("http://127.0.0.1:1/v1"), max_retries=0) as engine:
        (result,) = results(read_all(engine.submit(request())))

    assert result.failure is not None
    assert result.failure.code == "server_unreachable"


def test_retries_what_may_pass_and_waits_as_asked() -> None:
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    def script(body: dict[str, Any], number: int) -> scripted.Answer:
        drops = scripted.Answer(b"", headers=scripted.STREAM_HEADERS | {"Content-Length": "9"})
        faults = [scripted.refusal(429, retry_after="7"), scripted.refusal(500), drops]
        return faults[number] if number < len(faults) else scripted.answer("a")

    assert one(script, request(), max_retries=3, pause=pause).text == "a"
    assert pauses[0] == 7
    assert all(0 <= seconds <= 8 for seconds in pauses[1:])
    assert len(pauses) == 3
    assert pauses[1] != pauses[2], "by chance, so that many who wait do not come back at once"


def test_a_long_wait_is_left_to_whoever_asks() -> None:
    busy = scripted.refusal(429, retry_after="600")
    with (
        scripted.serve(lambda body, number: busy) as server,
        engine_at(server, max_retries=3) as engine,
    ):
        (result,) = results(read_all(engine.submit(request())))

    assert result.failure is not None
    assert (result.failure.code, result.failure.retryable) == ("server_busy", True)
    assert len(server.requests) == 1


def test_a_server_that_keeps_failing_is_left_alone_then_tried_once() -> None:
    clock = Clock()
    breaker = CircuitBreaker(threshold=3, cool_down_seconds=10, clock=clock)
    well = False

    def script(body: dict[str, Any], number: int) -> scripted.Answer:
        return scripted.answer("a") if well else scripted.refusal(500)

    with (
        scripted.serve(script) as server,
        engine_at(server, breaker=breaker, max_retries=0) as engine,
    ):
        for _ in range(3):
            read_all(engine.submit(request()))
        with pytest.raises(protocol.EngineError) as refused:
            engine.submit(request())
        assert (refused.value.code, refused.value.retryable) == ("server_unreachable", True)
        assert engine.health().unavailable_seconds == 10
        assert engine.health().alive

        clock.now = 11
        read_all(engine.submit(request()))
        with pytest.raises(protocol.EngineError):
            engine.submit(request())

        clock.now, well = 22, True
        (result,) = results(read_all(engine.submit(request())))
        assert result.text == "a"
        assert engine.health().unavailable_seconds == 0
    assert len(server.requests) == 5


def test_refusals_and_full_queues_open_no_breaker() -> None:
    breaker = CircuitBreaker(threshold=1, clock=Clock())
    for fault in (scripted.refusal(400), scripted.refusal(429)):
        one(lambda b, n, fault=fault: fault, request(), breaker=breaker, max_retries=0)  # type: ignore[misc]
    assert breaker.admit()


def test_a_breaker_lets_one_try_and_learns_from_it() -> None:
    clock = Clock()
    breaker = CircuitBreaker(threshold=2, cool_down_seconds=5, clock=clock)
    breaker.failed()
    assert breaker.admit()
    breaker.failed()
    assert not breaker.admit()
    assert breaker.seconds_left == 5
    clock.now = 5
    assert breaker.admit()
    assert not breaker.admit(), "one at a time"
    breaker.left()
    assert breaker.admit(), "whoever left learned nothing"
    breaker.failed()
    assert not breaker.admit()
    clock.now = 10
    assert breaker.admit()
    breaker.succeeded()
    assert breaker.admit()
    assert breaker.admit()


def test_a_full_queue_answers_busy() -> None:
    held = scripted.Answer(scripted.chunk("x"), hold=True)
    few = {Priority.INTERACTIVE: 1, Priority.BATCH: 1}
    with (
        scripted.serve(lambda body, number: held) as server,
        engine_at(server, connections=few, queue_limit=2) as engine,
    ):
        with pytest.raises(protocol.TooManyCompletions):
            engine.submit(request(seeds=(1, 2, 3)))
        assert engine.submit(request(seeds=(1, 2))).next_event(MOST_SECONDS)
        with pytest.raises(protocol.EngineBusy):
            engine.submit(request(seeds=(3, 4)))


def test_the_key_comes_from_the_named_variable_and_goes_nowhere_else(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("TINY_KEY", "secret-1")
    monkeypatch.setenv("OPENAI_ORG_ID", "somebody")
    monkeypatch.setenv("OPENAI_API_KEY", "somebody's")
    caplog.set_level("DEBUG")
    tells = scripted.refusal(401, "Incorrect API key provided: secret-1")
    with scripted.serve(lambda body, number: tells) as server:
        for variable in ("TINY_KEY", None):
            with engine_at(server, api_key_variable=variable) as engine:
                (result,) = results(read_all(engine.submit(request())))
                assert result.failure is not None
                if variable:
                    assert "secret-1" not in result.failure.detail
                    assert "Incorrect API key" in result.failure.detail
                    assert "secret-1" not in repr(engine.provenance)

    sent = [headers["authorization"] for headers in server.request_headers]
    assert sent == ["Bearer secret-1", "Bearer none"]
    assert not any("openai-organization" in headers for headers in server.request_headers)
    own = [record.getMessage() for record in caplog.records if record.name.startswith("sampling")]
    assert not any("secret-1" in message for message in own)


def test_a_key_that_is_not_set_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TINY_KEY", raising=False)
    place = spec.Server("http://127.0.0.1:1/v1", "tiny")
    with pytest.raises(protocol.UnsupportedPolicy, match="TINY_KEY"):
        OpenAIEngine(place, capabilities=CHAT, api_key_variable="TINY_KEY")
