"""A `ranking` line → a RankingRecord that holds everything the line says."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from annotation import preferences
from annotation.datasets import turns
from annotation.datasets.fields import (
    optional,
    optional_number,
    optional_texts,
    optional_time,
    required,
    wrong_shape,
)
from annotation.datasets.records import (
    MAX_CANDIDATES,
    MIN_CANDIDATES,
    CandidateRecord,
    Identifier,
    PickRecord,
    RankingRecord,
    RejectCode,
    StrengthRecord,
    origin_key,
)
from annotation.datasets.sources import RowError

RANKING_SCHEMA_PREFIX = "labelhub.ranking/"
RANKING_SCHEMA = RANKING_SCHEMA_PREFIX + "1"

_RATINGS = range(1, 8)
_KEYS = {"schema"} | {f.name for f in fields(RankingRecord)} - {"row", "origin_key"}


def read_ranking(row: Mapping[str, Any], number: int) -> Iterator[RankingRecord]:
    """Only prompt and candidates are required; the rest is there where our own export wrote it.

    Raises RowError, BAD_RANKING where ranks, ids, line and shown order contradict each other.
    """
    schema = required(row, "schema", str)
    if schema != RANKING_SCHEMA:
        raise RowError(
            RejectCode.UNSUPPORTED_SCHEMA,
            f"The schema {schema[:60]} is not {RANKING_SCHEMA}.",
        )
    prompt = turns.read_messages(required(row, "prompt", list), key="prompt", trainable=False)
    turns.require_context(prompt)
    candidates = tuple(
        _candidate(given, f"candidates[{index}]")
        for index, given in enumerate(required(row, "candidates", list))
    )
    nested = optional(row, "metadata", dict) or {}
    record = RankingRecord(
        row=number,
        prompt=prompt,
        candidates=candidates,
        origin_key=origin_key(prompt),
        id=_identifier(row, "id"),
        group_id=_identifier(row, "group_id"),
        revision=optional(row, "revision", int),
        project=optional(row, "project", str),
        round=optional(row, "round", int),
        split=optional(row, "split", str),
        language=optional(row, "language", str),
        criterion=optional(row, "criterion", str),
        reason=optional(row, "reason", str),
        purpose=optional(row, "purpose", str),
        context_hash=optional(row, "context_hash", str),
        pick=_pick(row),
        acceptable_tier=optional(row, "acceptable_tier", int),
        strength=_strength(row),
        rewrite=optional(row, "rewrite", str),
        comment=optional(row, "comment", str),
        rater=optional(row, "rater", str),
        guideline=optional(row, "guideline", int),
        rating_schema=optional(row, "rating_schema", int),
        shown_order=_shown_order(row),
        active_seconds=optional_number(row, "active_seconds"),
        created_at=optional_time(row, "created_at"),
        metadata=nested | {key: row[key] for key in row if key not in _KEYS},
    )
    _require_consistent(record)
    yield record


def _candidate(given: Any, key: str) -> CandidateRecord:
    if type(given) is not dict:
        raise wrong_shape(key, "an object", given)
    identifier = _identifier(given, "id")
    if identifier is None:
        raise wrong_shape(f"{key}.id", "a string or a whole number", None)
    content = required(given, "content", str)
    rating = optional(given, "rating", int)
    if rating is not None and rating not in _RATINGS:
        raise RowError(RejectCode.BAD_RANKING, f"The rating {rating} is not one of 1 to 7.")
    return CandidateRecord(
        id=identifier,
        content=content,
        rank=required(given, "rank", int),
        origin=optional(given, "origin", str) or "imported",
        rating=rating,
        flags=optional_texts(given, "flags"),
        policy=optional(given, "policy", str),
        params=optional(given, "params", dict),
        seed=optional(given, "seed", int),
        finish_reason=optional(given, "finish_reason", str),
    )


def _pick(row: Mapping[str, Any]) -> PickRecord | None:
    given = optional(row, "pick", dict)
    if given is None:
        return None
    return PickRecord(
        rule=required(given, "rule", str),
        seed=optional(given, "seed", int),
        as_of=optional_time(given, "as_of"),
    )


def _strength(row: Mapping[str, Any]) -> StrengthRecord | None:
    given = optional(row, "strength", dict)
    if given is None:
        return None
    return StrengthRecord(required(given, "grade", int), required(given, "scale", str))


def _shown_order(row: Mapping[str, Any]) -> tuple[Identifier, ...] | None:
    given = optional(row, "shown_order", list)
    if given is None:
        return None
    if not all(type(identifier) in (int, str) for identifier in given):
        raise wrong_shape("shown_order", "a list of candidates' ids", given)
    return tuple(given)


def _identifier(row: Mapping[str, Any], key: str) -> Identifier | None:
    if type(row.get(key)) is str:
        return optional(row, key, str)
    return optional(row, key, int)


def _require_consistent(record: RankingRecord) -> None:
    ids = [candidate.id for candidate in record.candidates]
    if not MIN_CANDIDATES <= len(ids) <= MAX_CANDIDATES:
        raise RowError(
            RejectCode.BAD_RANKING,
            f"There are {len(ids)} candidates; a comparison has {MIN_CANDIDATES} to"
            f" {MAX_CANDIDATES}.",
        )
    if len(set(map(str, ids))) < len(ids):
        raise RowError(RejectCode.BAD_RANKING, "Two candidates have the same id.")
    try:
        n_tiers = len(preferences.tiers_of((c.id, c.rank) for c in record.candidates))
    except ValueError as error:
        raise RowError(RejectCode.BAD_RANKING, f"The {error}.") from None
    if record.acceptable_tier is not None and not 0 <= record.acceptable_tier <= n_tiers:
        raise RowError(
            RejectCode.BAD_RANKING,
            f"“acceptable_tier” is {record.acceptable_tier}; there are {n_tiers} tiers.",
        )
    if record.shown_order is not None and sorted(map(str, record.shown_order)) != sorted(
        map(str, ids)
    ):
        raise RowError(
            RejectCode.BAD_RANKING,
            "“shown_order” does not hold each candidate's id once.",
        )
