"""A GPU worker process whose engine counts, and which kills itself (kill -9) at a stage named to it.

`python -m tests.faults.dying_worker STAGE`, on the database of the environment.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import django

STAGES = ("claimed", "building", "flowing", "ended", "storing", "stored")


def die(*_: Any, **__: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def before(owner: Any, name: str) -> None:
    """Die in place of the next call."""
    setattr(owner, name, die)


def after_first(owner: Any, name: str) -> None:
    """Die once the call has done its work."""
    work: Callable[..., Any] = getattr(owner, name)

    def work_and_die(*args: Any, **kwargs: Any) -> None:
        work(*args, **kwargs)
        die()

    setattr(owner, name, work_and_die)


def main(stage: str) -> None:
    django.setup()
    # Models can be imported from here on only.
    from sampling import lifecycle, runner, stream
    from sampling.models import Trace
    from tests.counting import counting_worker

    worker = counting_worker(n_words=40)
    if stage == "claimed":
        before(worker.engines, "engine_for")
    elif stage == "building":
        before(worker.engines, "_build")
    elif stage == "flowing":
        after_first(stream.Pipe, "publish")
    elif stage == "ended":
        before(runner, "settle")
    elif stage == "storing":
        # Inside the transaction: completions are written, and nothing is committed.
        before(Trace.objects, "bulk_create")
    elif stage == "stored":
        # Committed; the job that should hear of it is not rung.
        before(lifecycle.pipe, "announce_end")
        lifecycle.ring = lambda *_: None
    worker.run_next()


if __name__ == "__main__":
    main(sys.argv[1])
