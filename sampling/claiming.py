"""Who may run what next: one row taken from PostgreSQL under a lease."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from labelhub import clock
from sampling import selectors
from sampling.models import Gate, Generation, PolicyCheck, Runner

Priority = Generation.Priority
# A check whose worker died under it this often would kill the next one too.
MAX_CHECK_ATTEMPTS = 2


@transaction.atomic(durable=True)
def claim(*, owner: uuid.UUID, least_urgent: Generation.Priority) -> Generation | None:
    """Lease the most urgent, oldest waiting generation to `owner`; None when there is none for it.

    The gate and the owner's own drain are looked at first: what they keep back stays queued.
    """
    allowed = _least_urgent_allowed(owner)
    if allowed is None:
        return None
    now = clock.now()
    generation = (
        Generation.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("policy", "context")
        .filter(
            Q(not_before=None) | Q(not_before__lte=now),
            state=Generation.State.QUEUED,
            priority__lte=min(allowed, least_urgent),
        )
        .order_by("priority", "id")
        .first()
    )
    if generation is None:
        return None
    generation.state = Generation.State.RUNNING
    generation.attempt += 1
    generation.lease_owner = owner
    generation.lease_until = now + timedelta(seconds=settings.LEASE_SECONDS)
    generation.started_at = now
    generation.first_token_at = None
    generation.save(
        update_fields=[
            "state",
            "attempt",
            "lease_owner",
            "lease_until",
            "started_at",
            "first_token_at",
        ]
    )
    return generation


@transaction.atomic(durable=True)
def claim_check(*, owner: uuid.UUID) -> PolicyCheck | None:
    """Lease the oldest waiting check of a policy to `owner`; None when there is none for it."""
    if _is_drained(owner):
        return None
    check = (
        PolicyCheck.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("policy")
        .filter(state=PolicyCheck.State.QUEUED)
        .order_by("id")
        .first()
    )
    if check is None:
        return None
    check.state = PolicyCheck.State.RUNNING
    check.attempt += 1
    check.lease_owner = owner
    check.started_at = clock.now()
    check.lease_until = check.started_at + timedelta(seconds=settings.LEASE_SECONDS)
    check.save(update_fields=["state", "attempt", "lease_owner", "lease_until", "started_at"])
    return check


def _least_urgent_allowed(owner: uuid.UUID) -> Generation.Priority | None:
    mode = selectors.gate_mode()
    if mode == Gate.Mode.CLOSED or _is_drained(owner):
        return None
    return Priority.BATCH if mode == Gate.Mode.OPEN else Priority.INTERACTIVE


def _is_drained(owner: uuid.UUID) -> bool:
    return Runner.objects.filter(id=owner, drain_requested_at__isnull=False).exists()
