"""Reading what a manager was called to."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from annotation.models import ManagerFlag
from labelhub.accounts.models import Project, User
from labelhub.accounts.selectors import row_for


def open_flags(*, project: Project) -> QuerySet[ManagerFlag]:
    return ManagerFlag.objects.filter(project=project, settled_at=None).select_related(
        "rater__user", "assignment__task"
    )


def flag_for_manager(*, user: User | AnonymousUser, flag_id: int) -> ManagerFlag:
    """A flag of a project that the person manages. Raises NotFound for any other."""
    return row_for(ManagerFlag.objects.all(), flag_id, user=user)
