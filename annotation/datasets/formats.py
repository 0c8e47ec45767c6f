"""Dialogues and prompts → the lines of each export format of FORMATS.md: keys in the order shown
there, absent keys omitted, text exactly as written. Rankings: `comparison_formats`.

A line is a dict whose insertion order is the order of its keys in the file.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeAlias

import orjson

from annotation.datasets.aggregation import Aggregate
from annotation.datasets.pairs import Margin, Pairs, Ties
from annotation.datasets.records import (
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
    SYSTEM_TURN = "system_turn"  # the format has no place for a system turn
    OTHER_SPLIT = "other_split"  # its origin is in a split, for good, that is not asked for
    ALL_TIED = "all_tied"  # a ranking of one tier gives no pair
    EMPTY_REPLY = "empty_reply"  # the format has no place for a reply without words
    SPEAKER_IN_TEXT = "speaker_in_text"  # a turn holds the mark by which the format tells speakers
    UNLABELLED = "unlabelled"  # nothing says of a reply alone that it is good or bad
    BRIDGES_SPLITS = "bridges_splits"  # nearly the same prompts are in different splits, for good
    TOO_FEW_RATERS = "too_few_raters"  # agreement was asked for, and fewer than two ranked it
    MODEL_WRITTEN = "model_written"  # more of an answer came from a draft than was asked for
    DRAFT_OUTCOME = "draft_outcome"  # a draft came to an end that was asked to be left out
    PERSONAL_DATA = "personal_data"  # something looks like it, and rows that hold some stay
    BENCHMARK_OVERLAP = "benchmark_overlap"  # it shares a run of words with a benchmark
    LOW_AGREEMENT = "low_agreement"  # people agree less than was asked for


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
    trainable turns or for the `last`. `pairs`, `margin`, `ties`: see `datasets.pairs`. `system`:
    where a format has no place for a system turn, `drop` the row or `prefix` the turn's text to the
    first user turn. `aggregate` and `min_agreement`: see `datasets.aggregation`; what is asked of a
    consensus is the share of raters behind a pair. Comparisons of which fewer than `min_raters` people
    said something are left out. `metadata` adds the record's metadata to each line. `notes` is filled while
    lines are made: how often something had to be done that the manifest should tell.
    """

    weighted: bool = False
    turns: str = "all"
    pairs: Pairs = Pairs.ALL
    margin: Margin = Margin.NONE
    ties: Ties = Ties.DROP
    system: str = "drop"
    aggregate: Aggregate = Aggregate.RATERS
    min_agreement: float = 0.0
    min_raters: int = 1
    metadata: bool = False
    notes: Counter[str] = field(default_factory=Counter)


def messages_lines(dialogue: DialogueRecord, options: Options) -> list[Line]:
    _require_all_trainable(dialogue)
    return [whole(_messages_line(turn_lines(dialogue.messages)), dialogue, options)]


def _messages_line(turns: Any) -> Line:
    return {"messages": turns}


def openai_lines(dialogue: DialogueRecord, options: Options) -> list[Line]:
    """Raises CannotWriteError TOOL_TURN: a tool's turn has to name its call, and text holds none."""
    _trainable_indexes(dialogue)
    require_no_tool(dialogue.messages)
    messages = turn_lines(dialogue.messages)
    if options.weighted:
        for line, message in zip(messages, dialogue.messages, strict=True):
            if message.role == "assistant":
                line["weight"] = int(message.trainable)
    return [whole({"messages": messages}, dialogue, options)]


def prompt_completion_lines(dialogue: DialogueRecord, options: Options) -> list[Line]:
    indexes = _trainable_indexes(dialogue)
    if options.turns == "last":
        indexes = indexes[-1:]
    return [
        whole(
            {
                "prompt": turn_lines(dialogue.messages[:index]),
                "completion": turn_lines(dialogue.messages[index : index + 1]),
            },
            dialogue,
            options,
        )
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
    return [whole(line, dialogue, options)]


def alpaca_lines(dialogue: DialogueRecord, options: Options) -> list[Line]:
    system, spoken = _split_system(dialogue)
    if system is not None and options.system == "prefix":
        system, spoken = None, _prefixed(dialogue.messages)
    texts = [message.content for message in spoken]
    line: Line = {"instruction": texts[-2], "input": "", "output": texts[-1]}
    if system is not None:
        line["system"] = system
    if len(texts) > 2:
        line["history"] = [texts[start : start + 2] for start in range(0, len(texts) - 2, 2)]
    return [whole(line, dialogue, options)]


def prompt_only_lines(prompt: PromptRecord, options: Options) -> list[Line]:
    return [whole({"prompt": turn_lines(prompt.messages)}, prompt, options)]


def _frame(line_of: Callable[[Any], Line]) -> tuple[str, str]:
    before, _, after = orjson.dumps(line_of(orjson.Fragment(b"\0"))).decode().partition("\0")
    return before, after


SFT_FORMATS: Mapping[str, Callable[[DialogueRecord, Options], list[Line]]] = {
    "messages": messages_lines,
    "openai": openai_lines,
    "prompt-completion": prompt_completion_lines,
    "sharegpt": sharegpt_lines,
    "alpaca": alpaca_lines,
}
# Formats of whole dialogues whose lines are the same text around the turns, `[{"role","content"}…]`,
# of dialogues that `reason_not_to_learn` leaves in: (before, after).
FRAMES: Mapping[str, tuple[str, str]] = {"messages": _frame(_messages_line)}
PROMPT_FORMATS: Mapping[str, Callable[[PromptRecord, Options], list[Line]]] = {
    "prompt-only": prompt_only_lines,
}


def rfc3339(moment: datetime) -> str:
    """UTC with six digits and Z, as all times in our files."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def turn_lines(messages: Sequence[MessageRecord]) -> list[Line]:
    return [{"role": role, "content": content} for role, content, *_ in messages]


def whole(
    line: Line,
    record: DialogueRecord | PromptRecord | RankingRecord,
    options: Options,
) -> Line:
    """The line, with the record's metadata at its end where it is wanted."""
    if options.metadata:
        line["metadata"] = dict(record.metadata)
    return line


def _trainable_indexes(dialogue: DialogueRecord) -> list[int]:
    indexes = [index for index, message in enumerate(dialogue.messages) if message.trainable]
    if not indexes:
        raise CannotWriteError(Exclusion.NO_TRAINABLE_TURN)
    return indexes


def _require_all_trainable(dialogue: DialogueRecord) -> None:
    learned = [message.trainable for message in dialogue.messages if message.role == "assistant"]
    reason = reason_not_to_learn(all_of_them=all(learned), any_of_them=any(learned))
    if reason is not None:
        raise CannotWriteError(reason)


def reason_not_to_learn(*, all_of_them: bool, any_of_them: bool) -> Exclusion | None:
    """Why a dialogue has no line where every answer is trained on, by which of its answers may be."""
    if not any_of_them:
        return Exclusion.NO_TRAINABLE_TURN
    return None if all_of_them else Exclusion.UNTRAINABLE_TURN


def _split_system(
    dialogue: DialogueRecord,
) -> tuple[str | None, Sequence[MessageRecord]]:
    """The system text and the turns after it, of a dialogue of users and assistants only.

    sharegpt and alpaca files are trained on every reply, those in `history` included.
    """
    _require_all_trainable(dialogue)
    messages = dialogue.messages
    require_no_tool(messages)
    if messages[0].role == "system":
        return messages[0].content, messages[1:]
    return None, messages


def transcript_turns(
    messages: Sequence[MessageRecord], options: Options
) -> Sequence[MessageRecord]:
    """The user's and the assistant's turns, for formats that know no others.

    Raises CannotWriteError for a tool turn, and for a system turn that is not to be prefixed.
    """
    require_no_tool(messages)
    if messages[0].role != "system":
        return messages
    if options.system != "prefix":
        raise CannotWriteError(Exclusion.SYSTEM_TURN)
    return _prefixed(messages)


def require_no_tool(messages: Sequence[MessageRecord]) -> None:
    """Raises CannotWriteError TOOL_TURN."""
    if any(message.role == "tool" for message in messages):
        raise CannotWriteError(Exclusion.TOOL_TURN)


def _prefixed(messages: Sequence[MessageRecord]) -> Sequence[MessageRecord]:
    """The turns after the system turn, whose text stands before the first of them."""
    system, first, *rest = messages
    return [first._replace(content=f"{system.content}\n\n{first.content}"), *rest]
