"""The entry exam: known items, and where the project asks for them demonstrations that reviewers score,
before a person joins the real queue (DATA.md §4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from annotation import pick
from annotation.exceptions import (
    ExamFailed,
    ExamLacksPrompts,
    ExamNotAsked,
    ExamPassed,
    ExamTooSmall,
    ExamUnderWay,
)
from annotation.measures.raters import Graded, balanced_accuracy, grade
from annotation.models import (
    Conversation,
    ExamResult,
    GoldItem,
    ManagerFlag,
    Placement,
    Pool,
    Prompt,
    Purpose,
    Ranking,
    Review,
    Task,
    TaskKind,
)
from annotation.selectors.rankings import tiers_by_candidate
from annotation.services.gold import unseen_items
from annotation.services.qualification import QUALIFIED, SITTING, examined_kinds
from annotation.services.tasks import NewTask, add_tasks
from labelhub import clock
from labelhub.accounts import services as accounts
from labelhub.accounts.models import Membership, Project, Rater, User

MIN_PAIRS = 40
MIN_SHARE = 0.75
MIN_BALANCED_ACCURACY = 0.75
# Flags are judged only where raising none would be noticed.
MIN_POSITIVES = 0.30
# Where writing is asked, so many reviewers give each demonstration at least so much.
N_REVIEWERS = 2
MIN_SCORE = 6
AGAIN_AFTER = timedelta(days=7)


@transaction.atomic
def require(*, project: Project, wanted: bool, writing: bool, actor: User) -> None:
    """Let only people who passed the exam rank, or everybody again; with `writing` the exam also asks for
    demonstrations, and only they write those. Raises ExamTooSmall, ExamLacksPrompts.

    Open work follows at once: a pool's skill is the pool's own. Members who are here when the exam is
    first asked for keep their place.
    """
    locked = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    if (wanted, writing) == (locked.exam_required, locked.exam_writing):
        return
    if wanted and not locked.exam_required:
        if _n_pairs(locked) < MIN_PAIRS:
            raise ExamTooSmall
        for membership in Membership.objects.filter(project=locked, deactivated_at=None):
            _give(membership, QUALIFIED)
    if wanted and writing and _sensitive_prompts(locked).count() < ExamResult.DEMONSTRATIONS:
        raise ExamLacksPrompts(
            "The exam asks for demonstrations on two sensitive prompts, and this project has fewer;"
            " add prompts with a sensitive topic first."
        )
    before = set(examined_kinds(locked))
    locked.exam_required, locked.exam_writing = wanted, writing
    after = set(examined_kinds(locked))
    pools = Pool.objects.filter(project=locked)
    pools.filter(kind__in=after - before, skill="").update(skill=QUALIFIED)
    pools.filter(kind__in=before - after, skill=QUALIFIED).update(skill="")
    locked.save(update_fields=["exam_required", "exam_writing"])
    accounts.record(
        actor=actor,
        verb="require_exam",
        subject=locked,
        project=locked,
        wanted=wanted,
        writing=writing,
    )


def _n_pairs(project: Project) -> int:
    items = GoldItem.objects.filter(project=project, use=GoldItem.Use.EXAM)
    return sum(len(pairs) for pairs in items.values_list("pairs", flat=True))


def _sensitive_prompts(project: Project) -> QuerySet[Prompt]:
    return Prompt.objects.filter(project=project, set_aside_at=None, alike_to=None).exclude(
        Q(sensitivity=[]) | Q(kind=Prompt.Kind.FREE)
    )


@transaction.atomic
def begin(*, membership: Membership, rater: Rater) -> ExamResult:
    """Hand the exam's items to the person, to be claimed like other work.

    Raises ExamNotAsked, ExamPassed, ExamUnderWay, ExamFailed within a week of failing, and ExamTooSmall
    or ExamLacksPrompts where too little is left that the person has not met.
    """
    if membership.pk is None:
        # An admin who is no member here.
        raise ExamNotAsked
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
    # An exam that could not be judged is nobody's failure.
    if last is not None and last.passed is False and last.ended_at is not None:
        again_from = last.ended_at + AGAIN_AFTER
        if now < again_from:
            raise ExamFailed(extra={"again_from": again_from})
    items = list(
        unseen_items(project_id=project.pk, rater=rater, use=GoldItem.Use.EXAM).filter(
            comparison__language__in=locked.languages,
            comparison__sensitivity__contained_by=locked.sensitivity_opt_ins,
        )
    )
    if sum(len(item.pairs) for item in items) < MIN_PAIRS:
        raise ExamTooSmall
    prompts = _unseen_prompts(locked, rater) if project.exam_writing else []
    add_tasks(
        tasks=[
            *(
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
            ),
            *(
                NewTask(
                    project=project,
                    kind=TaskKind.DEMONSTRATION,
                    language=prompt.language,
                    sensitivity=tuple(prompt.sensitivity),
                    skill=SITTING,
                    purpose=Purpose.EXAM,
                    prompt=prompt,
                    reserved_for=rater,
                )
                for prompt in prompts
            ),
        ]
    )
    _give(locked, SITTING)
    return ExamResult.objects.create(
        membership=locked,
        attempt=last.attempt + 1 if last else 1,
        n_items=len(items),
        n_demonstrations=len(prompts),
        begun_at=now,
    )


def _unseen_prompts(membership: Membership, rater: Rater) -> list[Prompt]:
    """Sensitive prompts that the person lets be given to them and has not met, drawn by the ids alone.

    Raises ExamLacksPrompts.
    """
    met = Task.objects.filter(
        Q(reserved_for=rater) | Q(assignments__rater=rater), prompt=OuterRef("pk")
    )
    prompts = _sensitive_prompts(membership.project).filter(
        ~Exists(met),
        language__in=membership.languages,
        sensitivity__contained_by=membership.sensitivity_opt_ins,
    )
    order = pick.shuffled(prompts.values_list("pk", flat=True), seed=rater.pk, draw="exam")
    if len(order) < ExamResult.DEMONSTRATIONS:
        raise ExamLacksPrompts
    return list(Prompt.objects.filter(pk__in=order[: ExamResult.DEMONSTRATIONS]).order_by("pk"))


@transaction.atomic
def settle(*, task: Task) -> ExamResult | None:
    """Judge the exam that the task is of, once nothing of it is left to do or to score; None before.

    Done twice it judges once.
    """
    rater = _sitter(task)
    membership = (
        Membership.objects.select_for_update(of=("self",))
        .filter(project=task.project_id, user__rater__in=[rater])
        .first()
    )
    result = ExamResult.objects.filter(membership=membership, ended_at=None).first()
    if membership is None or result is None:
        return None
    mine = Task.objects.filter(
        project=task.project_id,
        reserved_for=rater,
        purpose=Purpose.EXAM,
        created_at__gte=result.begun_at,
    )
    if mine.filter(state=Task.State.OPEN).exists() or _to_score(mine).exists():
        return None
    # What a manager took out counts neither way.
    taken_out = ManagerFlag.objects.filter(
        assignment__task=OuterRef("pk"), outcome=ManagerFlag.Outcome.WITHDRAWN
    )
    counted = mine.filter(~Exists(taken_out))
    ranked_well = _judge_rankings(result, counted.filter(kind=TaskKind.RANKING))
    wrote_well = _judge_writing(result, counted.filter(kind=TaskKind.DEMONSTRATION))
    result.passed = (
        None if ranked_well is None or wrote_well is None else ranked_well and wrote_well
    )
    result.ended_at = clock.now()
    result.save()
    _take(membership, SITTING)
    if result.passed:
        _give(membership, QUALIFIED)
    return result


def _sitter(task: Task) -> Rater | None:
    """Whose exam it is: the one who alone may do the task, or who wrote what it is to score."""
    if task.subject is not None:
        return task.subject.author
    return task.reserved_for


def _to_score(mine: QuerySet[Task]) -> QuerySet[Task]:
    """Reviews that are still to come of the exam's demonstrations."""
    return Task.objects.filter(
        kind=TaskKind.REVIEW,
        subject__assignment__task__in=mine,
        subject__state=Conversation.State.SUBMITTED,
    ).exclude(state=Task.State.WITHDRAWN, settled_at__isnull=False)


def _judge_rankings(result: ExamResult, tasks: QuerySet[Task]) -> bool | None:
    """Note what was right and say whether it is enough; None where too few pairs are left to tell."""
    rankings = list(
        Ranking.objects.filter(
            assignment__task__in=tasks, is_current=True, cannot_judge=False
        ).select_related("comparison__gold_item")
    )
    graded = [_graded(ranking) for ranking in rankings]
    said, truly = _flagged(rankings)
    result.n_right = sum(one.n_right for one in graded)
    # A pair that was skipped or called unjudgeable is not right, or skipping would be the way in.
    items = GoldItem.objects.filter(comparison__tasks__in=tasks)
    result.n_pairs = sum(len(pairs) for pairs in items.values_list("pairs", flat=True))
    if truly and sum(truly) >= MIN_POSITIVES * len(truly):
        result.balanced_accuracy = balanced_accuracy(said, truly)
    if result.n_pairs < MIN_PAIRS:
        return None
    return result.n_right >= MIN_SHARE * result.n_pairs and (
        result.balanced_accuracy is None or result.balanced_accuracy >= MIN_BALANCED_ACCURACY
    )


def _judge_writing(result: ExamResult, tasks: QuerySet[Task]) -> bool | None:
    """Note the lowest score and say whether it is enough; None where something is left without scores."""
    written = Conversation.objects.filter(assignment__task__in=tasks)
    n_given_up = written.filter(state=Conversation.State.ABANDONED).count()
    scored = written.filter(state=Conversation.State.SCORED)
    given = Review.objects.filter(conversation__in=scored).values_list("score", flat=True)
    scores = [0] * n_given_up + [score for score in given if score is not None]
    result.lowest_score = min(scores, default=None)
    if n_given_up + scored.count() < result.n_demonstrations:
        return None
    return result.lowest_score is None or result.lowest_score >= MIN_SCORE


def _graded(ranking: Ranking) -> Graded:
    pairs = [(better, worse) for better, worse in ranking.comparison.gold_item.pairs]
    return grade(tiers_by_candidate(ranking), pairs)


def _flagged(rankings: Sequence[Ranking]) -> tuple[list[bool], list[bool]]:
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
