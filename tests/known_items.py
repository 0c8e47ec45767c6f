"""Comparisons whose order two leads agreed on: gold, and items of the exam."""

from __future__ import annotations

from collections.abc import Sequence

from annotation.models import GoldItem
from annotation.services import gold
from labelhub.accounts.models import Membership, Project, User
from tests.factories import RatingSchemaFactory, ready_comparison
from tests.ranking import people

GOOD, BAD = [1, 2, 3, 4], [4, 3, 2, 1]


def leads(project: Project) -> list[User]:
    return people(project, 2, role=Membership.Role.REVIEWER)


def make_gold(
    project: Project,
    *,
    use: GoldItem.Use = GoldItem.Use.GOLD,
    n_candidates: int = 4,
    flagged: Sequence[int] = (),
) -> GoldItem:
    """An item of which all pairs are clear, the first candidate the best."""
    comparison = ready_comparison(project, n_candidates)
    ids = list(comparison.candidates.order_by("index").values_list("pk", flat=True))
    pairs = [(a, b) for row, a in enumerate(ids) for b in ids[row + 1 :]]
    item = None
    for lead in leads(project):
        item = gold.mark(
            comparison=comparison,
            rater=lead.rater,
            actor=lead,
            use=use,
            pairs=pairs,
            flags={ids[index]: ["hallucination"] for index in flagged},
            note="The first is right.",
        )
    assert item is not None
    return item


def asked_for(project: Project, *keys: str) -> None:
    """What may be wrong with a reply of the project."""
    RatingSchemaFactory(
        project=project, flags=[{"key": key, "label": key, "help": ""} for key in keys]
    )
