"""What the probe finds at servers that behave as vLLM, OpenAI, llama.cpp, Ollama … are known to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sampling import tokens
from sampling.engine import protocol, spec
from sampling.engine.openai_server import OpenAIEngine
from sampling.engine.server_probe import EXTENSIONS, HELLO, Capabilities
from tests.engine import scripted_server as scripted
from tests.engine.asking import engine_at, read_all, request
from tests.engine.driving import results

STANDARD = {
    "path", "model", "max_tokens", "temperature", "top_p", "seed", "messages", "prompt", "logprobs",
    "stream", "stream_options", "stop",
}  # fmt: skip
TYPES: Mapping[str, type | tuple[type, ...]] = {
    "top_k": int,
    "min_p": (int, float),
    "repetition_penalty": (int, float),
    "stop_token_ids": list,
    "seeds": list,
    "priority": int,
    "return_token_ids": bool,
}

# Longer than a question takes that is on its way at the same time.
WHILE_SECONDS = 0.3


def _one_value(temperature: float) -> float:
    return -1.5


@dataclass
class Kind:
    """How one kind of server answers one-token questions."""

    owned_by: str
    knows: frozenset[str] = frozenset()
    strict: bool = False  # refuses fields it does not know
    heedless: bool = False  # overlooks nonsense in those it knows
    n_rendered: int | None = None  # prompt tokens it counts for a chat; None: as the client would
    takes_token_ids: bool = True
    tells_token_ids: bool = True
    # The sampled token's log-probability at a temperature; None tells none.
    logprob: Callable[[float], float | None] = _one_value
    card: dict[str, Any] = field(default_factory=dict)

    def __call__(self, body: dict[str, Any], number: int) -> scripted.Answer:
        path = body["path"]
        if path == "/v1/models":
            card = {"id": "tiny", "owned_by": self.owned_by, **self.card}
            return scripted.whole({"object": "list", "data": [card]})
        if path == "/version":
            return scripted.whole({"version": "1.2.3"})
        for name, value in body.items():
            if name in STANDARD:
                continue
            if name not in self.knows:
                if self.strict:
                    return scripted.refusal(400, f"unknown field {name}")
            elif not isinstance(value, TYPES[name]) and not self.heedless:
                return scripted.refusal(422, f"{name} is of the wrong type")
        if "prompt" in body and not self.takes_token_ids:
            return scripted.refusal(400, "prompt must be a string")
        return self._answer(body)

    def _answer(self, body: dict[str, Any]) -> scripted.Answer:
        n_prompt = len(body["prompt"]) if "prompt" in body else self.n_rendered
        choice: dict[str, Any] = {"index": 0, "text": "a", "finish_reason": "length"}
        if "return_token_ids" in self.knows and body.get("return_token_ids"):
            choice["token_ids"] = [5]
        value = self.logprob(body["temperature"])
        if "logprobs" in body and value is not None:
            told = [{"token": "a", "logprob": value}]
            choice["logprobs"] = (
                {"token_logprobs": [value]} if "prompt" in body else {"content": told}
            )
        usage = {"prompt_tokens": n_prompt, "completion_tokens": 1}
        return scripted.whole({"choices": [choice], "usage": usage})


ALL = frozenset(TYPES) - {"seeds"}


@pytest.fixture(scope="module")
def chat(tokenizer_folder: Path) -> tokens.ChatTokenizer:
    return tokens.load(tokenizer_folder)


def found_at(kind: Kind, chat: tokens.ChatTokenizer | None) -> Capabilities:
    if chat is not None and kind.n_rendered is None:
        kind.n_rendered = chat.count(HELLO)
    with scripted.serve(kind) as server, engine_at(server, capabilities=None, chat=chat) as engine:
        return engine.capabilities


def test_vllm_with_priority_scheduling(chat: tokens.ChatTokenizer) -> None:
    found = found_at(Kind("vllm", ALL, card={"max_model_len": 4096}), chat)

    assert found == Capabilities(
        kind="vllm",
        version="1.2.3",
        token_prompts=True,
        token_ids=True,
        logprobs=True,
        fields=frozenset(EXTENSIONS),
        priority=True,
        context_tokens=4096,
    )
    assert found.seeded
    assert found.unsaid == ()


def test_a_server_that_refuses_unknown_fields(chat: tokens.ChatTokenizer) -> None:
    found = found_at(Kind("openai-like", frozenset({"top_k"}), strict=True), chat)

    assert (found.kind, found.fields, found.priority) == ("unknown", frozenset({"top_k"}), False)
    assert not found.token_ids
    assert not found.seeded
    assert found.unsaid == ("min_p", "repetition_penalty")


def test_a_server_that_ignores_what_it_does_not_know(chat: tokens.ChatTokenizer) -> None:
    """Ollama: no field beyond OpenAI's, no token ids, and silence about all of it."""
    found = found_at(Kind("library", takes_token_ids=False), chat)

    assert (found.kind, found.fields, found.priority) == ("ollama", frozenset(), False)
    assert not found.token_prompts


def test_llama_cpp_overlooks_nonsense_and_is_taken_at_its_documentation() -> None:
    found = found_at(Kind("llamacpp", ALL, heedless=True, card={"meta": {"n_ctx_train": 64}}), None)

    assert found.fields == {"top_k", "min_p", "repetition_penalty"}
    assert (found.priority, found.context_tokens) == (False, 64)


def test_another_rendering_of_the_same_chat_is_not_trusted_with_ids(
    chat: tokens.ChatTokenizer,
) -> None:
    """A template or tokenizer that differs would make the recorded prompt a wrong one."""
    n_here = chat.count(HELLO)

    assert found_at(Kind("vllm", ALL, n_rendered=n_here), chat).token_prompts
    assert not found_at(Kind("vllm", ALL, n_rendered=n_here + 1), chat).token_prompts
    assert not found_at(Kind("vllm", ALL), None).token_prompts


@pytest.mark.parametrize(
    ("logprob", "raw"),
    [
        (lambda temperature: -1.5, True),
        (lambda temperature: -1.5 / max(temperature, 0.1), False),  # after the temperature
        (lambda temperature: 0.0, False),  # after top_p, where one token is certain
        (lambda temperature: None, False),
    ],
)
def test_only_the_unwarped_models_log_probabilities_are_recorded(
    logprob: Callable[[float], float | None], raw: object, chat: tokens.ChatTokenizer
) -> None:
    assert found_at(Kind("vllm", ALL, logprob=logprob), chat).logprobs is raw


def test_another_labelhub_tells_its_provenance(chat: tokens.ChatTokenizer) -> None:
    told = {"weights_sha256": "ab", "dtype": "float32", "reproducible": "exact", "device": "cpu"}
    kind = Kind("labelhub", frozenset(TYPES), strict=True, card={"provenance": told})
    kind.n_rendered = chat.count(HELLO)
    with scripted.serve(kind) as server, engine_at(server, capabilities=None, chat=chat) as engine:
        provenance = engine.provenance
        assert engine.capabilities.seed_lists

    assert provenance.reproducible is protocol.Reproducible.EXACT
    assert (provenance.weights_sha256, provenance.dtype) == ("ab", "float32")
    assert provenance.tokenizer_sha256 == chat.tokenizer_sha256


def test_what_cannot_be_used_is_refused_at_the_start() -> None:
    cases = [(scripted.refusal(401), "server_refused"), (scripted.refusal(404), "server_refused")]
    cases += [(scripted.refusal(500), "server_unreachable")]
    for answer, code in cases:
        with scripted.serve(lambda body, number, answer=answer: answer) as server:  # type: ignore[misc]
            with pytest.raises(protocol.EngineError) as refused:
                OpenAIEngine(spec.Server(server.base_url, "tiny"))
            assert refused.value.code == code


def test_one_question_waits_for_the_answer_to_the_one_before() -> None:
    """A server that bounds how many wait would refuse the rest."""
    first, *others = EXTENSIONS
    asked_meanwhile = threading.Event()
    met: list[bool] = []
    kind = Kind("vllm", ALL)

    def script(body: dict[str, Any], number: int) -> scripted.Answer:
        if first in body and not met:
            met.append(asked_meanwhile.wait(WHILE_SECONDS))
        elif body.keys() & set(others):
            asked_meanwhile.set()
        return kind(body, number)

    with scripted.serve(script) as server, engine_at(server, capabilities=None) as engine:
        assert engine.capabilities.fields == frozenset(EXTENSIONS)
    assert met == [False]


def test_after_a_fault_the_server_is_asked_anew_what_it_can() -> None:
    """Whatever answers then may be another server, which would drop what the first one took."""
    first = Kind("vllm", ALL, n_rendered=3)
    second = Kind("library", n_rendered=3)
    failed = False

    def script(body: dict[str, Any], number: int) -> scripted.Answer:
        nonlocal failed
        if not body.get("stream"):
            return (second if failed else first)(body, number)
        failed = True
        return scripted.refusal(500)

    with (
        scripted.serve(script) as server,
        engine_at(server, capabilities=None, max_retries=1) as engine,
    ):
        (result,) = results(read_all(engine.submit(request(top_k=5))))
        assert engine.capabilities.kind == "ollama"

    assert result.failure is not None
    assert (result.failure.code, result.failure.retryable) == ("parameter_not_supported", False)


def test_the_questions_name_the_model_and_cost_a_token_each() -> None:
    with (
        scripted.serve(Kind("vllm", ALL, n_rendered=3)) as server,
        engine_at(server, capabilities=None),
    ):
        pass
    asked = [body for body in server.requests if "messages" in body]

    assert all((body["model"], body["max_tokens"]) == ("tiny", 1) for body in asked)
    assert len(asked) < 20, json.dumps(asked)
