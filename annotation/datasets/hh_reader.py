"""Anthropic's helpful-harmless pairs: two whole transcripts that part at the last reply → a ranking."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from annotation.datasets import turns
from annotation.datasets.fields import required
from annotation.datasets.records import (
    CandidateRecord,
    MessageRecord,
    RankingRecord,
    RejectCode,
    origin_key,
)
from annotation.datasets.sources import RowError

# A space after the colon belongs to the format, any further one to the text.
_SPEAKER = re.compile(r"(?:\A\s*|\n\n)(Human|Assistant):(?: |(?=\n|\Z))")
_ROLES = {"Human": "user", "Assistant": "assistant"}


def read_hh(row: Mapping[str, Any], number: int) -> Iterator[RankingRecord]:
    """A comparison of two, ranked as the file says; the common turns are its context.

    Real files hold other pairs too, and each is refused under its own code: transcripts that end on
    the human's turn (WRONG_LAST_TURN), without a reply (EMPTY_MESSAGE), whose speakers do not
    alternate (WRONG_TURN_ORDER), that part before their last turn (DIVERGING_PAIR: neither reply
    answers the other's context), and with the same reply twice (BAD_RANKING).
    """
    chosen = _transcript(required(row, "chosen", str), "chosen")
    rejected = _transcript(required(row, "rejected", str), "rejected")
    context = chosen[:-1]
    if context != rejected[:-1]:
        raise RowError(
            RejectCode.DIVERGING_PAIR,
            "The two transcripts part before their last turn, so that they answer different contexts.",
        )
    turns.require_context(context)
    if chosen[-1].content == rejected[-1].content:
        raise RowError(
            RejectCode.BAD_RANKING, "The chosen reply and the rejected one are the same."
        )
    yield RankingRecord(
        row=number,
        prompt=context,
        candidates=(
            CandidateRecord("chosen", chosen[-1].content, 1, "imported"),
            CandidateRecord("rejected", rejected[-1].content, 2, "imported"),
        ),
        origin_key=origin_key(context),
        metadata={key: row[key] for key in row if key not in ("chosen", "rejected")},
    )


def _transcript(text: str, key: str) -> tuple[MessageRecord, ...]:
    """The turns of one transcript, which ends on a reply that says something."""
    before, *parts = _SPEAKER.split(text)
    if before.strip() or not parts:
        raise RowError(
            RejectCode.WRONG_SHAPE, f"“{key}” is no transcript: it does not begin with “Human:”."
        )
    told = tuple(
        MessageRecord(_ROLES[speaker], content)
        for speaker, content in zip(parts[::2], parts[1::2], strict=True)
    )
    if told[-1].role != "assistant":
        raise RowError(RejectCode.WRONG_LAST_TURN, f"“{key}” ends on the human's turn.")
    for place, turn in enumerate(told, start=1):
        if not turn.content.strip():
            raise RowError(RejectCode.EMPTY_MESSAGE, f"Turn {place} of “{key}” holds no text.")
    return told
