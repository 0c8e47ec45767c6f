"""Jobs of the default worker: each names one service and is rung after commit (DESIGN.md §2)."""

from __future__ import annotations

from celery import shared_task

from annotation import export_runner, freezing_runner, import_runner
from annotation.services import (
    cancelling,
    candidates,
    chats,
    comparisons,
    drafts,
    exports,
    figures,
    follow_ups,
    freezings,
    leases,
    picks,
    prompts,
    uploads,
)
from labelhub.ring import ring


@shared_task(name=chats.REPLY_ENDED)
def reply_ended(generation_id: int) -> None:
    chats.reply_ended(generation_id=generation_id)


@shared_task(name=drafts.DRAFTS_ENDED)
def drafts_ended(generation_id: int) -> None:
    drafts.drafts_ended(generation_id=generation_id)


@shared_task(name=comparisons.REQUEST_JOB)
def request_candidates(*comparison_ids: int) -> None:
    for comparison_id in comparison_ids:
        candidates.request_candidates(comparison_id=comparison_id)


@shared_task(name=candidates.ENDED_JOB)
def candidates_ended(generation_id: int) -> None:
    candidates.candidates_ended(generation_id=generation_id)


@shared_task(name=picks.FINISHED_JOB)
def pick_finished(project_id: int) -> None:
    picks.pick_finished(project_id=project_id)


@shared_task(name=cancelling.JOB, expires=60)
def stop_samplings() -> None:
    cancelling.stop_samplings()


@shared_task(name=exports.JOB)
def export(export_id: int) -> None:
    export_runner.run_export(export_id=export_id)


@shared_task(name=uploads.JOB)
def import_file(upload_id: int) -> None:
    import_runner.run_import(upload_id=upload_id)


@shared_task(name=freezings.JOB)
def freeze(freezing_id: int) -> None:
    freezing_runner.run_freezing(freezing_id=freezing_id)


@shared_task(name=follow_ups.JOB, expires=60)
def follow_up() -> None:
    follow_ups.follow_up_all()


@shared_task(name=figures.JOB)
def compute_figures(project_id: int) -> None:
    figures.compute(project_id=project_id)


@shared_task(name=prompts.COMPARE_JOB, expires=60)
def compare_prompts() -> None:
    if prompts.compare_new():
        ring(prompts.COMPARE_JOB)


def stop_samplings_that_wait() -> None:
    if cancelling.waiting():
        ring(cancelling.JOB)


def follow_up_what_waits() -> None:
    if follow_ups.waiting():
        ring(follow_ups.JOB)


@shared_task(name="annotation.sweep", expires=60)
def sweep() -> None:
    """The recovery of people's and the default worker's work, every ten seconds.

    A step that fails keeps none of the others from their turn; the failures are raised at the end.
    """
    failures = []
    for step in (
        leases.sweep_expired,
        candidates.ring_stalled,
        picks.ring_finished,
        stop_samplings_that_wait,
        exports.sweep,
        uploads.sweep,
        freezings.sweep,
        prompts.ring_uncompared,
        follow_up_what_waits,
        figures.ring_stale,
    ):
        try:
            step()
        except Exception as failure:  # noqa: BLE001
            failures.append(failure)
    if failures:
        raise ExceptionGroup("steps of the sweep failed", failures)
