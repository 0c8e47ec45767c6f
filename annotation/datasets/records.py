"""What readers yield and formats write: one frozen record a row, free of any file format.

A field that a source does not give is None; a format leaves it out (FORMATS: absent keys are
omitted, never null).
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b, sha256
from typing import Any, NamedTuple, TypeAlias

import orjson

from annotation import preferences

MIN_CANDIDATES = 2
MAX_CANDIDATES = 9

Identifier: TypeAlias = int | str


class MessageRecord(NamedTuple):
    """One turn: the text exactly as written, and whether a policy may be trained on it.

    A named tuple, since files hold millions of them and a frozen dataclass takes five times as long
    to make.
    """

    role: str
    content: str
    trainable: bool = False
    origin: str = "imported"


@dataclass(frozen=True, slots=True)
class DialogueRecord:
    """A conversation that ends on an assistant turn."""

    messages: tuple[MessageRecord, ...]
    row: int
    origin_key: str
    licence: str | None = None
    language: str | None = None
    category: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JudgedReplyRecord(DialogueRecord):
    """Turns that end on a reply, and whether its reader found it good (a thumb)."""

    is_good: bool = False


@dataclass(frozen=True, slots=True)
class NodeRecord:
    """One turn of a tree: the place of its parent in the tree's list, None for the root."""

    message: MessageRecord
    parent: int | None
    is_live: bool


@dataclass(frozen=True, slots=True)
class TreeRecord:
    """A conversation with branches, parents before children; the live path ends on an assistant turn."""

    nodes: tuple[NodeRecord, ...]
    row: int
    origin_key: str
    licence: str | None = None
    language: str | None = None
    category: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PromptRecord:
    """A context that ends on a user turn and asks for a completion."""

    messages: tuple[MessageRecord, ...]
    row: int
    origin_key: str
    licence: str | None = None
    language: str | None = None
    category: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CandidateRecord:
    """One completion of a comparison, with the rank one rater gave it.

    `flags` is None where flags were not asked for and empty where none was set.
    """

    id: Identifier
    content: str
    rank: int
    origin: str
    rating: int | None = None
    flags: tuple[str, ...] | None = None
    policy: str | None = None
    params: Mapping[str, Any] | None = None
    seed: int | None = None
    finish_reason: str | None = None


@dataclass(frozen=True, slots=True)
class PickRecord:
    """How the message that the comparison is about was drawn."""

    rule: str
    seed: int | None = None
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class StrengthRecord:
    """How much better the best is, on a named scale such as `-3..3`."""

    grade: int
    scale: str


@dataclass(frozen=True, slots=True)
class RankingRecord:
    """One rater's ranking of one comparison: the whole content of a `ranking` line.

    `acceptable_tier` is the number of tiers above the acceptable line (0: none acceptable).
    `shown_order` holds the candidates' ids in the order in which the rater met them. `is_raters` tells
    a ranking that one of our people gave, of a conversation not their own: others are nobody's opinion.
    """

    row: int
    prompt: tuple[MessageRecord, ...]
    candidates: tuple[CandidateRecord, ...]
    origin_key: str
    id: Identifier | None = None
    group_id: Identifier | None = None
    revision: int | None = None
    project: str | None = None
    round: int | None = None
    split: str | None = None
    language: str | None = None
    criterion: str | None = None
    reason: str | None = None
    purpose: str | None = None
    context_hash: str | None = None
    pick: PickRecord | None = None
    acceptable_tier: int | None = None
    strength: StrengthRecord | None = None
    rewrite: str | None = None
    comment: str | None = None
    rater: str | None = None
    guideline: int | None = None
    rating_schema: int | None = None
    shown_order: tuple[Identifier, ...] | None = None
    active_seconds: float | None = None
    created_at: datetime | None = None
    is_raters: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def tiers(self) -> list[list[CandidateRecord]]:
        """The candidates, best tier first."""
        return preferences.tiers_of((candidate, candidate.rank) for candidate in self.candidates)


@dataclass(frozen=True, slots=True)
class GivenCandidate:
    """One completion that was made elsewhere, with what the file says of its making."""

    content: str
    policy: str | None = None
    params: Mapping[str, Any] | None = None
    seed: int | None = None
    finish_reason: str | None = None


@dataclass(frozen=True, slots=True)
class CandidatesRecord:
    """A context with completions made elsewhere, to be ranked here."""

    messages: tuple[MessageRecord, ...]
    candidates: tuple[GivenCandidate, ...]
    row: int
    origin_key: str
    licence: str | None = None
    language: str | None = None
    category: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


# What makes two ranking lines the same line: everything but where it stood and what follows from it.
_RANKING_CONTENT = tuple(
    f.name for f in fields(RankingRecord) if f.name not in ("row", "origin_key")
)

Record: TypeAlias = DialogueRecord | TreeRecord | PromptRecord | RankingRecord | CandidatesRecord


class LeftOutCode(StrEnum):
    """What of a row that was taken was not; imports count each."""

    DELETED_MESSAGE = "deleted_message"  # (oasst) and everything below it
    EMPTY_MESSAGE = "empty_message"  # (oasst) without text, and everything below it
    SAME_ROLE_TWICE = "same_role_twice"  # (oasst) a reply in its parent's role, and what is below
    TOO_MANY_REPLIES = "too_many_replies"  # (oasst) more ranked replies than a comparison holds
    EMPTY_CANDIDATE = "empty_candidate"  # (candidates) without text
    SAME_CANDIDATE = "same_candidate"  # (candidates) says the same as one before it


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Parts of a row that were not taken, while the rest of it was."""

    row: int
    code: LeftOutCode
    count: int


class RejectCode(StrEnum):
    """Why a row of a file was not taken. docs/ and the reject summary name these."""

    INVALID_JSON = "invalid_json"  # the row does not parse
    INVALID_UTF8 = "invalid_utf8"  # bytes that are no UTF-8
    LONE_SURROGATE = "lone_surrogate"  # half of a surrogate pair, which is no character
    NUL = "nul"  # U+0000, which PostgreSQL cannot store
    TOO_DEEP = "too_deep"  # brackets nested past sources.MAX_DEPTH
    TOO_LONG = "too_long"  # a row past sources.MAX_ROW_BYTES
    TRUNCATED = "truncated"  # the file ends, or its compression breaks, in the middle
    TRAILING_CONTENT = "trailing_content"  # something follows the end of a JSON array
    DUPLICATE_KEY = "duplicate_key"  # an object names a key twice: which value was meant is unknown
    WRONG_SHAPE = "wrong_shape"  # not an object, or a key of the format missing or mistyped
    UNSUPPORTED_SCHEMA = "unsupported_schema"  # a ranking schema this version does not know
    UNSUPPORTED_CONTENT = "unsupported_content"  # tool calls, images: text alone is held
    UNKNOWN_ROLE = "unknown_role"  # a role that is not one of the format's
    EMPTY_MESSAGE = "empty_message"  # a turn, prompt or completion without any text
    WRONG_TURN_ORDER = "wrong_turn_order"  # roles do not alternate, or the first one is wrong
    WRONG_LAST_TURN = "wrong_last_turn"  # ends on the wrong turn for what it is
    OUT_OF_RANGE = "out_of_range"  # a number, word or name that its column cannot hold
    DIVERGING_PAIR = "diverging_pair"  # (hh) the transcripts part before their last turn
    BAD_RANKING = "bad_ranking"  # ranks, candidates or shown order contradict each other
    BAD_CANDIDATES = "bad_candidates"  # fewer than two different candidates, or more than nine


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that was not taken: its number, why, in a code and in a sentence, and its bytes.

    `raw` is the row as it stood in the file, for a file of rejects that can be mended and
    imported again; it is empty where the row was too long to hold.
    """

    row: int
    code: RejectCode
    detail: str
    raw: bytes = b""


def origin_key(messages: Sequence[MessageRecord]) -> str:
    """The key by which rows of one origin share a split (DATA.md §6): the first user turn,
    compared without regard to case, compatibility forms and spacing."""
    opening = next((m.content for m in messages if m.role == "user"), messages[0].content)
    # Of ASCII texts the lower case is the same, and is had ten times as fast.
    folded = (
        opening.lower() if opening.isascii() else unicodedata.normalize("NFKC", opening).casefold()
    )
    normal = " ".join(folded.split())
    return "text:" + blake2b(normal.encode(), digest_size=16).hexdigest()


def content_sha256(record: Record) -> str:
    """64 hexadecimal digits that two rows share exactly when one is a duplicate of the other.

    Dialogues and prompts are compared by their turns alone; of a ranking the whole line counts,
    since two raters may give the same order.
    """
    if isinstance(record, RankingRecord):
        content: Any = {name: getattr(record, name) for name in _RANKING_CONTENT}
        content["prompt"] = [tuple(turn) for turn in record.prompt]
    elif isinstance(record, CandidatesRecord):
        content = [
            [(m.role, m.content) for m in record.messages],
            [candidate.content for candidate in record.candidates],
        ]
    elif isinstance(record, TreeRecord):
        content = [
            (n.parent, n.message.role, n.message.content, n.message.trainable, n.is_live)
            for n in record.nodes
        ]
    else:
        content = [(m.role, m.content, m.trainable) for m in record.messages]
    canonical = orjson.dumps([type(record).__name__, content], option=orjson.OPT_SORT_KEYS)
    return sha256(canonical).hexdigest()
