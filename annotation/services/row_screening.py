"""Rows that may not leave for what they say, and rows whose words are masked (DATA.md §6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from annotation.datasets.masking import masked_ranking, masked_turns
from annotation.datasets.screening import Screening, texts_of
from annotation.models import Dataset
from annotation.services.personal_data_holds import Found
from annotation.services.row_splits import Row


@dataclass
class Screened:
    """Rows that may leave, ids of the others with the reasons, and what waits for a person's decision."""

    kept: list[tuple[list[int], Row]] = field(default_factory=list)
    left_out: list[tuple[list[int], str]] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)


def decisions_of(dataset: Dataset) -> Mapping[str, Mapping[int, str]]:
    """What people had decided of the rows' personal data when they were frozen, by table and id."""
    decided: dict[str, dict[int, str]] = {}
    for decision, ids_of in dataset.recipe.get("decisions", {}).items():
        for rows_of, ids in ids_of.items():
            decided.setdefault(rows_of, {}).update(dict.fromkeys(ids, decision))
    return decided


def screened(
    *,
    dataset: Dataset,
    rows_of: str,
    rows: Sequence[tuple[list[int], Row]],
    screening: Screening,
    decisions: Mapping[int, str],
) -> Screened:
    """Of a comparison each ranking is looked through for what its own rater wrote; all are masked where
    one is, since they share a context."""
    done = Screened()
    for ids, row in rows:
        places = []
        rankings = row if isinstance(row, list) else [row]
        # Rows other than a comparison's rankings are one by one.
        for place, (pk, one) in enumerate(zip(ids, rankings, strict=True)):
            verdict = screening.verdict(texts_of(one), one.language, decisions.get(pk))
            if verdict.kinds:
                language = one.language or "en"
                done.found.append(Found(dataset.project_id, rows_of, pk, language, verdict.kinds))
            if verdict.reason is None:
                places.append(place)
            else:
                done.left_out.append(([pk], verdict.reason))
        if not places:
            continue
        if isinstance(row, list):
            ids, row = [ids[place] for place in places], [row[place] for place in places]
        blanks = any(screening.blanks(decisions.get(pk)) for pk in ids)
        done.kept.append((ids, _masked(row) if blanks else row))
    return done


def _masked(row: Row) -> Row:
    if isinstance(row, list):
        return [masked_ranking(one) for one in row]
    return masked_turns(row)
