"""How workers do leased jobs: held by a thread that renews the lease, every ending written to the row."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from django.core.files import File
from django.db import DatabaseError, InterfaceError, connection

from annotation.services import leased_jobs
from annotation.services.leased_jobs import Job, Stopped
from labelhub.exceptions import LabelhubError

logger = logging.getLogger(__name__)

# Renews the lease, shows how far it is, learns that nobody wants it any more.
RENEW_SECONDS = 2.0


def run_leased(
    job: Job,
    *,
    renew: Callable[..., bool],
    work: Callable[[Lease], None],
    put_away: Callable[[], None] = lambda: None,
) -> None:
    """Do a claimed job's work, which writes its success itself.

    A refusal is written to the row. A fault too, and raised; but where PostgreSQL is away nothing is
    written, the lease runs out and the sweep gives the job to another worker. `put_away` is called
    where this attempt has ended the job without success.
    """
    try:
        with Lease(renew, name=f"lease of {job._meta.verbose_name} {job.pk}") as lease:
            work(lease)
    except Stopped:
        ended = leased_jobs.settle_cancelled(job)
    except LabelhubError as refusal:
        ended = leased_jobs.fail(job, code=refusal.code, detail=refusal.detail)
    except (DatabaseError, InterfaceError):
        raise
    except Exception as error:
        detail = f"{type(error).__name__}: {error}"
        if leased_jobs.fail(job, code="internal", detail=detail):
            put_away()
        raise
    else:
        return
    if ended:
        put_away()


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
        self.require_wanted()

    def require_wanted(self) -> None:
        """Raises Stopped where there is no point in going on."""
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


class FinishedFile(File):  # type: ignore[type-arg]
    """A file on this machine's disk that a storage on the same disk may take over by a rename."""

    def temporary_file_path(self) -> str:
        assert self.name is not None
        return self.name
