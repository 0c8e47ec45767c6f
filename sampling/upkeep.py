"""The one background thread of a GPU worker process: cancels, leases, heartbeat, lost messages.

It is what keeps sampling going without Redis: it looks into PostgreSQL itself, seldom.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.models import Q

from labelhub import clock
from sampling.models import Generation, Runner
from sampling.runner import Worker
from sampling.stream import pipe

logger = logging.getLogger(__name__)

TICK_SECONDS = 0.15
CANCEL_ROWS_SECONDS = 1.0
POLL_SECONDS = 3.0
HEARTBEAT_SECONDS = 10.0


@dataclass
class _Duty:
    """Something to do every `seconds`."""

    seconds: float
    action: Callable[[], None]
    due: float = 0.0


class Upkeep(threading.Thread):
    """Looks after `worker`; `start_run` puts one more `run_next` on a thread of the pool."""

    def __init__(self, worker: Worker, start_run: Callable[[], None]) -> None:
        super().__init__(name="upkeep", daemon=True)
        self._worker = worker
        self._start_run = start_run
        self._closing = threading.Event()
        self._started_at = clock.now()
        self._n_tokens_before = 0
        self._duties = [
            _Duty(TICK_SECONDS, self.stop_noted),
            _Duty(CANCEL_ROWS_SECONDS, self.stop_requested),
            _Duty(POLL_SECONDS, self.start_waiting),
            _Duty(HEARTBEAT_SECONDS, self.report),
            _Duty(settings.LEASE_RENEW_SECONDS, self.renew_leases),
        ]

    def run(self) -> None:
        while not self._closing.wait(TICK_SECONDS):
            now = time.monotonic()
            for duty in self._duties:
                if now >= duty.due:
                    duty.due = now + duty.seconds
                    self._attempt(duty.action)
        self._attempt(self.sign_off)
        connection.close()

    def close(self) -> None:
        """Sign off and end the thread."""
        self._closing.set()
        self.join()

    def _attempt(self, action: Callable[[], None]) -> None:
        try:
            action()
        except (DatabaseError, InterfaceError) as error:
            # PostgreSQL comes back by itself; until then there is nothing to keep up.
            logger.warning("upkeep goes on later: %s", error)
            connection.close()

    def stop_noted(self) -> None:
        """Stop what a note in Redis says nobody wants; hand all back when the worker stops."""
        running = self._worker.running()
        noted = pipe.cancels_noted({each.generation.pk for each in running})
        for each in running:
            if self._worker.stopping and not each.handed_back:
                each.hand_back()
            elif each.generation.pk in noted and not each.cancelled:
                each.cancel()

    def stop_requested(self) -> None:
        """Stop what PostgreSQL says nobody wants, should the note have been lost."""
        running = [each for each in self._worker.running() if not each.cancelled]
        if not running:
            return
        requested = set(
            Generation.objects.filter(pk__in=[each.generation.pk for each in running])
            .exclude(cancel_requested_at=None)
            .values_list("pk", flat=True)
        )
        for each in running:
            if each.generation.pk in requested:
                each.cancel()

    def start_waiting(self) -> None:
        """Run what waits though no message came for it."""
        n_idle = self._worker.n_idle()
        if n_idle <= 0:
            return
        waiting = Generation.objects.filter(
            Q(not_before=None) | Q(not_before__lte=clock.now()), state=Generation.State.QUEUED
        )
        for _ in waiting.order_by("priority", "id").values_list("pk")[:n_idle]:
            self._start_run()

    def renew_leases(self) -> None:
        """Renew all our leases while tokens flow, and stop what was taken from us.

        An engine that hangs moves no tokens: its generations are then freed for other workers.
        """
        running = self._worker.running()
        n_tokens = self._worker.engines.n_tokens()
        building = any(each.handle is None for each in running)
        flowing = building or n_tokens != self._n_tokens_before
        self._n_tokens_before = n_tokens
        if not running:
            return
        ours = Generation.objects.filter(
            lease_owner=self._worker.id, state=Generation.State.RUNNING
        )
        if flowing:
            ours.update(lease_until=clock.now() + timedelta(seconds=settings.LEASE_SECONDS))
        kept = set(ours.values_list("pk", "attempt"))
        for each in running:
            # One that is being stored right now ends by itself; stopping it changes nothing.
            if each.key not in kept:
                each.hand_back()

    def report(self) -> None:
        """Say that this process lives."""
        Runner.objects.update_or_create(
            id=self._worker.id,
            defaults={"seen_at": clock.now(), "device": self._worker.engines.device()[:100]},
            create_defaults={
                "host": socket.gethostname(),
                "device": self._worker.engines.device()[:100],
                "started_at": self._started_at,
                "seen_at": clock.now(),
            },
        )

    def sign_off(self) -> None:
        """Take this process off the list of those that live."""
        Runner.objects.filter(id=self._worker.id).delete()
