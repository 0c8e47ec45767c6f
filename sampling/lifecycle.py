"""How a generation changes state. Callers hold the row's lock and a transaction."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from labelhub import clock
from labelhub.ring import ring
from sampling.models import Fault, Generation
from sampling.stream import pipe

State = Generation.State


def end(
    generation: Generation,
    state: Generation.State,
    *,
    error_code: str = "",
    error_detail: str = "",
) -> None:
    """Done, failed or cancelled for good: readers and the job named by `on_done` hear of it."""
    generation.state = state
    generation.error_code = error_code
    generation.error_detail = error_detail
    generation.finished_at = clock.now()
    generation.lease_owner = generation.lease_until = None
    generation.save(
        update_fields=[
            "state",
            "error_code",
            "error_detail",
            "finished_at",
            "first_token_at",
            "cancel_requested_at",
            "lease_owner",
            "lease_until",
        ]
    )
    if generation.on_done:
        ring(generation.on_done, generation.pk)
    transaction.on_commit(lambda: pipe.announce_end(generation.pk), robust=True)


def put_back(
    generation: Generation, *, not_before: datetime | None = None, counted: bool = True
) -> None:
    """Back into the queue. Uncounted, it may run once more, under a number of its own.

    The attempt's number never goes back: streams and late losers are told apart by it.
    """
    generation.state = State.QUEUED
    generation.not_before = not_before
    generation.lease_owner = generation.lease_until = None
    if not counted:
        generation.max_attempts += 1
    generation.save(
        update_fields=["state", "not_before", "lease_owner", "lease_until", "max_attempts"]
    )


def retry_or_fail(
    generation: Generation,
    *,
    error_code: str,
    error_detail: str,
    not_before: datetime | None = None,
) -> None:
    """After a fault of the machinery: another attempt if one is left; what nobody wants is over."""
    attempts_left = generation.attempt < generation.max_attempts
    if generation.cancel_requested_at is not None:
        end(generation, State.CANCELLED)
        return
    note_fault(generation, error_code, error_detail, final=not attempts_left)
    if attempts_left:
        put_back(generation, not_before=not_before)
    else:
        end(generation, State.FAILED, error_code=error_code, error_detail=error_detail)


def note_fault(
    generation: Generation, code: str, detail: str, *, index: int | None = None, final: bool = True
) -> None:
    """Keep why the attempt, or one completion of it, did not end well."""
    Fault.objects.create(
        generation=generation,
        attempt=generation.attempt,
        index=index,
        code=code,
        detail=detail,
        final=final,
        at=clock.now(),
    )
