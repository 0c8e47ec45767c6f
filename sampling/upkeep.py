"""The background thread of a GPU worker process: cancels, leases, heartbeat, lost messages.

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
from sampling.models import Generation, PolicyCheck, Runner
from sampling.runner import Worker
from sampling.stream import Cancels

logger = logging.getLogger(__name__)

TICK_SECONDS = 0.15
CANCEL_ROWS_SECONDS = 1.0
POLL_SECONDS = 3.0
HEARTBEAT_SECONDS = 5.0
# A policy that has not loaded after this long never will: its check is freed.
LONGEST_CHECK = timedelta(hours=1)


@dataclass
class _Duty:
    """Something to do every `seconds`."""

    seconds: float
    action: Callable[[], None]
    due: float = 0.0


@dataclass(frozen=True)
class Report:
    """The counters of this process at one moment of the monotonic clock."""

    at: float
    n_prompt_tokens: int
    n_sampled_tokens: int
    busy_seconds: float

    def pace(self, before: Report, counter: str) -> float:
        """How much a counter grew per second; an engine that was given up takes its counts along."""
        seconds = self.at - before.at
        growth = float(getattr(self, counter) - getattr(before, counter))
        return max(0.0, growth / seconds) if seconds > 0 else 0.0


class Upkeep(threading.Thread):
    """Looks after `worker`; `start_run` puts one more `run_next` on a thread of the pool."""

    def __init__(self, worker: Worker, start_run: Callable[[], None]) -> None:
        super().__init__(name="upkeep", daemon=True)
        self._worker = worker
        self._start_run = start_run
        self._closing = threading.Event()
        self._cancels = Cancels(settings.REDIS_URL)
        self._checking: threading.Thread | None = None
        self._started_at = clock.now()
        self._n_tokens_before = 0
        self._reported = Report(time.monotonic(), 0, 0, 0.0)
        self._duties = [
            _Duty(TICK_SECONDS, self.hand_back),
            _Duty(CANCEL_ROWS_SECONDS, self.stop_requested),
            _Duty(POLL_SECONDS, self.start_waiting),
            _Duty(HEARTBEAT_SECONDS, self.report),
            _Duty(settings.LEASE_RENEW_SECONDS, self.renew_leases),
        ]

    def run(self) -> None:
        while not self._closing.is_set():
            self.stop_announced(TICK_SECONDS)
            now = time.monotonic()
            for duty in self._duties:
                if now >= duty.due:
                    duty.due = now + duty.seconds
                    self._attempt(duty.action)
        self._attempt(self.sign_off)
        self._cancels.close()
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

    def start_check(self) -> None:
        """Check policies on a thread of its own, unless one is at it."""
        if self._checking is None or not self._checking.is_alive():
            self._checking = threading.Thread(
                target=self._worker.check_next, name="policy-check", daemon=True
            )
            self._checking.start()

    def stop_announced(self, seconds: float) -> None:
        """Wait so long for somebody to cancel; stop what they cancel at once."""
        cancelled = self._cancels.wait(seconds)
        for each in self._worker.running():
            if each.generation.pk == cancelled and not each.cancelled:
                each.cancel()

    def hand_back(self) -> None:
        """Hand all back when the worker stops."""
        if self._worker.stopping:
            for each in self._worker.running():
                if not each.handed_back:
                    each.hand_back()

    def stop_requested(self) -> None:
        """Stop what PostgreSQL says nobody wants, should the announcement have been missed."""
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
        """Run and check what waits though no message came for it."""
        if PolicyCheck.objects.filter(state=PolicyCheck.State.QUEUED).exists():
            self.start_check()
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
        until = clock.now() + timedelta(seconds=settings.LEASE_SECONDS)
        PolicyCheck.objects.filter(
            lease_owner=self._worker.id, started_at__gte=clock.now() - LONGEST_CHECK
        ).update(lease_until=until)
        if not running:
            return
        ours = Generation.objects.filter(
            lease_owner=self._worker.id, state=Generation.State.RUNNING
        )
        if flowing:
            ours.update(lease_until=until)
        kept = set(ours.values_list("pk", "attempt"))
        for each in running:
            # One that is being stored right now ends by itself; stopping it changes nothing.
            if each.key not in kept:
                each.hand_back()

    def report(self) -> None:
        """Say that this process lives, what it holds and how fast it goes."""
        figures = self._worker.engines.figures()
        before = self._reported
        now = Report(
            time.monotonic(),
            figures.n_prompt_tokens,
            figures.n_sampled_tokens,
            figures.busy_seconds,
        )
        self._reported = now
        row = {
            "seen_at": clock.now(),
            "device": figures.device[:100],
            "policies": [name[:100] for name in figures.policies],
            "n_threads": self._worker.n_threads,
            "n_running": len(self._worker.running()),
            "n_prompt_tokens": now.n_prompt_tokens,
            "n_sampled_tokens": now.n_sampled_tokens,
            "prompt_tokens_per_second": now.pace(before, "n_prompt_tokens"),
            "sampled_tokens_per_second": now.pace(before, "n_sampled_tokens"),
            "utilisation": min(1.0, now.pace(before, "busy_seconds")) if figures.policies else None,
            "memory_bytes": figures.memory_bytes,
            "memory_budget_bytes": figures.memory_budget_bytes,
        }
        Runner.objects.update_or_create(
            id=self._worker.id,
            defaults=row,
            create_defaults=row | {"host": socket.gethostname(), "started_at": self._started_at},
        )

    def sign_off(self) -> None:
        """Take this process off the list of those that live."""
        Runner.objects.filter(id=self._worker.id).delete()
