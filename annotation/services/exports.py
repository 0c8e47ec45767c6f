"""The life of an export: asked for, leased to a worker, whole, failed or cancelled."""

from __future__ import annotations

from django.core.files.storage import default_storage
from django.db import transaction

from annotation.models import Dataset, Export
from annotation.services import datasets, job_folders, leased_jobs, recipes
from annotation.services.file_options import FileOptions
from labelhub import clock
from labelhub.accounts import services as accounts
from labelhub.accounts.models import Project, User
from labelhub.ring import ring

JOB = "annotation.export"


@transaction.atomic
def start_export(*, project: Project, options: FileOptions, requested_by: User | None) -> Export:
    """Queue a file to be made of what may leave when a worker gets to it. Raises BenchmarkUnknown."""
    recipes.require_benchmarks(project=project, ids=options.benchmarks)
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


def cancel_export(*, export: Export) -> None:
    """Stop it: at once while it waits, soon while it runs; what has ended stays as it is."""
    leased_jobs.cancel(export)


def claim(*, export_id: int) -> Export | None:
    """Lease a queued export to the caller; None where somebody else has it or it has ended."""
    return leased_jobs.claim(Export, export_id, n_written=0)


def renew(*, export: Export, n_written: int) -> bool:
    """Keep the lease and say how far it has come. False where it was lost or is not wanted."""
    return leased_jobs.renew(export, n_written=n_written)


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
            thumbs=options.thumbs,
            allow_use=options.allow_use,
            created_by=export.requested_by,
        )
        export.n_rows = export.dataset.n_rows
        export.save(update_fields=["dataset", "n_rows"])
    return export.dataset


def storage_name(export: Export) -> str:
    """Where the attempt's file lies in the default storage; no two attempts share a name."""
    return f"{_folder(export, export.attempt)}/{export.file_name}"


def _folder(export: Export, attempt: int) -> str:
    return f"exports/{export.pk}-{attempt}"


def finish(*, export: Export) -> None:
    """The file named by `storage_name` is whole; it goes where another attempt has taken over.

    What attempts before this one stored and did not live to name goes too.
    """
    done = leased_jobs.finish(
        export,
        n_written=export.n_written,
        file_name=export.file_name,
        n_bytes=export.n_bytes,
        sha256=export.sha256,
        manifest=export.manifest,
    )
    if not done:
        default_storage.delete(storage_name(export))
        return
    for attempt in range(1, export.attempt):
        job_folders.forget_stored(_folder(export, attempt))


def put_away(*, export: Export) -> None:
    """It has ended without a file: what its attempts wrote and stored goes."""
    job_folders.forget_folder(export)
    for attempt in range(1, export.attempt + 1):
        job_folders.forget_stored(_folder(export, attempt))


def sweep() -> None:
    """Free exports whose worker died, and ring again for those that nobody heard of."""
    for export in leased_jobs.sweep(Export, ring_as=JOB):
        put_away(export=export)
    job_folders.forget_folders_of_ended(Export)
