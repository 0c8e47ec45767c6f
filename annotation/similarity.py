"""When two candidates say the same: exactly after normalisation, or nearly, by shared word runs."""

from __future__ import annotations

import re
import unicodedata

SHINGLE_WORDS = 5
NEAR_IDENTICAL = 0.9

_SPACES = re.compile(r"\s+")


def normalised(text: str) -> str:
    """The text without what a reader does not see as a difference: compatibility forms, case, spacing."""
    return _SPACES.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()


def shingles(text: str) -> frozenset[tuple[str, ...]]:
    """Every run of five words of the normalised text; a shorter text is one shingle, an empty one none."""
    words = normalised(text).split()
    if not words:
        return frozenset()
    n_runs = max(1, len(words) - SHINGLE_WORDS + 1)
    return frozenset(tuple(words[start : start + SHINGLE_WORDS]) for start in range(n_runs))


def jaccard(one: str, other: str) -> float:
    """Shared shingles over all shingles of both, in [0, 1]; 1 for two empty texts."""
    left, right = shingles(one), shingles(other)
    return len(left & right) / len(left | right) if left or right else 1.0


def near_identical(one: str, other: str) -> bool:
    """5-shingle Jaccard of at least 0.9 (DATA.md §2)."""
    return jaccard(one, other) >= NEAR_IDENTICAL
