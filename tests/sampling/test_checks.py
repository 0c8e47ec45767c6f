"""Policies loaded dry: what is found, what it allows, and what a dying worker leaves behind."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from labelhub import clock
from labelhub.accounts.models import AuditEvent
from sampling import claiming, exceptions, inspection, registry, sweep
from sampling.engine.fake import FakeEngine
from sampling.engine.protocol import Engine, UnsupportedPolicy
from sampling.engines import Engines
from sampling.models import Policy, PolicyCheck, Runner
from sampling.runner import Worker
from sampling.upkeep import Upkeep
from tests.counting import TEMPLATE, WINDOW_TOKENS, counting_worker, save_byte_tokenizer
from tests.factories import UserFactory
from tests.processes import wait_until
from tests.sampling.asking import ask

pytestmark = pytest.mark.django_db(transaction=True)
State = PolicyCheck.State
Rung = Callable[[], list[tuple[str, list[int]]]]
# 2 layers × 4 heads × 8 wide, as the estimate of memory reads it.
CONFIGURATION = {
    "max_position_embeddings": WINDOW_TOKENS,
    "vocab_size": 300,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "hidden_size": 32,
}


def save_weights(path: Path, **shapes: list[int]) -> None:
    """A safetensors file of zeros, by the format's own rules."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, shape in shapes.items():
        begin, end = end, end + 2 * shape[0] * shape[1]
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [begin, end]}
    written = json.dumps(header).encode()
    path.write_bytes(len(written).to_bytes(8, "little") + written + bytes(end))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that could serve, by its looks."""
    folder = tmp_path / "wren"
    save_byte_tokenizer(folder)
    (folder / "config.json").write_text(json.dumps(CONFIGURATION))
    save_weights(folder / "model.safetensors", embedding=[300, 32], head=[300, 32])
    return folder


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = counting_worker()
    yield worker
    worker.engines.close()


def register(source: Path | str, **more: Any) -> Policy:
    return registry.register_policy(name="wren", source=str(source), actor=None, **more).policy


def checked(policy: Policy) -> PolicyCheck:
    return PolicyCheck.objects.get(policy=policy)


def verdicts(policy: Policy) -> dict[str, str]:
    return {each["code"]: each["verdict"] for each in checked(policy).findings}


def test_from_registered_to_serving(folder: Path, worker: Worker, rung: Rung) -> None:
    admin = UserFactory(is_superuser=True)
    check = registry.register_policy(name="wren", source=str(folder), actor=admin)
    policy = check.policy
    assert rung() == [("sampling.check", [])]
    assert not policy.serves
    with pytest.raises(exceptions.PolicyUnchecked):
        registry.activate_policy(policy=policy, actor=admin)
    with pytest.raises(exceptions.PolicyNotActive):
        ask(policy)
    worker.check_next()
    assert checked(policy).state == State.PASSED
    assert verdicts(policy) == dict.fromkeys(
        ("weights", "memory", "tokenizer", "template", "special_tokens", "window", "load", "reply"),
        "good",
    )
    details = {each["code"]: each["detail"] for each in checked(policy).findings}
    assert details["weights"] == "1 safetensors file, 19.2 k parameters, 38.4 kB as BF16."
    # 2 (keys and values) × 2 layers × 32 wide × 2 bytes.
    assert "256 kB for each 1,000 tokens of context" in details["memory"]
    assert details["reply"].startswith("Asked to say hello, it wrote: 0 1 2")
    policy.refresh_from_db()
    assert policy.context_window_tokens == WINDOW_TOKENS
    assert len(policy.tokenizer_sha256) == len(policy.chat_template_sha256) == 64
    assert registry.activate_policy(policy=policy, actor=admin).serves
    assert ask(Policy.objects.get()).max_tokens == 8
    trail = AuditEvent.objects.order_by("pk").values_list("verb", "actor_id")
    assert list(trail) == [
        (verb, admin.pk) for verb in ("policy_registered", "policy_checked", "policy_activated")
    ]


def only_pickled(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def no_safetensors_inside(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"weights of another kind, whatever the name")


def another_tokenizer(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps(CONFIGURATION | {"vocab_size": 20}))


def broken_template(folder: Path) -> None:
    (folder / "chat_template.jinja").write_text("{{ messages[0].content + 1 }}")


def deaf_template(folder: Path) -> None:
    (folder / "chat_template.jinja").write_text("Hello.")


def no_opening(folder: Path) -> None:
    (folder / "chat_template.jinja").write_text(
        "{% for message in messages %}{{ message.content }}<|end|>"
        "{% endfor %}{% if add_generation_prompt %}{% else %}<|turn|>{% endif %}"
    )


def no_end_of_turn(folder: Path) -> None:
    (folder / "tokenizer_config.json").write_text("{}")
    (folder / "chat_template.jinja").write_text(TEMPLATE.replace("<|end|>", "\n"))


def doubled_beginning(folder: Path) -> None:
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"eos_token": "<|end|>", "bos_token": "<|turn|>"})
    )
    (folder / "chat_template.jinja").write_text("{{ bos_token }}" + TEMPLATE)


def no_window(folder: Path) -> None:
    (folder / "config.json").write_text("{}")


@pytest.mark.parametrize(
    ("spoil", "code", "why"),
    [
        (only_pickled, "weights", "pytorch_model.bin can run code"),
        (no_safetensors_inside, "weights", "model.safetensors is not a safetensors file"),
        (another_tokenizer, "vocabulary", "do not belong together"),
        (broken_template, "template", "cannot render"),
        (deaf_template, "template", "leaves out what was said"),
        (no_opening, "template", "opens no turn for the reply"),
        (no_end_of_turn, "special_tokens", "No token ends a turn"),
        (doubled_beginning, "special_tokens", "twice in a row"),
        (no_window, "window", "states no context window"),
    ],
)
def test_what_cannot_serve_is_told_why(
    folder: Path, worker: Worker, spoil: Callable[[Path], None], code: str, why: str
) -> None:
    spoil(folder)
    policy = register(folder)
    worker.check_next()
    assert checked(policy).state == State.FAILED
    last = checked(policy).findings[-1]
    assert (last["code"], last["verdict"]) == (code, "bad")
    assert why in last["detail"]
    with pytest.raises(exceptions.PolicyUnchecked):
        registry.activate_policy(policy=policy, actor=None)


def test_what_is_worth_knowing_keeps_nothing_from_serving(folder: Path, worker: Worker) -> None:
    (folder / "pytorch_model.bin").write_bytes(b"pickled")
    (folder / "config.json").write_text(json.dumps(CONFIGURATION | {"auto_map": {}}))
    no_system = "{% if messages[0].role == 'system' %}{{ raise_exception('no') }}{% endif %}"
    (folder / "chat_template.jinja").write_text(no_system + TEMPLATE)
    policy = register(folder)
    worker.check_next()
    assert checked(policy).state == State.PASSED
    found = verdicts(policy)
    assert {code for code, verdict in found.items() if verdict == "remark"} == {
        "other_weights",
        "own_code",
        "template",
    }


def test_a_window_may_shrink_and_not_grow(folder: Path, worker: Worker) -> None:
    policy = register(folder, context_window_tokens=WINDOW_TOKENS + 1)
    worker.check_next()
    assert checked(policy).findings[-1]["code"] == "window"
    registry.edit_policy(policy=policy, changes={"context_window_tokens": 128}, actor=None)
    worker.check_next()
    newest = PolicyCheck.objects.order_by("-pk").first()
    assert newest is not None
    assert newest.state == State.PASSED
    assert Policy.objects.get().context_window_tokens == 128


def test_an_engine_that_refuses_is_quoted(folder: Path) -> None:
    def refuse(policy: Policy) -> Engine:
        raise UnsupportedPolicy("sliding windows do not fit slots; use an openai: server")

    policy = register(folder)
    Worker(engines=Engines(refuse), n_threads=2, n_reserved=1).check_next()
    last = checked(policy).findings[-1]
    assert (last["code"], last["verdict"]) == ("unsupported_policy", "bad")
    assert "use an openai: server" in last["detail"]


def test_what_nobody_foresaw_is_a_finding_too(folder: Path) -> None:
    def divide(policy: Policy) -> Engine:
        raise ZeroDivisionError("by nought")

    policy = register(folder)
    Worker(engines=Engines(divide), n_threads=2, n_reserved=1).check_next()
    assert checked(policy).findings[-1]["detail"] == "ZeroDivisionError: by nought"


def test_a_server_is_judged_by_its_words_and_its_reply(folder: Path, worker: Worker) -> None:
    policy = register("openai:http://127.0.0.1:9/v1#served", tokenizer_source=str(folder))
    worker.check_next()
    found = verdicts(policy)
    assert list(found) == [
        *("tokenizer", "template", "special_tokens", "window", "load", "reply"),
    ]
    assert set(found.values()) == {"good"}
    assert Policy.objects.get().weights_sha256 == ""


def test_files_that_changed_under_a_serving_policy_are_named(folder: Path, worker: Worker) -> None:
    policy = registry.add_policy(name="wren", source=str(folder))
    registry.request_check(policy=policy, actor=None)
    Policy.objects.update(tokenizer_sha256="0" * 64)
    worker.check_next()
    assert checked(policy).findings[-1]["code"] == "policy_changed"
    assert Policy.objects.get().tokenizer_sha256 == "0" * 64


def test_a_policy_that_kills_its_worker_is_tried_twice(folder: Path, worker: Worker) -> None:
    policy = register(folder)
    for attempt in (1, 2):
        claimed = claiming.claim_check(owner=worker.id)
        assert claimed is not None
        assert claimed.attempt == attempt
        PolicyCheck.objects.update(lease_until=clock.now() - timedelta(seconds=1))
        sweep.sweep()
    failed = checked(policy)
    assert (failed.state, failed.findings[0]["code"]) == (State.FAILED, "worker_lost")


def test_a_check_asked_for_anew_drops_what_the_old_one_found(folder: Path) -> None:
    engines: list[FakeEngine] = []

    def build(policy: Policy) -> Engine:
        if not engines:
            # While it loads, somebody names other files.
            registry.edit_policy(policy=policy, changes={"revision": "two"}, actor=None)
        engines.append(FakeEngine())
        return engines[-1]

    worker = Worker(engines=Engines(build), n_threads=2, n_reserved=1)
    policy = register(folder, revision="one")
    worker.check_next()
    # The same thread found the check waiting again, and looked at the new files.
    assert len(engines) == 2
    assert checked(policy).state == State.PASSED
    assert Policy.objects.get().revision == "two"
    worker.engines.close()


def test_a_drained_worker_checks_nothing(folder: Path, worker: Worker) -> None:
    policy = register(folder)
    now = clock.now()
    Runner.objects.create(
        id=worker.id, host="gpu-1", started_at=now, seen_at=now, drain_requested_at=now
    )
    worker.check_next()
    assert checked(policy).state == State.QUEUED


def test_upkeep_finds_a_check_whose_message_was_lost(folder: Path, worker: Worker) -> None:
    policy = register(folder)
    Upkeep(worker, worker.run_next).start_waiting()
    wait_until(lambda: checked(policy).finished_at is not None, "the check")
    assert checked(policy).state == State.PASSED


@pytest.mark.parametrize(
    ("number", "written"), [(8_030_261_248, "8.03 G"), (19_200, "19.2 k"), (12, "12 ")]
)
def test_large_numbers_are_short(number: int, written: str) -> None:
    assert inspection.in_units(number) == written
