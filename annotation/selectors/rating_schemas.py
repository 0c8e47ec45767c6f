"""Reading what a project asks beside the order."""

from __future__ import annotations

from typing import Any

from annotation.models import Assignment, TaskKind
from labelhub.accounts.models import Project


def rating_schemas(*, project: Project) -> dict[str, Any]:
    """Every version, newest first, and how many rankings are still held under another than the newest."""
    versions = list(project.rating_schemas.order_by("-version"))
    held = Assignment.objects.filter(
        project=project, kind=TaskKind.RANKING, state=Assignment.State.LEASED
    )
    return {
        "versions": versions,
        "n_held_under_earlier": held.exclude(rating_schema=versions[0]).count() if versions else 0,
    }
