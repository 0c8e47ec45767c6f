"""What the scheduling loop asks of a device: rows of context, prompts taken up, tokens drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sampling.engine.protocol import Priority, Provenance, SamplingParams
from sampling.engine.text import TokenDecoder
from sampling.engine.validation import Limits


@dataclass(frozen=True, slots=True)
class Layout:
    """Which row of the device serves what: slots first, a lane per priority, then kept contexts."""

    n_slots: int
    n_kept: int

    @property
    def n_rows(self) -> int:
        return self.n_slots + len(Priority) + self.n_kept

    @property
    def kept(self) -> range:
        """Rows that hold contexts of finished completions for those that begin alike."""
        return range(self.n_slots + len(Priority), self.n_rows)

    def lane(self, priority: Priority) -> int:
        """Return the row in which this priority's prompt in the making lies."""
        return self.n_slots + priority.value


@dataclass(frozen=True, slots=True)
class Draw:
    """One token to draw: token number `step` of the completion seeded with `seed`.

    `seen` are the ids of prompt and completion so far where the repetition penalty asks for them.
    """

    params: SamplingParams
    seed: int
    step: int
    seen: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class RowInput:
    """One row of a decoding step: its newest token, that token's position, and the next draw."""

    token_id: int
    position: int
    draw: Draw


@dataclass(frozen=True, slots=True)
class Sampled:
    """A drawn token and its log-probability under the unwarped model; not finite: the row is bad."""

    token_id: int
    logprob: float


class DeviceLost(Exception):
    """The device cannot be used again by this process; everything in it is gone."""


class Backend(Protocol):
    """Holds one context in each row of its layout.

    Called by one thread. An exception fails the rows of that call and no others, except
    DeviceLost, which ends the engine.
    """

    @property
    def layout(self) -> Layout:
        """The rows there are."""

    @property
    def limits(self) -> Limits:
        """How much one request may ask for."""

    @property
    def provenance(self) -> Provenance:
        """What answers."""

    @property
    def stop_ids(self) -> frozenset[int]:
        """The policy's own end-of-turn ids."""

    @property
    def memory_bytes(self) -> int | None:
        """Device memory held; None where that means nothing."""

    @property
    def memory_budget_bytes(self) -> int | None:
        """Device memory that may be held; None where that means nothing."""

    def new_decoder(self, after: Sequence[int]) -> TokenDecoder:
        """Return a decoder for one completion, whose text goes on from that of the tokens `after`."""

    def prefill(self, row: int, token_ids: Sequence[int], start: int) -> None:
        """Put tokens at positions [start, start + len) of a row; what lies before stays."""

    def first(self, row: int, draws: Sequence[Draw]) -> list[Sampled]:
        """Draw the tokens that follow what was last put into the row, one per draw."""

    def copy(self, source: int, target: int, start: int, end: int) -> None:
        """Copy positions [start, end) of one row to the same positions of another."""

    def clear(self, row: int) -> None:
        """Forget a row whose contents may be poisoned."""

    def decode(self, rows: Sequence[RowInput]) -> list[Sampled]:
        """Take one step for slots [0, len(rows)), in their order."""
