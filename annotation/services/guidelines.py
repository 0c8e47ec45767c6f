"""Publishing rules and confirming that they were read."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Max

from annotation.models import Guideline, GuidelineAcknowledgement, Purpose, TaskKind
from labelhub import clock
from labelhub.accounts.models import Project, User
from labelhub.accounts.services import record


@transaction.atomic
def publish_guideline(
    *,
    project: Project,
    kind: TaskKind,
    markdown: str,
    breaking: bool = False,
    purpose: Purpose = Purpose.TRAIN,
    actor: User | None = None,
) -> Guideline:
    """The next version of a project's rules for one kind of work."""
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    newest = Guideline.objects.filter(project=project, kind=kind, purpose=purpose).aggregate(
        version=Max("version")
    )["version"]
    guideline = Guideline(
        project=project,
        kind=kind,
        purpose=purpose,
        version=(newest or 0) + 1,
        markdown=markdown,
        breaking=breaking,
        published_at=clock.now(),
    )
    guideline.full_clean()
    guideline.save()
    record(actor=actor, verb="guideline", subject=guideline, project=project, breaking=breaking)
    return guideline


def acknowledge(*, user: User, guideline: Guideline) -> None:
    """The person has read this version; saying so twice changes nothing."""
    GuidelineAcknowledgement.objects.get_or_create(
        guideline=guideline, user=user, defaults={"acknowledged_at": clock.now()}
    )
