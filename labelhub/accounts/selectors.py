"""Reading people, projects and consents."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeVar

from django.contrib.auth.models import AnonymousUser
from django.db.models import Model, Q, QuerySet

from labelhub import exceptions
from labelhub.accounts.models import ApiToken, ConsentDocument, Membership, Project, Rater, User

Role = Membership.Role
_Row = TypeVar("_Row", bound=Model)


def membership_for(
    *, user: User | AnonymousUser, slug: str, roles: Collection[str] | None = None
) -> Membership:
    """The person's active membership, with its project and rater.

    An admin acts as a manager of every project. Raises NotFound for a project that is absent or not
    theirs, NotAllowed where none of `roles` is theirs.
    """
    assert isinstance(user, User)
    found = (
        Membership.objects.select_related("project", "user__rater")
        .filter(project__slug=slug, user=user, deactivated_at=None)
        .first()
    )
    if found is None:
        if not user.is_superuser:
            raise exceptions.NotFound
        project = Project.objects.filter(slug=slug).first()
        if project is None:
            raise exceptions.NotFound
        found = Membership(project=project, user=user, role=Role.MANAGER)
    if roles is not None and found.role not in roles and not user.is_superuser:
        raise exceptions.NotAllowed(
            f"This needs the role {' or '.join(sorted(roles))}; yours here is {found.role}."
        )
    return found


def row_for(
    rows: QuerySet[_Row],
    row_id: int,
    *,
    user: User | AnonymousUser,
    roles: Collection[str] = (Role.MANAGER,),
) -> _Row:
    """The row of this id, in whose project the person has one of `roles`.

    Raises NotFound for any other: what is not theirs looks like what is not there.
    """
    found = rows.select_related("project").filter(pk=row_id).first()
    if found is None:
        raise exceptions.NotFound
    try:
        membership_for(user=user, slug=found.project.slug, roles=roles)  # type: ignore[attr-defined]
    except exceptions.NotAllowed:
        raise exceptions.NotFound from None
    return found


def is_member(user: User | AnonymousUser) -> Q:
    """Of rows with a project: those of projects in which the person is an active member."""
    return Q(project__memberships__user=user.pk, project__memberships__deactivated_at=None)


def require_manager(user: User | AnonymousUser) -> User:
    """The person, where they manage any project or are an admin. Raises NotAllowed.

    For what belongs to the installation and not to one project: policies, above all.
    """
    assert isinstance(user, User)
    if not (
        user.is_superuser
        or user.memberships.filter(
            role=Role.MANAGER, deactivated_at=None, project__archived_at=None
        ).exists()
    ):
        raise exceptions.NotAllowed(
            "This needs the role manager in a project; you have it in none."
        )
    return user


def rater_of(user: User | AnonymousUser) -> Rater:
    """The rater that stands for a person in labels. Raises NotAllowed for someone who has none yet."""
    assert isinstance(user, User)
    rater: Rater | None = getattr(user, "rater", None)
    if rater is None:
        raise exceptions.NotAllowed("You are not a member of any project yet; ask a manager.")
    return rater


def memberships_of(user: User) -> list[Membership]:
    return list(
        user.memberships.filter(deactivated_at=None, project__archived_at=None)
        .select_related("project")
        .order_by("project__name")
    )


def current_consent_document() -> ConsentDocument | None:
    return ConsentDocument.objects.order_by("-version").first()


def has_consented(user: User, document: ConsentDocument | None) -> bool:
    """Whether the person agreed to `document`; where there is none, there is nothing to agree to."""
    return document is None or user.consents.filter(document=document, withdrawn_at=None).exists()


def token_for(*, user: User, token_id: str) -> ApiToken:
    token: ApiToken | None = ApiToken.objects.filter(user=user, token_key=token_id).first()
    if token is None:
        raise exceptions.NotFound
    return token


def tokens_of(user: User) -> list[ApiToken]:
    return list(ApiToken.objects.filter(user=user).order_by("-created"))
