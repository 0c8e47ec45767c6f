"""Contesting the count of one's working time, and deciding on it."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import transaction

from annotation.exceptions import AlreadyDecided, NothingAsked, OwnTime
from annotation.models import TimeContest
from annotation.selectors.working_time import seconds_on
from labelhub import clock
from labelhub.accounts import services as accounts
from labelhub.accounts.models import Membership, User
from labelhub.accounts.selectors import rater_of
from labelhub.exceptions import InvalidInput


@transaction.atomic
def contest(*, membership: Membership, day: date, claimed_seconds: float, text: str) -> TimeContest:
    """Say that a day's count is wrong. While nobody has decided, a second word replaces the first.

    Raises NothingAsked without a reason, InvalidInput for a day on which nobody could have worked: it
    is still to come, or the project was not there yet.
    """
    if not text.strip():
        raise NothingAsked("Say what the count leaves out.")
    # A day begins somewhere on earth half a day before it does in UTC.
    latest = (clock.now() + timedelta(hours=14)).date()
    earliest = membership.project.created_at.date() - timedelta(days=1)
    if not earliest <= day <= latest:
        raise InvalidInput(fields={"day": [f"Name a day from {earliest} to {latest}."]})
    found, _ = TimeContest.objects.update_or_create(
        project=membership.project,
        rater=rater_of(membership.user),
        day=day,
        decided_at=None,
        defaults={
            "counted_seconds": seconds_on(membership=membership, day=day),
            "claimed_seconds": claimed_seconds,
            "text": text,
            "created_at": clock.now(),
        },
    )
    return found


@transaction.atomic
def decide(*, contest: TimeContest, user: User, granted_seconds: float, answer: str) -> TimeContest:
    """Settle a contest; what is granted replaces the count of that day.

    Raises AlreadyDecided, and OwnTime for what the person themself contested.
    """
    locked = (
        TimeContest.objects.select_for_update(of=("self",))
        .select_related("project", "rater")
        .get(pk=contest.pk)
    )
    if locked.rater.user_id == user.pk:
        raise OwnTime
    if locked.decided_at is not None:
        raise AlreadyDecided
    locked.granted_seconds = granted_seconds
    locked.answer = answer
    locked.decided_by = rater_of(user)
    locked.decided_at = clock.now()
    locked.save()
    accounts.record(
        actor=user,
        verb="time decided",
        subject=locked,
        project=locked.project,
        granted_seconds=granted_seconds,
    )
    return locked
