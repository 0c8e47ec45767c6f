"""The OpenAI-compatible endpoint, asked by OpenAI's own client and by ruder ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import httpx2
import openai
import pytest
from openai import OpenAI

from sampling import tokens
from sampling.engine.endpoint import Endpoint
from sampling.engine.fake import FakeEngine
from tests.engine import served
from tests.engine.served import LONG_CONTEXT_TOKENS, Served
from tests.processes import wait_until

HELLO: Any = [{"role": "user", "content": "Hello there"}]
# Greedy, the tiny policy goes round in a circle and never ends its turn.
ENDLESS: dict[str, Any] = {"model": "tiny", "prompt": list(range(3, 23)), "temperature": 0,
                           "max_tokens": 6000}  # fmt: skip
MOST_SECONDS = 60


@pytest.fixture
def client(served_policy: Served) -> Iterator[OpenAI]:
    with OpenAI(base_url=served_policy.server.base_url, api_key="none", max_retries=0) as made:
        yield made


@pytest.fixture
def http(served_policy: Served) -> Iterator[httpx2.Client]:
    root = served_policy.server.base_url
    with httpx2.Client(base_url=root, timeout=MOST_SECONDS, trust_env=False) as made:
        yield made


def health(http: httpx2.Client) -> dict[str, Any]:
    found: dict[str, Any] = http.get(str(http.base_url).replace("/v1/", "/health")).json()
    return found


def idle(http: httpx2.Client) -> bool:
    found = health(http)
    return found["n_running"] == found["n_queued"] == 0


def test_openais_client_chats(client: OpenAI, served_policy: Served) -> None:
    whole = client.chat.completions.create(
        model="tiny", messages=HELLO, n=2, seed=5, temperature=0.8, max_completion_tokens=12,
        logprobs=True,
    )  # fmt: skip
    stream = client.chat.completions.create(
        model="tiny", messages=HELLO, n=2, seed=5, temperature=0.8, max_completion_tokens=12,
        stream=True, stream_options={"include_usage": True},
    )  # fmt: skip
    texts, reasons, counts = ["", ""], ["", ""], None
    for piece in stream:
        counts = piece.usage or counts
        for choice in piece.choices:
            texts[choice.index] += choice.delta.content or ""
            reasons[choice.index] = choice.finish_reason or reasons[choice.index]

    assert [choice.message.content for choice in whole.choices] == texts
    assert [choice.finish_reason for choice in whole.choices] == reasons == ["length", "length"]
    assert texts[0] != texts[1]
    assert whole.usage is not None
    assert whole.usage.prompt_tokens == served_policy.chat.count(HELLO)
    assert whole.usage.completion_tokens == 24
    assert counts is not None
    assert counts.completion_tokens == 24
    for choice in whole.choices:
        assert choice.logprobs is not None
        assert choice.logprobs.content is not None
        assert len(choice.logprobs.content) == 12
        assert all(each.logprob <= 0 for each in choice.logprobs.content)


def test_openais_client_completes_text_and_token_ids(client: OpenAI, served_policy: Served) -> None:
    text = "How do I sort"
    ids = served_policy.chat.tokenizer.encode(text).ids
    found = [
        client.completions.create(
            model="tiny", prompt=prompt, seed=2**62, max_tokens=10, logprobs=0,
            extra_body={"top_k": 40, "min_p": 0.01, "repetition_penalty": 1.1, "priority": 1,
                        "return_token_ids": True},
        )
        for prompt in (text, ids)
    ]  # fmt: skip

    one, other = (answer.choices[0] for answer in found)
    assert one.text == other.text
    assert one.logprobs is not None
    assert one.logprobs.token_logprobs is not None
    assert len(one.logprobs.token_logprobs) == 10
    told = one.model_extra or {}
    assert len(told["token_ids"]) == 10
    assert told["seed"] == 2**62


def test_seeds_count_up_or_are_listed(http: httpx2.Client) -> None:
    asked = {"model": "tiny", "prompt": [5, 6], "max_tokens": 8}
    counted = http.post("completions", json=asked | {"seed": 7, "n": 2}).json()
    listed = http.post("completions", json=asked | {"seeds": [8, 7], "n": 2}).json()

    assert [choice["seed"] for choice in counted["choices"]] == [7, 8]
    assert [choice["seed"] for choice in listed["choices"]] == [8, 7]
    assert counted["choices"][0]["text"] == listed["choices"][1]["text"]


def test_stop_strings_are_named_and_left_out(http: httpx2.Client) -> None:
    asked = {"model": "tiny", "prompt": [5, 6], "max_tokens": 12, "temperature": 0}
    free = http.post("completions", json=asked).json()["choices"][0]["text"]
    stop = free[len(free) // 2 :][:3]
    (choice,) = http.post("completions", json=asked | {"stop": stop}).json()["choices"]

    assert choice["text"] == free[: free.index(stop)]
    assert (choice["finish_reason"], choice["stop_reason"]) == ("stop", stop)


def test_a_chat_without_a_bound_may_fill_the_window(http: httpx2.Client) -> None:
    body = {"model": "tiny", "messages": HELLO, "temperature": 0, "stop_token_ids": list(range(3))}
    with http.stream("POST", "chat/completions", json=body | {"stream": True}) as stream:
        lines = stream.iter_lines()
        assert next(lines).startswith("data: ")
    wait_until(lambda: idle(http), "the end of what nobody reads")


def test_the_policy_is_listed_with_its_provenance(client: OpenAI) -> None:
    (card,) = client.models.list().data
    assert client.models.retrieve("tiny") == card
    told = card.model_extra or {}

    assert (card.id, card.owned_by) == ("tiny", "labelhub")
    assert told["max_model_len"] == LONG_CONTEXT_TOKENS
    assert told["provenance"]["reproducible"] == "exact"
    assert len(told["provenance"]["weights_sha256"]) == 64
    assert "/" not in told["provenance"]["model"], "where files lie is nobody's concern"


def test_whoever_hangs_up_on_a_stream_ends_the_work(http: httpx2.Client) -> None:
    wait_until(lambda: idle(http), "an idle server")
    body = ENDLESS | {"stream": True, "n": 3}
    with http.stream("POST", "completions", json=body) as stream:
        # Dropped, the iterator would close the connection before anybody has looked.
        lines = stream.iter_lines()
        assert next(lines).startswith("data: ")
        wait_until(lambda: health(http)["n_running"] == 3, "three running")
    wait_until(lambda: idle(http), "the end of what nobody reads")


def test_whoever_is_gone_before_the_first_piece_ends_the_work(tokenizer_folder: Path) -> None:
    with closing(FakeEngine(threaded=False)) as engine:
        chat = tokens.load(tokenizer_folder)
        app = Endpoint(engine, chat, name="fake", context_tokens=4096).app
        body = {"model": "fake", "prompt": [5, 6], "max_tokens": 1000, "stream": True}
        come = [
            {"type": "http.request", "body": json.dumps(body).encode()},
            {"type": "http.disconnect"},
        ]

        async def receive() -> Any:
            return come.pop(0)

        async def send(message: Any) -> None:
            # Nobody takes the head of the answer either.
            await anyio.sleep_forever()

        scope = {
            "type": "http", "method": "POST", "path": "/v1/completions", "headers": [],
            "query_string": b"",
        }  # fmt: skip
        anyio.run(app, scope, receive, send)
        assert come == []
        assert engine.health().n_queued == 1
        engine.step()
        assert (engine.health().n_queued, engine.health().n_running) == (0, 0)


def test_whoever_hangs_up_on_a_whole_answer_ends_the_work(http: httpx2.Client) -> None:
    wait_until(lambda: idle(http), "an idle server")
    n_before = health(http)["n_sampled_tokens"]
    with pytest.raises(httpx2.ReadTimeout):
        http.post("completions", json=ENDLESS, timeout=0.5)
    wait_until(lambda: idle(http), "the end of what nobody reads")

    assert health(http)["n_sampled_tokens"] < n_before + ENDLESS["max_tokens"]


def test_a_full_queue_says_when_to_come_back(http: httpx2.Client, client: OpenAI) -> None:
    wait_until(lambda: idle(http), "an idle server")
    body = ENDLESS | {"stream": True, "priority": 1, "n": 8}
    streams = []
    refused = None
    while refused is None and len(streams) < 20:
        asked = http.build_request("POST", "completions", json=body)
        answer = http.send(asked, stream=True)
        if answer.status_code == 200:
            streams.append(answer)
        else:
            refused = answer
    assert refused is not None
    refused.read()

    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.json()["error"]["code"] == "engine_busy"
    with pytest.raises(openai.RateLimitError):
        client.completions.create(
            model="tiny", prompt=[5], max_tokens=1, extra_body={"priority": 1}
        )
    # Interactive work has a queue of its own.
    assert client.completions.create(model="tiny", prompt=[5], max_tokens=1).choices
    for stream in streams:
        stream.close()
    wait_until(lambda: idle(http), "the end of what nobody reads")


REFUSALS: list[tuple[dict[str, Any], int, str]] = [
    ({"model": "other"}, 404, "not_found"),
    ({"model": 7}, 400, "parameter_out_of_range"),
    ({"prompt": []}, 400, "prompt_missing"),
    ({"prompt": [1, -1]}, 400, "token_id_out_of_range"),
    ({"prompt": [10**9]}, 400, "token_id_out_of_range"),
    ({"prompt": ["two", "prompts"]}, 400, "parameter_out_of_range"),
    ({"prompt": [5] * 9000}, 400, "context_too_long"),
    ({"max_tokens": 10**6}, 400, "context_too_long"),
    ({"max_tokens": 0}, 400, "parameter_out_of_range"),
    ({"temperature": -1}, 400, "parameter_out_of_range"),
    ({"temperature": "hot"}, 400, "parameter_out_of_range"),
    ({"top_p": 0}, 400, "parameter_out_of_range"),
    ({"top_k": -2}, 400, "parameter_out_of_range"),
    ({"min_p": 2}, 400, "parameter_out_of_range"),
    ({"repetition_penalty": 0}, 400, "parameter_out_of_range"),
    ({"stop": [""]}, 400, "parameter_out_of_range"),
    ({"stop_token_ids": [10**9]}, 400, "token_id_out_of_range"),
    ({"n": 0}, 400, "parameter_out_of_range"),
    ({"n": 100}, 400, "too_many_completions"),
    ({"seed": -1}, 400, "parameter_out_of_range"),
    ({"seeds": [1, 2]}, 400, "parameter_out_of_range"),
    ({"frequency_penalty": 0.5}, 400, "parameter_not_supported"),
    ({"logit_bias": {"5": 1}}, 400, "parameter_not_supported"),
    ({"logprobs": 5}, 400, "parameter_not_supported"),
    ({"echo": True}, 400, "parameter_not_supported"),
    ({"mirostat": 2}, 400, "parameter_not_supported"),
]


@pytest.mark.parametrize(("fields", "status", "code"), REFUSALS, ids=lambda each: str(each)[:30])
def test_what_is_not_honoured_is_refused_by_name(
    http: httpx2.Client, fields: dict[str, Any], status: int, code: str
) -> None:
    body = {"model": "tiny", "prompt": [5], "max_tokens": 1} | fields
    answer = http.post("completions", json=body)
    error = answer.json()["error"]

    assert (answer.status_code, error["code"]) == (status, code), error
    assert error.keys() == {"message", "type", "param", "code"}
    assert len(error["message"]) < 400


def test_neutral_values_and_nulls_of_other_fields_are_taken(http: httpx2.Client) -> None:
    body = {
        "model": "tiny", "messages": HELLO, "max_tokens": 1, "frequency_penalty": 0,
        "presence_penalty": 0.0, "logit_bias": None, "top_logprobs": 0, "tools": [], "user": "me",
        "response_format": {"type": "text"}, "top_k": -1, "seed": None,
    }  # fmt: skip
    assert http.post("chat/completions", json=body).status_code == 200


def test_rude_requests_are_answered_in_the_same_shape(http: httpx2.Client) -> None:
    chat = {"model": "tiny", "messages": [{"role": "user", "content": [{"type": "image_url"}]}]}
    answers = [
        (http.post("completions", content=b"{nonsense"), 400, "parameter_out_of_range"),
        (http.post("completions", content=b"[1, 2]"), 400, "parameter_out_of_range"),
        (http.post("completions", content=b" " * (17 * 2**20)), 413, "request_too_large"),
        (http.post("chat/completions", json=chat), 400, "parameter_out_of_range"),
        (http.post("chat/completions", json=chat | {"messages": []}), 400, "parameter_out_of_range"),
        (http.get("completions"), 405, "method_not_allowed"),
        (http.get("nowhere"), 404, "not_found"),
        (http.get("models/other"), 404, "not_found"),
    ]  # fmt: skip
    for answer, status, code in answers:
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_a_key_is_asked_of_everybody_but_probes(long_policy: Any) -> None:
    options = (
        "--api-key-variable",
        "TINY_KEY",
        "--name",
        "renamed",
        "--slots",
        str(served.N_SLOTS),
    )
    with served.serving(str(long_policy), *options, environment={"TINY_KEY": "s3cret"}) as base_url:
        with httpx2.Client(base_url=base_url, timeout=MOST_SECONDS, trust_env=False) as http:
            body = {"model": "renamed", "prompt": [5], "max_tokens": 1}
            for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "s3cret"}):
                for answer in (
                    http.post("completions", json=body, headers=headers),
                    http.get("models", headers=headers),
                ):
                    assert answer.status_code == 401
                    assert answer.json()["error"]["code"] == "unauthorised"
            assert health(http)["status"] == "ok"
        with OpenAI(base_url=base_url, api_key="s3cret") as client:
            assert client.completions.create(**body).choices
