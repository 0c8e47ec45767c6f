"""A Redis that is there is waited for, however busy the machine is.

In a fifth of a second it counts as away, for everybody's sake; what labelhub does without it is tested
where it is away for certain.
"""

from __future__ import annotations

from tests.processes import DEADLINE_SECONDS


def wait_for_redis() -> None:
    """In this process, from its first word with Redis on."""
    from labelhub.celery import app
    from sampling import stream

    stream.TIMEOUT_SECONDS = DEADLINE_SECONDS
    app.conf.broker_transport_options |= {"socket_connect_timeout": DEADLINE_SECONDS}
