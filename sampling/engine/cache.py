"""Keys and values in fixed slots: rows of one static tensor per layer, read as views.

A forward pass runs against one target: a chunk of one prompt in one row, or one new token in each
of the first n rows. Both read a contiguous part of the tensors, so nothing is concatenated or
padded as completions come and go (SAMPLING.md §D).
"""

from __future__ import annotations

import math
import mmap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers.cache_utils import Cache, CacheLayerMixin


@dataclass(frozen=True, slots=True)
class LayerShape:
    """Heads and head sizes of one layer's keys and values."""

    key_heads: int
    key_size: int
    value_heads: int
    value_size: int

    @property
    def values_per_token(self) -> int:
        return self.key_heads * self.key_size + self.value_heads * self.value_size


@dataclass(frozen=True, slots=True)
class PromptTarget:
    """Positions [start, end) of one row."""

    row: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class RowsTarget:
    """Row i of the first n at its own position; everything before `end` is read."""

    rows: Tensor  # [n], 0..n-1
    positions: Tensor  # [n]
    end: int


class SlotLayer(CacheLayerMixin):  # type: ignore[no-untyped-call]
    """One layer's keys and values, [n_rows, n_heads, n_positions, head_size]."""

    is_sliding = False
    keys: Tensor
    values: Tensor

    def __init__(self, keys: Tensor, values: Tensor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.keys, self.values = keys, values
        self.is_initialized = True
        self.target: PromptTarget | RowsTarget = PromptTarget(0, 0, 0)

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any
    ) -> tuple[Tensor, Tensor]:
        """Write the new states at the target; return all that its rows hold."""
        target = self.target
        if isinstance(target, PromptTarget):
            span = slice(target.start, target.end)
            self.keys[target.row, :, span] = key_states[0]
            self.values[target.row, :, span] = value_states[0]
            rows = slice(target.row, target.row + 1)
        else:
            self.keys[target.rows, :, target.positions] = key_states[:, :, 0]
            self.values[target.rows, :, target.positions] = value_states[:, :, 0]
            rows = slice(len(target.rows))
        return self.keys[rows, :, : target.end], self.values[rows, :, : target.end]

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        """Do nothing: the tensors are there from the start."""

    def get_seq_length(self) -> int:
        """Return how many positions the longest row holds before this pass."""
        target = self.target
        return target.start if isinstance(target, PromptTarget) else target.end - 1

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Return length and offset of what `update` returns."""
        return self.target.end, 0

    def get_max_length(self) -> int:
        """Return the number of positions."""
        return int(self.keys.shape[2])


def zeros_when_touched(shape: tuple[int, ...], dtype: torch.dtype, device: torch.device) -> Tensor:
    """Return zeros; a CPU gives memory to each page when it is first written, not now.

    Zeros, not whatever lies there: a masked position still enters the sum as 0 times its value,
    which must be finite.
    """
    if device.type != "cpu":
        return torch.zeros(shape, dtype=dtype, device=device)
    untouched = mmap.mmap(
        -1, math.prod(shape) * dtype.itemsize, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    )
    # A huge page is most of a row, all of it zeroed for the first token there.
    untouched.madvise(mmap.MADV_NOHUGEPAGE)
    return torch.frombuffer(untouched, dtype=dtype).view(shape)


class SlotCache(Cache):
    """All layers, aimed together."""

    def __init__(
        self,
        shapes: Sequence[LayerShape],
        *,
        n_rows: int,
        n_positions: int,
        dtype: torch.dtype,
        device: torch.device,
    ) -> None:
        def zeros(n_heads: int, size: int) -> Tensor:
            return zeros_when_touched((n_rows, n_heads, n_positions, size), dtype, device)

        self.slot_layers = [
            SlotLayer(zeros(s.key_heads, s.key_size), zeros(s.value_heads, s.value_size))
            for s in shapes
        ]
        super().__init__(layers=list(self.slot_layers))

    def aim(self, target: PromptTarget | RowsTarget) -> None:
        """Say where the next forward pass writes."""
        for layer in self.slot_layers:
            layer.target = target

    @property
    def n_bytes(self) -> int:
        """Memory held."""
        return sum(layer.keys.nbytes + layer.values.nbytes for layer in self.slot_layers)

    def copy(self, source: int, target: int, start: int, end: int) -> None:
        """Copy positions [start, end) of a row to the same positions of another."""
        span = slice(start, end)
        for layer in self.slot_layers:
            layer.keys[target, :, span] = layer.keys[source, :, span]
            layer.values[target, :, span] = layer.values[source, :, span]

    def clear(self, row: int) -> None:
        """Zero a row."""
        for layer in self.slot_layers:
            layer.keys[row].zero_()
            layer.values[row].zero_()
