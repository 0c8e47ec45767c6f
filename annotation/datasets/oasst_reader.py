"""Open-Assistant message trees → one conversation with its branches, and a comparison for every
message whose replies were ranked."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from annotation.datasets.fields import LANGUAGE_TAG, optional, required
from annotation.datasets.records import (
    MAX_CANDIDATES,
    MIN_CANDIDATES,
    CandidateRecord,
    LeftOut,
    LeftOutCode,
    MessageRecord,
    NodeRecord,
    PromptRecord,
    RankingRecord,
    Record,
    RejectCode,
    TreeRecord,
    origin_key,
)
from annotation.datasets.sources import RowError

_ROLES = {"prompter": "user", "assistant": "assistant"}


@dataclass(slots=True)
class _Message:
    """One kept message; `children` are places in the list of kept messages."""

    parent: int | None
    given: Mapping[str, Any]
    turn: MessageRecord
    rank: int | None
    children: list[int] = field(default_factory=list)


def read_oasst(row: Mapping[str, Any], number: int) -> Iterator[Record | LeftOut]:
    """The tree, its comparisons, and how many of its messages were left out, by reason.

    A deleted or empty message is left out with everything below it, as is one that does not take
    turns with its parent. Of the branches the best-ranked path is the live one. A tree without a
    reply is a prompt. Raises RowError where the root itself cannot be kept.
    """
    root = required(row, "prompt", dict)
    kept, left_out = _kept(root)
    if not kept:
        raise RowError(RejectCode.EMPTY_MESSAGE, "The tree's first message is deleted or empty.")
    if kept[0].turn.role != "user":
        raise RowError(
            RejectCode.WRONG_TURN_ORDER, "The tree does not begin with a prompter's turn."
        )
    for code, n in left_out.items():
        yield LeftOut(number, code, n)
    key = origin_key([kept[0].turn])
    about = {name: value for name, value in row.items() if name != "prompt"}
    language = optional(root, "lang", str)
    if language is not None and not LANGUAGE_TAG.fullmatch(language):
        about, language = {"lang": language} | about, None
    if len(kept) == 1:
        yield PromptRecord((kept[0].turn,), number, key, language=language, metadata=about)
        return
    yield TreeRecord(_nodes(kept), number, key, language=language, metadata=about)
    for place, message in enumerate(kept):
        ranked = [child for child in message.children if kept[child].rank is not None]
        if message.turn.role == "user" and len(ranked) >= MIN_CANDIDATES:
            if len(ranked) > MAX_CANDIDATES:
                yield LeftOut(number, LeftOutCode.TOO_MANY_REPLIES, 1)
                continue
            yield _ranking(kept, place, ranked, number, key, language, about)


def _kept(root: Mapping[str, Any]) -> tuple[list[_Message], dict[LeftOutCode, int]]:
    """Messages in the order of the file, parents first, and what was left out."""
    kept: list[_Message] = []
    left_out: dict[LeftOutCode, int] = {}
    waiting: list[tuple[Mapping[str, Any], int | None]] = [(root, None)]
    while waiting:
        given, parent = waiting.pop()
        text, role = required(given, "text", str), _ROLES.get(required(given, "role", str))
        if role is None:
            raise RowError(
                RejectCode.UNKNOWN_ROLE,
                f"A message has the role {ascii(given['role'])[:40]}; known are prompter, assistant.",
            )
        reason = _reason(given, text, role, kept[parent].turn.role if parent is not None else None)
        if reason is not None:
            left_out[reason] = left_out.get(reason, 0) + _size(given)
            continue
        place = len(kept)
        turn = MessageRecord(role, text, trainable=role == "assistant")
        kept.append(_Message(parent, given, turn, optional(given, "rank", int)))
        if parent is not None:
            kept[parent].children.append(place)
        replies = optional(given, "replies", list) or []
        if not all(isinstance(reply, dict) for reply in replies):
            raise RowError(RejectCode.WRONG_SHAPE, "“replies” holds something else than messages.")
        waiting.extend((reply, place) for reply in reversed(replies))
    return kept, left_out


def _reason(
    given: Mapping[str, Any], text: str, role: str, parent_role: str | None
) -> LeftOutCode | None:
    if given.get("deleted"):
        return LeftOutCode.DELETED_MESSAGE
    if not text.strip():
        return LeftOutCode.EMPTY_MESSAGE
    if role == parent_role:
        return LeftOutCode.SAME_ROLE_TWICE
    return None


def _size(given: Mapping[str, Any]) -> int:
    """The message and everything below it."""
    n, waiting = 0, [given]
    while waiting:
        n += 1
        waiting.extend(
            reply for reply in waiting.pop().get("replies") or () if isinstance(reply, dict)
        )
    return n


def _nodes(kept: list[_Message]) -> tuple[NodeRecord, ...]:
    live = _live_path(kept)
    return tuple(
        NodeRecord(message.turn, message.parent, is_live=place in live)
        for place, message in enumerate(kept)
    )


def _live_path(kept: list[_Message]) -> set[int]:
    """From the root the best-ranked child each time, to the last assistant's turn on the way."""
    path = [0]
    while children := kept[path[-1]].children:
        path.append(min(children, key=lambda child: _order(kept[child])))
    if kept[path[-1]].turn.role == "user":
        path.pop()
    return set(path)


def _order(message: _Message) -> tuple[bool, int]:
    """Ranked ones first, best first; the rest as they stand in the file."""
    return message.rank is None, message.rank or 0


def _ranking(
    kept: list[_Message],
    place: int,
    ranked: list[int],
    number: int,
    key: str,
    language: str | None,
    about: Mapping[str, Any],
) -> RankingRecord:
    path: list[MessageRecord] = []
    at: int | None = place
    while at is not None:
        path.insert(0, kept[at].turn)
        at = kept[at].parent
    ranks = sorted({kept[child].rank or 0 for child in ranked})
    group = kept[place].given.get("message_id")
    return RankingRecord(
        row=number,
        prompt=tuple(path),
        candidates=tuple(
            CandidateRecord(
                id=str(kept[child].given.get("message_id", child)),
                content=kept[child].turn.content,
                rank=ranks.index(kept[child].rank or 0) + 1,
                origin="imported",
                policy=optional(kept[child].given, "model_name", str),
            )
            for child in ranked
        ),
        origin_key=key,
        group_id=group if isinstance(group, str) else None,
        language=language,
        metadata={name: about[name] for name in ("message_tree_id",) if name in about},
    )
