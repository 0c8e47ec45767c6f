"""When two candidates say the same: exactly after normalisation, or nearly, by shared word runs."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TypeAlias

SHINGLE_WORDS = 5
NEAR_IDENTICAL = 0.9

Shingles: TypeAlias = frozenset[tuple[str, ...]]


def normalised(text: str) -> str:
    """The text without what a reader does not see as a difference: compatibility forms, case, spacing."""
    # Of ASCII texts the lower case is the same, and is had ten times as fast.
    folded = text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()
    return " ".join(folded.split())


def shingles(text: str) -> Shingles:
    """Every run of five words of the normalised text; a shorter text is one shingle, an empty one none."""
    words = normalised(text).split()
    if len(words) < SHINGLE_WORDS:
        return frozenset([tuple(words)] if words else [])
    return frozenset(zip(*(words[start:] for start in range(SHINGLE_WORDS)), strict=False))


def jaccard(one: Shingles, other: Shingles) -> float:
    """Shared shingles over all shingles of both, in [0, 1]; 1 for two empty texts."""
    n_shared = len(one & other)
    n_all = len(one) + len(other) - n_shared
    return n_shared / n_all if n_all else 1.0


def near_identical_to_earlier(texts: Sequence[str]) -> list[bool]:
    """For each text, whether it says nearly the same as one before it: a 5-shingle Jaccard of at least
    0.9 (DATA.md §2)."""
    found = [shingles(text) for text in texts]
    return [
        any(jaccard(earlier, one) >= NEAR_IDENTICAL for earlier in found[:index])
        for index, one in enumerate(found)
    ]
