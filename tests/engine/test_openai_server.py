"""The client of OpenAI-compatible servers: what it asks and what it makes of the answers."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from sampling.engine import protocol, spec
from sampling.engine.load import load_engine
from sampling.engine.openai_server import connect
from sampling.engine.protocol import FinishReason, Message, Priority
from sampling.engine.server_probe import Capabilities
from tests.engine import scripted_server as scripted
from tests.engine.asking import (
    CHAT,
    MESSAGES,
    MOST_SECONDS,
    TOGETHER,
    TOKENS,
    engine_at,
    one,
    read_all,
    request,
)
from tests.engine.driving import results


def test_streams_text_and_counts() -> None:
    with (
        scripted.serve(lambda body, number: scripted.answer("Hel", "lo ", "🙂")) as server,
        engine_at(server) as engine,
    ):
        events = read_all(engine.submit(request()))
        health = engine.health()
    (result,) = results(events)

    assert [(event.text, event.offset) for event in events] == [
        ("Hel", 0), ("lo ", 3), ("🙂", 6), ("", 7),
    ]  # fmt: skip
    assert result.text == "Hello 🙂"
    assert result.finish_reason is FinishReason.STOP
    assert (result.n_prompt, result.n_completion) == (5, 3)
    assert (result.prompt_token_ids, result.token_ids, result.logprobs) == ((), (), ())
    assert result.system_fingerprint == "fp-1"
    assert (health.n_prompt_tokens, health.n_sampled_tokens) == (5, 3)
    assert (health.n_queued, health.n_running) == (0, 0)


def test_sends_every_sampling_field_and_one_request_per_seed() -> None:
    asked = request(
        seeds=(1, 2**62 + 5),
        temperature=0.5,
        top_p=0.9,
        top_k=40,
        min_p=0.1,
        repetition_penalty=1.1,
        max_tokens=33,
        stop=("END",),
        stop_token_ids=(9,),
        priority=Priority.BATCH,
    )
    with (
        scripted.serve(lambda body, number: scripted.answer("a")) as server,
        engine_at(server) as engine,
    ):
        found = results(read_all(engine.submit(asked)))

    assert [(result.index, result.seed) for result in found] == [(0, 1), (1, 2**62 + 5)]
    assert sorted(body["seed"] for body in server.requests) == [1, 2**62 + 5]
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
        "repetition_penalty": 1.1,
        "max_tokens": 33,
        "stop": ["END"],
        "stop_token_ids": [9],
        "priority": 1,
    }
    for body in server.requests:
        assert {name: value for name, value in body.items() if name != "seed"} == expected


def test_neutral_filters_are_said_too() -> None:
    """Left out, vLLM would apply what the repository's generation_config.json says."""
    with (
        scripted.serve(lambda body, number: scripted.answer("a")) as server,
        engine_at(server) as engine,
    ):
        read_all(engine.submit(request()))

    (body,) = server.requests
    assert (body["top_k"], body["min_p"], body["repetition_penalty"]) == (-1, 0.0, 1.0)
    assert "stop" not in body


def test_llama_cpp_is_told_in_its_own_words() -> None:
    found = Capabilities(kind="llamacpp", fields=CHAT.fields - {"stop_token_ids"})
    with (
        scripted.serve(lambda body, number: scripted.answer("a")) as server,
        engine_at(server, capabilities=found) as engine,
    ):
        read_all(engine.submit(request(seeds=(2**62 + 5,), repetition_penalty=1.3, top_k=5)))

    (body,) = server.requests
    assert "repetition_penalty" not in body
    assert (body["repeat_penalty"], body["repeat_last_n"], body["seed"]) == (1.3, -1, 5)
    assert body["samplers"] == ["penalties", "temperature", "top_k", "top_p", "min_p"]


def test_what_a_server_does_not_take_is_refused_and_never_dropped() -> None:
    few = Capabilities(kind="unknown", fields=frozenset({"min_p"}))
    with (
        scripted.serve(lambda body, number: scripted.answer("a")) as server,
        engine_at(server, capabilities=few) as engine,
    ):
        shaping: list[dict[str, Any]] = [
            {"top_k": 4}, {"repetition_penalty": 1.1}, {"stop_token_ids": (3,)},
        ]  # fmt: skip
        for fields in shaping:
            with pytest.raises(protocol.ParameterNotSupported, match=next(iter(fields))):
                engine.submit(request(**fields))
        (result,) = results(read_all(engine.submit(request(min_p=0.2))))
        provenance = engine.provenance

    (body,) = server.requests
    assert body["min_p"] == 0.2
    assert not {"top_k", "repetition_penalty", "stop_token_ids", "priority"} & body.keys()
    # What the server does with these is its own affair, and the record says so.
    assert result.provenance == provenance
    assert provenance.left_to_server == ("repetition_penalty", "top_k")
    assert provenance.reproducible is protocol.Reproducible.NONE


def test_an_unfinished_reply_is_continued_or_refused_and_never_begun_anew() -> None:
    asked = request(messages=(*MESSAGES, Message("assistant", "Good")), continues=True)
    with scripted.serve(lambda body, number: scripted.answer(" day")) as server:
        with engine_at(server) as engine:
            (result,) = results(read_all(engine.submit(asked)))
        with (
            engine_at(server, capabilities=Capabilities(kind="llamacpp")) as engine,
            pytest.raises(protocol.ParameterNotSupported, match="begins every answer anew"),
        ):
            engine.submit(asked)

    (body,) = server.requests
    assert (body["continue_final_message"], body["add_generation_prompt"]) == (True, False)
    assert body["messages"][-1] == {"role": "assistant", "content": "Good"}
    assert result.text == " day"


def test_token_ids_go_out_and_come_back() -> None:
    def script(body: dict[str, Any], number: int) -> scripted.Answer:
        pieces = [
            scripted.piece("one ", [11]),
            scripted.piece("two three", [12, 13]),
            scripted.piece("", [99], finish="stop", stop_reason=99),
            scripted.counted(3, 4, n_cached=2),
        ]
        return scripted.Answer(b"".join(pieces) + scripted.DONE)

    asked = request(prompt=(5, 6, 7), stop_token_ids=(99,))
    with (
        scripted.serve(script) as server,
        engine_at(server, capabilities=TOKENS) as engine,
    ):
        events = read_all(engine.submit(asked))
    (result,) = results(events)
    (body,) = server.requests

    assert (body["path"], body["prompt"]) == ("/v1/completions", [5, 6, 7])
    assert (body["return_token_ids"], body["logprobs"]) == (True, 0)
    assert body["stop_token_ids"] == [99]
    assert "messages" not in body
    assert [(event.token_id, event.text) for event in events] == [
        (11, "one "), (12, ""), (13, "two three"), (99, ""),
    ]  # fmt: skip
    assert result.prompt_token_ids == (5, 6, 7)
    assert result.token_ids == (11, 12, 13, 99)
    assert result.logprobs == (-0.5,) * 4
    assert (result.finish_reason, result.stop_matched) == (FinishReason.STOP, 99)
    assert (result.n_prompt, result.n_cached, result.n_completion) == (3, 2, 4)


def test_log_probabilities_are_whole_or_absent() -> None:
    pieces = [
        scripted.piece("a", [1]),
        scripted.piece("b", [2], logprobs=None),
        scripted.piece("c", [3], finish="length"),
    ]
    held = scripted.Answer(b"".join(pieces) + scripted.DONE)
    result = one(lambda b, n: held, request(prompt=(5,)), capabilities=TOKENS)

    assert (result.token_ids, result.logprobs) == ((1, 2, 3), ())


def test_seeds_in_a_list_make_one_stream_of_all() -> None:
    def script(body: dict[str, Any], number: int) -> scripted.Answer:
        pieces = [
            scripted.piece("b", [2], index=1),
            scripted.piece("a", [1], index=0),
            scripted.piece("B", [3], index=1, finish="length"),
            scripted.piece("", [9], index=0, finish="stop"),
            scripted.counted(1, 4),
        ]
        return scripted.Answer(b"".join(pieces) + scripted.DONE)

    with (
        scripted.serve(script) as server,
        engine_at(server, capabilities=TOGETHER) as engine,
    ):
        found = results(read_all(engine.submit(request(prompt=(5,), seeds=(30, 40)))))

    (body,) = server.requests
    assert (body["n"], body["seeds"]) == (2, [30, 40])
    assert [(each.text, each.token_ids, each.n_completion) for each in found] == [
        ("a", (1, 9), 2), ("bB", (2, 3), 2),
    ]  # fmt: skip


def test_the_first_completion_goes_ahead_of_its_siblings() -> None:
    """So that their prompt is in the server's prefix cache when they ask."""
    sibling_asked = threading.Event()
    came_early = []

    def script(body: dict[str, Any], number: int) -> scripted.Answer:
        if number == 0:
            came_early.append(sibling_asked.wait(0.3))
        else:
            sibling_asked.set()
        return scripted.answer(str(body["seed"]))

    with scripted.serve(script) as server, engine_at(server) as engine:
        found = results(read_all(engine.submit(request(seeds=(1, 2, 3)))))

    assert came_early == [False]
    assert server.requests[0]["seed"] == 1
    assert [result.text for result in found] == ["1", "2", "3"]


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


def test_messages_or_ids_are_needed() -> None:
    with engine_at(scripted.Server("http://127.0.0.1:1/v1")) as engine:
        for asked in (request(messages=()), request(messages=(), prompt=(1, 2))):
            with pytest.raises(protocol.PromptMissing):
                engine.submit(asked)


def test_only_hosts_that_the_operator_named_are_spoken_to() -> None:
    place = spec.Server("http://127.0.0.1:1/v1", "tiny")
    for allowed in ((), ("localhost",), ("127.0.0.1:2",)):
        with pytest.raises(protocol.UnsupportedPolicy, match="POLICY_HOSTS") as refused:
            connect(place, allowed_hosts=allowed)
        assert refused.value.code == "host_not_allowed"
    # Allowed, hence asked: nobody is there.
    for allowed in (("127.0.0.1",), ("127.0.0.1:1",)):
        with pytest.raises(protocol.EngineError) as absent:
            connect(place, allowed_hosts=allowed)
        assert absent.value.code == "server_unreachable"


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


def test_a_server_is_not_loaded() -> None:
    with pytest.raises(protocol.UnsupportedPolicy, match="is a server"):
        load_engine("openai:http://127.0.0.1:1/v1#tiny")
