"""Texts that say nearly the same, found by MinHash (Broder 1997) among any number of others.

Alike are texts that share at least 0.7 of their five-character runs. Runs of characters rather than of
words, since prompts are short and not every language puts spaces between words.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import rensa

from annotation.similarity import normalised

RUN_CHARACTERS = 5
ALIKE = 0.7

# Two texts are compared when one band of their hashes agrees: at 20 bands of 5 hashes that happens to
# 97.5 % of pairs that share 0.7 of their runs, to 99.96 % at 0.8 and to 5 % at 0.3.
N_BANDS = 20
BAND_HASHES = 5
_N_HASHES = N_BANDS * BAND_HASHES
_SEED = 20


def runs(text: str) -> frozenset[str]:
    """Every run of five characters of the normalised text; a shorter text is one run, an empty one none."""
    said = normalised(text)
    if not said:
        return frozenset()
    n_runs = max(1, len(said) - RUN_CHARACTERS + 1)
    return frozenset(said[start : start + RUN_CHARACTERS] for start in range(n_runs))


def likeness(one: str, other: str) -> float:
    """Shared runs over all runs of both, in [0, 1], exactly; 1 for two empty texts."""
    left, right = runs(one), runs(other)
    return len(left & right) / len(left | right) if left or right else 1.0


def bands(text: str) -> list[int]:
    """Signed 64-bit keys to store and look up by: alike texts share at least one; none for an empty text.

    They depend on rensa's algorithm version: when that changes, stored ones are made again.
    """
    hashes = _sketch(text).digest() if normalised(text) else []
    return [
        int.from_bytes(
            blake2b(
                b"".join(value.to_bytes(4, "big") for value in hashes[start : start + BAND_HASHES]),
                digest_size=8,
                salt=start.to_bytes(2, "big"),
            ).digest(),
            "big",
            signed=True,
        )
        for start in range(0, len(hashes), BAND_HASHES)
    ]


def sketch(text: str) -> bytes:
    """The text's hashes, 400 bytes to store; none for an empty text."""
    hashes = _sketch(text).digest() if normalised(text) else []
    return np.array(hashes, dtype=">u4").tobytes()


def estimated_likeness(one: bytes, other: bytes) -> float:
    """How alike two sketched texts are, in [0, 1], with a standard error of 0.05; 0 for an empty one."""
    left, right = np.frombuffer(one, dtype=">u4"), np.frombuffer(other, dtype=">u4")
    return float((left == right).mean()) if len(left) and len(left) == len(right) else 0.0


class NearDuplicates:
    """Texts by number, to be asked which of them are like another; about 1 kB for each text.

    Likeness is estimated here from the hashes, with a standard error of 0.05.
    """

    def __init__(self) -> None:
        self._index = rensa.RMinHashLSH(threshold=ALIKE, num_perm=_N_HASHES, num_bands=N_BANDS)
        self._sketches: dict[int, rensa.RMinHash] = {}

    def add(self, number: int, text: str) -> None:
        """Remember a text; an empty one is like nothing and is left out. Raises ValueError on a known number."""
        if number in self._sketches:
            raise ValueError(f"number {number} is taken")
        if not normalised(text):
            return
        sketch = self._sketches[number] = _sketch(text)
        self._index.insert(number, sketch)

    def alike(self, text: str) -> list[int]:
        """The numbers of remembered texts like this one, most alike first, then lowest first."""
        if not normalised(text):
            return []
        sketch = _sketch(text)
        likenesses = {
            number: sketch.jaccard(self._sketches[number]) for number in self._index.query(sketch)
        }
        found = [number for number, likeness in likenesses.items() if likeness >= ALIKE]
        return sorted(found, key=lambda number: (-likenesses[number], number))


def _sketch(text: str) -> rensa.RMinHash:
    sketch = rensa.RMinHash(num_perm=_N_HASHES, seed=_SEED)
    sketch.update(sorted(runs(text)))
    return sketch
