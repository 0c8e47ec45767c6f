"""Reading figures: a project's for its managers, one person's for that person, one comparison whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from string import ascii_uppercase
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Prefetch

from annotation import overlap
from annotation.measures.agreement import pair_agreement
from annotation.measures.consensus import (
    borda,
    bradley_terry,
    consensus_pairs,
    count_cycles,
    wins_of,
)
from annotation.measures.opinions import OPINIONS, PLANNED
from annotation.measures.raters import grade
from annotation.models import (
    Candidate,
    Comparison,
    ExamResult,
    GoldItem,
    GoldMark,
    Guideline,
    Placement,
    ProjectFigures,
    Purpose,
    Ranking,
    Task,
    TaskKind,
)
from annotation.selectors.comparisons import QUESTIONS
from annotation.selectors.judged import COUNTS, eras_of, exclusions_of
from annotation.selectors.rankings import tiers_by_candidate
from labelhub.accounts.models import Membership, Project, Rater, User
from sampling.models import Policy

LESSONS_SHOWN = 20
QUALIFIED = "qualified"


def figures_of(*, project: Project) -> dict[str, Any]:
    """The newest figures, people and policies by name; both values None before the first."""
    found = ProjectFigures.objects.filter(project=project).first()
    if found is None:
        return {"computed_at": None, "figures": None}
    names, policies = _people(project), dict(Policy.objects.values_list("pk", "name"))
    body = found.figures
    versions = {
        str(pk): str(version)
        for pk, version in Guideline.objects.filter(project=project).values_list("pk", "version")
    }
    return {
        "computed_at": found.computed_at,
        "figures": {
            **body,
            "agreement": {
                **body["agreement"],
                "by_guideline": [
                    {**row, "key": versions.get(row["key"], "")}
                    for row in body["agreement"]["by_guideline"]
                ],
            },
            "raters": [{**row, "name": _name(names, row["rater"])} for row in body["raters"]],
            "rater_pairs": [
                {
                    **row,
                    "rater_a": _name(names, row["rater_a"]),
                    "rater_b": _name(names, row["rater_b"]),
                }
                for row in body["rater_pairs"]
            ],
            "policies": _with_names(body["policies"], policies),
            # Figures of an earlier version hold none.
            "makers": [
                {**row, "policy": policies[row["policy"]]} for row in body.get("makers", [])
            ],
        },
    }


def _with_names(body: dict[str, Any], names: dict[int, str]) -> dict[str, Any]:
    def rates(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            {**row, "policy_a": names[row["policy_a"]], "policy_b": names[row["policy_b"]]}
            for row in rows
        ]

    return {
        **body,
        "rates": rates(body["rates"]),
        "by_round": [{**row, "rates": rates(row["rates"])} for row in body["by_round"]],
        "strengths": [{**row, "policy": names[row["policy"]]} for row in body["strengths"]],
    }


def _people(project: Project) -> dict[int, str]:
    return {
        member.user.rater.pk: str(member.user)
        for member in Membership.objects.filter(
            project=project, user__rater__isnull=False
        ).select_related("user__rater")
    }


def _name(names: dict[int, str], rater: int) -> str:
    return names.get(rater, f"rater {rater}")


@dataclass(frozen=True)
class KnownPair:
    better: str
    worse: str
    right: bool


@dataclass(frozen=True)
class Lesson:
    """A known item ranked while in training, in the letters of the page it was ranked on."""

    assignment: int
    ranked_at: datetime
    n_pairs: int
    n_right: int
    pairs: list[KnownPair]
    note: str


@dataclass(frozen=True)
class Exam:
    state: str
    n_items: int = 0
    n_answered: int = 0
    n_pairs: int = 0
    n_right: int = 0
    n_demonstrations: int = 0
    n_written: int = 0
    lowest_score: int | None = None


@dataclass(frozen=True)
class MyFigures:
    computed_at: datetime | None
    mine: dict[str, Any] | None
    lessons: list[Lesson] = field(default_factory=list)
    exam: Exam = field(default_factory=lambda: Exam("not_asked"))


def my_figures(*, membership: Membership) -> MyFigures:
    """What the project knows of one person, for that person; nobody else's figures."""
    found = ProjectFigures.objects.filter(project=membership.project).first()
    rater = getattr(membership.user, "rater", None)
    if rater is None:
        return MyFigures(found.computed_at if found else None, None)
    rows = found.figures["raters"] if found else []
    mine = next((row for row in rows if row["rater"] == rater.pk), None)
    return MyFigures(
        computed_at=found.computed_at if found else None,
        mine={**mine, "name": str(membership.user)} if mine else None,
        lessons=_lessons(membership.project, rater),
        exam=exam_of(membership=membership),
    )


def _lessons(project: Project, rater: Rater) -> list[Lesson]:
    """Known items met while the person had ranked little, newest first. Later ones are never told:
    whoever knows which items are known ranks those with more care."""
    planned = (
        Ranking.objects.filter(COUNTS, project=project, rater=rater)
        .order_by("created_at")
        .values_list("created_at", flat=True)
    )
    trained_at = next(iter(planned[project.training_rankings :][:1]), None)
    golden = Ranking.objects.filter(
        project=project, rater=rater, purpose=Purpose.GOLD, cannot_judge=False, is_current=True
    ).select_related("comparison__gold_item", "assignment")
    if trained_at is not None:
        golden = golden.filter(created_at__lte=trained_at)
    return [_lesson(ranking) for ranking in golden.order_by("-pk")[:LESSONS_SHOWN]]


def _lesson(ranking: Ranking) -> Lesson:
    item = ranking.comparison.gold_item
    indexes = dict(ranking.comparison.candidates.values_list("pk", "index"))
    letters = dict(zip(ranking.shown_order, ascii_uppercase, strict=False))
    tiers = tiers_by_candidate(ranking)
    graded = grade(tiers, [(better, worse) for better, worse in item.pairs])
    return Lesson(
        assignment=ranking.assignment_id or 0,
        ranked_at=ranking.created_at,
        n_pairs=graded.n_pairs,
        n_right=graded.n_right,
        pairs=[
            KnownPair(
                letters[indexes[better]], letters[indexes[worse]], tiers[better] < tiers[worse]
            )
            for better, worse in item.pairs
        ],
        note=item.note,
    )


def exam_of(*, membership: Membership) -> Exam:
    """How far the person is in the project's entry exam."""
    # An admin who is no member anywhere sits no exam.
    if not membership.project.exam_required or membership.pk is None:
        return Exam("not_asked")
    last = ExamResult.objects.filter(membership=membership).order_by("-attempt").first()
    if last is None:
        asked = ExamResult.DEMONSTRATIONS if membership.project.exam_writing else 0
        state = "passed" if QUALIFIED in membership.skills else "waiting"
        return Exam(state, n_demonstrations=asked)
    done = Task.objects.filter(
        project=membership.project,
        reserved_for__user=membership.user,
        purpose=Purpose.EXAM,
        created_at__gte=last.begun_at,
        state=Task.State.DONE,
    )
    counts = Counter(done.values_list("kind", flat=True))
    states = {True: "passed", False: "failed", None: "unjudged"}
    return Exam(
        states[last.passed] if last.ended_at else "under_way",
        n_items=last.n_items,
        n_answered=counts[TaskKind.RANKING],
        n_pairs=last.n_pairs,
        n_right=last.n_right,
        n_demonstrations=last.n_demonstrations,
        n_written=counts[TaskKind.DEMONSTRATION],
        lowest_score=last.lowest_score,
    )


def comparison_detail(*, comparison: Comparison, user: User | AnonymousUser) -> dict[str, Any]:
    """A comparison with its candidates, where they came from, and every ranking side by side, as `user`
    sees it.

    Consensus, order and strengths are of people's opinions by the newest rules they were asked under,
    agreement of the planned ones among them (see measures.opinions); an adjudication stands beside.
    """
    candidates = list(
        Candidate.objects.filter(comparison=comparison)
        .select_related("completion__generation__policy")
        .order_by("index")
    )
    placements = Placement.objects.order_by("candidate__index")
    rankings = list(
        Ranking.objects.filter(comparison=comparison, is_current=True)
        .select_related("rater__user")
        .prefetch_related(Prefetch("placements", placements))
        .order_by("pk")
    )
    tiers = {row.pk: [placed.tier for placed in row.placements.all()] for row in rankings}
    excluded = exclusions_of(project=comparison.project)
    counting = [
        ranking
        for ranking in rankings
        if tiers[ranking.pk]
        and ranking.rater_id is not None
        and ranking.reason in OPINIONS
        and ranking.purpose in {Purpose.TRAIN, Purpose.EVAL}
        and not ranking.own_conversation
        and not _is_excluded(ranking, excluded)
    ]
    # Never across a breaking guideline version (DATA.md §4).
    eras = eras_of(project=comparison.project)
    newest = max((eras.get(ranking.guideline_id or 0, 0) for ranking in counting), default=0)
    counting = [row for row in counting if eras.get(row.guideline_id or 0, 0) == newest]
    opinions = [tiers[ranking.pk] for ranking in counting]
    planned = [tiers[ranking.pk] for ranking in counting if ranking.reason in PLANNED]
    consensus = consensus_pairs(opinions)
    places = (
        {index: place for place, tied in enumerate(borda(opinions), 1) for index in tied}
        if opinions
        else {}
    )
    strengths = bradley_terry(wins_of(opinions)).means if opinions else []
    item = GoldItem.objects.filter(comparison=comparison).first()
    exam = GoldItem.objects.filter(project=comparison.project, use=GoldItem.Use.EXAM)
    schema = comparison.project.rating_schemas.order_by("-version").first()
    marked_by = list(
        GoldMark.objects.filter(comparison=comparison).values_list("rater__user", flat=True)
    )
    return {
        "id": comparison.pk,
        "state": comparison.state,
        "question": comparison.criterion_text
        or QUESTIONS[Comparison.Criterion(comparison.criterion)],
        "direction": comparison.direction,
        "category": comparison.category,
        "language": comparison.language,
        "created_at": comparison.created_at,
        "supersedes": comparison.supersedes_id,
        "superseded_by": Comparison.objects.filter(supersedes=comparison)
        .values_list("pk", flat=True)
        .first(),
        "sampled_here": comparison.pick_run_id is not None,
        "context": comparison.context.messages,
        "candidates": [
            {
                "id": row.pk,
                "index": row.index,
                "content": row.content,
                "origin": row.origin,
                "policy": row.completion.generation.policy.name if row.completion else None,
                "cut_by_length": row.cut_by_length,
                "near_identical": row.near_identical,
                "names_model": row.names_model,
                "borda_place": places.get(row.index),
                "strength": strengths[row.index] if strengths else None,
            }
            for row in candidates
        ],
        "rankings": [_ranking(ranking) for ranking in rankings],
        "agreement": pair_agreement(planned) if len(planned) > 1 else None,
        "split": overlap.is_split(opinions),
        "consensus": consensus,
        "n_cycles": count_cycles(consensus),
        "asked_flags": schema.flags if schema else [],
        "n_exam_pairs": sum(len(pairs) for pairs in exam.values_list("pairs", flat=True)),
        "n_gold_marks": len(marked_by),
        "marked_by_me": user.pk in marked_by,
        "gold": item.use if item else None,
    }


def _is_excluded(ranking: Ranking, excluded: Mapping[int, datetime]) -> bool:
    assert ranking.rater_id is not None
    return ranking.rater_id in excluded and excluded[ranking.rater_id] <= ranking.created_at


def _ranking(ranking: Ranking) -> dict[str, Any]:
    placed = ranking.placements.all()
    person = ranking.rater.user if ranking.rater else None
    return {
        "id": ranking.pk,
        "rater": str(person) if person else ranking.external_rater or str(ranking.rater or ""),
        "reason": ranking.reason,
        "purpose": ranking.purpose,
        "cannot_judge": ranking.cannot_judge,
        "tiers": [one.tier for one in placed],
        "ratings": [one.rating for one in placed],
        "flags": [one.flags for one in placed],
        "acceptable_tier": ranking.acceptable_tier,
        "strength": ranking.strength_grade,
        "rewrite": ranking.rewrite,
        "comment": ranking.comment,
        "active_seconds": ranking.active_seconds,
        "created_at": ranking.created_at,
    }
