"""What a dataset's card tells of its rows: how people agreed, and how they were treated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.db import connection
from django.db.models import Sum

from annotation.measures.agreement import agreement, meetings
from annotation.measures.judged import Judged
from annotation.models import Assignment, Conversation, Dataset, DatasetChunk, Ranking
from annotation.selectors import judged
from annotation.selectors.dataset_people import rater_of_rows
from annotation.selectors.datasets import chunks_of
from labelhub.accounts.models import Consent, Project

RowsOf = DatasetChunk.RowsOf
# How an assignment is linked to the rows that came of it; a prompt comes of none.
_WORK = {
    RowsOf.RANKING: "rankings",
    RowsOf.CONVERSATION: "conversation",
    RowsOf.FEEDBACK: "conversation__messages__feedback",
}


@dataclass(frozen=True)
class People:
    """Who made a dataset's rows, and how they were treated (DATA.md §7).

    `n_consented` of the raters have agreed to a consent document; `hours` are their active time on these
    rows. Of `n_demonstrations` written by people, `n_reviewed` were read by a reviewer.
    """

    n_raters: int
    n_consented: int
    consent_documents: list[int]
    hours: float
    n_demonstrations: int
    n_reviewed: int


def people_of(dataset: Dataset) -> People:
    raters: set[int] = set()
    seconds, states = 0.0, Counter[str]()
    for chunk in chunks_of(dataset):
        raters.update(rater_of_rows(chunk.rows_of, chunk.row_ids).values())
        link = _WORK.get(RowsOf(chunk.rows_of))
        if link is not None:
            # A subquery: one assignment may stand behind several rows.
            work = Assignment.objects.filter(**{f"{link}__in": chunk.row_ids}).values("pk")
            seconds += (
                Assignment.objects.filter(pk__in=work).aggregate(total=Sum("active_seconds"))[
                    "total"
                ]
                or 0.0
            )
        if chunk.rows_of == RowsOf.CONVERSATION:
            states.update(
                Conversation.objects.filter(
                    pk__in=chunk.row_ids, kind=Conversation.Kind.DEMONSTRATION
                ).values_list("state", flat=True)
            )
    consents = list(
        Consent.objects.filter(user__rater__in=raters, withdrawn_at=None).values_list(
            "user__rater", "document__version"
        )
    )
    return People(
        n_raters=len(raters),
        n_consented=len({rater for rater, _ in consents}),
        consent_documents=sorted({version for _, version in consents}),
        hours=round(seconds / 3600, 2),
        n_demonstrations=sum(states.values()),
        n_reviewed=states["approved"],
    )


def agreement_of(dataset: Dataset) -> dict[str, Any] | None:
    """measures.agreement over the dataset's own rankings, whatever was ranked or left out since; None
    where it is no dataset of rankings.

    The estimates in it are None where too few comparisons were ranked by two people.
    """
    if dataset.kind != Dataset.Kind.COMPARISONS:
        return None
    comparisons: list[Judged] = []
    for chunk in chunks_of(dataset):
        if chunk.rows_of == RowsOf.RANKING:
            comparisons += _judged(chunk.row_ids)
    return asdict(agreement(meetings(comparisons)))


def _judged(ranking_ids: Sequence[int]) -> list[Judged]:
    frozen = Ranking.objects.filter(pk__in=ranking_ids)
    return [
        Judged(**row)
        for project in Project.objects.filter(rankings__in=frozen).distinct()
        for row in judged.read_frozen(project=project, rankings=frozen).values()
    ]


def rating_schemas_of(dataset: Dataset) -> list[int]:
    """The versions of the rating schemas that its rankings were given by."""
    found: set[int] = set()
    for chunk in chunks_of(dataset):
        if chunk.rows_of == RowsOf.RANKING:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT DISTINCT s.version FROM annotation_ranking r"
                    " JOIN annotation_ratingschema s ON s.id = r.rating_schema_id"
                    " WHERE r.id = ANY(%s)",
                    [chunk.row_ids],
                )
                found.update(version for (version,) in cursor.fetchall())
    return sorted(found)
