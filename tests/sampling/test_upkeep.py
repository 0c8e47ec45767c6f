"""What keeps generations going beside the threads that run them: upkeep in a worker, and the sweep."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from labelhub import clock
from sampling import claiming, runner, services, settling, sweep
from sampling.engine.protocol import DEVICE_LOST, Failure
from sampling.models import Generation, Policy
from sampling.runner import Worker
from sampling.selectors import SamplingState, sampling_health
from sampling.upkeep import Upkeep
from tests.counting import Steppers, counting_worker
from tests.processes import DEADLINE_SECONDS
from tests.sampling.asking import ask, refreshed

pytestmark = pytest.mark.django_db(transaction=True)
Rung = Callable[[], list[tuple[str, list[int]]]]
State = Generation.State
Purpose = Generation.Purpose


def upkeep_of(worker: Worker) -> Upkeep:
    """Its duties, to be called one by one; the thread is not started."""
    return Upkeep(worker, worker.run_next)


def test_a_runner_that_lost_its_lease_stops_on_the_device(
    policy: Policy, steppers: Steppers
) -> None:
    worker = steppers.worker()
    generation = ask(policy, max_tokens=500)
    steppers.start_until_running(worker, 1)
    Generation.objects.update(attempt=2)
    upkeep_of(worker).renew_leases()
    steppers.engines[worker].step()
    steppers.threads[0].join()
    assert not refreshed(generation).completions.exists()
    assert refreshed(generation).state == State.RUNNING


def test_leases_are_renewed_while_tokens_flow_and_only_then(
    policy: Policy, steppers: Steppers
) -> None:
    worker = steppers.worker()
    generation = ask(policy, max_tokens=500)
    steppers.start_until_running(worker, 1)
    claimed_until = refreshed(generation).lease_until
    upkeep = upkeep_of(worker)
    steppers.engines[worker].step()
    upkeep.renew_leases()
    renewed_until = refreshed(generation).lease_until
    assert claimed_until is not None
    assert renewed_until is not None
    assert renewed_until > claimed_until
    # The engine hangs from here on.
    upkeep.renew_leases()
    assert refreshed(generation).lease_until == renewed_until


@pytest.mark.parametrize("heard", [True, False])
def test_cancel_reaches_the_device_and_what_was_said_is_kept(
    policy: Policy, steppers: Steppers, rung: Rung, *, heard: bool
) -> None:
    worker = steppers.worker()
    generation = ask(policy, n=2, max_tokens=500, temperature=0, on_done="tests.ended")
    steppers.start_until_running(worker, 1)
    engine = steppers.engines[worker]
    for _ in range(3):
        engine.step()
    upkeep = upkeep_of(worker)
    if heard:
        # The first wait subscribes; from then on a cancel is heard as it is said.
        upkeep.stop_announced(0.0)
        services.cancel(generation=refreshed(generation))
        upkeep.stop_announced(DEADLINE_SECONDS)
    else:
        services.cancel(generation=refreshed(generation))
        upkeep.stop_requested()
    engine.step()
    steppers.threads[0].join()
    cancelled = refreshed(generation)
    assert cancelled.state == State.CANCELLED
    # The first step drew the first word; the first and the two others each decoded one more.
    assert {each.text for each in cancelled.completions.all()} == {"0 1 2 3 "}
    assert {each.finish_reason for each in cancelled.completions.all()} == {"cancelled"}
    assert ("tests.ended", [generation.pk]) in rung()


def test_a_warm_shutdown_hands_back_without_counting_the_attempt(
    policy: Policy, steppers: Steppers
) -> None:
    worker, other = steppers.worker(), counting_worker()
    generation = ask(policy, max_tokens=500)
    steppers.start_until_running(worker, 1)
    worker.stop()
    upkeep_of(worker).hand_back()
    steppers.engines[worker].step()
    steppers.threads[0].join()
    back = refreshed(generation)
    assert (back.state, back.attempt, back.max_attempts) == (State.QUEUED, 1, 4)
    worker.run_next()
    assert refreshed(generation).state == State.QUEUED
    other.run_next()
    assert refreshed(generation).state == State.DONE
    other.engines.close()


def test_a_lost_device_counts_though_the_process_hands_back_as_it_ends(
    policy: Policy, steppers: Steppers, caplog: pytest.LogCaptureFixture
) -> None:
    worker = steppers.worker()
    generation = ask(policy, max_tokens=500)
    steppers.start_until_running(worker, 1)
    (running,) = worker.running()
    worker.stop()
    upkeep_of(worker).hand_back()
    settling.settle(running, Failure(DEVICE_LOST, "an assert failed on it", retryable=True))
    back = refreshed(generation)
    assert (back.state, back.attempt, back.max_attempts) == (State.QUEUED, 1, 3)
    assert "an assert failed on it" in caplog.text
    steppers.finish()
    assert refreshed(generation).max_attempts == 3


def test_upkeep_runs_what_waits_though_no_message_came(policy: Policy, worker: Worker) -> None:
    generations = [ask(policy) for _ in range(3)]
    upkeep_of(worker).start_waiting()
    assert {refreshed(each).state for each in generations} == {State.DONE}


def test_upkeep_reports_and_signs_off(worker: Worker) -> None:
    upkeep = upkeep_of(worker)
    assert sampling_health().state is SamplingState.DOWN
    upkeep.report()
    upkeep.report()
    assert (sampling_health().state, sampling_health().runners) == (SamplingState.OK, 1)
    with clock.held_at(clock.now() + timedelta(seconds=31)):
        assert sampling_health().state is SamplingState.DOWN
    upkeep.sign_off()
    assert sampling_health().runners == 0


def test_sampling_is_delayed_when_somebody_waits(policy: Policy, worker: Worker) -> None:
    upkeep_of(worker).report()
    candidates, draft = ask(policy, Purpose.CANDIDATE), ask(policy, Purpose.DRAFT)
    with clock.held_at(candidates.created_at + timedelta(seconds=11)):
        assert sampling_health().state is SamplingState.DELAYED
        assert sampling_health().oldest_queued_seconds == 11.0
        services.cancel(generation=draft)
        # A queue of candidates is meant to be long.
        assert sampling_health().state is SamplingState.OK
        assert sampling_health().oldest_queued_seconds == 11.0


def test_the_sweep_frees_what_a_dead_worker_held(policy: Policy, rung: Rung) -> None:
    dead = counting_worker().id
    tired, wanted, cancelled, alive = (ask(policy, on_done="tests.ended") for _ in range(4))
    for generation in (tired, wanted, cancelled, alive):
        assert claiming.claim(owner=dead, least_urgent=Generation.Priority.BATCH) == generation
    ago = clock.now() - timedelta(seconds=1)
    Generation.objects.exclude(pk=alive.pk).update(lease_until=ago)
    Generation.objects.filter(pk=tired.pk).update(attempt=3)
    Generation.objects.filter(pk=cancelled.pk).update(cancel_requested_at=ago)
    rung()
    sweep.sweep()
    found = {each.pk: (each.state, each.error_code) for each in Generation.objects.all()}
    assert found == {
        tired.pk: (State.FAILED, "worker_lost"),
        wanted.pk: (State.QUEUED, ""),
        cancelled.pk: (State.CANCELLED, ""),
        alive.pk: (State.RUNNING, ""),
    }
    assert rung() == [("tests.ended", [tired.pk]), ("tests.ended", [cancelled.pk])]


def test_the_sweep_rings_again_for_what_was_not_consumed(
    policy: Policy, worker: Worker, rung: Rung
) -> None:
    lost, consumed = ask(policy, on_done="tests.ended"), ask(policy, on_done="tests.ended")
    silent = ask(policy)
    runner.run_next()
    services.mark_consumed(generation=consumed)
    assert refreshed(silent).state == State.DONE
    rung()
    sweep.sweep()
    assert rung() == []
    with clock.held_at(clock.now() + timedelta(seconds=21)):
        sweep.sweep()
    assert rung() == [("tests.ended", [lost.pk])]


def test_the_sweep_rings_for_what_waits_while_a_worker_lives(
    policy: Policy, worker: Worker, rung: Rung
) -> None:
    ask(policy)
    rung()
    sweep.sweep()
    assert rung() == []
    upkeep_of(worker).report()
    sweep.sweep()
    assert rung() == [("sampling.run", [])]
