"""Runs imports of uploaded files: claims one, reads its rows in, keeps what was not taken as a file."""

from __future__ import annotations

import tempfile
from functools import partial
from io import BufferedReader

from django.core.files import File
from django.db import DatabaseError, InterfaceError

from annotation.models import Upload
from annotation.runner import Lease
from annotation.services import imports, uploads
from annotation.services.leased_jobs import Stopped
from annotation.services.rejects import write_rejects
from labelhub.exceptions import LabelhubError


def run_import(*, upload_id: int) -> None:
    """Read a queued upload in; a second call for the same one finds nothing to do.

    A refusal is written to the row. A fault too, and raised; but where PostgreSQL is away nothing is
    written, the lease runs out and the sweep gives it to another worker, who goes on where it stood.
    """
    upload = uploads.claim(upload_id=upload_id)
    if upload is None:
        return
    try:
        with Lease(partial(_renew, upload), name=f"lease of upload {upload_id}") as lease:
            _read(upload, lease)
    except Stopped:
        uploads.settle_cancelled(upload=upload)
    except LabelhubError as refusal:
        uploads.fail(upload=upload, code=refusal.code, detail=refusal.detail)
    except (DatabaseError, InterfaceError):
        raise
    except Exception as error:
        uploads.fail(upload=upload, code="internal", detail=f"{type(error).__name__}: {error}")
        raise


def _read(upload: Upload, lease: Lease) -> None:
    file = uploads.UploadedFile(upload)
    reader = imports.reader_of(
        stream=BufferedReader(file),
        file_format=upload.format or None,
        as_drafts=upload.as_drafts,
    )
    run = upload.import_run
    if run is None:
        run = imports.begin_run(
            project=upload.project,
            reader=reader,
            file_name=upload.file_name,
            licence=upload.licence,
            as_drafts=upload.as_drafts,
            allowed_use=upload.allowed_use,
            started_by=upload.requested_by,
        )
        uploads.set_run(upload=upload, run=run)
    imports.read_rows(run=run, reader=reader, on_progress=lambda _: lease.tell(file.n_bytes_read))
    if not run.rejects:
        uploads.finish(upload=upload, rejects=None)
        return
    with tempfile.TemporaryFile() as rejects:
        write_rejects(run=run, lines=rejects)
        rejects.seek(0)
        uploads.finish(upload=upload, rejects=File(rejects))


def _renew(upload: Upload, n_bytes_read: int = 0) -> bool:
    return uploads.renew(upload=upload, n_bytes_read=n_bytes_read)
