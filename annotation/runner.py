"""Runs exports: claims one, writes its file, puts it into the storage under its final name."""

from __future__ import annotations

import logging
import shutil
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from hashlib import file_digest
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from django.core.files import File
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import DatabaseError, InterfaceError, connection

from annotation.models import Dataset, Export
from annotation.services import dataset_files, exports
from annotation.services.dataset_lines import FileOptions
from annotation.services.leased_jobs import Stopped
from labelhub.exceptions import LabelhubError

logger = logging.getLogger(__name__)

# Renews the lease, shows how far it is, learns that nobody wants it any more.
RENEW_SECONDS = 2.0
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def run_export(*, export_id: int) -> None:
    """Make the file of a queued export; a second call for the same one finds nothing to do.

    A refusal is written to the row. A fault too, and raised; but where PostgreSQL is away nothing
    is written, the lease runs out and the sweep gives the export to another worker.
    """
    export = exports.claim(export_id=export_id)
    if export is None:
        return
    try:
        with Lease(partial(_renew, export), name=f"lease of export {export.pk}") as lease:
            dataset = exports.dataset_of(export=export)
            _make_file(export, dataset, lease)
        exports.finish(export=export)
    except Stopped:
        exports.settle_cancelled(export=export)
    except LabelhubError as refusal:
        exports.fail(export=export, code=refusal.code, detail=refusal.detail)
    except (DatabaseError, InterfaceError):
        raise
    except Exception as error:
        exports.fail(export=export, code="internal", detail=f"{type(error).__name__}: {error}")
        raise


def _renew(export: Export, n_written: int = 0) -> bool:
    return exports.renew(export=export, n_written=n_written)


class Lease:
    """Held by a thread of its own, since freezing and uploading take as long as they take."""

    def __init__(self, renew: Callable[..., bool], *, name: str) -> None:
        """`renew` is called with what was told last; it is False where the lease is lost."""
        self._renew_lease = renew
        self._told: tuple[Any, ...] = ()
        self._ending = threading.Event()
        self._lost = threading.Event()
        self._thread = threading.Thread(target=self._renew, name=name)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ending.set()
        self._thread.join()

    def tell(self, *how_far: Any) -> None:
        """It has come so far. Raises Stopped where there is no point in going on."""
        self._told = how_far
        if self._lost.is_set():
            raise Stopped

    def _renew(self) -> None:
        try:
            while not self._ending.wait(RENEW_SECONDS):
                try:
                    if not self._renew_lease(*self._told):
                        self._lost.set()
                        return
                except (DatabaseError, InterfaceError) as error:
                    logger.warning("%s could not be renewed: %s", self._thread.name, error)
                    connection.close()
        finally:
            connection.close()


def _make_file(export: Export, dataset: Dataset, lease: Lease) -> None:
    """Write, and store; the row's fields say what was stored."""
    options = FileOptions(**export.options)
    with working_folder(f"export-{export.pk}") as folder:
        path = folder / dataset_files.file_name(dataset=dataset, options=options)
        written = dataset_files.write_files(
            dataset=dataset, options=options, path=path, progress=lease.tell
        )
        if len(written.files) > 1:
            path = _zipped(
                path, [*(file.name for file in written.files), f"{path.name}.manifest.json"]
            )
        with path.open("rb") as stream:
            export.sha256 = file_digest(stream, "sha256").hexdigest()
        export.n_bytes = path.stat().st_size
        export.file_name = path.name
        export.n_written = written.manifest["kept"]
        export.manifest = written.manifest
        lease.tell(export.n_written)
        with path.open("rb") as stream:
            default_storage.save(exports.storage_name(export), _Finished(stream))


class _Finished(File):  # type: ignore[type-arg]
    """A file on this machine's disk that a storage on the same disk may take over by a rename."""

    def temporary_file_path(self) -> str:
        assert self.name is not None
        return self.name


@contextmanager
def working_folder(job: str) -> Iterator[Path]:
    """A folder of this attempt's own; what an attempt that was killed left goes first."""
    parent = Path(tempfile.gettempdir())
    if isinstance(default_storage, FileSystemStorage):
        parent = Path(default_storage.location) / "unfinished"
        parent.mkdir(parents=True, exist_ok=True)
    prefix = f"labelhub-{job}-"
    for left_over in parent.glob(f"{prefix}*"):
        shutil.rmtree(left_over, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=parent, ignore_cleanup_errors=True) as name:
        yield Path(name)


def _zipped(path: Path, names: list[str]) -> Path:
    """The files of a split in one archive; the same files give the same bytes."""
    archive = path.with_suffix(".zip")
    with zipfile.ZipFile(archive, "w") as zipped:
        for name in names:
            entry = zipfile.ZipInfo(name, date_time=_ZIP_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            with path.with_name(name).open("rb") as source, zipped.open(entry, "w") as target:
                shutil.copyfileobj(source, target, 2**20)
    return archive
