"""Decoding steps of fixed shapes, so that a CUDA device replays them without Python in between.

A step of n rows up to position p runs in the smallest bucket that holds it. Rows that fill a bucket
write where nobody reads. A graph replays the same kernels on the same memory: inputs are copied
into tensors that stay, and the logits lie in one that every replay of the bucket overwrites.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import torch
from torch import Tensor

FIRST_END = 256
# (token ids, positions, end) of the first rows; returns logits [n_rows, n_logits].
Step = Callable[[Tensor, Tensor, int], Tensor]
Replay = Callable[[], Tensor]
Capture = Callable[[Replay], Replay]


def buckets(first: int, last: int) -> list[int]:
    """Return first, twice that, and so on, ending with `last` itself."""
    found = []
    size = first
    while size < last:
        found.append(size)
        size *= 2
    return [*found, last]


class BucketedStep:
    """A Step over as few shapes as possible, each captured once.

    `spare_position` is one that no row ever reads.
    """

    def __init__(
        self, step: Step, capture: Capture, *, n_slots: int, n_positions: int, device: torch.device
    ) -> None:
        self._step = step
        self._capture = capture
        self._spare_position = n_positions
        self._row_buckets = buckets(1, n_slots)
        self._end_buckets = buckets(FIRST_END, n_positions)
        self._token_ids = torch.zeros(n_slots, dtype=torch.long, device=device)
        self._positions = torch.full_like(self._token_ids, n_positions)
        self._replays: dict[tuple[int, int], Replay] = {}

    def warm_up(self) -> None:
        """Capture every shape, the largest first: the others then fit into its memory."""
        for shape in product(reversed(self._row_buckets), reversed(self._end_buckets)):
            self._replay_of(*shape)

    def __call__(self, rows: Sequence[tuple[int, int]]) -> Tensor:
        """Feed slot i its (token id, position); return the logits [n_rows, n_logits] that follow."""
        n_rows = next(size for size in self._row_buckets if size >= len(rows))
        longest = max(position for _, position in rows) + 1
        end = next(size for size in self._end_buckets if size >= longest)
        replay = self._replay_of(n_rows, end)
        filled = [*rows, *[(0, self._spare_position)] * (n_rows - len(rows))]
        token_ids, positions = torch.tensor(filled).T
        self._token_ids[:n_rows] = token_ids.to(self._token_ids.device)
        self._positions[:n_rows] = positions.to(self._token_ids.device)
        return replay()[: len(rows)]

    def _replay_of(self, n_rows: int, end: int) -> Replay:
        if (n_rows, end) not in self._replays:
            token_ids, positions = self._token_ids[:n_rows], self._positions[:n_rows]
            positions.fill_(self._spare_position)
            self._replays[n_rows, end] = self._capture(
                lambda: self._step(token_ids, positions, end)
            )
        return self._replays[n_rows, end]


class CudaCapture:
    """Captures steps as CUDA graphs that share one pool of memory, since one runs at a time."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._pool = torch.cuda.graph_pool_handle()

    def __call__(self, step: Replay) -> Replay:
        """Return what replays `step`; it must not ask the device for anything it computes."""
        # Streams are of the current device, which need not be the one that the model is on.
        with torch.cuda.device(self._device):
            # Libraries choose kernels and workspaces in a first run, which may not be captured.
            side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                step()
            torch.cuda.current_stream().wait_stream(side)
            graph = torch.cuda.CUDAGraph()
            # By default a capture forbids every thread of the process what it forbids its own,
            # memory among it; other policies' engines go on meanwhile.
            with torch.cuda.graph(graph, pool=self._pool, capture_error_mode="thread_local"):
                logits = step()

        def replay() -> Tensor:
            graph.replay()
            return logits

        return replay
