"""Which file of a split a row goes into: by its prompt or its prompt's author, or by who judged it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple, TypeAlias

from annotation.datasets.records import DialogueRecord, PromptRecord, RankingRecord
from annotation.models import Dataset
from annotation.selectors import dataset_people
from annotation.services.split_keys import splits_of_keys

Row: TypeAlias = DialogueRecord | PromptRecord | list[RankingRecord]

# The file of everything where no split was asked for.
WHOLE = ""
# The file of what held-out people wrote or ranked.
HELD_OUT = "held-out-raters"
BY_PROMPT, BY_AUTHOR = "prompt", "author"
SPLIT_BY = (BY_PROMPT, BY_AUTHOR)
_AUTHOR = "author:"


@dataclass(frozen=True)
class Splitting:
    """`held_out` are raters; `shares` is empty where there is no split but perhaps held-out raters."""

    shares: Mapping[str, float]
    by: str
    held_out: frozenset[int]

    @property
    def outputs(self) -> tuple[str, ...]:
        return (*(self.shares or (WHOLE,)), *((HELD_OUT,) if self.held_out else ()))


def splitting_of(
    *, dataset: Dataset, shares: Mapping[str, float], by: str, hold_out: float, seed: int
) -> Splitting:
    """`hold_out` is the share of the dataset's raters whose rows go into a file of their own: drawn by
    the seed, at least one and never all of several. Whoever rates nothing is not drawn."""
    raters = dataset_people.raters_of(dataset) if hold_out else []
    n_held_out = min(max(1, round(hold_out * len(raters))), len(raters) - 1) if raters else 0
    drawn = sorted(raters, key=lambda rater: _draw(rater, seed))[:n_held_out]
    return Splitting(shares, by, frozenset(drawn))


class PlacedRow(NamedTuple):
    """What is written as one, the ids of its rows, and its output; None where no split may have it."""

    row_ids: list[int]
    row: Row
    split: str | None


def placed_rows(
    *, rows_of: str, rows: Sequence[tuple[list[int], Row]], splitting: Splitting
) -> list[PlacedRow]:
    """The rows with their outputs, in order; a comparison that held-out people ranked too, in two parts."""
    held_out: set[int] = set()
    if splitting.held_out:
        ids = [pk for row_ids, _ in rows for pk in row_ids]
        raters = dataset_people.rater_of_rows(rows_of, ids)
        held_out = {pk for pk, rater in raters.items() if rater in splitting.held_out}
        rows = [part for row_ids, row in rows for part in _parts(row_ids, row, held_out)]
    keys = _keys(rows_of, rows, splitting)
    splits: Mapping[str, str] = dict.fromkeys(keys, WHOLE)
    if splitting.shares:
        splits = splits_of_keys(
            openings={
                key: "" if key.startswith(_AUTHOR) else opening(row)
                for key, (_, row) in zip(keys, rows, strict=True)
            },
            shares=splitting.shares,
        )
    return [
        PlacedRow(row_ids, row, HELD_OUT if row_ids[0] in held_out else splits.get(key))
        for key, (row_ids, row) in zip(keys, rows, strict=True)
    ]


def _parts(row_ids: list[int], row: Row, held_out: set[int]) -> Iterator[tuple[list[int], Row]]:
    if not isinstance(row, list):
        yield row_ids, row
        return
    for out in (False, True):
        places = [place for place, pk in enumerate(row_ids) if (pk in held_out) is out]
        if places:
            yield [row_ids[place] for place in places], [row[place] for place in places]


def opening(row: Row) -> str:
    """The first words of a person in the row: what the origin of a prompt is known by."""
    turns = row[0].prompt if isinstance(row, list) else row.messages
    return next((turn.content for turn in turns if turn.role == "user"), turns[0].content)


def _keys(rows_of: str, rows: Sequence[tuple[list[int], Row]], splitting: Splitting) -> list[str]:
    origins = [(row[0] if isinstance(row, list) else row).origin_key for _, row in rows]
    if splitting.by != BY_AUTHOR:
        return origins
    authors = dataset_people.prompt_author_of_rows(rows_of, [row_ids[0] for row_ids, _ in rows])
    return [
        f"{_AUTHOR}{authors[row_ids[0]]}" if row_ids[0] in authors else origin
        for origin, (row_ids, _) in zip(origins, rows, strict=True)
    ]


def _draw(rater: int, seed: int) -> bytes:
    return blake2b(str(rater).encode(), salt=str(seed).encode()[:16], person=b"held out").digest()
