"""What became of a draft, measured on words: how much of it survives, how much of the turn is its (DATA.md §5)."""

from __future__ import annotations

from dataclasses import dataclass

import regex
from rapidfuzz.distance import LCSseq

# Fewer words in a row than this are chance: unrelated English shares "of the" everywhere.
SHORTEST_BLOCK_WORDS = 3
# Scripts written without spaces count every character as a word, as tokenisers do.
_WORDS = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
    r"|[\p{L}\p{M}\p{N}_]+(?:['’][\p{L}\p{M}]+)*"
)


@dataclass(frozen=True)
class Overlap:
    """Shares of words in common blocks, each in [0, 1]: of the draft's, and of the final turn's."""

    survival: float
    model_share: float


def words(text: str) -> list[str]:
    """The words of a text, casefolded; punctuation and Markdown marks are none."""
    return [word.replace("’", "'") for word in _WORDS.findall(text.casefold())]


def overlap(*, draft: str, final: str) -> Overlap:
    """How much of `draft` survives in `final` and how much of `final` it makes up.

    Matching blocks of at least three words, in the same order in both texts. The alignment is the
    longest common subsequence of the runs of three words, so that one repeated word cannot break a
    block apart. Texts of the same words match wholly, however short.
    """
    draft_words, final_words = words(draft), words(final)
    if draft_words == final_words:
        return Overlap(survival=1.0, model_share=1.0)
    kept: set[int] = set()
    made: set[int] = set()
    for block in LCSseq.opcodes(_runs(draft_words), _runs(final_words)).as_matching_blocks():
        if block.size:
            n_words = block.size + SHORTEST_BLOCK_WORDS - 1
            kept.update(range(block.a, block.a + n_words))
            made.update(range(block.b, block.b + n_words))
    return Overlap(
        survival=len(kept) / len(draft_words) if draft_words else 0.0,
        model_share=len(made) / len(final_words) if final_words else 0.0,
    )


def _runs(sequence: list[str]) -> list[tuple[str, ...]]:
    """Every run of three words, at the position of its first."""
    return list(zip(*(sequence[start:] for start in range(SHORTEST_BLOCK_WORDS)), strict=False))
