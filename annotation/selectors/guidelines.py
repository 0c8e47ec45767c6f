"""Reading guidelines and who has read them."""

from __future__ import annotations

from collections.abc import Collection

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, QuerySet

from annotation.models import Guideline, GuidelineAcknowledgement, Purpose
from labelhub import exceptions
from labelhub.accounts.models import Membership, User


def _with_acknowledgement(user: User | AnonymousUser) -> QuerySet[Guideline]:
    return Guideline.objects.annotate(
        acknowledged=Exists(
            GuidelineAcknowledgement.objects.filter(guideline=OuterRef("pk"), user=user.pk)
        )
    )


def guideline_for(*, user: User | AnonymousUser, guideline_id: int) -> Guideline:
    """A guideline of a project the person works in, with `acknowledged`. Raises NotFound."""
    assert isinstance(user, User)
    rows = _with_acknowledgement(user).filter(pk=guideline_id)
    if not user.is_superuser:
        rows = rows.filter(
            project__memberships__user=user, project__memberships__deactivated_at=None
        )
    found = rows.first()
    if found is None:
        raise exceptions.NotFound
    return found


def read_before(*, user: User | AnonymousUser, guideline: Guideline) -> Guideline | None:
    """The newest earlier version that the person has read: what this one is a change of for them."""
    return (
        Guideline.objects.filter(
            project=guideline.project_id,
            kind=guideline.kind,
            purpose=guideline.purpose,
            version__lt=guideline.version,
            acknowledgements__user=user.pk,
        )
        .order_by("-version")
        .first()
    )


def current_guidelines(*, membership: Membership, kinds: Collection[str]) -> list[Guideline]:
    """The newest training guideline of each kind, with `acknowledged`."""
    return list(
        _with_acknowledgement(membership.user)
        .filter(project=membership.project, kind__in=list(kinds), purpose=Purpose.TRAIN)
        .order_by("kind", "-version")
        .distinct("kind")
    )
