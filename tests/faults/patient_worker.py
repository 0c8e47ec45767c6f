"""A GPU worker that streams all of its text, on whatever machine.

`python -m tests.faults.patient_worker`, with Celery's own arguments.
"""

from __future__ import annotations

import sys
from typing import Any

from celery import signals
from celery.__main__ import main

from tests.patience import wait_for_redis


@signals.celeryd_after_setup.connect
def be_patient(**_: Any) -> None:
    wait_for_redis()


if __name__ == "__main__":
    sys.exit(main())  # type: ignore[no-untyped-call]
