"""Holding sampling back and letting it go on: for all workers, or for one that is to be taken down."""

from __future__ import annotations

import uuid

from django.db import transaction

from labelhub import clock, exceptions
from labelhub.accounts.models import Project, User
from labelhub.accounts.services import record
from labelhub.ring import ring
from sampling.models import Gate, Runner


@transaction.atomic
def set_gate(*, mode: Gate.Mode, actor: User, project: Project) -> Gate:
    """Say what GPU workers may claim from now on; what runs comes to its end.

    `project` is the one whose manager did it; the gate is everybody's.
    """
    # Two managers at once: the later one's word counts, and both are on record.
    gate, _ = Gate.objects.select_for_update().get_or_create(
        id=1, defaults={"changed_at": clock.now()}
    )
    if gate.mode != mode:
        before, gate.mode = gate.mode, mode
        gate.changed_by, gate.changed_at = actor, clock.now()
        gate.save(update_fields=["mode", "changed_by", "changed_at"])
        record(
            actor=actor,
            verb="sampling_gate_set",
            subject=gate,
            project=project,
            before=before,
            after=mode,
        )
        ring("sampling.run")
    return gate


@transaction.atomic
def set_drain(*, runner_id: uuid.UUID, draining: bool, actor: User, project: Project) -> Runner:
    """Have one GPU worker claim nothing more, or again. Raises NotFound where it has gone."""
    runner = Runner.objects.select_for_update().filter(pk=runner_id).first()
    if runner is None:
        raise exceptions.NotFound
    if (runner.drain_requested_at is not None) != draining:
        runner.drain_requested_at = clock.now() if draining else None
        runner.save(update_fields=["drain_requested_at"])
        record(
            actor=actor,
            verb="worker_drained" if draining else "worker_resumed",
            subject=runner,
            project=project,
            host=runner.host,
        )
        ring("sampling.run")
    return runner
