"""When a process that died may be started again: soon after a good life, else later and later."""

import time
from dataclasses import dataclass

# A process that lived this long was well: its next start is the first of a new row.
WELL_AFTER_SECONDS = 5.0
_FIRST_DELAY_SECONDS, _LONGEST_DELAY_SECONDS = 0.2, 5.0


@dataclass
class Restarts:
    """The starts of one process; `n_short_lives` counts the deaths right after a start, in a row."""

    n_short_lives: int = 0
    _started_at: float = 0.0
    _due_at: float = 0.0

    def started(self) -> None:
        self._started_at = time.monotonic()

    def died(self) -> None:
        self.n_short_lives = 0 if self.lived_well() else self.n_short_lives + 1
        delay = _FIRST_DELAY_SECONDS * 2 ** (self.n_short_lives - 1) if self.n_short_lives else 0.0
        self._due_at = time.monotonic() + min(delay, _LONGEST_DELAY_SECONDS)

    def lived_well(self) -> bool:
        return time.monotonic() - self._started_at > WELL_AFTER_SECONDS

    def is_due(self) -> bool:
        return time.monotonic() >= self._due_at
