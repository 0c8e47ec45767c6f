"""Skills by which the queue knows who may do what: they decide into which pools a claim looks."""

from __future__ import annotations

from annotation.models import TaskKind
from labelhub.accounts.models import Project

# Settles splits; a manager gives it to people like other skills.
LEAD = "lead"
# Passed the entry exam; sitting it.
QUALIFIED = "qualified"
SITTING = "exam"


def examined_kinds(project: Project) -> list[TaskKind]:
    """The kinds of real work that only people who passed the project's exam are given."""
    if not project.exam_required:
        return []
    return [TaskKind.RANKING, *([TaskKind.DEMONSTRATION] if project.exam_writing else [])]


def skill_for(project: Project, kind: TaskKind) -> str:
    """What the project's real work of a kind asks of a person."""
    return QUALIFIED if kind in examined_kinds(project) else ""
