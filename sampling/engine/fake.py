"""An engine without a model: it counts. For tests of everything above engines.

Token `k` reads "k " and the completion of seed s counts up from s % 1000, ending its turn after
`n_words` words; at temperature 0 it counts from 0 whatever the seed. All else (queue, priority,
stop, cancel, deadlines, refusals) is the loop's and therefore real.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from sampling.engine.backend import Draw, Layout, RowInput, Sampled
from sampling.engine.loop import EngineLoop
from sampling.engine.protocol import Provenance, Reproducible
from sampling.engine.validation import Limits

VOCAB_SIZE = 100_000
END_OF_TURN = VOCAB_SIZE - 1


class CountingDecoder:
    """Writes each token as its number and a space."""

    def step(self, token_id: int) -> str:
        """Return the token's text."""
        return f"{token_id} "


class CountingBackend:
    """Draws token start + step with log-probability 0, since nothing else was possible."""

    memory_bytes = memory_budget_bytes = None

    def __init__(self, *, n_words: int, layout: Layout, limits: Limits) -> None:
        self._n_words = n_words
        self.layout = layout
        self.limits = limits
        self.stop_ids = frozenset({END_OF_TURN})
        self.provenance = Provenance(
            engine="fake",
            engine_version="1",
            model="fake",
            device="none",
            reproducible=Reproducible.EXACT,
        )

    def new_decoder(self, after: Sequence[int]) -> CountingDecoder:
        """Return a decoder for one completion."""
        return CountingDecoder()

    def prefill(self, row: int, token_ids: Sequence[int], start: int) -> None:
        """Do nothing: counting needs no context."""

    def first(self, row: int, draws: Sequence[Draw]) -> list[Sampled]:
        """Draw the first word of each completion."""
        return [self._count(draw) for draw in draws]

    def copy(self, source: int, target: int, start: int, end: int) -> None:
        """Do nothing: there is no context to copy."""

    def clear(self, row: int) -> None:
        """Do nothing: there is no context to forget."""

    def decode(self, rows: Sequence[RowInput]) -> list[Sampled]:
        """Draw the next word of each completion."""
        return [self._count(row.draw) for row in rows]

    def _count(self, draw: Draw) -> Sampled:
        if draw.step == self._n_words:
            return Sampled(END_OF_TURN, 0.0)
        start = 0 if draw.params.temperature == 0 else draw.seed % 1000
        return Sampled(start + draw.step, 0.0)


class FakeEngine(EngineLoop):
    """The loop over a CountingBackend."""

    def __init__(
        self,
        *,
        n_words: int = 12,
        n_slots: int = 16,
        n_reserved: int = 4,
        n_kept: int = 4,
        context_tokens: int = 4096,
        queue_limit: int = 64,
        prefill_chunk_tokens: int = 256,
        batch_stride: int = 1,
        clock: Callable[[], float] = time.monotonic,
        threaded: bool = True,
    ) -> None:
        limits = Limits(
            vocab_size=VOCAB_SIZE,
            context_tokens=context_tokens,
            n_interactive=n_slots,
            n_batch=n_slots - n_reserved,
        )
        super().__init__(
            CountingBackend(n_words=n_words, layout=Layout(n_slots, n_kept), limits=limits),
            queue_limit=queue_limit,
            prefill_chunk_tokens=prefill_chunk_tokens,
            batch_stride=batch_stride,
            clock=clock,
            threaded=threaded,
        )
