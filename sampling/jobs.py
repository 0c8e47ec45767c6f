"""What messages wake: a run of waiting generations, and the sweep; and a GPU worker's life."""

# mypy: disallow-untyped-decorators=False

from __future__ import annotations

import os
import threading
from typing import Any

from celery import shared_task, signals
from celery.concurrency.thread import TaskPool

from sampling import runner, sweep
from sampling.upkeep import Upkeep

GPU_QUEUE = "gpu"
# What runs is handed back in a fraction of this.
LOADING_PATIENCE_SECONDS = 1.5
_upkeep: Upkeep | None = None


@shared_task(name="sampling.run")
def run() -> None:
    runner.run_next()


@shared_task(name="sampling.check")
def check() -> None:
    if _upkeep is not None:
        _upkeep.start_check()


@shared_task(name="sampling.sweep", expires=60)
def sweep_now() -> None:
    sweep.sweep()


@signals.celeryd_after_setup.connect
def start_upkeep(instance: Any, **_: Any) -> None:
    """In a worker that takes from the GPU queue: look after its generations."""
    global _upkeep
    if GPU_QUEUE not in instance.app.amqp.queues.consume_from:
        return
    if not isinstance(instance.pool, TaskPool):
        raise SystemExit(
            "A GPU worker runs its generations on threads, which share one engine: "
            "start it with `celery -A labelhub worker -P threads -Q gpu`."
        )
    try:
        runner.worker.take_threads(instance.concurrency)
    except ValueError as error:
        raise SystemExit(f"This GPU worker cannot start: {error}.") from error
    _upkeep = Upkeep(runner.worker, lambda: instance.pool.apply_async(runner.run_next))
    _upkeep.start()


@signals.worker_ready.connect
def warm_up(sender: Any, **_: Any) -> None:
    if _upkeep is not None:
        sender.pool.apply_async(runner.worker.warm_up)


@signals.worker_shutting_down.connect
def hand_back(**_: Any) -> None:
    """A warm shutdown: claim nothing more; the upkeep thread hands back what runs."""
    runner.worker.stop()
    leaving = threading.Timer(LOADING_PATIENCE_SECONDS, _leave_while_loading)
    leaving.daemon = True
    leaving.start()


def _leave_while_loading() -> None:
    """End the process where it loads a model: its threads cannot, and nobody waits for the model."""
    if _upkeep is not None and runner.worker.engines.is_building():
        _upkeep.close()
        os._exit(0)


@signals.worker_shutdown.connect
def sign_off(**_: Any) -> None:
    if _upkeep is not None:
        _upkeep.close()
        runner.worker.engines.close()
