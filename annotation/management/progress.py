"""How far a command has come, on standard error."""

from __future__ import annotations

import time
from typing import TextIO

TERMINAL_SECONDS = 0.2
LOG_SECONDS = 10.0


class Progress:
    """One line that is rewritten on a terminal; elsewhere a line every ten seconds."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._terminal = stream.isatty()
        self._said_at = time.monotonic()
        self._width = 0

    def show(self, text: str) -> None:
        now = time.monotonic()
        if now - self._said_at < (TERMINAL_SECONDS if self._terminal else LOG_SECONDS):
            return
        self._said_at = now
        if self._terminal:
            self._stream.write("\r" + text.ljust(self._width))
            self._width = len(text)
        else:
            self._stream.write(text + "\n")
        self._stream.flush()

    def close(self) -> None:
        """Take the rewritten line away, so that what follows stands on its own."""
        if self._width:
            self._stream.write("\r" + " " * self._width + "\r")
            self._stream.flush()
