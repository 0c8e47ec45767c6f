"""Rows held for personal data, with the places where something was found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from annotation import personal_data
from annotation.models import DatasetChunk, PersonalDataHold
from annotation.selectors.dataset_thumbs import feedback_texts
from annotation.selectors.mixtures import dialogue_texts, prompt_texts, ranking_texts
from labelhub.accounts.models import Membership, User
from labelhub.accounts.selectors import row_for

# What of a text is shown on each side of a finding.
_AROUND = 120
_READERS = {
    DatasetChunk.RowsOf.CONVERSATION.value: dialogue_texts,
    DatasetChunk.RowsOf.RANKING.value: ranking_texts,
    DatasetChunk.RowsOf.PROMPT.value: prompt_texts,
    DatasetChunk.RowsOf.FEEDBACK.value: feedback_texts,
}


@dataclass(frozen=True)
class Passage:
    """What was found, its kind, and the words around it."""

    before: str
    found: str
    after: str
    kind: str


def holds_of(*, membership: Membership, decided: bool) -> QuerySet[PersonalDataHold]:
    """The project's held rows that wait for somebody's decision, or those that have one."""
    held = PersonalDataHold.objects.filter(project=membership.project).select_related("decided_by")
    waiting = PersonalDataHold.Decision.OPEN
    return held.exclude(decision=waiting) if decided else held.filter(decision=waiting)


def hold_for(*, user: User | AnonymousUser, hold_id: int) -> PersonalDataHold:
    """A held row of a project that the person manages. Raises NotFound for any other."""
    return row_for(PersonalDataHold.objects.all(), hold_id, user=user)


def with_passages(holds: Sequence[PersonalDataHold]) -> list[PersonalDataHold]:
    """The held rows, each with its `passages`; a number of queries that does not grow with theirs."""
    ids: dict[str, list[int]] = defaultdict(list)
    for held in holds:
        ids[held.rows_of].append(held.row_id)
    texts = {
        (rows_of, pk): said
        for rows_of in ids
        for pk, said in _READERS[rows_of](ids[rows_of]).items()
    }
    for held in holds:
        said = texts.get((held.rows_of, held.row_id), [])
        held.passages = list(_passages(said, held.language))  # type: ignore[attr-defined]
    return list(holds)


def _passages(texts: Sequence[str], language: str) -> Iterator[Passage]:
    for text in texts:
        for span in personal_data.find(text, language=language):
            yield Passage(
                text[max(0, span.start - _AROUND) : span.start],
                text[span.start : span.end],
                text[span.end : span.end + _AROUND],
                span.kind,
            )
