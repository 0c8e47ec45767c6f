"""How a project makes its comparisons and has them ranked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from annotation.datasets.criteria import question_of
from annotation.models import Comparison
from annotation.services import exams
from labelhub import exceptions
from labelhub.accounts import services as accounts
from labelhub.accounts.models import Project, User

# Columns of a project that a manager sets; those of the exam are exams' to change.
FIELDS = (
    "n_candidates",
    "criterion",
    "original_takes_part",
    "reference_takes_part",
    "self_naming",
    "sampling_trigger",
    "rankings_per_comparison",
    "overlap_share",
    "settle_splits",
    "gold_share",
    "retest_share",
    "training_rankings",
    "allow_own_conversations",
)


@transaction.atomic
def change(*, project: Project, actor: User, wanted: Mapping[str, Any]) -> Project:
    """Set these of FIELDS, and what exam there is; comparisons that are there already stay as they are.

    Raises InvalidInput, naming the fields, ExamTooSmall and ExamLacksPrompts.
    """
    if "criterion" in wanted:
        _require_words(wanted["criterion"])
    locked = Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    changed = {
        name: [getattr(locked, name), wanted[name]]
        for name in FIELDS
        if name in wanted and getattr(locked, name) != wanted[name]
    }
    for name, (_, value) in changed.items():
        setattr(locked, name, value)
    try:
        locked.full_clean()
    except ValidationError as error:
        raise exceptions.InvalidInput(fields=error.message_dict) from error
    if changed:
        locked.save(update_fields=list(changed))
        accounts.record(
            actor=actor, verb="comparison_settings", subject=locked, project=locked, **changed
        )
    exams.require(
        project=locked,
        wanted=wanted.get("exam_required", locked.exam_required),
        writing=wanted.get("exam_writing", locked.exam_writing),
        actor=actor,
    )
    locked.refresh_from_db()
    return locked


def _require_words(criterion: str) -> None:
    """Raises InvalidInput for a question of one's own that asks nothing: raters would see none."""
    question = question_of(criterion)
    if question.criterion == Comparison.Criterion.CUSTOM and not question.text.strip():
        raise exceptions.InvalidInput(
            fields={"criterion": ["Write the question itself; there is none in this."]}
        )
