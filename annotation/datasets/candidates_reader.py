"""A `candidates` line → a context with completions that were made elsewhere, to be ranked here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from annotation.datasets.fields import optional, required, wrong_shape
from annotation.datasets.records import (
    MAX_CANDIDATES,
    MIN_CANDIDATES,
    GivenCandidate,
    LeftOut,
    LeftOutCode,
    RejectCode,
)
from annotation.datasets.sources import RowError
from annotation.similarity import normalised


def read_given(
    row: Mapping[str, Any], number: int
) -> Iterator[tuple[GivenCandidate, ...] | LeftOut]:
    """The candidates that can be ranked, then how many of the row could not and why.

    A candidate is a text, or an object with its `content` and what is known of its making. Empty ones
    and such as say the same as one before them are left out. Raises RowError BAD_CANDIDATES where
    fewer than two are left, or more than nine were given.
    """
    given = required(row, "candidates", list)
    if len(given) > MAX_CANDIDATES:
        raise RowError(
            RejectCode.BAD_CANDIDATES,
            f"There are {len(given)} candidates; a comparison has at most {MAX_CANDIDATES}.",
        )
    kept: list[GivenCandidate] = []
    seen: set[str] = set()
    left_out: Counter[LeftOutCode] = Counter()
    for index, one in enumerate(given):
        candidate = _candidate(one, f"candidates[{index}]")
        said = normalised(candidate.content)
        if not said:
            left_out[LeftOutCode.EMPTY_CANDIDATE] += 1
        elif said in seen:
            left_out[LeftOutCode.SAME_CANDIDATE] += 1
        else:
            seen.add(said)
            kept.append(candidate)
    if len(kept) < MIN_CANDIDATES:
        raise RowError(
            RejectCode.BAD_CANDIDATES,
            f"Only {len(kept)} of {len(given)} candidates can be ranked; the others are empty or the"
            " same.",
        )
    yield tuple(kept)
    for code, count in left_out.items():
        yield LeftOut(number, code, count)


def _candidate(given: Any, key: str) -> GivenCandidate:
    if type(given) is str:
        return GivenCandidate(given)
    if type(given) is not dict:
        raise wrong_shape(key, "a text or an object", given)
    return GivenCandidate(
        content=required(given, "content", str),
        policy=optional(given, "policy", str),
        params=optional(given, "params", dict),
        seed=optional(given, "seed", int),
        finish_reason=optional(given, "finish_reason", str),
    )
