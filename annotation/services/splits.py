"""One more opinion where the planned ones are split, then a lead's (DATA.md §4)."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from annotation import overlap
from annotation.measures.opinions import OPINIONS
from annotation.models import Comparison, Purpose, Ranking, Reason, Slot, Task, TaskKind
from annotation.selectors.rankings import tiers_of
from annotation.services import leases
from annotation.services.qualification import LEAD
from annotation.services.tasks import NewTask, add_tasks


@transaction.atomic
def settle(*, task: Task) -> Reason | None:
    """Ask for what the task's rankings call for; what was asked for, None where it is nothing.

    Once all of its slots are answered: one extra slot where the rankings are split, and where they
    still are, a task for a lead, who is none of those who ranked it. What the lead says stands beside
    the others, never over them. Done twice it asks once.
    """
    locked = (
        Task.objects.select_for_update(of=("self",))
        .select_related("project", "comparison")
        .get(pk=task.pk)
    )
    if not locked.project.settle_splits or locked.state != Task.State.DONE:
        return None
    # Read after the task is locked: what is being superseded asks for nothing more.
    if not Comparison.objects.filter(tasks=locked, state=Comparison.State.READY).exists():
        return None
    rankings = list(
        Ranking.objects.filter(
            assignment__task=locked,
            is_current=True,
            cannot_judge=False,
            own_conversation=False,
            reason__in=OPINIONS,
        ).order_by("pk")
    )
    if not overlap.is_split(list(tiers_of(rankings).values())):
        return None
    if not locked.slots.filter(reason=Reason.EXTRA).exists():
        _ask_one_more(locked)
        return Reason.EXTRA
    asked = Slot.objects.filter(task__comparison=locked.comparison_id, reason=Reason.ADJUDICATION)
    if asked.exists():
        return None
    _ask_a_lead(locked, rankings)
    return Reason.ADJUDICATION


def _ask_one_more(task: Task) -> None:
    last = task.slots.latest("index")
    Slot.objects.create(
        task=task,
        index=last.index + 1,
        pool_id=last.pool_id,
        batch_id=last.batch_id,
        priority=last.priority,
        order_key=last.order_key,
        reason=Reason.EXTRA,
    )
    task.state = Task.State.OPEN
    task.save(update_fields=["state"])
    leases.tell_that_work_came_back(task=task)


def _ask_a_lead(task: Task, rankings: Sequence[Ranking]) -> None:
    comparison = task.comparison
    assert isinstance(comparison, Comparison)
    ranked_it = {ranking.rater_id for ranking in rankings if ranking.rater_id is not None}
    add_tasks(
        tasks=[
            NewTask(
                project=task.project,
                kind=TaskKind.RANKING,
                language=comparison.language,
                sensitivity=tuple(comparison.sensitivity),
                skill=LEAD,
                purpose=Purpose(task.purpose),
                round=task.round,
                comparison=comparison,
                barred_raters=tuple(sorted({*task.barred_raters, *ranked_it})),
                reason=Reason.ADJUDICATION,
            )
        ]
    )
