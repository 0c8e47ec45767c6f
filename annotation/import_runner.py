"""Runs imports of uploaded files: claims one, reads its rows in, keeps what was not taken as a file."""

from __future__ import annotations

import tempfile
from functools import partial
from io import BufferedReader

from django.core.files import File

from annotation.leased_work import Lease, run_leased
from annotation.models import Upload
from annotation.services import imports, uploads
from annotation.services.rejects import write_rejects


def run_import(*, upload_id: int) -> None:
    """Read a queued upload in; a second call for the same one finds nothing to do.

    How it may end: see run_leased. An attempt after one that died goes on where it stood.
    """
    upload = uploads.claim(upload_id=upload_id)
    if upload is not None:
        run_leased(
            upload,
            renew=partial(_renew, upload),
            work=partial(_read, upload),
            put_away=partial(uploads.forget_parts, upload=upload),
        )


def _read(upload: Upload, lease: Lease) -> None:
    # Asked at every read too: what is packed well may hold no row for a long time.
    file = uploads.UploadedFile(upload, before_read=lease.require_wanted)
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
