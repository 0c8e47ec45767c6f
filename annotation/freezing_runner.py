"""Runs freezings: claims one, mixes its rows, and makes a version of them where it is not a trial."""

from __future__ import annotations

from collections.abc import Callable

from django.db import DatabaseError, InterfaceError

from annotation.models import Freezing
from annotation.runner import Lease, working_folder
from annotation.services import freezings, versions
from annotation.services.leased_jobs import Stopped
from labelhub.exceptions import LabelhubError

Stage = Freezing.Stage


def run_freezing(*, freezing_id: int) -> None:
    """Mix the rows of a queued freezing; a second call for the same one finds nothing to do.

    A refusal is written to the row. A fault too, and raised; but where PostgreSQL is away nothing is
    written, the lease runs out and the sweep gives it to another worker.
    """
    freezing = freezings.claim(freezing_id=freezing_id)
    if freezing is None:
        return
    try:
        with Lease(_renewing(freezing), name=f"lease of freezing {freezing_id}") as lease:
            _freeze(freezing, lease)
        freezings.finish(freezing=freezing)
    except Stopped:
        freezings.settle_cancelled(freezing=freezing)
    except LabelhubError as refusal:
        freezings.fail(freezing=freezing, code=refusal.code, detail=refusal.detail)
    except (DatabaseError, InterfaceError):
        raise
    except Exception as error:
        freezings.fail(
            freezing=freezing, code="internal", detail=f"{type(error).__name__}: {error}"
        )
        raise


def _freeze(freezing: Freezing, lease: Lease) -> None:
    dataset = freezings.mixed(freezing=freezing, tell=lease.tell)
    if dataset is None:
        return
    n_rows = dataset.n_rows
    with working_folder(f"freezing-{freezing.pk}") as folder:
        versions.make(
            freezing=freezing,
            dataset=dataset,
            folder=folder,
            progress=lambda n_through: lease.tell(Stage.WRITING, n_through, n_rows),
        )


def _renewing(freezing: Freezing) -> Callable[..., bool]:
    def renew(
        stage: Freezing.Stage = Stage.SELECTING, n_through: int = 0, n_rows: int | None = None
    ) -> bool:
        return freezings.renew(freezing=freezing, stage=stage, n_through=n_through, n_rows=n_rows)

    return renew
