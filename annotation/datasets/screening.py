"""Texts that may not leave as they are: what looks like personal data, and what repeats a benchmark."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from annotation import personal_data
from annotation.datasets import benchmarks
from annotation.datasets.records import DialogueRecord, PromptRecord, RankingRecord

Record: TypeAlias = DialogueRecord | PromptRecord | RankingRecord

PERSONAL_DATA, BENCHMARK_OVERLAP = "personal_data", "benchmark_overlap"


@dataclass(frozen=True)
class Screening:
    """`forbidden` are the runs of words of benchmarks, as datasets.benchmarks hashes them."""

    holds_personal_data: bool
    forbidden: Collection[int]

    def reason(self, texts: Sequence[str], language: str | None) -> str | None:
        """Why a row of these texts stays out; None where it may leave."""
        if self.holds_personal_data and kinds_of_personal_data(texts, language):
            return PERSONAL_DATA
        return BENCHMARK_OVERLAP if self.repeats_benchmark(texts) else None

    def repeats_benchmark(self, texts: Sequence[str]) -> bool:
        return bool(self.forbidden) and any(
            run in self.forbidden for text in texts for run in benchmarks.runs(text)
        )


def kinds_of_personal_data(texts: Sequence[str], language: str | None) -> frozenset[str]:
    """What the texts seem to hold, as annotation.personal_data names it."""
    return frozenset(
        span.kind for text in texts for span in personal_data.find(text, language=language or "en")
    )


def texts_of(record: Record) -> list[str]:
    """Everything that people or policies wrote in it; of a ranking also what its rater said of it."""
    if not isinstance(record, RankingRecord):
        return [turn.content for turn in record.messages]
    return [
        *(turn.content for turn in record.prompt),
        *(candidate.content for candidate in record.candidates),
        *(text for text in (record.rewrite, record.comment) if text),
    ]
