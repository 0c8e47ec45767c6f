"""Publishing what raters are asked beside the order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import transaction
from django.db.models import Max

from annotation.exceptions import StaleVersion
from annotation.models import RatingSchema
from labelhub import clock
from labelhub.accounts.models import Project, User
from labelhub.accounts.services import record


@transaction.atomic
def publish_rating_schema(
    *,
    project: Project,
    flags: Sequence[Mapping[str, str]],
    scale_min: int = 1,
    scale_max: int = 7,
    rating_required: bool = False,
    rating_help: str = "",
    flow: str = RatingSchema.Flow.ORDER,
    strength: str = RatingSchema.Strength.NONE,
    replaces: int | None = None,
    actor: User | None = None,
) -> RatingSchema:
    """The next version of a project's rating schema; rankings claimed from now on are asked it.

    Whoever holds a ranking finishes it by the version that they claimed it under. `replaces` is the
    version that this one was made from, 0 for none. Raises StaleVersion where another came since, and
    ValidationError naming the field that contradicts itself.
    """
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)
    newest = project.rating_schemas.aggregate(version=Max("version"))["version"] or 0
    if replaces is not None and replaces != newest:
        raise StaleVersion(extra={"version": newest})
    schema = RatingSchema(
        project=project,
        version=newest + 1,
        scale_min=scale_min,
        scale_max=scale_max,
        rating_required=rating_required,
        rating_help=rating_help,
        flow=flow,
        strength=strength,
        flags=[dict(flag) for flag in flags],
        created_at=clock.now(),
    )
    schema.full_clean()
    schema.save()
    record(actor=actor, verb="rating schema", subject=schema, project=project)
    return schema
