"""How a project makes its comparisons and has them ranked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from annotation.services import exams
from labelhub import exceptions
from labelhub.accounts import services as accounts
from labelhub.accounts.models import Project, User

# Columns of a project that a manager sets; `exam_required` is exams' to change.
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
    """Set these of FIELDS, and `exam_required`; comparisons that are there already stay as they are.

    Raises InvalidInput, naming the fields, and ExamTooSmall.
    """
    locked = Project.objects.select_for_update().get(pk=project.pk)
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
    if "exam_required" in wanted:
        exams.require(project=locked, wanted=wanted["exam_required"], actor=actor)
        locked.refresh_from_db()
    return locked
