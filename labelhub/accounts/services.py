"""Changing people, roles, consents and tokens; each change that matters leaves an audit event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.contrib.auth import authenticate
from django.db import models, transaction
from django.http import HttpRequest

from labelhub import clock, exceptions
from labelhub.accounts import selectors
from labelhub.accounts.exceptions import ConsentOutdated, WrongCredentials
from labelhub.accounts.models import ApiToken, AuditEvent, Consent, Membership, Project, Rater, User


def record(
    *,
    actor: User | None,
    verb: str,
    subject: models.Model,
    project: Project | None = None,
    **details: Any,
) -> AuditEvent:
    """Append to the audit log; call it inside the transaction of the change itself."""
    return AuditEvent.objects.create(
        at=clock.now(),
        actor=actor,
        project=project,
        verb=verb,
        object_type=subject._meta.label,
        object_id=str(subject.pk),
        details=details,
    )


def check_credentials(*, request: HttpRequest, username: str, password: str) -> User:
    """The active user with these credentials. Raises WrongCredentials, whatever was wrong."""
    user = authenticate(request, username=username, password=password)
    if user is None:
        raise WrongCredentials
    assert isinstance(user, User)
    return user


@transaction.atomic
def give_consent(*, user: User, version: int, purposes: Sequence[str]) -> Consent:
    """Store the person's agreement. Raises ConsentOutdated unless `version` is the current document's."""
    document = selectors.current_consent_document()
    if document is None or document.version != version:
        raise ConsentOutdated
    consent, _ = Consent.objects.get_or_create(
        user=user,
        document=document,
        withdrawn_at=None,
        defaults={
            "purposes": [purpose for purpose in document.purposes if purpose in purposes],
            "given_at": clock.now(),
        },
    )
    return consent


@transaction.atomic
def add_member(
    *,
    project: Project,
    user: User,
    role: str,
    actor: User | None = None,
    languages: Sequence[str] = ("en",),
    skills: Sequence[str] = (),
    sensitivity_opt_ins: Sequence[str] = (),
) -> Membership:
    """Make or change a person's membership; gives them a rater on their first."""
    Rater.objects.get_or_create(user=user)
    membership, _ = Membership.objects.update_or_create(
        project=project,
        user=user,
        defaults={
            "role": role,
            "languages": list(languages),
            "skills": list(skills),
            "sensitivity_opt_ins": list(sensitivity_opt_ins),
            "deactivated_at": None,
        },
    )
    membership.full_clean()
    record(actor=actor, verb="role", subject=membership, project=project, role=role)
    return membership


@transaction.atomic
def declare(
    *, membership: Membership, languages: Sequence[str], sensitivity_opt_ins: Sequence[str]
) -> Membership:
    """Set what a member writes in and which sensitive topics they agree to see.

    Raises NotAllowed for an admin who is no member: there is nothing of theirs to declare.
    """
    if membership.pk is None:
        raise exceptions.NotAllowed("You are not a member of this project.")
    locked = (
        Membership.objects.select_for_update(no_key=True, of=("self",))
        .select_related("project", "user")
        .get(pk=membership.pk)
    )
    locked.languages = sorted(set(languages))
    locked.sensitivity_opt_ins = sorted(set(sensitivity_opt_ins))
    locked.save(update_fields=["languages", "sensitivity_opt_ins"])
    record(
        actor=locked.user,
        verb="declared",
        subject=locked,
        project=locked.project,
        languages=locked.languages,
        sensitivity_opt_ins=locked.sensitivity_opt_ins,
    )
    return locked


@transaction.atomic
def make_token(*, user: User, name: str, scopes: Sequence[str], days: int) -> tuple[ApiToken, str]:
    """A new token and its secret, which is shown once and stored only as a digest."""
    token, secret = ApiToken.objects.create(
        user=user, name=name, scopes=list(scopes), expiry=timedelta(days=days)
    )
    record(actor=user, verb="token made", subject=token, name=name, scopes=list(scopes))
    return token, secret


@transaction.atomic
def delete_token(*, user: User, token_id: str) -> None:
    token = selectors.token_for(user=user, token_id=token_id)
    record(actor=user, verb="token deleted", subject=token, name=token.name)
    token.delete()
