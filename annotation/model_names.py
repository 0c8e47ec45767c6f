"""Replies that name a model: finding the names, and masking them, so that a ranking stays blind."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from functools import lru_cache

from annotation.similarity import normalised

MASK = "▇▇▇"

# A name that is an ordinary word ("demo", "base") names a model only where the text introduces itself.
_ORDINARY = re.compile(r"[^\W\d_]+")
_INTRODUCES = (
    r"(?P<before>(?<!\w)(?:i am|i['’]m|my name is|call me|called|named|this is|as)"
    r"\s+(?:an?\s+|the\s+)?)"
)


def names_one_of(text: str, names: Collection[str]) -> bool:
    """Whether the text holds one of these models' names as words of its own, however it is spelt."""
    return _pattern(frozenset(names)).search(unicodedata.normalize("NFKC", text)) is not None


def masked(text: str, names: Collection[str]) -> str:
    """The text with a mask in the place of every such name; one without any stays as it is."""
    if not names_one_of(text, names):
        return text
    return _pattern(frozenset(names)).sub(
        lambda found: (found["before"] or "") + MASK, unicodedata.normalize("NFKC", text)
    )


def spoken_names(policies: Iterable[tuple[str, str]]) -> set[str]:
    """What replies may call these policies, given as (name, source): the name, and its model's own.

    The model's is the last part of where it comes from: of `openai:URL#org/model`, `org/model` and
    `folder/model` it is `model`.
    """
    found = set()
    for name, source in policies:
        found |= {name, re.split(r"[/#]", source.rstrip("/"))[-1]}
    return found - {""}


# Texts are looked through many at a time for the same names.
@lru_cache(maxsize=64)
def _pattern(names: frozenset[str]) -> re.Pattern[str]:
    known = sorted({normalised(name) for name in names} - {""}, key=len, reverse=True)
    ordinary = [name for name in known if _ORDINARY.fullmatch(name)]
    marked = [name for name in known if name not in ordinary]
    either = [rf"(?<!\w)(?:{_any_of(marked)})", rf"{_INTRODUCES}(?:{_any_of(ordinary)})"]
    return re.compile(rf"(?:{'|'.join(either)})(?!\w)", re.IGNORECASE)


def _any_of(names: list[str]) -> str:
    """Longer names first, so that none is masked in part; without any, what nothing matches."""
    return "|".join(r"\s+".join(map(re.escape, name.split())) for name in names) or "(?!)"
