"""The one way to send a job: a doorbell rung after commit, which may be lost without harm."""

from __future__ import annotations

import logging
import time
from functools import partial
from typing import Protocol

from django.db import transaction
from kombu.exceptions import OperationalError

from labelhub.celery import app

logger = logging.getLogger(__name__)

# After a failed ring nobody tries again for this long: a save must not wait for a dead Redis.
BREAKER_SECONDS = 5.0
_closed_until = 0.0


class Job(Protocol):
    name: str


def ring(job: Job | str, *ids: int) -> None:
    """Send `job` with `ids` once the transaction commits. Never raises for an unreachable Redis."""
    name = job if isinstance(job, str) else job.name
    transaction.on_commit(partial(_send, name, ids), robust=True)


def _send(name: str, ids: tuple[int, ...]) -> None:
    global _closed_until
    if time.monotonic() < _closed_until:
        return
    try:
        app.send_task(name, args=list(ids), retry=False, ignore_result=True)
    except (OperationalError, OSError) as exc:
        _closed_until = time.monotonic() + BREAKER_SECONDS
        logger.warning(
            "the doorbell for %s is not heard (%s); the sweep will find the work",
            name,
            exc,
        )
