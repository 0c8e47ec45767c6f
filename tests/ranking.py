"""People who rank, through the services, by the candidates' own numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from uuid import uuid4

from annotation.models import Assignment, Ranking, Task, TaskKind
from annotation.selectors.comparisons import ranking_sheet_for
from annotation.services import claim, follow_ups, rankings, tasks
from annotation.services.comparisons import ranking_task
from labelhub.accounts.models import Membership, Project, User
from tests.factories import MembershipFactory, ready_comparison

# A tier a candidate, by the candidates' index.
Tiers = Sequence[int]


def people(project: Project, n: int, **fields: object) -> list[User]:
    return [MembershipFactory(project=project, **fields).user for _ in range(n)]


def queued(project: Project, n_candidates: int = 4, **fields: object) -> Task:
    """A comparison in the queue, as sampling leaves it."""
    comparison = ready_comparison(project, n_candidates, **fields)
    (task,) = tasks.add_tasks(tasks=[ranking_task(comparison)])
    return task


def claim_next(user: User, project: Project) -> Assignment:
    found = claim.claim(user=user, slug=project.slug, kind=TaskKind.RANKING)
    return Assignment.objects.select_related("task", "rater").get(pk=found)


def submit(
    user: User,
    assignment: Assignment,
    tiers: Tiers | None,
    *,
    flags: Mapping[int, Sequence[str]] | None = None,
    ratings: Mapping[int, int] | None = None,
    follow_up: bool = True,
) -> Ranking:
    """Rank by tiers, or say that it cannot be judged; what follows is followed up."""
    sheet = ranking_sheet_for(user=user, assignment_id=assignment.pk)
    letters = dict(zip(assignment.shown_order, sheet.candidates, strict=True))
    rows = sorted(set(tiers or []))
    rankings.submit_ranking(
        sheet=sheet,
        key=uuid4(),
        judgement={
            "cannot_judge": tiers is None,
            "strength": None,
            "tiers": [
                [letters[index] for index, tier in enumerate(tiers or []) if tier == row]
                for row in rows
            ],
            "acceptable_tier": None,
            "ratings": {letters[index]: rating for index, rating in (ratings or {}).items()},
            "flags": {letters[index]: keys for index, keys in (flags or {}).items()},
            "comment": "",
            "rewrite": "",
            "open_milliseconds": dict.fromkeys(sheet.candidates, 1000),
        },
    )
    if follow_up:
        follow_ups.follow_up_all()
    return Ranking.objects.get(assignment=assignment)


def rank_next(
    user: User, project: Project, tiers: Tiers | Callable[[Assignment], Tiers]
) -> Ranking:
    assignment = claim_next(user, project)
    return submit(user, assignment, tiers(assignment) if callable(tiers) else tiers)


def membership_of(user: User, project: Project) -> Membership:
    return Membership.objects.get(user=user, project=project)
