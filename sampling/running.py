"""A generation on the device, as the thread that runs it and the one that looks after it share it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sampling.engine import protocol
from sampling.models import Generation


@dataclass(eq=False)
class Running:
    """A generation of ours on the device."""

    generation: Generation
    handle: protocol.Handle | None = None
    first_token_at: datetime | None = None
    results: list[protocol.CompletionResult] = field(default_factory=list)
    cancelled: bool = False
    handed_back: bool = False

    @property
    def key(self) -> tuple[int, int]:
        return (self.generation.pk, self.generation.attempt)

    @property
    def unwanted(self) -> bool:
        return self.cancelled or self.handed_back

    def attach(self, handle: protocol.Handle) -> None:
        self.handle = handle
        # Whoever lost interest while the engine was being built found no handle to cancel.
        if self.unwanted:
            handle.cancel()

    def cancel(self) -> None:
        self.cancelled = True
        self._stop()

    def hand_back(self) -> None:
        self.handed_back = True
        self._stop()

    def _stop(self) -> None:
        if self.handle is not None:
            self.handle.cancel()
