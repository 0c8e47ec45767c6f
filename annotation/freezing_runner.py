"""Runs freezings: claims one, mixes its rows, and makes a version of them where it is not a trial."""

from __future__ import annotations

from functools import partial

from annotation.leased_work import Lease, run_leased
from annotation.models import Freezing
from annotation.services import freezings, versions
from annotation.services.job_folders import forget_folder, working_folder

Stage = Freezing.Stage


def run_freezing(*, freezing_id: int) -> None:
    """Mix the rows of a queued freezing; a second call for the same one finds nothing to do.

    How it may end: see run_leased.
    """
    freezing = freezings.claim(freezing_id=freezing_id)
    if freezing is not None:
        run_leased(
            freezing,
            renew=partial(_renew, freezing),
            work=partial(_freeze, freezing),
            put_away=partial(forget_folder, freezing),
        )


def _renew(
    freezing: Freezing,
    stage: Freezing.Stage = Stage.SELECTING,
    n_through: int = 0,
    n_rows: int | None = None,
) -> bool:
    return freezings.renew(freezing=freezing, stage=stage, n_through=n_through, n_rows=n_rows)


def _freeze(freezing: Freezing, lease: Lease) -> None:
    dataset = freezings.mixed(freezing=freezing, tell=lease.tell)
    if dataset is not None:
        n_rows = dataset.n_rows
        with working_folder(freezing) as folder:
            versions.make(
                freezing=freezing,
                dataset=dataset,
                folder=folder,
                progress=lambda n_through: lease.tell(Stage.WRITING, n_through, n_rows),
            )
    freezings.finish(freezing=freezing)
