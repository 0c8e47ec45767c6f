"""Asking, cancelling and registering, without any engine."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from labelhub import clock
from labelhub.accounts.models import AuditEvent
from sampling import exceptions, registry, selectors, services
from sampling.engine.protocol import SamplingParams
from sampling.models import Context, Generation, Policy
from tests.counting import WINDOW_TOKENS, save_byte_tokenizer
from tests.factories import ProjectFactory, UserFactory
from tests.sampling.asking import QUESTION, ask, refreshed

Rung = Callable[[], list[tuple[str, list[int]]]]
Capture = Callable[..., object]
State = Generation.State
Purpose = Generation.Purpose


@pytest.mark.parametrize(
    ("purpose", "priority"),
    [
        (Purpose.DRAFT, Generation.Priority.INTERACTIVE),
        (Purpose.CHAT, Generation.Priority.INTERACTIVE),
        (Purpose.CANDIDATE, Generation.Priority.BATCH),
    ],
)
def test_priority_follows_purpose(
    policy: Policy, purpose: Generation.Purpose, priority: int
) -> None:
    assert ask(policy, purpose).priority == priority


def test_a_request_rings_the_gpu_queue_after_commit(
    policy: Policy, rung: Rung, django_capture_on_commit_callbacks: Capture
) -> None:
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        ask(policy)
        assert rung() == []
    assert rung() == [("sampling.run", [])]


def test_a_request_costs_two_statements(policy: Policy, django_assert_num_queries: Capture) -> None:
    project = ProjectFactory()
    ask(policy, project=project)
    # A savepoint and its release, the context, the generation.
    with django_assert_num_queries(4):  # type: ignore[attr-defined]
        ask(policy, project=project)


def test_equal_contexts_are_stored_once(policy: Policy) -> None:
    first = ask(policy)
    second = ask(policy, messages=[dict(reversed(turn.items())) for turn in QUESTION])
    other = ask(policy, messages=[*QUESTION, {"role": "assistant", "content": "South."}])
    assert first.context_id == second.context_id != other.context_id
    assert first.context.messages == list(QUESTION)
    assert first.context.sha256 == selectors.context_hash(QUESTION)


@pytest.mark.django_db(transaction=True)
def test_equal_contexts_are_stored_once_by_many_threads(policy: Policy) -> None:
    project = ProjectFactory()

    def ask_one(_: int) -> int:
        try:
            return ask(policy, project=project).context_id
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(ask_one, range(32)))) == 1
    assert Context.objects.count() == 1


def test_max_tokens_shrink_to_what_the_window_leaves(policy: Policy) -> None:
    content = "x" * (WINDOW_TOKENS - 200)
    generation = ask(policy, messages=[{"role": "user", "content": content}], max_tokens=512)
    # Two turn marks, an end mark and the words "user\n" and "assistant\n" are in the context too.
    assert generation.max_tokens == 200 - 3 - len("user\nassistant\n")


def test_a_context_longer_than_the_window_is_refused(policy: Policy) -> None:
    with pytest.raises(exceptions.ContextTooLong, match=rf"5018 tokens.* {WINDOW_TOKENS}"):
        ask(policy, messages=[{"role": "user", "content": "x" * 5000}])
    assert not Generation.objects.exists()


def test_a_retired_policy_is_refused(policy: Policy) -> None:
    registry.retire_policy(policy=policy, actor=None)
    policy.refresh_from_db()
    with pytest.raises(exceptions.PolicyRetired):
        ask(policy)
    assert AuditEvent.objects.get().verb == "policy_retired"


@pytest.mark.parametrize(
    ("params", "names"),
    [
        (SamplingParams(temperature=-1), "temperature"),
        (SamplingParams(temperature=float("nan")), "temperature"),
        (SamplingParams(top_p=0), "top_p"),
        (SamplingParams(max_tokens=0), "max_tokens"),
        (SamplingParams(stop=("",)), "stop"),
        (SamplingParams(stop_token_ids=(10**8,)), "stop_token_ids"),
    ],
)
def test_parameters_out_of_bounds_are_refused(
    policy: Policy, params: SamplingParams, names: str
) -> None:
    with pytest.raises(exceptions.UnusableParams, match=names):
        services.request_completions(
            project=ProjectFactory(),
            policy=policy,
            messages=QUESTION,
            purpose=Purpose.CHAT,
            n=1,
            params=params,
        )


@pytest.mark.parametrize("n", [0, 10])
def test_one_to_nine_completions(policy: Policy, n: int) -> None:
    with pytest.raises(exceptions.UnusableParams, match="1 to 9"):
        ask(policy, n=n)


def test_cancelling_what_waits_ends_it_at_once(
    policy: Policy, rung: Rung, django_capture_on_commit_callbacks: Capture
) -> None:
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        generation = ask(policy, on_done="tests.ended")
        services.cancel(generation=generation)
        services.cancel(generation=generation)
    cancelled = refreshed(generation)
    assert (cancelled.state, cancelled.attempt) == (State.CANCELLED, 0)
    assert cancelled.finished_at is not None
    assert ("tests.ended", [generation.pk]) in rung()


def test_cancelling_what_has_ended_changes_nothing(policy: Policy) -> None:
    generation = ask(policy)
    Generation.objects.update(state=State.DONE, finished_at=clock.now())
    services.cancel(generation=generation)
    assert refreshed(generation).state == State.DONE


def test_a_generation_is_consumed_once(policy: Policy) -> None:
    generation = ask(policy)
    assert services.mark_consumed(generation=generation)
    assert not services.mark_consumed(generation=generation)


def test_only_my_own_drafts_and_replies_are_mine_to_see(policy: Policy) -> None:
    me, other = UserFactory(), UserFactory()
    mine = ask(policy, requested_by=me)
    candidates = ask(policy, Purpose.CANDIDATE, requested_by=me)
    assert selectors.generation_for(user=me, generation_id=mine.pk) == mine
    for user, generation in ((other, mine), (me, candidates)):
        with pytest.raises(exceptions.LabelhubError) as refused:
            selectors.generation_for(user=user, generation_id=generation.pk)
        assert refused.value.status == 404


# --- Registering policies -------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A policy's folder, whose weights nobody will load."""
    save_byte_tokenizer(tmp_path / "wren")
    (tmp_path / "wren" / "model.safetensors").write_bytes(b"weights")
    return tmp_path / "wren"


def test_a_folder_is_registered_with_its_hashes(db: None, folder: Path) -> None:
    admin = UserFactory()
    policy = registry.add_policy(name="wren-1", source=str(folder), actor=admin)
    assert policy.context_window_tokens == WINDOW_TOKENS
    hashes = {policy.weights_sha256, policy.tokenizer_sha256, policy.chat_template_sha256}
    assert {len(each) for each in hashes} == {64}
    events = AuditEvent.objects.order_by("pk")
    assert [event.verb for event in events] == ["policy_registered", "policy_activated"]
    assert {(event.actor, event.object_id) for event in events} == {(admin, str(policy.pk))}
    (folder / "model.safetensors").write_bytes(b"other weights")
    again = registry.add_policy(name="wren-2", source=str(folder), parent=policy)
    assert again.weights_sha256 != policy.weights_sha256
    assert again.tokenizer_sha256 == policy.tokenizer_sha256


def test_a_relative_folder_is_looked_for_in_the_checkout(
    db: None, folder: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings.BASE_DIR = folder.parent
    monkeypatch.chdir("/")
    policy = registry.add_policy(name="wren", source="wren")
    assert policy.source == "wren"
    assert ask(policy).max_tokens == 8


@pytest.mark.parametrize(
    ("missing", "why"),
    [
        ("model.safetensors", "safetensors"),
        ("tokenizer.json", "tokenizer.json"),
        ("chat_template.jinja", "chat template"),
        ("config.json", "context window"),
    ],
)
def test_a_folder_that_cannot_serve_is_refused(
    db: None, folder: Path, missing: str, why: str
) -> None:
    (folder / missing).unlink()
    with pytest.raises(exceptions.PolicyUnusable, match=why):
        registry.add_policy(name="wren", source=str(folder))
    assert not Policy.objects.exists()


def test_what_names_nothing_is_refused(db: None) -> None:
    with pytest.raises(exceptions.PolicyUnusable, match="neither a folder"):
        registry.add_policy(name="wren", source="no such/place/at all")


def test_a_server_must_be_on_an_allowed_host(db: None, settings: Settings) -> None:
    settings.POLICY_HOSTS = ["10.0.0.7"]
    served = "openai:http://10.0.0.7:8000/v1#swallow"
    policy = registry.add_policy(name="swallow", source=served, context_window_tokens=8192)
    assert policy.weights_sha256 == ""
    with pytest.raises(exceptions.HostNotAllowed, match="metadata"):
        registry.add_policy(name="bad", source="openai:http://metadata/v1#x")
    with pytest.raises(exceptions.PolicyUnusable, match="window"):
        registry.add_policy(name="unsized", source=served)


def test_the_command_says_what_it_registered(
    db: None, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("add_policy", "wren", str(folder), "--output-licence", "CC-BY-4.0")
    assert capsys.readouterr().out == f"wren: {folder}, window {WINDOW_TOKENS} tokens\n"
    assert Policy.objects.get().output_licence == "CC-BY-4.0"
    with pytest.raises(CommandError, match="registered already"):
        call_command("add_policy", "wren", str(folder))
    with pytest.raises(CommandError, match="no policy named robin"):
        call_command("add_policy", "wren-2", str(folder), "--parent", "robin")
