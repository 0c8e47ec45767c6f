"""GPU workers that are killed, told to stop, or never get a message: real processes, a real model."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import redis

from labelhub import clock
from sampling import registry, sweep
from sampling.models import Completion, Generation, Policy, PolicyCheck, Runner
from sampling.stream import stream_key
from tests.counting import counting_worker, pipe_client  # noqa: F401 — the latter a fixture
from tests.gpu_worker import GpuWorker
from tests.processes import wait_until
from tests.sampling.asking import ask, refreshed

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.faults,
    pytest.mark.timeout(900),
]
State = Generation.State
NO_REDIS = "redis://127.0.0.1:1/0"


@pytest.fixture(scope="session")
def policy_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # Imported late: torch is heavy, and only these tests of a run may need it.
    from tests.engine import tiny

    folder = tmp_path_factory.mktemp("tiny")
    tiny.save_policy(folder, "llama")
    return folder


@pytest.fixture
def policy(pipe_client: redis.Redis, policy_folder: Path) -> Policy:  # noqa: F811
    return registry.add_policy(name="tiny", source=str(policy_folder))


def ended(generation: Generation) -> bool:
    return refreshed(generation).finished_at is not None


def test_what_a_killed_worker_ran_another_one_finishes(
    policy: Policy,
    tmp_path: Path,
    pipe_client: redis.Redis,  # noqa: F811
) -> None:
    generation = ask(policy, n=3, max_tokens=200, on_done="tests.ended")
    with GpuWorker(tmp_path / "first.log") as first:
        # The first claim builds the engine, which takes long enough to be in the middle of.
        wait_until(lambda: refreshed(generation).state == State.RUNNING, "the claim")
        first.kill()
    assert refreshed(generation).state == State.RUNNING
    Generation.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    sweep.sweep()
    assert refreshed(generation).state == State.QUEUED
    with GpuWorker(tmp_path / "second.log", module="tests.faults.patient_worker"):
        wait_until(lambda: ended(generation), "the end of the generation")
    done = refreshed(generation)
    assert (done.state, done.attempt) == (State.DONE, 2)
    texts = [each.text for each in done.completions.order_by("index")]
    assert len(texts) == 3
    # What was streamed by the attempt that ended well is what was stored.
    streamed = dict.fromkeys(range(3), "")
    for _, entry in pipe_client.xrange(stream_key(generation.pk)):
        if entry.get(b"attempt") == b"2":
            index = int(entry[b"index"])
            assert int(entry[b"offset"]) == len(streamed[index])
            streamed[index] += entry[b"text"].decode()
    assert list(streamed.values()) == texts


def test_a_worker_that_loses_its_device_ends_and_another_one_finishes(
    policy: Policy, tmp_path: Path
) -> None:
    with GpuWorker(tmp_path / "first.log", module="tests.faults.losing_worker") as first:
        generation = ask(policy, n=3, max_tokens=100, on_done="tests.ended")
        wait_until(first.ended, "the end of the worker whose device was lost")
    assert "device-side assert" in (tmp_path / "first.log").read_text()
    back = refreshed(generation)
    assert (back.state, back.attempt) == (State.QUEUED, 1)
    assert not Completion.objects.exists()
    assert not Runner.objects.exists()
    other = counting_worker()
    with clock.held_at(clock.now() + timedelta(minutes=1)):
        other.run_next()
    other.engines.close()
    done = refreshed(generation)
    assert (done.state, done.attempt) == (State.DONE, 2)
    assert done.completions.count() == 3


def test_a_warm_shutdown_leaves_nothing_running_and_no_worker_listed(
    policy: Policy, tmp_path: Path
) -> None:
    generations = [ask(policy, Generation.Purpose.CANDIDATE, n=6, max_tokens=120) for _ in range(5)]
    with GpuWorker(tmp_path / "first.log") as first:
        wait_until(lambda: Completion.objects.exists(), "the first generation's end")
        assert first.shut_down() == 0
    assert not Generation.objects.filter(state=State.RUNNING).exists()
    assert not Runner.objects.exists()
    with GpuWorker(tmp_path / "second.log"):
        wait_until(lambda: all(map(ended, generations)), "the end of all generations")
    assert set(Generation.objects.values_list("state", flat=True)) == {State.DONE}
    assert Completion.objects.count() == 6 * len(generations)


def test_without_redis_the_worker_finds_work_and_cancels_by_itself(
    policy: Policy, tmp_path: Path
) -> None:
    with GpuWorker(tmp_path / "worker.log", REDIS_URL=NO_REDIS):
        generation = ask(policy, n=2, max_tokens=20)
        wait_until(lambda: ended(generation), "the end of the generation")
        assert refreshed(generation).state == State.DONE


def test_a_worker_that_loads_its_model_ends_when_told_to(policy: Policy, tmp_path: Path) -> None:
    """The model never loads here: who waited for it would never end."""
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text(
        "import threading\n"
        f"open({str(tmp_path / 'loads')!r}, 'w').close()\n"
        "threading.Event().wait()\n"
    )
    with GpuWorker(tmp_path / "worker.log", PYTHONPATH=str(tmp_path)) as worker:
        wait_until((tmp_path / "loads").exists, "the worker to begin with its model")
        assert worker.shut_down() == 0
    assert not Runner.objects.exists()


def test_a_worker_loads_a_registered_policy_dry(policy_folder: Path, tmp_path: Path) -> None:
    check = registry.register_policy(name="tiny", source=str(policy_folder), actor=None)
    with GpuWorker(tmp_path / "worker.log", REDIS_URL=NO_REDIS):
        wait_until(
            lambda: PolicyCheck.objects.filter(finished_at__isnull=False).exists(), "the check"
        )
    check.refresh_from_db()
    assert check.state == PolicyCheck.State.PASSED, check.findings
    assert [each["verdict"] for each in check.findings if each["code"] == "load"] == ["good"]
    stored = registry.activate_policy(policy=check.policy, actor=None)
    assert len(stored.weights_sha256) == 64
