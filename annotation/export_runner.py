"""Runs exports: claims one, writes its file, puts it into the storage under its final name."""

from __future__ import annotations

from functools import partial
from hashlib import file_digest

from django.core.files.storage import default_storage

from annotation.datasets.archives import zipped
from annotation.leased_work import FinishedFile, Lease, run_leased
from annotation.models import Dataset, Export
from annotation.services import dataset_files, exports
from annotation.services.file_options import FileOptions
from annotation.services.job_folders import working_folder


def run_export(*, export_id: int) -> None:
    """Make the file of a queued export; a second call for the same one finds nothing to do.

    How it may end: see run_leased.
    """
    export = exports.claim(export_id=export_id)
    if export is not None:
        run_leased(
            export,
            renew=partial(_renew, export),
            work=partial(_export, export),
            put_away=partial(exports.put_away, export=export),
        )


def _renew(export: Export, n_written: int = 0) -> bool:
    return exports.renew(export=export, n_written=n_written)


def _export(export: Export, lease: Lease) -> None:
    _make_file(export, exports.dataset_of(export=export), lease)
    exports.finish(export=export)


def _make_file(export: Export, dataset: Dataset, lease: Lease) -> None:
    """Write, and store; the row's fields say what was stored."""
    options = FileOptions(**export.options)
    with working_folder(export) as folder:
        path = folder / dataset_files.file_name(dataset=dataset, options=options)
        written = dataset_files.write_files(
            dataset=dataset, options=options, path=path, progress=lease.tell
        )
        if len(written.files) > 1:
            names = [*(file.name for file in written.files), f"{path.name}.manifest.json"]
            path = zipped(path.with_suffix(".zip"), names)
        with path.open("rb") as stream:
            export.sha256 = file_digest(stream, "sha256").hexdigest()
        export.n_bytes = path.stat().st_size
        export.file_name = path.name
        export.n_written = written.manifest["kept"]
        export.manifest = written.manifest
        lease.tell(export.n_written)
        with path.open("rb") as stream:
            default_storage.save(exports.storage_name(export), FinishedFile(stream))
