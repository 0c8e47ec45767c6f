"""Claiming, running, storing: real threads, real PostgreSQL, real Redis, an engine that counts."""

from __future__ import annotations

import struct
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import timedelta

import pytest
import redis
from django.db import OperationalError, connection

from labelhub import clock
from sampling import claiming, registry, runner, services, settling, sweep
from sampling.engine.fake import FakeEngine
from sampling.engine.protocol import (
    Engine,
    Failure,
    SamplingParams,
    UnsupportedPolicy,
    seed_for,
)
from sampling.engine.spec import PolicyUnavailable
from sampling.engines import Engines
from sampling.models import Completion, Generation, Policy
from sampling.policies import chat_tokenizer
from sampling.runner import Worker
from sampling.running import Running
from sampling.stream import stream_key
from tests.counting import Steppers, counting_worker
from tests.factories import PolicyFactory, ProjectFactory
from tests.processes import wait_until
from tests.sampling.asking import QUESTION, ask, refreshed

pytestmark = pytest.mark.django_db(transaction=True)
Rung = Callable[[], list[tuple[str, list[int]]]]
State = Generation.State
Purpose = Generation.Purpose


def test_a_generation_is_run_and_stored_whole(policy: Policy, worker: Worker, rung: Rung) -> None:
    generation = ask(policy, n=2, max_tokens=3, base_seed=5, on_done="tests.ended")
    runner.run_next()
    done = refreshed(generation)
    assert (done.state, done.attempt, done.error_code) == (State.DONE, 1, "")
    assert done.created_at <= done.started_at <= done.first_token_at <= done.finished_at
    assert done.lease_owner is done.lease_until is None
    assert rung() == [("tests.ended", [generation.pk]), ("sampling.run", [])]
    for index, completion in enumerate(done.completions.order_by("index")):
        seed = seed_for(5, f"generation-{generation.pk}", index)
        numbers = [seed % 1000 + step for step in range(3)]
        assert completion.text == "".join(f"{number} " for number in numbers)
        assert (completion.index, completion.seed, completion.n_tokens) == (index, seed, 3)
        assert (completion.finish_reason, completion.mean_logprob) == ("length", 0.0)
        assert completion.provenance.engine == "fake"
        assert completion.n_in_step == 2
        assert struct.unpack("<3I", completion.trace.token_ids) == tuple(numbers)
        assert struct.unpack("<3f", completion.trace.logprobs) == (0.0, 0.0, 0.0)
        assert len(completion.trace.prompt_token_ids) == 4 * completion.n_prompt_tokens


def test_every_param_reaches_the_engine(policy: Policy) -> None:
    asked = SamplingParams(0.5, 0.9, 40, 0.02, 1.2, 64, ("end", " "), (3, 5))
    usual = asdict(SamplingParams())
    assert not [name for name, value in asdict(asked).items() if value == usual[name]]
    generation = services.request_completions(
        project=ProjectFactory(),
        policy=policy,
        messages=QUESTION,
        purpose=Purpose.CHAT,
        n=1,
        params=asked,
    )
    assert runner.engine_request(refreshed(generation)).params == asked


def test_the_engine_is_told_to_go_on_from_the_last_message(policy: Policy, worker: Worker) -> None:
    first = ask(policy, max_tokens=3, base_seed=5)
    runner.run_next()
    unfinished = first.completions.get()
    messages = [*QUESTION, {"role": "assistant", "content": unfinished.text}]
    second = ask(policy, messages=messages, max_tokens=3, continues=unfinished)
    request = runner.engine_request(second)
    chat = chat_tokenizer(policy)
    assert chat is not None
    assert request.continues
    rendered = chat.tokenizer.decode(list(request.prompt_token_ids), skip_special_tokens=False)
    assert rendered == chat.render(messages, continues=True)
    assert rendered.endswith(unfinished.text)
    runner.run_next()
    assert refreshed(second).completions.get().n_prompt_tokens == len(request.prompt_token_ids)


def test_a_second_delivery_finds_nothing(policy: Policy, worker: Worker, rung: Rung) -> None:
    generation = ask(policy, on_done="tests.ended")
    runner.run_next()
    rung()
    runner.run_next()
    assert refreshed(generation).attempt == 1
    assert rung() == []


def test_no_generation_runs_twice_under_eight_workers(policy: Policy) -> None:
    generations = [
        ask(policy, Purpose.CANDIDATE if number % 3 else Purpose.CHAT, n=2) for number in range(40)
    ]
    workers = [counting_worker(n_threads=2, n_reserved=1) for _ in range(8)]

    def run(worker: Worker) -> None:
        worker.run_next()

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(run, workers * 2))
    for worker in workers:
        worker.engines.close()
    stored = Counter(Completion.objects.values_list("generation_id", flat=True))
    assert stored == {generation.pk: 2 for generation in generations}
    assert set(Generation.objects.values_list("state", "attempt")) == {(State.DONE, 1)}


def test_batch_leaves_the_reserved_threads_to_people(policy: Policy, steppers: Steppers) -> None:
    worker = steppers.worker(n_threads=3, n_reserved=1)
    candidates = [ask(policy, Purpose.CANDIDATE) for _ in range(3)]
    steppers.start_until_running(worker, 1)
    steppers.start_until_running(worker, 2)
    # The third thread is free, yet not for a third batch generation.
    idle = steppers.start(worker)
    idle.join()
    assert refreshed(candidates[2]).state == State.QUEUED
    draft = ask(policy, Purpose.DRAFT)
    steppers.start_until_running(worker, 3)
    assert refreshed(draft).state == State.RUNNING
    steppers.finish()
    # The threads that end claim what still waits by themselves.
    assert {refreshed(each).state for each in [*candidates, draft]} == {State.DONE}


def test_a_draft_starts_at_the_next_step_beside_a_saturated_batch(
    policy: Policy, steppers: Steppers
) -> None:
    worker = steppers.worker(n_threads=6, n_reserved=2)
    engine = steppers.engines[worker]
    # Far more candidates than threads and slots hold; those on the device decode already.
    candidates = [ask(policy, Purpose.CANDIDATE, n=4, max_tokens=500) for _ in range(9)]
    for n_running in range(1, 5):
        steppers.start_until_running(worker, n_running)
    for _ in range(20):
        engine.step()
    assert engine.health().n_running == 12
    draft = ask(policy, Purpose.DRAFT, n=2, max_tokens=500)
    steppers.start_until_running(worker, 5)
    engine.step()
    running = next(each for each in worker.running() if each.generation == draft)
    wait_until(lambda: running.first_token_at is not None, "the first token")
    # The batch went on meanwhile, and nothing of it had to end.
    assert engine.health().n_running == 14
    assert {refreshed(each).state for each in candidates[:4]} == {State.RUNNING}


def test_a_pool_must_have_a_thread_for_candidates(worker: Worker) -> None:
    worker.take_threads(2)
    assert worker.n_threads == 2
    with pytest.raises(ValueError, match="1 are reserved"):
        worker.take_threads(1)


def test_people_go_first_and_then_the_oldest(policy: Policy, worker: Worker) -> None:
    asked = [
        ask(policy, purpose)
        for purpose in (Purpose.CANDIDATE, Purpose.CHAT, Purpose.CANDIDATE, Purpose.DRAFT)
    ]
    runner.run_next()
    order = Generation.objects.order_by("started_at").values_list("pk", flat=True)
    assert list(order) == [asked[number].pk for number in (1, 3, 0, 2)]


def test_a_late_loser_writes_nothing(policy: Policy, steppers: Steppers, rung: Rung) -> None:
    slow, quick = steppers.worker(), counting_worker(n_words=3)
    generation = ask(policy, max_tokens=9, on_done="tests.ended")
    steppers.start_until_running(slow, 1)
    Generation.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    sweep.free_expired()
    assert refreshed(generation).state == State.QUEUED
    quick.run_next()
    steppers.finish()
    done = refreshed(generation)
    assert (done.state, done.attempt) == (State.DONE, 2)
    assert done.completions.get().finish_reason == "stop"
    assert rung().count(("tests.ended", [generation.pk])) == 1
    quick.engines.close()


def failing(error: Exception) -> Worker:
    def build(policy: Policy) -> Engine:
        raise error

    return Worker(engines=Engines(build), n_threads=2, n_reserved=1)


def test_a_refusal_of_the_engine_fails_with_its_code(policy: Policy, rung: Rung) -> None:
    generation = ask(policy, on_done="tests.ended")
    failing(UnsupportedPolicy("no slots for it")).run_next()
    failed = refreshed(generation)
    assert (failed.state, failed.error_code) == (State.FAILED, "unsupported_policy")
    assert failed.error_detail == "no slots for it"
    assert ("tests.ended", [generation.pk]) in rung()


def test_a_fault_of_the_machinery_is_tried_again_later_and_not_for_ever(policy: Policy) -> None:
    generation = ask(policy)
    worker = failing(PolicyUnavailable("the hub is away"))
    moment = clock.now()
    for attempt in (1, 2):
        with clock.held_at(moment):
            worker.run_next()
            back = refreshed(generation)
            assert (back.state, back.attempt) == (State.QUEUED, attempt)
            assert back.not_before == moment + timedelta(seconds=2**attempt)
            worker.run_next()
            assert refreshed(generation).attempt == attempt
        moment += timedelta(seconds=2**attempt)
    with clock.held_at(moment):
        worker.run_next()
    failed = refreshed(generation)
    assert (failed.state, failed.attempt) == (State.FAILED, 3)
    assert failed.error_code == "policy_unavailable"


def test_a_busy_server_costs_no_attempt(policy: Policy) -> None:
    generation = ask(policy)
    busy = Failure("server_busy", "429: too many requests", retryable=True)
    moment = clock.now()
    for attempt in range(1, 8):
        with clock.held_at(moment):
            claimed = claiming.claim(owner=uuid.uuid4(), least_urgent=Generation.Priority.BATCH)
            assert claimed == generation
            settling.settle(Running(claimed), busy)
        back = refreshed(generation)
        assert (back.state, back.attempt, back.max_attempts) == (State.QUEUED, attempt, 3 + attempt)
        assert back.not_before == moment + timedelta(seconds=min(2.0**attempt, 30.0))
        moment = back.not_before
    assert set(generation.faults.values_list("code", "final")) == {("server_busy", False)}


def test_what_nobody_foresaw_is_recorded_and_raised(policy: Policy) -> None:
    generation = ask(policy)
    with pytest.raises(ZeroDivisionError):
        failing(ZeroDivisionError("by nought")).run_next()
    assert refreshed(generation).state == State.QUEUED
    Generation.objects.update(attempt=2, not_before=None)
    with pytest.raises(ZeroDivisionError):
        failing(ZeroDivisionError("by nought")).run_next()
    failed = refreshed(generation)
    assert (failed.error_code, failed.error_detail) == ("internal", "ZeroDivisionError: by nought")


def test_a_context_longer_than_the_engine_holds_fails_alone(
    policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = counting_worker(context_tokens=100)
    long = ask(policy, messages=[{"role": "user", "content": "x" * 200}])
    short = ask(policy)
    worker.run_next()
    assert (refreshed(long).state, refreshed(long).error_code) == (
        State.FAILED,
        "context_too_long",
    )
    assert refreshed(short).state == State.DONE
    worker.engines.close()


def test_a_store_survives_a_lost_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "STORE_PAUSE_SECONDS", 0.0)
    written = []

    def write() -> None:
        with connection.cursor() as cursor:
            if not written:
                written.append("lost")
                cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
            cursor.execute("SELECT 1")
        written.append("stored")

    settling.persist(write)
    assert written == ["lost", "stored"]


def test_a_store_gives_up_on_a_database_that_stays_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "STORE_PAUSE_SECONDS", 0.0)
    tries = []

    def write() -> None:
        tries.append(1)
        raise OperationalError("away")

    with pytest.raises(OperationalError):
        settling.persist(write)
    assert len(tries) == settling.STORE_TRIES


def test_the_engine_expected_next_is_built_ahead(policy: Policy) -> None:
    built: list[Policy] = []

    def build(policy: Policy) -> Engine:
        built.append(policy)
        return FakeEngine(threaded=False)

    worker = Worker(engines=Engines(build), n_threads=2, n_reserved=1)
    other = PolicyFactory()
    worker.warm_up()
    assert built == [other]
    ask(policy)
    worker.warm_up()
    assert built == [other, policy]
    registry.retire_policy(policy=policy, actor=None)
    worker.warm_up()
    assert built == [other, policy]


def test_a_policy_that_cannot_be_warmed_up_is_logged(
    policy: Policy, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(UnsupportedPolicy):
        failing(UnsupportedPolicy("no slots for it")).warm_up()
    assert "no slots for it" in caplog.text


def test_text_is_streamed_for_people_and_not_for_comparisons(
    policy: Policy, worker: Worker, pipe_client: redis.Redis
) -> None:
    draft, candidates = ask(policy, Purpose.DRAFT, n=2), ask(policy, Purpose.CANDIDATE)
    runner.run_next()
    entries = [entry for _, entry in pipe_client.xrange(stream_key(draft.pk))]
    assert entries.pop() == {b"end": b"1"}
    for completion in draft.completions.all():
        pieces = [entry for entry in entries if int(entry[b"index"]) == completion.index]
        text = ""
        for piece in pieces:
            assert int(piece[b"offset"]) == len(text)
            text += piece[b"text"].decode()
        assert text == completion.text
    assert 0 < pipe_client.ttl(stream_key(draft.pk)) <= 900
    assert pipe_client.xlen(stream_key(candidates.pk)) == 1
