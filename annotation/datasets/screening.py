"""Texts that may not leave as they are: what looks like personal data, and what repeats a benchmark."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from annotation import personal_data
from annotation.datasets import benchmarks
from annotation.datasets.mixtures import PersonalData
from annotation.datasets.records import DialogueRecord, PromptRecord, RankingRecord

Record: TypeAlias = DialogueRecord | PromptRecord | RankingRecord

PERSONAL_DATA, BENCHMARK_OVERLAP = "personal_data", "benchmark_overlap"
# What a person decided of a row that was held; see models.PersonalDataHold.
KEPT, BLANKED, EXCLUDED = "kept", "blanked", "excluded"


class Verdict(NamedTuple):
    """Why a row stays out, None where it may leave; `kinds` is what was found that nobody decided of."""

    reason: str | None
    kinds: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Screening:
    """What may leave of personal data, a word of datasets.mixtures.PersonalData, and the runs of words
    of benchmarks, as datasets.benchmarks hashes them, that no row may hold."""

    personal_data: str
    forbidden: Collection[int]

    def verdict(self, texts: Sequence[str], language: str | None, decision: str | None) -> Verdict:
        """Of a row of these texts. What a person decided goes before what is usual."""
        if decision == EXCLUDED:
            return Verdict(PERSONAL_DATA)
        if decision is None and self.personal_data == PersonalData.HOLD:
            kinds = kinds_of_personal_data(texts, language)
            if kinds:
                return Verdict(PERSONAL_DATA, kinds)
        return Verdict(BENCHMARK_OVERLAP if self._repeats_benchmark(texts) else None)

    def blanks(self, decision: str | None) -> bool:
        """Whether a row goes out with the kind of thing in the place of personal data."""
        return decision == BLANKED or (decision is None and self.personal_data == PersonalData.MASK)

    def _repeats_benchmark(self, texts: Sequence[str]) -> bool:
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
