"""Where leased jobs work and what they store: kept for the next attempt, gone with the job's end."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.files.storage import FileSystemStorage, default_storage

from annotation.services.leased_jobs import Job, State

_UNENDED = (State.QUEUED, State.RUNNING)


@contextmanager
def working_folder(job: Job) -> Iterator[Path]:
    """The job's own folder, with what an attempt that was killed left in it; it stays where the block fails.

    Where such an attempt still lives, a folder of this one's own.
    """
    folder = _folder_of(job)
    folder.mkdir(parents=True, exist_ok=True)
    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        with tempfile.TemporaryDirectory(dir=_parent(), prefix=f"{folder.name}-") as name:
            yield Path(name)
    else:
        yield folder
        shutil.rmtree(folder)
    finally:
        os.close(held)


def forget_folder(job: Job) -> None:
    """The job has ended: what it wrote in part is of no use."""
    shutil.rmtree(_folder_of(job), ignore_errors=True)


def forget_folders_of_ended(model: type[Job]) -> None:
    """Those of jobs whose worker died and that nobody takes up again."""
    prefix = _prefix(model)
    folders = {
        int(folder.name.removeprefix(prefix).partition("-")[0]): folder
        for folder in _parent().glob(f"{prefix}*")
    }
    if folders:
        under_way = model.objects.filter(pk__in=folders, state__in=_UNENDED)
        for pk in folders.keys() - set(under_way.values_list("pk", flat=True)):
            shutil.rmtree(folders[pk], ignore_errors=True)


def forget_stored(folder: str) -> None:
    """Delete the files that lie in a folder of the storage, and the folder."""
    try:
        _, names = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in names:
        default_storage.delete(f"{folder}/{name}")
    default_storage.delete(folder)


def _folder_of(job: Job) -> Path:
    return _parent() / f"{_prefix(type(job))}{job.pk}"


def _prefix(model: type[Job]) -> str:
    return f"labelhub-{model._meta.model_name}-"


def _parent() -> Path:
    """Beside the storage where that is a disk, so that a finished file is stored by a rename."""
    if isinstance(default_storage, FileSystemStorage):
        return Path(default_storage.location) / "unfinished"
    return Path(tempfile.gettempdir())
