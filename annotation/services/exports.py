"""The life of an export: asked for, leased to a worker, whole, failed or cancelled."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import QuerySet

from annotation.models import Dataset, Export
from annotation.services import datasets
from annotation.services.dataset_lines import FileOptions
from labelhub import clock
from labelhub.accounts import services as accounts
from labelhub.accounts.models import Project, User
from labelhub.ring import ring

JOB = "annotation.export"
MAX_ATTEMPTS = 3
# A message was lost, or every worker was busy, when a queued export is this old.
RING_AGAIN_SECONDS = 15

State = Export.State


@transaction.atomic
def start_export(*, project: Project, options: FileOptions, requested_by: User | None) -> Export:
    """Queue a file to be made of what may leave when a worker gets to it."""
    export = Export.objects.create(
        project=project,
        kind=options.kind,
        format=options.file_format,
        options=options.as_json(),
        requested_by=requested_by,
        created_at=clock.now(),
    )
    accounts.record(
        actor=requested_by,
        verb="export",
        subject=export,
        project=project,
        kind=options.kind,
        format=options.file_format,
    )
    ring(JOB, export.pk)
    return export


@transaction.atomic
def cancel_export(*, export: Export) -> None:
    """Stop it: at once while it waits, soon while it runs; what has ended stays as it is."""
    export = Export.objects.select_for_update().get(pk=export.pk)
    now = clock.now()
    if export.state == State.QUEUED:
        export.state, export.finished_at = State.CANCELLED, now
    if export.state in (State.CANCELLED, State.RUNNING):
        export.cancel_requested_at = export.cancel_requested_at or now
        export.save(update_fields=["state", "finished_at", "cancel_requested_at"])


@transaction.atomic(durable=True)
def claim(*, export_id: int) -> Export | None:
    """Lease a queued export to the caller; None where somebody else has it or it has ended."""
    export = (
        Export.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("project", "requested_by")
        .filter(pk=export_id, state=State.QUEUED)
        .first()
    )
    if export is None:
        return None
    export.state = State.RUNNING
    export.attempt += 1
    export.n_written = 0
    export.lease_until = clock.now() + timedelta(seconds=settings.LEASE_SECONDS)
    export.save(update_fields=["state", "attempt", "n_written", "lease_until"])
    return export


def renew(*, export: Export, n_written: int) -> bool:
    """Keep the lease and say how far it has come. False where it was lost or is not wanted."""
    return bool(
        _held(export)
        .filter(cancel_requested_at=None)
        .update(
            n_written=n_written,
            lease_until=clock.now() + timedelta(seconds=settings.LEASE_SECONDS),
        )
    )


@transaction.atomic
def dataset_of(*, export: Export) -> Dataset:
    """The frozen rows of the export: frozen now, or by the attempt that was cut off before."""
    export = (
        Export.objects.select_for_update(of=("self",)).select_related("project").get(pk=export.pk)
    )
    if export.dataset is None:
        options = FileOptions(**export.options)
        export.dataset = datasets.freeze(
            project=export.project,
            kind=Dataset.Kind(export.kind),
            criterion=options.criterion,
            grouped=options.grouped,
            created_by=export.requested_by,
        )
        export.n_rows = export.dataset.n_rows
        export.save(update_fields=["dataset", "n_rows"])
    return export.dataset


def storage_name(export: Export) -> str:
    """Where the attempt's file lies in the default storage; no two attempts share a name."""
    return f"exports/{export.pk}-{export.attempt}/{export.file_name}"


def finish(*, export: Export) -> None:
    """The file named by `storage_name` is whole; it goes where another attempt has taken over."""
    done = _held(export).update(
        state=State.DONE,
        lease_until=None,
        finished_at=clock.now(),
        n_written=export.n_written,
        file_name=export.file_name,
        n_bytes=export.n_bytes,
        sha256=export.sha256,
        manifest=export.manifest,
    )
    if not done:
        default_storage.delete(storage_name(export))


def fail(*, export: Export, code: str, detail: str) -> None:
    _held(export).update(
        state=State.FAILED,
        lease_until=None,
        finished_at=clock.now(),
        error_code=code,
        error_detail=detail,
    )


def settle_cancelled(*, export: Export) -> None:
    """The worker has stopped because nobody wants the file any more."""
    _held(export).exclude(cancel_requested_at=None).update(
        state=State.CANCELLED, lease_until=None, finished_at=clock.now()
    )


def sweep() -> None:
    """Free exports whose worker died, and ring again for those that nobody heard of."""
    _free_expired()
    waited_from = clock.now() - timedelta(seconds=RING_AGAIN_SECONDS)
    for pk in Export.objects.filter(state=State.QUEUED, created_at__lt=waited_from).values_list(
        "pk", flat=True
    ):
        ring(JOB, pk)


@transaction.atomic
def _free_expired() -> None:
    now = clock.now()
    for export in Export.objects.select_for_update(skip_locked=True).filter(
        state=State.RUNNING, lease_until__lt=now
    ):
        export.lease_until = None
        if export.cancel_requested_at is not None:
            export.state, export.finished_at = State.CANCELLED, now
        elif export.attempt < MAX_ATTEMPTS:
            export.state = State.QUEUED
            ring(JOB, export.pk)
        else:
            export.state, export.finished_at = State.FAILED, now
            export.error_code = "worker_lost"
            export.error_detail = f"The worker died in each of {export.attempt} attempts."
        export.save(
            update_fields=["state", "lease_until", "finished_at", "error_code", "error_detail"]
        )


def _held(export: Export) -> QuerySet[Export]:
    """The row, for as long as this attempt holds it."""
    return Export.objects.filter(pk=export.pk, state=State.RUNNING, attempt=export.attempt)
