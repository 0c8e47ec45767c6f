"""Whether a text repeats a benchmark: runs of 13 words, as GPT-3 (arXiv 2005.14165, appendix C)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Any

import numpy as np
import orjson

RUN_WORDS = 13

_WORD = re.compile(r"\w+")


def runs(text: str) -> Iterator[int]:
    """The hash of every run of 13 words, without regard to case and punctuation; none of a shorter text."""
    words = _WORD.findall(text.casefold())
    for start in range(len(words) - RUN_WORDS + 1):
        run = " ".join(words[start : start + RUN_WORDS])
        yield int.from_bytes(blake2b(run.encode(), digest_size=8).digest(), "big")


def packed(found: Iterable[int]) -> bytes:
    """Hashes for the database: each once, sorted, 8 bytes each."""
    return np.unique(np.fromiter(found, dtype=np.uint64)).astype(">u8").tobytes()


def unpacked(stored: bytes) -> set[int]:
    return set(np.frombuffer(stored, dtype=">u8").tolist())


def texts_of(content: bytes) -> Iterator[str]:
    """The texts of a benchmark file: every string in its JSON lines or JSON array, else its lines.

    Raises UnicodeDecodeError where it is no text.
    """
    text = content.decode("utf-8-sig")
    try:
        whole = orjson.loads(text)
    except orjson.JSONDecodeError:
        whole = None
    if isinstance(whole, list | dict):
        yield from _strings(whole)
        return
    for line in text.splitlines():
        try:
            yield from _strings(orjson.loads(line))
        except orjson.JSONDecodeError:
            if line.strip():
                yield line


def _strings(value: Any) -> Iterator[str]:
    # A stack of our own: JSON nests as deep as Python may call.
    waiting = [value]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, str):
            yield inner
        elif isinstance(inner, dict | list):
            waiting += inner.values() if isinstance(inner, dict) else inner
