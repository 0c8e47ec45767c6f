"""Tasks that people found unclear or broken and that wait for a lead (DATA.md §3)."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from annotation.models import Assignment, Task
from annotation.selectors.questions import LEADS
from labelhub.accounts.models import Project, User
from labelhub.accounts.selectors import row_for


def withdrawn_in(*, project: Project) -> QuerySet[Task]:
    """Tasks taken out of the queue by skips, each with its `skips`, oldest first."""
    skips = Assignment.objects.exclude(skip_reason="").select_related("rater__user").order_by("pk")
    return (
        Task.objects.filter(
            Exists(skips.filter(task=OuterRef("pk"))),
            project=project,
            state=Task.State.WITHDRAWN,
            settled_at=None,
        )
        .select_related("prompt", "pool")
        .prefetch_related(Prefetch("assignments", queryset=skips, to_attr="skips"))
    )


def task_for_lead(*, user: User | AnonymousUser, task_id: int) -> Task:
    """A task of a project in which the person is a lead. Raises NotFound for any other."""
    return row_for(Task.objects.all(), task_id, user=user, roles=LEADS)
