"""The life of an uploaded file: sent in parts, leased to a worker, read into its project."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from io import RawIOBase
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.db import transaction

from annotation.exceptions import (
    DraftsAreDialogues,
    TooManyUploads,
    UploadEnded,
    UploadPartRefused,
    UploadTooLarge,
)
from annotation.models import ImportRun, Upload, UploadPart
from annotation.services import leased_jobs
from annotation.services.imports import FORMATS_WITHOUT_DIALOGUES
from labelhub import clock
from labelhub.accounts import services as accounts
from labelhub.accounts.models import Project, User
from labelhub.ring import ring

JOB = "annotation.import"
# How long a file may take to come.
RECEIVING_DAYS = 7
# How many files of a project may be on their way at once: each may leave parts in the storage.
MAX_RECEIVING = 20

State = Upload.State


@transaction.atomic
def begin(
    *,
    project: Project,
    file_name: str,
    n_bytes: int,
    file_format: str = "",
    licence: str = "",
    as_drafts: bool = False,
    allowed_use: Sequence[str] = (),
    requested_by: User | None,
) -> Upload:
    """An upload that waits for its parts. Raises UploadTooLarge, DraftsAreDialogues and TooManyUploads."""
    if n_bytes > settings.MAX_UPLOAD_BYTES:
        raise UploadTooLarge(
            f"The file has {n_bytes / 2**30:,.1f} GiB; this site takes {settings.MAX_UPLOAD_BYTES / 2**30:,.1f}"
            " at most. Pack it with gzip or zstd, or send it in pieces."
        )
    if as_drafts and file_format in FORMATS_WITHOUT_DIALOGUES:
        raise DraftsAreDialogues
    # One upload of a project is begun at a time, so that they are counted right.
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    on_their_way = Upload.objects.filter(
        project=project, state=State.RECEIVING, created_at__gte=_waited_for_since()
    )
    if on_their_way.count() >= MAX_RECEIVING:
        raise TooManyUploads(
            f"{MAX_RECEIVING} files of this project are still on their way; send the rest of one, or"
            " cancel it."
        )
    upload = Upload.objects.create(
        project=project,
        file_name=file_name,
        n_bytes=n_bytes,
        format=file_format,
        licence=licence,
        as_drafts=as_drafts,
        allowed_use=sorted(allowed_use),
        requested_by=requested_by,
        created_at=clock.now(),
    )
    accounts.record(
        actor=requested_by, verb="upload", subject=upload, project=project, file=file_name
    )
    return upload


def receive(*, upload: Upload, number: int, content: bytes) -> Upload:
    """Keep one part, counted from 0; with the last missing one the import is queued.

    The same part may be sent again, also where its answer was lost and the file is whole by now. Until
    then other bytes replace what came before. Raises UploadPartRefused for a part of another size than
    its place has, UploadEnded once the file is whole or not wanted any more.
    """
    _require_size(upload, number, len(content))
    digest = sha256(content).hexdigest()
    if _is_here(upload, number, digest):
        return upload
    if upload.state != State.RECEIVING:
        raise UploadEnded
    # Outside the transaction, since the storage may be far away; nobody reads it before the row is there.
    # Of two who send the same part at once each writes a file of their own.
    name = default_storage.save(
        f"{_parts_folder(upload)}/{number:06d}-{uuid4().hex}", ContentFile(content)
    )
    upload, is_kept = _received(upload, number, name, digest)
    if not is_kept:
        default_storage.delete(name)
        if not _is_here(upload, number, digest):
            raise UploadEnded
    return upload


def _is_here(upload: Upload, number: int, digest: str) -> bool:
    same = UploadPart.objects.filter(upload=upload, number=number, sha256=digest)
    return upload.state != State.CANCELLED and same.exists()


@transaction.atomic
def _received(upload: Upload, number: int, name: str, digest: str) -> tuple[Upload, bool]:
    """The upload as it stands then, and whether the part is now the one of that name."""
    upload = Upload.objects.select_for_update().get(pk=upload.pk)
    if upload.state != State.RECEIVING or _is_here(upload, number, digest):
        return upload, False
    before = UploadPart.objects.filter(upload=upload, number=number).first()
    if before is not None:
        transaction.on_commit(partial(default_storage.delete, before.name), robust=True)
    UploadPart.objects.update_or_create(
        upload=upload, number=number, defaults={"name": name, "sha256": digest}
    )
    if upload.parts.count() == upload.n_parts:
        upload.state = State.QUEUED
        upload.save(update_fields=["state"])
        ring(JOB, upload.pk)
    return upload, True


def _require_size(upload: Upload, number: int, n_bytes: int) -> None:
    if number >= upload.n_parts:
        raise UploadPartRefused(
            f"There is no part {number}; {upload.n_bytes:,} bytes make {upload.n_parts} parts."
        )
    expected = min(Upload.PART_BYTES, upload.n_bytes - number * Upload.PART_BYTES)
    if n_bytes != expected:
        raise UploadPartRefused(f"Part {number} must have {expected:,} bytes, not {n_bytes:,}.")


def cancel(*, upload: Upload) -> None:
    """Stop it; rows that went in stay. What has ended stays as it is."""
    with transaction.atomic():
        waiting = Upload.objects.select_for_update().get(pk=upload.pk)
        if waiting.state == State.RECEIVING:
            waiting.state, waiting.finished_at = State.CANCELLED, clock.now()
            waiting.save(update_fields=["state", "finished_at"])
        else:
            leased_jobs.cancel(waiting)
    upload.refresh_from_db()
    if upload.state == State.CANCELLED:
        forget_parts(upload=upload)


def claim(*, upload_id: int) -> Upload | None:
    """Lease a queued one to the caller; None where somebody else has it or it has ended."""
    return leased_jobs.claim(Upload, upload_id)


def renew(*, upload: Upload, n_bytes_read: int) -> bool:
    """Keep the lease and say how far it has come. False where it was lost or is not wanted."""
    return leased_jobs.renew(upload, n_bytes_read=n_bytes_read)


def set_run(*, upload: Upload, run: ImportRun) -> None:
    """Attempts that follow go on with this run."""
    upload.import_run = run
    upload.save(update_fields=["import_run"])


def finish(*, upload: Upload, rejects: File[bytes] | None) -> None:
    """Every row has been read; `rejects` is the file of those that were not taken."""
    results: dict[str, Any] = {"n_bytes_read": upload.n_bytes}
    if rejects is not None:
        digest = sha256()
        while block := rejects.read(2**20):
            digest.update(block)
        rejects.seek(0)
        name = f"{_folder(upload)}/{upload.attempt}/rejects.jsonl"
        default_storage.delete(name)
        results |= {"rejects_name": default_storage.save(name, rejects)}
        results |= {"rejects_sha256": digest.hexdigest()}
    if leased_jobs.finish(upload, **results):
        forget_parts(upload=upload)


def forget_parts(*, upload: Upload) -> None:
    """The parts' bytes are of no use once the upload has ended."""
    folder = _parts_folder(upload)
    names = set(_part_names(upload))
    # Also of parts whose sender died before they were on record.
    with suppress(FileNotFoundError):
        names.update(f"{folder}/{name}" for name in default_storage.listdir(folder)[1])
    for name in names:
        default_storage.delete(name)


def sweep() -> None:
    """Free those whose worker died, ring again for those that nobody heard of, give up those whose
    parts never came."""
    leased_jobs.sweep(Upload, ring_as=JOB)
    late = Upload.objects.filter(state=State.RECEIVING, created_at__lt=_waited_for_since())
    for upload in late:
        cancel(upload=upload)


def _waited_for_since() -> datetime:
    """What was begun earlier is not waited for any more."""
    return clock.now() - timedelta(days=RECEIVING_DAYS)


class UploadedFile(RawIOBase):
    """The bytes of an upload, part after part, none of them in memory for longer than it is read."""

    def __init__(self, upload: Upload, *, before_read: Callable[[], None]) -> None:
        """`before_read` may raise to stop whoever reads."""
        self.n_bytes_read = 0
        self._before_read = before_read
        self._parts = self._blocks(_part_names(upload))
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._before_read()
        if not self._rest:
            self._rest = memoryview(next(self._parts, b""))
        n_bytes = min(len(buffer), len(self._rest))
        buffer[:n_bytes] = self._rest[:n_bytes]
        self._rest = self._rest[n_bytes:]
        self.n_bytes_read += n_bytes
        return n_bytes

    @staticmethod
    def _blocks(names: list[str]) -> Iterator[bytes]:
        # Named beforehand: who reads asks the database nothing.
        for name in names:
            with default_storage.open(name) as part:
                yield part.read()


def _part_names(upload: Upload) -> list[str]:
    return list(upload.parts.order_by("number").values_list("name", flat=True))


def _folder(upload: Upload) -> str:
    return f"uploads/{upload.pk}"


def _parts_folder(upload: Upload) -> str:
    return f"{_folder(upload)}/parts"
