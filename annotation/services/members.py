"""Taking people off a project, and leaving their labels out; either can be taken back (DATA.md §7)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from annotation.models import Assignment
from annotation.services import leases
from labelhub import clock
from labelhub.accounts import services as accounts
from labelhub.accounts.models import Membership, User


@transaction.atomic
def deactivate(*, membership: Membership, actor: User | None) -> Membership:
    """Take a person off a project: what they hold goes back to the queue, what they handed in stays.

    `accounts.services.add_member` takes them back. A second call changes nothing.
    """
    # A claim of theirs that is under way holds this row until its lease is there to be released.
    locked = _locked(membership)
    if locked.deactivated_at is not None:
        return locked
    locked.deactivated_at = clock.now()
    locked.save(update_fields=["deactivated_at"])
    held = Assignment.objects.filter(
        project=locked.project, rater__user=locked.user, state=Assignment.State.LEASED
    )
    held.update(lease_until=locked.deactivated_at - timedelta(seconds=1))
    leases.sweep_expired(project_id=locked.project_id)
    accounts.record(actor=actor, verb="member deactivated", subject=locked, project=locked.project)
    return locked


@transaction.atomic
def exclude(*, membership: Membership, since: datetime | None, actor: User | None) -> Membership:
    """Leave out of statistics and datasets what the person did from `since` on; None counts it again."""
    locked = _locked(membership)
    locked.excluded_from = since
    locked.save(update_fields=["excluded_from"])
    accounts.record(
        actor=actor,
        verb="member excluded" if since else "member counted again",
        subject=locked,
        project=locked.project,
        since=since and since.isoformat(),
    )
    return locked


def _locked(membership: Membership) -> Membership:
    return (
        Membership.objects.select_for_update(no_key=True, of=("self",))
        .select_related("project", "user")
        .get(pk=membership.pk)
    )
