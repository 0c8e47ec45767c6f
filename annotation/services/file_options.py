"""What file to make of a dataset: its format, and every option of DATA.md §6."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from annotation.datasets import comparison_formats, formats, splits
from annotation.datasets.aggregation import Aggregate
from annotation.datasets.formats import Line
from annotation.datasets.mixtures import PersonalData
from annotation.datasets.pairs import Margin, Pairs, Ties
from annotation.exceptions import AggregationRefused, FormatUnknown, SplitRefused, ThumbsRefused
from annotation.models import Dataset
from annotation.services.row_splits import BY_PROMPT

Kind = Dataset.Kind
FORMATS: Mapping[str, Mapping[str, Callable[..., list[Line]]]] = {
    Kind.SFT.value: formats.SFT_FORMATS,
    Kind.COMPARISONS.value: comparison_formats.COMPARISON_FORMATS,
    Kind.PROMPTS.value: formats.PROMPT_FORMATS,
    # Answers that the context holds already are not what was written.
    Kind.REWRITES.value: {
        name: formats.SFT_FORMATS[name] for name in ("prompt-completion", "messages")
    },
}
TURNS = ("all", "last")
SYSTEM_TURNS = ("drop", "prefix")
# What files are packed by, with how their names end.
PACKED = {"none": ".jsonl", "gzip": ".jsonl.gz", "zstd": ".jsonl.zst", "parquet": ".parquet"}
# Formats whose lines need all rankings of one comparison together.
_GROUPED_FORMATS = comparison_formats.PAIR_FORMATS
# Formats that an order of nobody in particular can be written in.
_ORDER_FORMATS = (*_GROUPED_FORMATS, "ranking", "nectar")
# The strength people gave where they were asked for one, else no margin.
MARGIN_AS_COLLECTED = ""
_MARGINS = {
    Aggregate.CONSENSUS: (MARGIN_AS_COLLECTED, Margin.NONE),
    Aggregate.BORDA: (MARGIN_AS_COLLECTED, Margin.NONE, Margin.RANK),
}


@dataclass(frozen=True, kw_only=True)
class FileOptions:
    """What file to make of a dataset. `criterion` is a label of datasets.criteria, or `any`;
    `pairs`, `margin` and `ties` are words of datasets.pairs, `aggregate` one of datasets.aggregation.
    `split_by` and `hold_out_raters`, a share of them drawn by `seed`: see services.row_splits."""

    kind: str
    file_format: str
    shares: Mapping[str, float] = field(default_factory=dict)
    with_metadata: bool = False
    turns: str = "all"
    criterion: str = ""
    pairs: str = Pairs.ALL.value
    margin: str = MARGIN_AS_COLLECTED
    ties: str = Ties.DROP.value
    system: str = "drop"
    # Whether replies in chats are lines too, labelled by the thumb that they got (kto).
    thumbs: bool = False
    aggregate: str = Aggregate.RATERS.value
    min_agreement: float = 0.0
    # Comparisons that fewer people gave an opinion of are left out.
    min_raters: int = 1
    # Dialogues with an answer of which more than this share came from a draft are left out.
    max_model_share: float = 1.0
    # As are dialogues in which a draft came to one of these ends, words of models.Draft.Outcome.
    without_drafts: Sequence[str] = ()
    # Whether rows leave too whose source does not allow this use (DATA.md §6).
    allow_use: bool = False
    split_by: str = BY_PROMPT
    hold_out_raters: float = 0.0
    seed: int = 0
    # What becomes of rows that look as if they held some, a word of datasets.mixtures.PersonalData.
    personal_data: str = PersonalData.HOLD.value
    # Ids of those whose runs of words no row may hold.
    benchmarks: Sequence[int] = ()
    # How a job's file is packed, a word of PACKED; the command tells it from the name.
    pack: str = "none"

    @classmethod
    def checked(cls, *, kind: str, file_format: str, split: str = "", **options: Any) -> Self:
        """Raises FormatUnknown, SplitRefused, ThumbsRefused or AggregationRefused, saying what would
        do."""
        if file_format not in FORMATS[kind]:
            raise FormatUnknown(
                f"“{file_format}” is no format of {kind}; known are {', '.join(FORMATS[kind])}."
            )
        try:
            shares = splits.parse_shares(split)
        except splits.SplitError as error:
            raise SplitRefused(str(error)) from error
        found = cls(kind=kind, file_format=file_format, shares=shares, **options)
        if found.thumbs and file_format != "kto":
            raise ThumbsRefused
        found._check_aggregation()
        return found

    def _check_aggregation(self) -> None:
        consensus = self.aggregate == Aggregate.CONSENSUS
        if self.aggregate == Aggregate.RATERS:
            return
        if self.file_format not in (_GROUPED_FORMATS if consensus else _ORDER_FORMATS):
            raise AggregationRefused(
                f"“{self.aggregate}” cannot be written as “{self.file_format}”: a consensus is pairs,"
                " and an order made of several people's says nothing of a reply alone."
            )
        if consensus and (self.ties != Ties.DROP or self.pairs not in (Pairs.ALL, Pairs.ONE)):
            raise AggregationRefused(
                "A consensus is pairs without an order: ask for all of them or one, and no ties."
            )
        if self.margin not in _MARGINS[Aggregate(self.aggregate)]:
            raise AggregationRefused(
                "Nobody said by how much several people's choice won; leave the margin out"
                + ("." if consensus else ", or take it from the ranks.")
            )

    @property
    def grouped(self) -> bool:
        return (
            self.file_format in _GROUPED_FORMATS
            or self.aggregate != Aggregate.RATERS
            or self.min_agreement > 0
            or self.min_raters > 1
        )

    @property
    def looks_at_drafts(self) -> bool:
        """Whether what dialogues took from drafts decides whether they leave."""
        return self.max_model_share < 1 or bool(self.without_drafts)

    @property
    def is_screened(self) -> bool:
        """Whether what rows say decides whether they leave."""
        return self.personal_data == PersonalData.HOLD or bool(self.benchmarks)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
