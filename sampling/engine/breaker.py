"""A circuit breaker: a server that does not answer is left alone for a while, then tried once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

THRESHOLD = 5
COOL_DOWN_SECONDS = 10.0


class CircuitBreaker:
    """Counts faults in a row; safe to use from any thread.

    After `threshold` faults it is open: `admit` says no for `cool_down_seconds`. Then one caller
    is let through to try; its success closes the breaker, its fault opens it anew.
    """

    def __init__(
        self,
        *,
        threshold: int = THRESHOLD,
        cool_down_seconds: float = COOL_DOWN_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._threshold = threshold
        self._cool_down_seconds = cool_down_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._n_faults = 0
        self._opened_at: float | None = None
        self._trying = False

    @property
    def seconds_left(self) -> float:
        """How long everybody is turned away for yet; 0 where somebody may try."""
        with self._lock:
            return self._seconds_left()

    def admit(self) -> bool:
        """Say whether the caller may try now; who may must report `succeeded`, `failed` or `left`."""
        with self._lock:
            if self._opened_at is None:
                return True
            if self._trying or self._seconds_left() > 0:
                return False
            self._trying = True
            return True

    def succeeded(self) -> None:
        """Note an answer: whatever failed before is over."""
        with self._lock:
            self._n_faults = 0
            self._opened_at = None
            self._trying = False

    def failed(self) -> None:
        """Note a fault of the server or the way to it."""
        with self._lock:
            self._n_faults += 1
            if self._trying or self._n_faults >= self._threshold:
                self._opened_at = self._clock()
            self._trying = False

    def left(self) -> None:
        """Note that the caller went away without learning anything."""
        with self._lock:
            self._trying = False

    def _seconds_left(self) -> float:
        if self._opened_at is None:
            return 0.0
        return max(0.0, self._opened_at + self._cool_down_seconds - self._clock())
