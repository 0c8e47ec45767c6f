"""What the scheduling loop asks of a device: slots of context, prompts taken up, tokens drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sampling.engine.protocol import Priority, Provenance, SamplingParams
from sampling.engine.text import TokenDecoder
from sampling.engine.validation import Limits


@dataclass(frozen=True, slots=True)
class Draw:
    """One token to draw: token number `step` of the completion seeded with `seed`."""

    params: SamplingParams
    seed: int
    step: int


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


class Backend(Protocol):
    """Holds one context per slot, and one more per priority (its lane) for a prompt in the making.

    Called by one thread. An exception fails the rows of that call and no others.
    """

    @property
    def limits(self) -> Limits:
        """How much there is of everything; `n_interactive` is the number of slots."""

    @property
    def provenance(self) -> Provenance:
        """What answers."""

    @property
    def stop_ids(self) -> frozenset[int]:
        """The policy's own end-of-turn ids."""

    def new_decoder(self) -> TokenDecoder:
        """Return a decoder for one completion."""

    def prefill(self, lane: Priority, token_ids: Sequence[int], start: int) -> None:
        """Put prompt tokens [start, start + len) into the lane; start 0 begins a new prompt."""

    def first(self, lane: Priority, draws: Sequence[Draw]) -> list[Sampled]:
        """Draw the tokens that follow the lane's whole prompt, one per draw."""

    def place(self, lane: Priority, slot: int, length: int) -> None:
        """Copy the lane's first `length` positions into a slot."""

    def move(self, source: int, target: int, length: int) -> None:
        """Copy a slot's first `length` positions over another slot."""

    def clear(self, slot: int) -> None:
        """Forget a slot whose contents may be poisoned."""

    def decode(self, rows: Sequence[RowInput]) -> list[Sampled]:
        """Take one step for slots [0, len(rows)), in their order."""
