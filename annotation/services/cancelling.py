"""Calling off the sampling of a run: its comparisons at once, its generations by a job."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet

from annotation.exceptions import NothingToCancel
from annotation.models import CandidateSampling, Comparison, PickRun
from labelhub import clock
from labelhub.accounts import services as accounts
from labelhub.accounts.models import User
from labelhub.ring import ring
from sampling import services as sampling
from sampling.selectors import ENDED

JOB = "annotation.stop_samplings"
STOPPED_AT_ONCE = 500


@transaction.atomic
def cancel_run(*, run: PickRun, actor: User) -> int:
    """Call off whatever of the run is still being sampled; how many comparisons those were.

    What is ready stays. Each of them can be tried again. Raises NothingToCancel.
    """
    locked = PickRun.objects.select_for_update().get(pk=run.pk)
    sampling_still = Comparison.objects.filter(pick_run=locked, state=Comparison.State.SAMPLING)
    # Locked one by one in their order, as a settling job locks its own.
    ids = list(sampling_still.select_for_update().order_by("pk").values_list("pk", flat=True))
    if not ids:
        raise NothingToCancel
    Comparison.objects.filter(pk__in=ids).update(state=Comparison.State.CANCELLED)
    locked.cancelled_at = clock.now()
    locked.save(update_fields=["cancelled_at"])
    accounts.record(
        actor=actor, verb="sampling_cancelled", subject=locked, project=locked.project, n=len(ids)
    )
    ring(JOB)
    return len(ids)


def waiting() -> bool:
    return _running().exists()


def stop_samplings() -> int:
    """Stop generations of comparisons that were called off; how many were told."""
    told = 0
    for row in _running().select_related("generation").order_by("pk")[:STOPPED_AT_ONCE]:
        sampling.cancel(generation=row.generation)
        told += 1
    if told == STOPPED_AT_ONCE:
        ring(JOB)
    return told


def _running() -> QuerySet[CandidateSampling]:
    return CandidateSampling.objects.filter(
        comparison__state=Comparison.State.CANCELLED, generation__cancel_requested_at=None
    ).exclude(generation__state__in=ENDED)
