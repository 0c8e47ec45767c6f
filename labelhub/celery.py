"""The Celery application. Messages are doorbells only; see labelhub.ring and docs/ARCHITECTURE.md."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery, signals

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "labelhub.settings")

from django.conf import settings

from labelhub.health import announce, refuse_old_schema

app = Celery("labelhub")
app.conf.update(
    broker_url=settings.BROKER_URL,
    broker_connection_retry_on_startup=True,
    # Redis may be away for as long as it likes; Celery's default gives up after a hundred tries.
    broker_connection_max_retries=None,
    # A doorbell that cannot be rung at once is not rung: the sweep finds the row.
    broker_transport_options={"socket_timeout": 5, "socket_connect_timeout": 0.2},
    task_ignore_result=True,
    task_store_errors_even_if_ignored=False,
    result_backend=None,
    task_acks_late=False,
    task_serializer="json",
    accept_content=["json"],
    task_default_queue="default",
    task_routes={"sampling.run": {"queue": "gpu"}, "sampling.check": {"queue": "gpu"}},
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_send_task_events=False,
    timezone="UTC",
    beat_schedule={
        "sampling.sweep": {
            "task": "sampling.sweep",
            "schedule": settings.SWEEP_SECONDS,
        },
        "annotation.sweep": {
            "task": "annotation.sweep",
            "schedule": settings.SWEEP_SECONDS,
        },
        "accounts.forget_sessions": {"task": "accounts.forget_sessions", "schedule": 3600},
    },
)
app.autodiscover_tasks(related_name="jobs")


@signals.worker_init.connect
@signals.beat_init.connect
def hold_servers(**_: Any) -> None:
    settings.HOLD_SERVERS()
    refuse_old_schema()


@signals.worker_ready.connect
@signals.beat_init.connect
def say_ready(**_: Any) -> None:
    announce()
