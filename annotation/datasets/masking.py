"""Rows with the kind of thing in the place of what looks like personal data: “[email]”."""

from collections.abc import Sequence
from dataclasses import replace

from annotation import personal_data
from annotation.datasets.records import (
    DialogueRecord,
    MessageRecord,
    PromptRecord,
    RankingRecord,
)


def masked_turns(record: DialogueRecord | PromptRecord) -> DialogueRecord | PromptRecord:
    return replace(record, messages=_turns(record.messages, record.language))


def masked_ranking(ranking: RankingRecord) -> RankingRecord:
    """The context, the candidates and what the rater wrote."""
    language = ranking.language
    return replace(
        ranking,
        prompt=_turns(ranking.prompt, language),
        candidates=tuple(
            replace(candidate, content=masked(candidate.content, language))
            for candidate in ranking.candidates
        ),
        rewrite=ranking.rewrite and masked(ranking.rewrite, language),
        comment=ranking.comment and masked(ranking.comment, language),
    )


def masked(text: str, language: str | None) -> str:
    """The text with each finding replaced by its kind in brackets."""
    for span in reversed(personal_data.find(text, language=language or "en")):
        text = f"{text[: span.start]}[{span.kind}]{text[span.end :]}"
    return text


def _turns(messages: Sequence[MessageRecord], language: str | None) -> tuple[MessageRecord, ...]:
    return tuple(
        message._replace(content=masked(message.content, language)) for message in messages
    )
