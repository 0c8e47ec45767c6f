"""Rows of a file → records: the readers of FORMATS.md, and which one a file needs.

Every row ends as a record or as a `Reject`; no row raises and none is dropped in silence.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, BinaryIO

from annotation.datasets import sources, turns
from annotation.datasets.candidates_reader import read_given
from annotation.datasets.fields import LANGUAGE_TAG, optional, required, wrong_shape
from annotation.datasets.hh_reader import read_hh
from annotation.datasets.oasst_reader import read_oasst
from annotation.datasets.ranking_reader import RANKING_SCHEMA_PREFIX, read_ranking
from annotation.datasets.records import (
    CandidatesRecord,
    DialogueRecord,
    LeftOut,
    MessageRecord,
    PromptRecord,
    Record,
    Reject,
    RejectCode,
    origin_key,
)
from annotation.datasets.sources import RawRow, RowError

N_ROWS_TO_DETECT = 100
MAX_LICENCE_LENGTH = 100
MAX_CATEGORY_LENGTH = 60


class UnknownFormatError(Exception):
    """The file's first rows fit no reader, or the name given is no reader's."""


class Reader:
    """The records and rejects of one file, and what was left out of its records, in its order. Iterate once.

    `format` is the name of the reader in use.
    """

    def __init__(
        self,
        stream: BinaryIO,
        *,
        file_format: str | None = None,
        check: Callable[[Record], None] | None = None,
    ) -> None:
        """Without a format it is detected from the first rows. The stream stays open.

        `check` may refuse a record by a RowError: what the reader of files cannot know.

        Raises UnknownFormatError, naming what was seen.
        """
        rows = sources.rows(stream)
        if file_format is None:
            seen = _take(rows, N_ROWS_TO_DETECT)
            file_format = detect_format(seen)
            rows = chain(seen, rows)
        elif file_format not in READERS:
            raise UnknownFormatError(
                f"“{file_format}” is no format; known are {', '.join(READERS)}."
            )
        self.format = file_format
        self._rows = rows
        self._check = check
        self._through = 0

    def skip_through(self, row: int) -> None:
        """Pass over the file's first rows, up to this number, without looking at them."""
        self._through = row

    def __iter__(self) -> Iterator[Record | LeftOut | Reject]:
        read = READERS[self.format]
        for row in self._rows:
            if row_number(row) <= self._through:
                continue
            if isinstance(row, Reject):
                yield row
                continue
            try:
                for record in read(sources.decode_object(row), row.number):
                    if self._check is not None and not isinstance(record, LeftOut):
                        self._check(record)
                    yield record
            except RowError as error:
                yield error.reject(row)


def row_number(row: RawRow | Reject) -> int:
    return row.row if isinstance(row, Reject) else row.number


def detect_format(rows: Iterable[RawRow | Reject]) -> str:
    """The format that most of these rows have; rows that do not parse have no vote.

    Raises UnknownFormatError where no row has a known one.
    """
    votes: Counter[str] = Counter()
    keys: list[str] = []
    broken = ""
    for row in rows:
        if isinstance(row, Reject):
            broken = broken or row.detail
            continue
        try:
            value = sources.decode_object(row)
        except RowError as error:
            broken = broken or error.detail
            continue
        keys = keys or list(value)
        votes.update(name for name, fits in _SIGNS.items() if fits(value))
    if votes:
        return votes.most_common(1)[0][0]
    if keys:
        seen = f"its first row has the keys {', '.join(keys[:8])}."
    else:
        seen = f"it has no JSON rows. {broken}".rstrip()
    raise UnknownFormatError(f"The format cannot be told: {seen} Known are {', '.join(READERS)}.")


def read_messages(row: Mapping[str, Any], number: int) -> Iterator[Record]:
    given = required(row, "messages", list)
    messages = turns.read_messages(given, key="messages", trainable=True)
    extra = turns.extra_fields(given)
    yield _dialogue(row, number, messages, {"messages"}, {"message_fields": extra} if extra else {})


def read_prompt_completion(row: Mapping[str, Any], number: int) -> Iterator[Record]:
    prompt = _turns_or_text(row, "prompt", role="user", trainable=False)
    completion = _turns_or_text(row, "completion", role="assistant", trainable=True)
    yield _dialogue(row, number, prompt + completion, {"prompt", "completion"})


def read_prompt_only(row: Mapping[str, Any], number: int) -> Iterator[Record]:
    messages = _turns_or_text(row, "prompt", role="user", trainable=False)
    turns.require_context(messages)
    yield PromptRecord(
        messages, number, origin_key(messages), **_source_fields(row, {"prompt"}, {})
    )


def read_candidates(row: Mapping[str, Any], number: int) -> Iterator[Record | LeftOut]:
    messages = _turns_or_text(row, "prompt", role="user", trainable=False)
    turns.require_context(messages)
    for found in read_given(row, number):
        if isinstance(found, LeftOut):
            yield found
            continue
        fields = _source_fields(row, {"prompt", "candidates"}, {})
        yield CandidatesRecord(messages, found, number, origin_key(messages), **fields)


def read_sharegpt(row: Mapping[str, Any], number: int) -> Iterator[Record]:
    messages = turns.read_sharegpt(required(row, "conversations", list))
    yield _dialogue(row, number, (*_system_turn(row), *messages), {"conversations", "system"})


def read_alpaca(row: Mapping[str, Any], number: int) -> Iterator[Record]:
    """Instruction rows become dialogues; a self-instruct row gives one for each instance."""
    instruction = _required_text(row, "instruction")
    instances = optional(row, "instances", list)
    if instances is None:
        context = _alpaca_context(row)
        messages = (*context, *_instruction_turns(instruction, row))
        keys = {"instruction", "input", "output", "system", "history"}
        yield _dialogue(row, number, messages, keys)
        return
    if not instances:
        raise RowError(RejectCode.WRONG_SHAPE, "“instances” is empty.")
    if not all(type(instance) is dict for instance in instances):
        raise RowError(RejectCode.WRONG_SHAPE, "“instances” holds something else than objects.")
    # All of a row's instances are read before the first is given: a row goes in whole or not.
    dialogues = [
        _dialogue(
            row,
            number,
            _instruction_turns(instruction, instance),
            {"instruction", "instances"},
            {"instance": index},
        )
        for index, instance in enumerate(instances)
    ]
    yield from dialogues


READERS: Mapping[str, Callable[[Mapping[str, Any], int], Iterator[Record | LeftOut]]] = {
    "messages": read_messages,
    "openai": read_messages,
    "prompt-completion": read_prompt_completion,
    "prompt-only": read_prompt_only,
    "alpaca": read_alpaca,
    "sharegpt": read_sharegpt,
    "hh": read_hh,
    "oasst": read_oasst,
    "ranking": read_ranking,
    "candidates": read_candidates,
}

_SIGNS: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    "ranking": lambda row: str(row.get("schema", "")).startswith(RANKING_SCHEMA_PREFIX),
    "messages": lambda row: isinstance(row.get("messages"), list),
    "sharegpt": lambda row: isinstance(row.get("conversations"), list),
    "alpaca": lambda row: "instruction" in row and ("output" in row or "instances" in row),
    "hh": lambda row: (
        isinstance(row.get("chosen"), str)
        and isinstance(row.get("rejected"), str)
        and "prompt" not in row
    ),
    "oasst": lambda row: "message_tree_id" in row and isinstance(row.get("prompt"), dict),
    "candidates": lambda row: (
        "prompt" in row and "schema" not in row and isinstance(row.get("candidates"), list)
    ),
    "prompt-completion": lambda row: "prompt" in row and "completion" in row,
    "prompt-only": lambda row: (
        "prompt" in row
        and not row.keys()
        & {"completion", "chosen", "rejected", "schema", "message_tree_id", "candidates"}
    ),
}


def _take(rows: Iterator[RawRow | Reject], count: int) -> list[RawRow | Reject]:
    """The first rows, fewer where they are large."""
    taken: list[RawRow | Reject] = []
    n_bytes = 0
    for row in rows:
        taken.append(row)
        n_bytes += len(row.raw)
        if len(taken) == count or n_bytes > sources.MAX_ROW_BYTES:
            break
    return taken


def _dialogue(
    row: Mapping[str, Any],
    number: int,
    messages: tuple[MessageRecord, ...],
    keys: set[str],
    extra: Mapping[str, Any] | None = None,
) -> DialogueRecord:
    turns.require_dialogue(messages)
    return DialogueRecord(
        messages, number, origin_key(messages), **_source_fields(row, keys, extra or {})
    )


def _source_fields(
    row: Mapping[str, Any], keys: set[str], extra: Mapping[str, Any]
) -> dict[str, Any]:
    """Licence, language and category where the row gives well-formed ones; every other key that
    is not of the format's own `keys` stays in `metadata`, so that nothing is lost."""
    rest = {key: value for key, value in row.items() if key not in keys}
    nested = rest.get("metadata")
    if isinstance(nested, dict):
        del rest["metadata"]
        rest = nested | rest
    fields: dict[str, Any] = {
        "licence": _label(rest, "licence", MAX_LICENCE_LENGTH)
        or _label(rest, "license", MAX_LICENCE_LENGTH),
        "category": _label(rest, "category", MAX_CATEGORY_LENGTH),
        "language": None,
    }
    for key in ("language", "lang"):
        tag = rest.get(key)
        if isinstance(tag, str) and LANGUAGE_TAG.fullmatch(tag):
            fields["language"] = rest.pop(key)
            break
    return fields | {"metadata": {**rest, **extra}}


def _label(rest: dict[str, Any], key: str, max_length: int) -> str | None:
    label = rest.get(key)
    if isinstance(label, str) and 0 < len(label) <= max_length:
        del rest[key]
        return label
    return None


def _turns_or_text(
    row: Mapping[str, Any], key: str, *, role: str, trainable: bool
) -> tuple[MessageRecord, ...]:
    value = row.get(key)
    if isinstance(value, list):
        return turns.read_messages(value, key=key, trainable=trainable)
    if not isinstance(value, str):
        raise wrong_shape(key, "a string or a list of turns", value)
    return (MessageRecord(role, _required_text(row, key), trainable),)


def _system_turn(row: Mapping[str, Any]) -> list[MessageRecord]:
    system = optional(row, "system", str)
    return [MessageRecord("system", system)] if system and not system.isspace() else []


def _alpaca_context(row: Mapping[str, Any]) -> list[MessageRecord]:
    context = _system_turn(row)
    for index, exchange in enumerate(optional(row, "history", list) or []):
        match exchange:
            case [str(asked), str(answered)] if asked.strip() and answered.strip():
                context.append(MessageRecord("user", asked))
                context.append(MessageRecord("assistant", answered, trainable=True))
            case _:
                raise wrong_shape(f"history[{index}]", "a pair of texts", exchange)
    return context


def _instruction_turns(
    instruction: str, instance: Mapping[str, Any]
) -> tuple[MessageRecord, MessageRecord]:
    given = optional(instance, "input", str)
    question = f"{instruction}\n\n{given}" if given and not given.isspace() else instruction
    answer = _required_text(instance, "output")
    return MessageRecord("user", question), MessageRecord("assistant", answer, trainable=True)


def _required_text(row: Mapping[str, Any], key: str) -> str:
    text = required(row, key, str)
    if not text or text.isspace():
        raise RowError(RejectCode.EMPTY_MESSAGE, f"“{key}” holds no text.")
    return text
