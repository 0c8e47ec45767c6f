"""The recovery of sampling, every ten seconds: what a dead worker or a lost message left behind."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction

from labelhub import clock
from labelhub.ring import ring
from sampling import lifecycle, selectors
from sampling.models import Generation, Runner

logger = logging.getLogger(__name__)

AT_ONCE = 100
RUNNER_GONE_AFTER = timedelta(minutes=5)


def sweep() -> None:
    """Free expired leases, ring for what waits or was not consumed, forget dead workers."""
    free_expired()
    now = clock.now()
    Runner.objects.filter(seen_at__lt=now - RUNNER_GONE_AFTER).delete()
    for generation in selectors.unconsumed_generations(AT_ONCE):
        ring(generation.on_done, generation.pk)
    waiting = Generation.objects.filter(state=Generation.State.QUEUED)
    # Without a worker nobody takes the messages, and they would pile up.
    if selectors.sampling_health().runners and waiting.exists():
        ring("sampling.run")


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
