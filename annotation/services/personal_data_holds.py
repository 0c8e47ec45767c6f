"""Rows held for personal data, and what a person decides of each (DATA.md §6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction

from annotation.models import PersonalDataHold
from labelhub import clock
from labelhub.accounts import services as accounts
from labelhub.accounts.models import User

Decision = PersonalDataHold.Decision


@dataclass(frozen=True)
class Found:
    """A row in which something looks like personal data, and what kinds of it."""

    project_id: int
    rows_of: str
    row_id: int
    language: str
    kinds: frozenset[str]


def hold(found: Iterable[Found]) -> None:
    """List these rows for somebody to look at; those that are listed already stay as they are."""
    now = clock.now()
    PersonalDataHold.objects.bulk_create(
        (
            PersonalDataHold(
                project_id=one.project_id,
                rows_of=one.rows_of,
                row_id=one.row_id,
                language=one.language,
                kinds=sorted(one.kinds),
                found_at=now,
            )
            for one in found
        ),
        ignore_conflicts=True,
    )


def decisions(rows_of: str, ids: Sequence[int]) -> dict[int, Decision]:
    """What was decided of these rows; those of which nothing was are absent."""
    decided = PersonalDataHold.objects.filter(rows_of=rows_of, row_id__in=ids).exclude(
        decision=Decision.OPEN
    )
    return {pk: Decision(word) for pk, word in decided.values_list("row_id", "decision")}


@transaction.atomic
def decide(*, held: PersonalDataHold, decision: Decision, decided_by: User) -> PersonalDataHold:
    """Keep, blank or leave out the row from now on; versions that are frozen stay what they are.

    A later decision takes the place of an earlier one, and both are on record.
    """
    held = PersonalDataHold.objects.select_for_update().get(pk=held.pk)
    held.decision, held.decided_by, held.decided_at = decision, decided_by, clock.now()
    held.save(update_fields=["decision", "decided_by", "decided_at"])
    accounts.record(
        actor=decided_by,
        verb="personal data decided",
        subject=held,
        project=held.project,
        decision=decision.value,
        rows_of=held.rows_of,
        row=held.row_id,
    )
    return held
