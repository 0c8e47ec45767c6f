"""Skills by which the queue knows who may rank what: they decide into which pools a claim looks."""

from __future__ import annotations

from labelhub.accounts.models import Project

# Settles splits; a manager gives it to people like other skills.
LEAD = "lead"
# Passed the entry exam; sitting it.
QUALIFIED = "qualified"
SITTING = "exam"


def skill_for(project: Project) -> str:
    """What the project's real rankings ask of a person."""
    return QUALIFIED if project.exam_required else ""
