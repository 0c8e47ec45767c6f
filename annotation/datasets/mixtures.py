"""What a recipe declares, and how many rows each of its sources may give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Self


class PersonalData(StrEnum):
    """What becomes of a row in which something looks like personal data."""

    HOLD = "hold"  # it stays out
    MASK = "mask"  # it goes in with the kind of thing in its place: [email]
    KEEP = "keep"  # it goes in as it is


class Origins(StrEnum):
    """What a source takes; all but the first three only where they are named (DATA.md §6)."""

    ALL = "all"  # the next two
    WRITTEN = "written"  # by our people: demonstrations, or rankings
    IMPORTED = "imported"  # from files: dialogues and instruction data, or rankings
    REWRITES = "rewrites"  # what people said in a chat that the reply should have been
    BETTER_REPLIES = "better_replies"  # what people wrote while ranking
    BEST_REPLIES = "best_replies"  # the best of a ranking, where it is above the acceptable line
    THUMBS = "thumbs"  # replies in chats that people gave a thumb


_BY_DEFAULT = (Origins.ALL, Origins.WRITTEN, Origins.IMPORTED)
# What sources of each kind of dataset may take.
ORIGINS_OF: Mapping[str, Sequence[Origins]] = {
    "sft": (*_BY_DEFAULT, Origins.REWRITES, Origins.BETTER_REPLIES, Origins.BEST_REPLIES),
    "comparisons": (*_BY_DEFAULT, Origins.THUMBS),
}


@dataclass(frozen=True, kw_only=True)
class Source:
    """Rows of one project; empty lists choose nothing out. Of `weight` and `cap`, either may be None.

    Rows of several sources belong to the first that has them.
    """

    name: str
    project: str
    origins: str = Origins.ALL.value
    rounds: Sequence[int] = ()
    import_runs: Sequence[int] = ()
    categories: Sequence[str] = ()
    languages: Sequence[str] = ()
    licences: Sequence[str] = ()
    weight: float | None = None
    cap: int | None = None


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """A recipe's contents. `file` are the options of services.file_options.FileOptions but for `kind`;
    `benchmarks` are ids, `tokenizer` is a policy's name."""

    sources: Sequence[Source]
    seed: int
    criterion: str = ""
    near_duplicates: bool = True
    benchmarks: Sequence[int] = ()
    personal_data: str = PersonalData.HOLD.value
    # Dialogues with an answer of which more than this share came from a draft are left out, and those
    # in which a draft came to one of these ends, words of models.Draft.Outcome.
    max_model_share: float = 1.0
    without_drafts: Sequence[str] = ()
    tokenizer: str = ""
    file: Mapping[str, Any]

    @classmethod
    def of(cls, contents: Mapping[str, Any]) -> Self:
        """From what a recipe stores."""
        known = {field.name for field in fields(cls)}
        values = {name: value for name, value in contents.items() if name in known}
        values["sources"] = [Source(**source) for source in contents["sources"]]
        return cls(**values)


def quotas(sources: Sequence[Source], n_rows: Sequence[int]) -> list[int]:
    """How many of its rows each source gives: at most its cap; weighted ones in proportion.

    Weighted sources are cut to the largest mixture in which they stand as their weights do, since
    nothing is given twice; one that has no rows asks for nothing.
    """
    capped = [
        n if source.cap is None else min(n, source.cap)
        for source, n in zip(sources, n_rows, strict=True)
    ]
    weighted = [
        (n, source.weight) for source, n in zip(sources, capped, strict=True) if source.weight and n
    ]
    unit = min((n / weight for n, weight in weighted), default=0.0)
    # A hair more, so that the source that sets the measure is not cut by a rounded division.
    return [
        n if not source.weight else min(n, int(unit * source.weight + 1e-9))
        for source, n in zip(sources, capped, strict=True)
    ]
