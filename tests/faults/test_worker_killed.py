"""A worker that dies by kill -9 at every stage of a generation: nothing is lost, nothing is twice."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from django.conf import settings
from django.db import connection

from labelhub import clock
from sampling import services, sweep
from sampling.models import Completion, Generation, Policy, Trace
from tests.counting import (  # noqa: F401 — fixtures
    counting_worker,
    pipe_client,
    policy,
    rung,
    tokenizer_folder,
)
from tests.faults.dying_worker import STAGES
from tests.gpu_worker import database_url
from tests.sampling.asking import ask, refreshed

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]
PROJECT = Path(__file__).resolve().parents[2]
State = Generation.State
Rung = Callable[[], list[tuple[str, list[int]]]]


def die_at(stage: str) -> None:
    """Run a worker process until it kills itself."""
    environment = os.environ | {
        "DATABASE_URL": database_url(),
        "REDIS_URL": settings.REDIS_URL,
        "DJANGO_SETTINGS_MODULE": "labelhub.settings",
    }
    died = subprocess.run(
        [sys.executable, "-m", "tests.faults.dying_worker", stage],
        cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=150, check=False,
    )  # fmt: skip
    assert died.returncode == -9, died.stderr


def recover() -> None:
    """What the sweep and another worker do once the lease has run out."""
    Generation.objects.filter(state=State.RUNNING).update(
        lease_until=clock.now() - timedelta(seconds=1)
    )
    sweep.sweep()
    other = counting_worker(n_words=40)
    other.run_next()
    other.engines.close()


@pytest.mark.parametrize("stage", STAGES)
def test_killed_at_any_stage(
    policy: Policy,  # noqa: F811
    rung: Rung,  # noqa: F811
    stage: str,
) -> None:
    generation = ask(policy, n=3, max_tokens=30, temperature=0, on_done="tests.ended")
    rung()
    die_at(stage)
    stored = stage == "stored"
    assert refreshed(generation).state == (State.DONE if stored else State.RUNNING)
    assert Completion.objects.count() == (3 if stored else 0)
    recover()
    done = refreshed(generation)
    assert (done.state, done.attempt) == (State.DONE, 1 if stored else 2)
    words = "".join(f"{number} " for number in range(30))
    assert [each.text for each in done.completions.order_by("index")] == [words] * 3
    assert Trace.objects.count() == 3
    faults = list(generation.faults.values_list("code", "final"))
    assert faults == ([] if stored else [("worker_lost", False)])
    # Whoever waits for the end hears of it: at once, or from the sweep where the doorbell was lost.
    if stored:
        assert ("tests.ended", [generation.pk]) not in rung()
        with clock.held_at(clock.now() + timedelta(seconds=21)):
            sweep.sweep()
    assert rung().count(("tests.ended", [generation.pk])) == 1
    assert services.mark_consumed(generation=generation)


def test_cancelled_while_its_worker_was_dead(
    policy: Policy,  # noqa: F811
    pipe_client: redis.Redis,  # noqa: F811
) -> None:
    generation = ask(policy, max_tokens=30)
    die_at("flowing")
    services.cancel(generation=generation)
    recover()
    assert refreshed(generation).state == State.CANCELLED
    assert connection.is_usable()
