"""A policy on a server, from the check before it serves to what is stored of its completions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from sampling import engines, registry
from sampling.engine.spec import HostNotAllowed
from sampling.engines import Engines
from sampling.models import Completion, Generation, Policy, PolicyCheck
from sampling.runner import Worker
from tests.counting import save_byte_tokenizer
from tests.engine import scripted_server as scripted
from tests.engine.test_server_probe import ALL, Kind
from tests.factories import UserFactory
from tests.sampling.asking import ask, refreshed

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker(engines=Engines(engines.load), n_threads=2, n_reserved=1)
    yield worker
    worker.engines.close()


def answering(kind: Kind) -> scripted.Script:
    """A server that answers probes as its kind does, and requests with token ids where asked."""

    def script(body: dict[str, Any], number: int) -> scripted.Answer:
        if not body.get("stream"):
            return kind(body, number)
        if "prompt" in body:
            n_prompt = len(body["prompt"])
            pieces = [scripted.piece("Hi", [40]), scripted.piece("", [41], finish="stop")]
        else:
            n_prompt = kind.n_rendered or 0
            pieces = [scripted.chunk("Hi"), scripted.chunk(finish="stop")]
        return scripted.Answer(b"".join([*pieces, scripted.counted(n_prompt, 2)]) + scripted.DONE)

    return script


def checked(worker: Worker, source: str, **more: Any) -> tuple[Policy, dict[str, str]]:
    admin = UserFactory(is_superuser=True)
    check = registry.register_policy(
        name="served", source=source, context_window_tokens=512, actor=admin, **more
    )
    worker.check_next()
    found = PolicyCheck.objects.get(pk=check.pk)
    verdicts = {each["code"]: each["verdict"] for each in found.findings}
    assert found.state == PolicyCheck.State.PASSED, found.findings
    return registry.activate_policy(policy=found.policy, actor=admin), verdicts


def test_a_server_of_token_ids_leaves_nothing_unsaid(worker: Worker, tmp_path: Path) -> None:
    save_byte_tokenizer(tmp_path)
    kind = Kind("vllm", ALL)
    with scripted.serve(answering(kind)) as server:
        source = f"openai:{server.base_url}#tiny"
        policy, verdicts = checked(worker, source, tokenizer_source=str(tmp_path))
        generation = ask(policy)
        worker.run_next()

    assert set(verdicts.values()) == {"good"}
    completion = Completion.objects.get(generation=generation)
    assert refreshed(generation).state == Generation.State.DONE
    assert completion.text == "Hi"
    assert completion.reproducible == "best-effort"
    assert completion.provenance.engine_version.startswith("vllm 1.2.3")
    assert completion.provenance.tokenizer_sha256 == policy.tokenizer_sha256
    assert completion.provenance.left_to_server == []
    assert bytes(completion.trace.token_ids) == (40).to_bytes(4, "little") + (41).to_bytes(
        4, "little"
    )
    assert len(completion.trace.prompt_token_ids) == 4 * completion.n_prompt_tokens


def test_what_a_server_keeps_to_itself_is_said_and_stored(worker: Worker) -> None:
    kind = Kind("somebody", takes_token_ids=False, n_rendered=9)
    with scripted.serve(answering(kind)) as server:
        policy, verdicts = checked(worker, f"openai:{server.base_url}#tiny")
        generation = ask(policy)
        worker.run_next()

    assert {code for code, verdict in verdicts.items() if verdict == "remark"} == {
        "server_defaults", "server_template", "server_seeds",
    }  # fmt: skip
    completion = Completion.objects.get(generation=generation)
    assert (completion.text, completion.reproducible) == ("Hi", "none")
    assert completion.provenance.left_to_server == ["min_p", "repetition_penalty", "top_k"]
    assert bytes(completion.trace.prompt_token_ids) == b""


def test_a_host_that_was_struck_from_the_list_is_not_spoken_to(
    policy: Policy, settings: Settings
) -> None:
    policy.source = "openai:http://127.0.0.1:9/v1#tiny"
    settings.POLICY_HOSTS = ["10.0.0.7"]
    with pytest.raises(HostNotAllowed, match="POLICY_HOSTS"):
        engines.load(policy)
