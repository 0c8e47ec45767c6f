"""The handle that every engine here gives: a queue from the engine's thread to the reader's."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator

from sampling.engine.protocol import Event


class EventStream:
    """A Handle. The engine calls `put`; one reader iterates or calls `next_event`."""

    def __init__(self, n_completions: int, on_cancel: Callable[[], None] = lambda: None) -> None:
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._n_open = n_completions
        self._on_cancel = on_cancel
        self.cancelled = False

    def put(self, event: Event) -> None:
        """Hand one event to the reader; after the last of an index none of it may follow."""
        self._events.put(event)

    @property
    def finished(self) -> bool:
        """Whether every completion's last event has been read."""
        return self._n_open == 0

    def cancel(self) -> None:
        """Ask the engine to end this request at its next step."""
        self.cancelled = True
        self._on_cancel()

    def next_event(self, timeout_seconds: float) -> Event | None:
        """Return the next event, or None when none came in time or all have been read."""
        if self.finished:
            return None
        try:
            event = self._events.get(timeout=timeout_seconds)
        except queue.Empty:
            return None
        return self._read(event)

    def __iter__(self) -> Iterator[Event]:
        """Yield events as they come, until every completion has ended."""
        while not self.finished:
            yield self._read(self._events.get())

    def _read(self, event: Event) -> Event:
        if event.result is not None:
            self._n_open -= 1
        return event
