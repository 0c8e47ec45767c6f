"""Records → the lines of each export format of FORMATS.md: keys in the order shown there, absent
keys omitted, text exactly as written.

A line is a dict whose insertion order is the order of its keys in the file.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeAlias

from annotation import preferences
from annotation.datasets.ranking_reader import RANKING_SCHEMA
from annotation.datasets.records import (
    CandidateRecord,
    DialogueRecord,
    MessageRecord,
    PromptRecord,
    RankingRecord,
)

Line: TypeAlias = dict[str, Any]

_SHAREGPT_SPEAKERS = {"user": "human", "assistant": "gpt"}


class Exclusion(StrEnum):
    """Why a record has no line in a format; exports count each."""

    UNTRAINABLE_TURN = "untrainable_turn"  # the format trains on every assistant turn
    NO_TRAINABLE_TURN = "no_trainable_turn"  # nothing in the dialogue may be trained on
    TOOL_TURN = "tool_turn"  # the format has no place for tool turns
    ALL_TIED = "all_tied"  # a ranking of one tier gives no pair


class CannotWriteError(Exception):
    """The format has no line for this record."""

    def __init__(self, reason: Exclusion) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Options:
    """How lines are written; the same for every line of a file.

    `weighted` (openai): some dialogue of this file has an assistant turn that is not trainable,
    so every assistant turn carries its weight. `turns` (prompt-completion): a row for `all`
    trainable turns or for the `last`. `metadata` adds the record's metadata to each line.
    """

    weighted: bool = False
    turns: str = "all"
    metadata: bool = False


def messages_lines(dialogue: DialogueRecord, options: Options) -> list[Line]:
    _require_all_trainable(dialogue)
    return [{"messages": _turns(dialogue.messages)} | _metadata(dialogue, options)]


def openai_lines(dialogue: DialogueRecord, options: Options) -> list[Line]:
    _trainable_turns(dialogue)
    messages = _turns(dialogue.messages)
    if options.weighted:
        for line, message in zip(messages, dialogue.messages, strict=True):
            if message.role == "assistant":
                line["weight"] = int(message.trainable)
    return [{"messages": messages} | _metadata(dialogue, options)]


def prompt_completion_lines(dialogue: DialogueRecord, options: Options) -> list[Line]:
    indexes = _trainable_turns(dialogue)
    if options.turns == "last":
        indexes = indexes[-1:]
    return [
        {
            "prompt": _turns(dialogue.messages[:index]),
            "completion": _turns(dialogue.messages[index : index + 1]),
        }
        | _metadata(dialogue, options)
        for index in indexes
    ]


def sharegpt_lines(dialogue: DialogueRecord, options: Options) -> list[Line]:
    system, spoken = _split_system(dialogue)
    line: Line = {
        "conversations": [
            {"from": _SHAREGPT_SPEAKERS[message.role], "value": message.content}
            for message in spoken
        ]
    }
    if system is not None:
        line["system"] = system
    return [line | _metadata(dialogue, options)]


def alpaca_lines(dialogue: DialogueRecord, options: Options) -> list[Line]:
    system, spoken = _split_system(dialogue)
    texts = [message.content for message in spoken]
    line: Line = {"instruction": texts[-2], "input": "", "output": texts[-1]}
    if system is not None:
        line["system"] = system
    if len(texts) > 2:
        line["history"] = [texts[start : start + 2] for start in range(0, len(texts) - 2, 2)]
    return [line | _metadata(dialogue, options)]


def prompt_only_lines(prompt: PromptRecord, options: Options) -> list[Line]:
    return [{"prompt": _turns(prompt.messages)} | _metadata(prompt, options)]


def ranking_lines(group: Sequence[RankingRecord], options: Options) -> list[Line]:
    """One line a ranking, everything it holds."""
    return [_ranking_line(ranking) | _metadata(ranking, options) for ranking in group]


def preference_lines(group: Sequence[RankingRecord], options: Options) -> list[Line]:
    """The pairs of all rankings of one comparison, of each ranking best first."""
    return [
        {
            "prompt": _turns(ranking.prompt),
            "chosen": [_reply(chosen)],
            "rejected": [_reply(rejected)],
        }
        | weight
        | _metadata(ranking, options)
        for ranking, chosen, rejected, weight in _weighted_pairs(group)
    ]


def preference_implicit_lines(group: Sequence[RankingRecord], options: Options) -> list[Line]:
    """As `preference_lines`, with the prompt's turns before each reply."""
    return [
        {
            "chosen": [*_turns(ranking.prompt), _reply(chosen)],
            "rejected": [*_turns(ranking.prompt), _reply(rejected)],
        }
        | weight
        | _metadata(ranking, options)
        for ranking, chosen, rejected, weight in _weighted_pairs(group)
    ]


SFT_FORMATS: Mapping[str, Callable[[DialogueRecord, Options], list[Line]]] = {
    "messages": messages_lines,
    "openai": openai_lines,
    "prompt-completion": prompt_completion_lines,
    "sharegpt": sharegpt_lines,
    "alpaca": alpaca_lines,
}
PROMPT_FORMATS: Mapping[str, Callable[[PromptRecord, Options], list[Line]]] = {
    "prompt-only": prompt_only_lines,
}
COMPARISON_FORMATS: Mapping[str, Callable[[Sequence[RankingRecord], Options], list[Line]]] = {
    "ranking": ranking_lines,
    "preference": preference_lines,
    "preference-implicit": preference_implicit_lines,
}


def rfc3339(moment: datetime) -> str:
    """UTC with six digits and Z, as all times in our files."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _turns(messages: Sequence[MessageRecord]) -> list[Line]:
    return [{"role": message.role, "content": message.content} for message in messages]


def _reply(candidate: CandidateRecord) -> Line:
    return {"role": "assistant", "content": candidate.content}


def _metadata(record: DialogueRecord | PromptRecord | RankingRecord, options: Options) -> Line:
    return {"metadata": dict(record.metadata)} if options.metadata else {}


def _trainable_turns(dialogue: DialogueRecord) -> list[int]:
    indexes = [index for index, message in enumerate(dialogue.messages) if message.trainable]
    if not indexes:
        raise CannotWriteError(Exclusion.NO_TRAINABLE_TURN)
    return indexes


def _require_all_trainable(dialogue: DialogueRecord) -> None:
    _trainable_turns(dialogue)
    if any(m.role == "assistant" and not m.trainable for m in dialogue.messages):
        raise CannotWriteError(Exclusion.UNTRAINABLE_TURN)


def _split_system(
    dialogue: DialogueRecord,
) -> tuple[str | None, Sequence[MessageRecord]]:
    """The system text and the turns after it, of a dialogue of users and assistants only.

    sharegpt and alpaca files are trained on every reply, those in `history` included.
    """
    _require_all_trainable(dialogue)
    messages = dialogue.messages
    if any(message.role == "tool" for message in messages):
        raise CannotWriteError(Exclusion.TOOL_TURN)
    if messages[0].role == "system":
        return messages[0].content, messages[1:]
    return None, messages


def _weighted_pairs(
    group: Sequence[RankingRecord],
) -> list[tuple[RankingRecord, CandidateRecord, CandidateRecord, Line]]:
    """Each pair of the group with its `group_id` and `pair_weight`: 1 / pairs of the group."""
    pairs = [
        (ranking, chosen, rejected)
        for ranking in group
        for chosen, rejected in preferences.preference_pairs(ranking.tiers)
    ]
    if not pairs:
        raise CannotWriteError(Exclusion.ALL_TIED)
    weight = {"group_id": group[0].group_id, "pair_weight": 1 / len(pairs)}
    return [(*pair, weight) for pair in pairs]


def _ranking_line(ranking: RankingRecord) -> Line:
    pick, strength = ranking.pick, ranking.strength
    return {"schema": RANKING_SCHEMA} | _present(
        id=ranking.id,
        group_id=ranking.group_id,
        revision=ranking.revision,
        project=ranking.project,
        round=ranking.round,
        split=ranking.split,
        language=ranking.language,
        criterion=ranking.criterion,
        reason=ranking.reason,
        purpose=ranking.purpose,
        prompt=_turns(ranking.prompt),
        context_hash=ranking.context_hash,
        pick=pick
        and _present(rule=pick.rule, seed=pick.seed, as_of=pick.as_of and rfc3339(pick.as_of)),
        candidates=[_candidate_line(candidate) for candidate in ranking.candidates],
        acceptable_tier=ranking.acceptable_tier,
        strength=strength and {"grade": strength.grade, "scale": strength.scale},
        rewrite=ranking.rewrite,
        comment=ranking.comment,
        rater=ranking.rater,
        guideline=ranking.guideline,
        rating_schema=ranking.rating_schema,
        shown_order=ranking.shown_order,
        active_seconds=ranking.active_seconds,
        created_at=ranking.created_at and rfc3339(ranking.created_at),
    )


def _candidate_line(candidate: CandidateRecord) -> Line:
    return _present(
        id=candidate.id,
        content=candidate.content,
        rank=candidate.rank,
        origin=candidate.origin,
        rating=candidate.rating,
        flags=candidate.flags,
        policy=candidate.policy,
        params=candidate.params,
        seed=candidate.seed,
        finish_reason=candidate.finish_reason,
    )


def _present(**values: Any) -> Line:
    return {key: value for key, value in values.items() if value is not None}
