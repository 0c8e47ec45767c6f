"""Contexts kept after their completions ended, for those that begin alike.

A draft, the chat that uses it and the candidates for a comparison read the same conversation: each
then pays only for the tokens that the one before it had not read. Pure decisions, no device.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

# Fewer are put through the model as fast as they are copied.
FEWEST_TOKENS = 16


@dataclass(frozen=True, slots=True)
class Keep:
    """Copy positions [start, end) of the finished context into `row`."""

    row: int
    start: int
    end: int


class KeptPrefixes:
    """Which row holds which tokens; the one used longest ago is given up first."""

    def __init__(self, rows: range) -> None:
        self._free = list(rows)
        self._tokens: OrderedDict[int, tuple[int, ...]] = OrderedDict()

    def longest(self, token_ids: tuple[int, ...]) -> tuple[int, int]:
        """Return the row that begins most like `token_ids`, and how many tokens they share.

        The last token never counts, since what follows it has yet to be computed. The length is 0
        where no row is worth a copy.
        """
        wanted = token_ids[:-1]
        shared = {row: n_shared(tokens, wanted) for row, tokens in self._tokens.items()}
        row = max(shared, key=shared.__getitem__, default=-1)
        if row < 0 or shared[row] < FEWEST_TOKENS:
            return -1, 0
        self._tokens.move_to_end(row)
        return row, shared[row]

    def keep(self, token_ids: tuple[int, ...]) -> Keep | None:
        """Choose where a context is kept; None where that adds nothing.

        A kept context that it continues is extended in place.
        """
        shared = {row: n_shared(tokens, token_ids) for row, tokens in self._tokens.items()}
        for row, n_tokens in shared.items():
            if n_tokens == len(token_ids):
                self._tokens.move_to_end(row)
                return None
        if len(token_ids) < FEWEST_TOKENS:
            return None
        for row, n_tokens in shared.items():
            if n_tokens == len(self._tokens[row]):
                return self._put(row, token_ids, n_tokens)
        if self._free:
            return self._put(self._free.pop(), token_ids, 0)
        if not self._tokens:
            return None
        oldest = next(iter(self._tokens))
        return self._put(oldest, token_ids, 0)

    def _put(self, row: int, token_ids: tuple[int, ...], start: int) -> Keep:
        self._tokens[row] = token_ids
        self._tokens.move_to_end(row)
        return Keep(row, start, len(token_ids))


def n_shared(one: Sequence[int], other: Sequence[int]) -> int:
    """Return the length of the longest common prefix, by halves: slices compare quickly."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
