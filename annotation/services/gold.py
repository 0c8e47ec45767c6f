"""Items with a known answer: leads mark them, and they come between a person's other rankings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from graphlib import CycleError, TopologicalSorter

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from annotation import pick
from annotation.exceptions import AlreadyMarked, NotReady, UnknownFlag, UnknownPair
from annotation.models import (
    Assignment,
    Comparison,
    GoldItem,
    GoldMark,
    Purpose,
    QueueCursor,
    Ranking,
    Reason,
    Task,
    TaskKind,
)
from annotation.services.qualification import skill_for
from annotation.services.tasks import DEFAULT_PRIORITY, NewTask, add_tasks
from labelhub import clock
from labelhub.accounts import services as accounts
from labelhub.accounts.models import Rater, User

# A person meets a comparison again no sooner (DATA.md §4).
RETEST_AFTER = timedelta(days=7)
N_MARKS = 2


@transaction.atomic
def mark(
    *,
    comparison: Comparison,
    rater: Rater,
    actor: User,
    use: GoldItem.Use,
    pairs: Sequence[tuple[int, int]],
    flags: Mapping[int, Sequence[str]],
    note: str,
) -> GoldItem | None:
    """Store a lead's view of a comparison; with the second one, what both say becomes the known answer.

    `pairs` are (better, worse) candidate ids that are clear, `flags` the keys that must be raised.
    Returns the item once there is one. Raises AlreadyMarked, NotReady, UnknownPair, UnknownFlag.
    """
    locked = Comparison.objects.select_for_update(of=("self",)).get(pk=comparison.pk)
    if locked.state != Comparison.State.READY:
        raise NotReady
    _check(locked, pairs, flags)
    if GoldMark.objects.filter(comparison=locked, rater=rater).exists():
        raise AlreadyMarked
    GoldMark.objects.create(
        project=locked.project,
        comparison=locked,
        rater=rater,
        pairs=[list(pair) for pair in pairs],
        flags={str(candidate): sorted(set(keys)) for candidate, keys in flags.items()},
        note=note,
        created_at=clock.now(),
    )
    accounts.record(actor=actor, verb="mark_gold", subject=locked, project=locked.project)
    marks = list(GoldMark.objects.filter(comparison=locked).order_by("pk"))
    if len(marks) != N_MARKS:
        return GoldItem.objects.filter(comparison=locked).first()
    return _agreed(locked, marks, use)


def _check(
    comparison: Comparison, pairs: Sequence[tuple[int, int]], flags: Mapping[int, Sequence[str]]
) -> None:
    known = set(comparison.candidates.values_list("pk", flat=True))
    named = {candidate for pair in pairs for candidate in pair} | set(flags)
    orders = {frozenset(pair) for pair in pairs}
    if named - known or len(orders) < len(pairs) or any(len(pair) < 2 for pair in orders):
        raise UnknownPair
    order = TopologicalSorter[int]()
    for better, worse in pairs:
        order.add(worse, better)
    try:
        order.prepare()
    except CycleError as circle:
        raise UnknownPair(
            "The clear pairs go round in a circle: no order has all of them."
        ) from circle
    schema = comparison.project.rating_schemas.order_by("-version").first()
    raised = {key for keys in flags.values() for key in keys}
    if raised - {flag["key"] for flag in (schema.flags if schema else [])}:
        raise UnknownFlag


def _agreed(
    comparison: Comparison, marks: Sequence[GoldMark], use: GoldItem.Use
) -> GoldItem | None:
    """Only the pairs and flags that both marked; nothing where they share no clear pair."""
    first, second = marks
    pairs = [pair for pair in first.pairs if pair in second.pairs]
    if not pairs:
        return None
    shared = {
        candidate: [key for key in keys if key in second.flags.get(candidate, [])]
        for candidate, keys in first.flags.items()
    }
    return GoldItem.objects.create(
        project=comparison.project,
        comparison=comparison,
        use=use,
        pairs=pairs,
        flags={candidate: keys for candidate, keys in shared.items() if keys},
        note="\n\n".join(mark.note for mark in marks if mark.note),
        created_at=clock.now(),
    )


def interleave(*, assignment: Assignment) -> Task | None:
    """After a ranking that counts, perhaps a gold item or an old comparison next; the task, if any.

    Drawn by the assignment, so that it is the same whenever this is done. The task waits in the queue
    where the person stands, and is nobody else's.
    """
    project, rater = assignment.project, assignment.rater
    point = pick.order_key(project.pk, assignment.pk, draw="interleave") / 2**64
    if point < project.gold_share:
        item = _next_gold(assignment)
        return _reserve(item.comparison, rater, Purpose.GOLD) if item else None
    if point < project.gold_share + project.retest_share:
        old = _next_retest(assignment)
        return _reserve(old, rater, Purpose.RETEST) if old else None
    return None


def unseen_items(*, project_id: int, rater: Rater, use: GoldItem.Use) -> QuerySet[GoldItem]:
    """Items that the person neither marked nor was ever given, nor the conversation's own author."""
    comparison = OuterRef("comparison")
    return (
        GoldItem.objects.filter(
            ~Exists(GoldMark.objects.filter(comparison=comparison, rater=rater)),
            ~Exists(Task.objects.filter(comparison=comparison, reserved_for=rater)),
            ~Exists(Assignment.objects.filter(task__comparison=comparison, rater=rater)),
            project=project_id,
            use=use,
        )
        .exclude(comparison__conversation__author=rater)
        .select_related("comparison__project")
    )


def _next_gold(assignment: Assignment) -> GoldItem | None:
    items = unseen_items(
        project_id=assignment.project_id, rater=assignment.rater, use=GoldItem.Use.GOLD
    ).filter(
        comparison__language=assignment.task.pool.language,
        comparison__sensitivity__contained_by=assignment.task.pool.sensitivity,
    )
    order = pick.shuffled(items.values_list("pk", flat=True), seed=assignment.rater_id, draw="gold")
    return items.get(pk=order[0]) if order else None


def _next_retest(assignment: Assignment) -> Comparison | None:
    """A comparison that the person ranked long ago and has not met since."""
    mine = Ranking.objects.filter(rater=assignment.rater, project=assignment.project)
    again = mine.filter(comparison=OuterRef("comparison"), purpose=Purpose.RETEST)
    waiting = Task.objects.filter(
        comparison=OuterRef("comparison"), reserved_for=assignment.rater, purpose=Purpose.RETEST
    )
    old = mine.filter(
        ~Exists(again),
        ~Exists(waiting),
        purpose=Purpose.TRAIN,
        reason=Reason.PLANNED,
        cannot_judge=False,
        own_conversation=False,
        is_current=True,
        created_at__lte=clock.now() - RETEST_AFTER,
        comparison__language=assignment.task.pool.language,
        comparison__sensitivity__contained_by=assignment.task.pool.sensitivity,
    )
    order = pick.shuffled(
        old.values_list("comparison", flat=True), seed=assignment.rater_id, draw="retest"
    )
    return Comparison.objects.select_related("project").get(pk=order[0]) if order else None


def _reserve(comparison: Comparison, rater: Rater, purpose: Purpose) -> Task:
    """A task of the person's own, just past where they stand in its pool: so their next claim finds
    it without going back to the start of the queue."""
    new = NewTask(
        project=comparison.project,
        kind=TaskKind.RANKING,
        language=comparison.language,
        sensitivity=tuple(comparison.sensitivity),
        skill=skill_for(comparison.project, TaskKind.RANKING),
        purpose=purpose,
        round=comparison.round,
        comparison=comparison,
        reserved_for=rater,
    )
    # Whoever found the pool empty stands behind everything: new work is told to them.
    cursor = QueueCursor.objects.filter(
        emptied_at=None,
        rater=rater,
        pool__project=new.project,
        pool__kind=new.kind,
        pool__language=new.language,
        pool__sensitivity=sorted(new.sensitivity),
        pool__skill=new.skill,
    ).first()
    priority, place = (cursor.priority, cursor.order_key) if cursor else (DEFAULT_PRIORITY, 0)
    (task,) = add_tasks(tasks=[replace(new, priority=priority, place=place)])
    return task
