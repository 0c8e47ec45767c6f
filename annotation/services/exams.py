"""The entry exam: known items before a person joins the real queue (DATA.md §4)."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

from annotation.exceptions import ExamFailed, ExamNotAsked, ExamPassed, ExamTooSmall, ExamUnderWay
from annotation.measures.raters import Graded, balanced_accuracy, grade
from annotation.models import (
    Assignment,
    ExamResult,
    GoldItem,
    Placement,
    Pool,
    Purpose,
    Ranking,
    Task,
    TaskKind,
)
from annotation.selectors.rankings import tiers_by_candidate
from annotation.services.gold import unseen_items
from annotation.services.qualification import QUALIFIED, SITTING
from annotation.services.tasks import NewTask, add_tasks
from labelhub import clock
from labelhub.accounts import services as accounts
from labelhub.accounts.models import Membership, Project, Rater, User

MIN_PAIRS = 40
MIN_SHARE = 0.75
MIN_BALANCED_ACCURACY = 0.75
# Flags are judged only where raising none would be noticed.
MIN_POSITIVES = 0.30
AGAIN_AFTER = timedelta(days=7)


@transaction.atomic
def require(*, project: Project, wanted: bool, actor: User) -> None:
    """Let only people who passed the exam rank, or everybody again. Raises ExamTooSmall.

    Open work follows at once: a pool's skill is the pool's own. Members who are here already keep
    their place.
    """
    locked = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    if wanted == locked.exam_required:
        return
    if wanted and _n_pairs(locked) < MIN_PAIRS:
        raise ExamTooSmall
    before, after = ("", QUALIFIED) if wanted else (QUALIFIED, "")
    Pool.objects.filter(project=locked, kind=TaskKind.RANKING, skill=before).update(skill=after)
    if wanted:
        for membership in Membership.objects.filter(project=locked, deactivated_at=None):
            _give(membership, QUALIFIED)
    locked.exam_required = wanted
    locked.save(update_fields=["exam_required"])
    accounts.record(actor=actor, verb="require_exam", subject=locked, project=locked, wanted=wanted)


def _n_pairs(project: Project) -> int:
    items = GoldItem.objects.filter(project=project, use=GoldItem.Use.EXAM, retired_at=None)
    return sum(len(pairs) for pairs in items.values_list("pairs", flat=True))


@transaction.atomic
def begin(*, membership: Membership, rater: Rater) -> ExamResult:
    """Hand the exam's items to the person, to be claimed like other rankings.

    Raises ExamNotAsked, ExamPassed, ExamUnderWay, ExamFailed within a week of failing, and
    ExamTooSmall where too few items are left that the person has not met.
    """
    locked = Membership.objects.select_for_update(of=("self",)).get(pk=membership.pk)
    project = locked.project
    if not project.exam_required:
        raise ExamNotAsked
    if QUALIFIED in locked.skills:
        raise ExamPassed
    last = ExamResult.objects.filter(membership=locked).order_by("-attempt").first()
    now = clock.now()
    if last is not None and last.ended_at is None:
        raise ExamUnderWay
    if last is not None and last.ended_at is not None and now < last.ended_at + AGAIN_AFTER:
        raise ExamFailed(extra={"again_from": last.ended_at + AGAIN_AFTER})
    items = list(
        unseen_items(project_id=project.pk, rater=rater, use=GoldItem.Use.EXAM).filter(
            comparison__language__in=locked.languages,
            comparison__sensitivity__contained_by=locked.sensitivity_opt_ins,
        )
    )
    if sum(len(item.pairs) for item in items) < MIN_PAIRS:
        raise ExamTooSmall
    add_tasks(
        tasks=[
            NewTask(
                project=project,
                kind=TaskKind.RANKING,
                language=item.comparison.language,
                sensitivity=tuple(item.comparison.sensitivity),
                skill=SITTING,
                purpose=Purpose.EXAM,
                round=item.comparison.round,
                comparison=item.comparison,
                reserved_for=rater,
            )
            for item in items
        ]
    )
    _give(locked, SITTING)
    return ExamResult.objects.create(
        membership=locked,
        attempt=last.attempt + 1 if last else 1,
        n_items=len(items),
        begun_at=now,
    )


@transaction.atomic
def settle(*, assignment: Assignment) -> ExamResult | None:
    """Judge the person's exam once its last item is answered; None before. Done twice it judges once."""
    membership = (
        Membership.objects.select_for_update(of=("self",))
        .filter(project=assignment.project_id, user__rater=assignment.rater_id)
        .first()
    )
    result = ExamResult.objects.filter(membership=membership, ended_at=None).first()
    if membership is None or result is None:
        return None
    mine = Task.objects.filter(
        project=assignment.project_id,
        reserved_for=assignment.rater_id,
        purpose=Purpose.EXAM,
        created_at__gte=result.begun_at,
    )
    if mine.filter(state=Task.State.OPEN).exists():
        return None
    rankings = Ranking.objects.filter(
        assignment__task__in=mine, is_current=True, cannot_judge=False
    ).select_related("comparison__gold_item")
    graded = [_graded(ranking) for ranking in rankings]
    said, truly = _flagged(list(rankings))
    result.n_right = sum(one.n_right for one in graded)
    # A pair that was skipped or called unjudgeable is not right, or skipping would be the way in.
    result.n_pairs = sum(
        len(pairs)
        for pairs in GoldItem.objects.filter(comparison__tasks__in=mine).values_list(
            "pairs", flat=True
        )
    )
    if truly and sum(truly) >= MIN_POSITIVES * len(truly):
        result.balanced_accuracy = balanced_accuracy(said, truly)
    result.passed = result.n_right >= MIN_SHARE * result.n_pairs > 0 and (
        result.balanced_accuracy is None or result.balanced_accuracy >= MIN_BALANCED_ACCURACY
    )
    result.ended_at = clock.now()
    result.save()
    _take(membership, SITTING)
    if result.passed:
        _give(membership, QUALIFIED)
    return result


def _graded(ranking: Ranking) -> Graded:
    pairs = [(better, worse) for better, worse in ranking.comparison.gold_item.pairs]
    return grade(tiers_by_candidate(ranking), pairs)


def _flagged(rankings: list[Ranking]) -> tuple[list[bool], list[bool]]:
    """Per candidate, whether the person raised any flag, and whether the leads both raised one."""
    known = {ranking.comparison_id: ranking.comparison.gold_item.flags for ranking in rankings}
    said, truly = [], []
    for candidate_id, comparison_id, flags in Placement.objects.filter(
        ranking__in=rankings
    ).values_list("candidate_id", "ranking__comparison_id", "flags"):
        said.append(bool(flags))
        truly.append(str(candidate_id) in known[comparison_id])
    return said, truly


def _give(membership: Membership, skill: str) -> None:
    if skill not in membership.skills:
        membership.skills = [*membership.skills, skill]
        membership.save(update_fields=["skills"])


def _take(membership: Membership, skill: str) -> None:
    membership.skills = [one for one in membership.skills if one != skill]
    membership.save(update_fields=["skills"])
