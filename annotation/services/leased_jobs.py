"""The life of a long job that is a row: waiting, leased to a worker, done, failed or cancelled.

A row holds `state`, `attempt`, `lease_until`, `cancel_requested_at`, `finished_at`, `error_code` and
`error_detail`, and belongs to a project. Whatever a dead worker leaves behind is found by its lease.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, TypeVar

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from annotation.models import Export, Freezing, Upload
from labelhub import clock
from labelhub.ring import ring

Job = TypeVar("Job", Export, Freezing, Upload)

MAX_ATTEMPTS = 3
# A message was lost, or every worker was busy, when a queued job is this old.
RING_AGAIN_SECONDS = 15

State = Export.State


class Stopped(Exception):
    """The lease is lost, or nobody wants any more what the job makes."""


@transaction.atomic
def cancel(job: Job) -> None:
    """Stop it: at once while it waits, soon while it runs; what has ended stays as it is."""
    job = type(job).objects.select_for_update().get(pk=job.pk)
    now = clock.now()
    if job.state == State.QUEUED:
        job.state, job.finished_at = State.CANCELLED, now
    if job.state in (State.CANCELLED, State.RUNNING):
        job.cancel_requested_at = job.cancel_requested_at or now
        job.save(update_fields=["state", "finished_at", "cancel_requested_at"])


@transaction.atomic(durable=True)
def claim(model: type[Job], pk: int, **progress: Any) -> Job | None:
    """Lease a queued job to the caller; None where somebody else has it or it has ended.

    `progress` are the fields that start anew with each attempt.
    """
    job = (
        model.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("project", "requested_by")
        .filter(pk=pk, state=State.QUEUED)
        .first()
    )
    if job is None:
        return None
    job.state = State.RUNNING
    job.attempt += 1
    job.lease_until = clock.now() + timedelta(seconds=settings.LEASE_SECONDS)
    for name, value in progress.items():
        setattr(job, name, value)
    job.save(update_fields=["state", "attempt", "lease_until", *progress])
    return job


def renew(job: Job, **progress: Any) -> bool:
    """Keep the lease and say how far it has come. False where it was lost or is not wanted."""
    return bool(
        held(job)
        .filter(cancel_requested_at=None)
        .update(
            lease_until=clock.now() + timedelta(seconds=settings.LEASE_SECONDS),
            **progress,
        )
    )


def keep(job: Job) -> None:
    """Hold the row until the transaction ends. Raises Stopped where there is no point in going on."""
    if held(job).filter(cancel_requested_at=None).select_for_update().first() is None:
        raise Stopped


def finish(job: Job, **results: Any) -> bool:
    """The job is done with these results; False where another attempt has taken over."""
    return bool(
        held(job).update(state=State.DONE, lease_until=None, finished_at=clock.now(), **results)
    )


def fail(job: Job, *, code: str, detail: str) -> bool:
    """The job cannot be done; False where another attempt has taken over."""
    return bool(
        held(job).update(
            state=State.FAILED,
            lease_until=None,
            finished_at=clock.now(),
            error_code=code,
            error_detail=detail,
        )
    )


def settle_cancelled(job: Job) -> bool:
    """The worker has stopped because nobody wants the result any more; False where it is still
    wanted, or another attempt has taken over."""
    return bool(
        held(job)
        .exclude(cancel_requested_at=None)
        .update(state=State.CANCELLED, lease_until=None, finished_at=clock.now())
    )


def sweep(model: type[Job], *, ring_as: str) -> list[Job]:
    """Free jobs whose worker died, and ring again for those that nobody heard of.

    Those that end here, since they were called off or have had attempts enough, are given back.
    """
    ended = _free_expired(model, ring_as)
    waited_from = clock.now() - timedelta(seconds=RING_AGAIN_SECONDS)
    for pk in model.objects.filter(state=State.QUEUED, created_at__lt=waited_from).values_list(
        "pk", flat=True
    ):
        ring(ring_as, pk)
    return ended


@transaction.atomic
def _free_expired(model: type[Job], ring_as: str) -> list[Job]:
    now = clock.now()
    ended = []
    for job in model.objects.select_for_update(skip_locked=True).filter(
        state=State.RUNNING, lease_until__lt=now
    ):
        job.lease_until = None
        if job.cancel_requested_at is not None:
            job.state, job.finished_at = State.CANCELLED, now
        elif job.attempt < MAX_ATTEMPTS:
            job.state = State.QUEUED
            ring(ring_as, job.pk)
        else:
            job.state, job.finished_at = State.FAILED, now
            job.error_code = "worker_lost"
            job.error_detail = f"The worker died in each of {job.attempt} attempts."
        job.save(
            update_fields=["state", "lease_until", "finished_at", "error_code", "error_detail"]
        )
        if job.state != State.QUEUED:
            ended.append(job)
    return ended


def held(job: Job) -> QuerySet[Job]:
    """The row, for as long as this attempt holds it."""
    return type(job).objects.filter(pk=job.pk, state=State.RUNNING, attempt=job.attempt)
