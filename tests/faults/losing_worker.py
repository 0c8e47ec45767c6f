"""A GPU worker whose device is lost in the middle of its first generation, as after a failed assert.

`python -m tests.faults.losing_worker`, with Celery's own arguments.
"""

from __future__ import annotations

import sys
from typing import Any

from celery import signals
from celery.__main__ import main

N_GOOD_STEPS = 5


def lose_the_device(engine: Any) -> Any:
    """Have every step after the first few fail as CUDA's do once an assert failed."""
    import torch

    step, n_steps = engine._backend._step, 0

    def step_or_fail(rows: Any) -> Any:
        nonlocal n_steps
        n_steps += 1
        if n_steps > N_GOOD_STEPS:
            raise torch.AcceleratorError("CUDA error: device-side assert triggered")
        return step(rows)

    engine._backend._step = step_or_fail
    return engine


@signals.celeryd_after_setup.connect
def arrange_the_loss(**_: Any) -> None:
    from sampling.runner import worker

    build = worker.engines._build
    worker.engines._build = lambda policy: lose_the_device(build(policy))


if __name__ == "__main__":
    sys.exit(main())  # type: ignore[no-untyped-call]
