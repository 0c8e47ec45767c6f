"""Rows that may not leave for what they say, and rows whose words are masked (DATA.md §6)."""

from __future__ import annotations

from collections.abc import Sequence

from annotation.datasets.masking import masked_ranking, masked_turns
from annotation.datasets.screening import Screening, texts_of
from annotation.services.row_splits import Row


def screened(
    rows: Sequence[tuple[list[int], Row]], screening: Screening
) -> tuple[list[tuple[list[int], Row]], list[tuple[list[int], str]]]:
    """The rows that may leave, and the ids of the others with the reasons.

    Of a comparison each ranking is looked through for what its own rater wrote.
    """
    kept: list[tuple[list[int], Row]] = []
    held: list[tuple[list[int], str]] = []
    for ids, row in rows:
        if isinstance(row, list):
            reasons = [screening.reason(texts_of(one), one.language) for one in row]
            held += [([pk], reason) for pk, reason in zip(ids, reasons, strict=True) if reason]
            places = [place for place, reason in enumerate(reasons) if not reason]
            if places:
                kept.append(([ids[place] for place in places], [row[place] for place in places]))
        elif reason := screening.reason(texts_of(row), row.language):
            held.append((ids, reason))
        else:
            kept.append((ids, row))
    return kept, held


def masked(row: Row) -> Row:
    if isinstance(row, list):
        return [masked_ranking(one) for one in row]
    return masked_turns(row)
