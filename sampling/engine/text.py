"""Text as it is sampled: whole characters only, and nothing that may be part of a stop string."""

from __future__ import annotations

from typing import Protocol


class TokenDecoder(Protocol):
    """Turns one completion's tokens into text, token by token."""

    def step(self, token_id: int) -> str:
        """Return the text that became certain with this token; "" within a character."""


class StopScanner:
    """Finds stop strings across token boundaries, holding back text that may begin one."""

    def __init__(self, stop: tuple[str, ...]) -> None:
        self._stop = stop
        self._longest = max((len(text) for text in stop), default=0)
        self._held = ""
        self.matched: str | None = None

    def push(self, text: str) -> str:
        """Return what may be shown; after a match, only what came before the stop string.

        Where several stop strings appear, the one that begins first counts, then the longest.
        """
        self._held += text
        found = [(self._held.find(stop), -len(stop), stop) for stop in self._stop]
        start, _, stop = min((hit for hit in found if hit[0] >= 0), default=(-1, 0, ""))
        if start >= 0:
            self.matched = stop
            shown, self._held = self._held[:start], ""
            return shown
        n_held = self._n_pending()
        n_shown = len(self._held) - n_held
        shown, self._held = self._held[:n_shown], self._held[n_shown:]
        return shown

    def flush(self) -> str:
        """Return what was held back, once nothing can follow."""
        shown, self._held = self._held, ""
        return shown

    def _n_pending(self) -> int:
        """Return the length of the longest tail that begins a stop string."""
        for length in range(min(self._longest - 1, len(self._held)), 0, -1):
            tail = self._held[-length:]
            if any(stop.startswith(tail) for stop in self._stop):
                return length
        return 0
