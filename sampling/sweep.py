"""The recovery of sampling, every ten seconds: what a dead worker or a lost message left behind."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction

from labelhub import clock
from labelhub.ring import ring
from sampling import checks, lifecycle, selectors
from sampling.claiming import MAX_CHECK_ATTEMPTS
from sampling.inspection import Finding, Verdict
from sampling.models import Generation, PolicyCheck, Runner

logger = logging.getLogger(__name__)

AT_ONCE = 100
RUNNER_GONE_AFTER = timedelta(minutes=5)


def sweep() -> None:
    """Free expired leases, ring for what waits or was not consumed, forget dead workers."""
    free_expired()
    free_expired_checks()
    now = clock.now()
    Runner.objects.filter(seen_at__lt=now - RUNNER_GONE_AFTER).delete()
    for generation in selectors.unconsumed_generations(AT_ONCE):
        ring(generation.on_done, generation.pk)
    # Without a worker nobody takes the messages, and they would pile up.
    if not selectors.sampling_health().runners:
        return
    if Generation.objects.filter(state=Generation.State.QUEUED).exists():
        ring("sampling.run")
    if PolicyCheck.objects.filter(state=PolicyCheck.State.QUEUED).exists():
        ring("sampling.check")


@transaction.atomic(durable=True)
def free_expired() -> None:
    """Take running generations from workers that stopped renewing their lease."""
    expired = Generation.objects.select_for_update(skip_locked=True).filter(
        state=Generation.State.RUNNING, lease_until__lt=clock.now()
    )
    for generation in expired.order_by("lease_until")[:AT_ONCE]:
        logger.warning(
            "generation %s, attempt %s: its worker went silent", generation.pk, generation.attempt
        )
        lifecycle.retry_or_fail(
            generation,
            error_code="worker_lost",
            error_detail=f"The worker died in each of {generation.attempt} attempts.",
        )


@transaction.atomic(durable=True)
def free_expired_checks() -> None:
    """Have checks whose worker died looked at once more; a policy that kills it again fails."""
    expired = PolicyCheck.objects.select_for_update(skip_locked=True, of=("self",)).filter(
        state=PolicyCheck.State.RUNNING, lease_until__lt=clock.now()
    )
    for check in expired.select_related("policy", "requested_by")[:AT_ONCE]:
        if check.attempt < MAX_CHECK_ATTEMPTS:
            check.state = PolicyCheck.State.QUEUED
            check.lease_owner = check.lease_until = None
            check.save(update_fields=["state", "lease_owner", "lease_until"])
        else:
            finding = Finding(
                "worker_lost",
                Verdict.BAD,
                f"The worker died in each of {check.attempt} attempts to load it; most likely it "
                "does not fit into memory.",
            )
            checks.end_check(check, [finding], passed=False)
