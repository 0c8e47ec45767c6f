"""Reading frozen rankings as the records that formats write."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from django.db import connection

from annotation.datasets.criteria import Question, question_label
from annotation.datasets.pseudonyms import pseudonym
from annotation.datasets.records import (
    CandidateRecord,
    MessageRecord,
    PickRecord,
    RankingRecord,
    StrengthRecord,
)
from annotation.models import Comparison

# Statements rather than querysets: a chunk is thousands of rows, and making a dict of each took most
# of the time of an export. JSON comes as text for orjson to read: jsonb's numbers may be wider than
# what json.loads keeps.
_RANKINGS = """
SELECT r.id, r.comparison_id, r.rater_id, r.external_rater, r.imported_fields::text, r.revision,
  r.reason, r.purpose, r.own_conversation, r.acceptable_tier, r.strength_grade, r.strength_scale,
  r.rewrite, r.comment, r.shown_order, r.active_seconds, r.created_at, g.version, s.version,
  s.flags::text, o.slug
FROM annotation_ranking r
JOIN accounts_project o ON o.id = r.project_id
LEFT JOIN annotation_guideline g ON g.id = r.guideline_id
LEFT JOIN annotation_ratingschema s ON s.id = r.rating_schema_id
WHERE r.id = ANY(%s::bigint[])
"""
_COMPARISONS = """
SELECT q.id, q.criterion, q.criterion_text, q.direction, q.language, q.category, q.origin_key,
  q.source, q.source_row, q.licence, q.pick_probability, x.messages::text, x.sha256, n.number,
  p.rule, p.seed, p.as_of
FROM annotation_comparison q
JOIN sampling_context x ON x.id = q.context_id
LEFT JOIN annotation_round n ON n.id = q.round_id
LEFT JOIN annotation_pickrun p ON p.id = q.pick_run_id
WHERE q.id = ANY(%s::bigint[])
"""
# What was said, where raters were shown a mask in the place of a model's name: nobody is to learn to
# write the mask.
AS_SAID = """CASE WHEN d.names_model THEN coalesce(c.text, d.provenance ->> 'said', d.content)
  ELSE d.content END"""
_CANDIDATES = """
SELECT d.comparison_id, d.id, d.origin, SAID, d.names_model, d.cut_by_length, d.near_identical,
  d.provenance::text, p.name, p.output_licence, c.seed, c.finish_reason, g.max_tokens, g.min_p,
  g.repetition_penalty, g.stop, g.stop_token_ids, g.temperature, g.top_k, g.top_p
FROM annotation_candidate d
LEFT JOIN sampling_completion c ON c.id = d.completion_id
LEFT JOIN sampling_generation g ON g.id = c.generation_id
LEFT JOIN sampling_policy p ON p.id = g.policy_id
WHERE d.comparison_id = ANY(%s::bigint[]) ORDER BY d.comparison_id, d.index
""".replace("SAID", AS_SAID)
_PLACEMENTS = """
SELECT ranking_id, candidate_id, tier, rating, flags, open_milliseconds
FROM annotation_placement WHERE ranking_id = ANY(%s::bigint[])
"""


# The tiers and ratings of a ranking stand in the order of its candidates.
_ORDERS = """
SELECT r.id, r.comparison_id, r.reason, r.acceptable_tier, r.strength_grade, r.strength_scale,
  r.rater_id IS NOT NULL AND NOT r.own_conversation, placed.tiers, placed.ratings
FROM annotation_ranking r
JOIN (
  SELECT p.ranking_id, array_agg(p.tier ORDER BY d.index) AS tiers,
    array_agg(p.rating ORDER BY d.index) AS ratings
  FROM annotation_placement p JOIN annotation_candidate d ON d.id = p.candidate_id
  WHERE p.ranking_id = ANY(%s::bigint[]) GROUP BY p.ranking_id
) AS placed ON placed.ranking_id = r.id
"""
_CONTEXTS = """
SELECT q.id, q.origin_key, q.language, x.messages::text
FROM annotation_comparison q JOIN sampling_context x ON x.id = q.context_id
WHERE q.id = ANY(%s::bigint[])
"""
_REPLIES = """
SELECT d.comparison_id, d.id, SAID, d.origin
FROM annotation_candidate d LEFT JOIN sampling_completion c ON c.id = d.completion_id
WHERE d.comparison_id = ANY(%s::bigint[]) ORDER BY d.comparison_id, d.index
""".replace("SAID", AS_SAID)


class _Ranking(NamedTuple):
    id: int
    comparison_id: int
    rater_id: int | None
    external_rater: str
    imported_fields: str
    revision: int
    reason: str
    purpose: str
    own_conversation: bool
    acceptable_tier: int | None
    strength_grade: int | None
    strength_scale: str
    rewrite: str
    comment: str
    shown_order: list[int]
    active_seconds: float
    created_at: datetime
    guideline: int | None
    rating_schema: int | None
    asked_flags: str | None
    project: str


class _Comparison(NamedTuple):
    id: int
    criterion: str
    criterion_text: str
    direction: str
    language: str
    category: str
    origin_key: str
    source: str
    source_row: int | None
    licence: str
    pick_probability: float | None
    messages: str
    context_hash: str
    round: int | None
    pick_rule: str | None
    pick_seed: int | None
    pick_as_of: datetime | None


class _Candidate(NamedTuple):
    comparison_id: int
    id: int
    origin: str
    content: str
    names_model: bool
    cut_by_length: bool
    near_identical: bool
    provenance: str
    policy: str | None
    output_licence: str | None
    seed: int | None
    finish_reason: str | None
    max_tokens: int | None
    min_p: float | None
    repetition_penalty: float | None
    stop: list[str] | None
    stop_token_ids: list[int] | None
    temperature: float | None
    top_k: int | None
    top_p: float | None


class _Placement(NamedTuple):
    ranking_id: int
    candidate_id: int
    tier: int
    rating: int | None
    flags: list[str]
    open_milliseconds: int


def rankings(ids: Sequence[int], *, key: bytes, metadata: bool) -> list[RankingRecord]:
    """These rankings in the order given; raters under pseudonyms made with `key`."""
    rows = {row[0]: _Ranking._make(row) for row in _fetched(_RANKINGS, ids)}
    comparison_ids = list({row.comparison_id for row in rows.values()})
    comparisons = {row[0]: _Comparison._make(row) for row in _fetched(_COMPARISONS, comparison_ids)}
    candidates: dict[int, list[_Candidate]] = defaultdict(list)
    for row in _fetched(_CANDIDATES, comparison_ids):
        candidates[row[0]].append(_Candidate._make(row))
    placements: dict[int, dict[int, _Placement]] = defaultdict(dict)
    for row in _fetched(_PLACEMENTS, ids):
        placements[row[0]][row[1]] = _Placement._make(row)
    return [
        _record(
            rows[pk],
            comparisons[rows[pk].comparison_id],
            candidates[rows[pk].comparison_id],
            placements[pk],
            key=key,
            metadata=metadata,
        )
        for pk in ids
    ]


def orders(ids: Sequence[int]) -> list[RankingRecord]:
    """As `rankings`, of each what formats of pairs and replies write or decide by, and no more: it is
    had several times as fast."""
    rows = {row[0]: row[1:] for row in _fetched(_ORDERS, ids)}
    comparison_ids = list({comparison for comparison, *_ in rows.values()})
    contexts = {
        pk: (
            origin_key,
            language,
            tuple(MessageRecord(turn["role"], turn["content"]) for turn in orjson.loads(messages)),
        )
        for pk, origin_key, language, messages in _fetched(_CONTEXTS, comparison_ids)
    }
    replies: dict[int, list[tuple[int, str, str]]] = defaultdict(list)
    for comparison, *reply in _fetched(_REPLIES, comparison_ids):
        replies[comparison].append(tuple(reply))
    found = []
    for pk in ids:
        comparison, reason, acceptable_tier, grade, scale, is_raters, tiers, ratings = rows[pk]
        origin_key, language, prompt = contexts[comparison]
        found.append(
            RankingRecord(
                row=0,
                prompt=prompt,
                candidates=tuple(
                    CandidateRecord(candidate, content, tier, origin, rating)
                    for (candidate, content, origin), tier, rating in zip(
                        replies[comparison], tiers, ratings, strict=True
                    )
                ),
                origin_key=origin_key,
                id=pk,
                group_id=comparison,
                language=language,
                reason=reason,
                acceptable_tier=acceptable_tier,
                strength=None if grade is None else StrengthRecord(grade, scale),
                is_raters=is_raters,
            )
        )
    return found


def _fetched(statement: str, ids: Sequence[int]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        # As text: psycopg takes longer to make an array of a list than PostgreSQL to find the rows.
        cursor.execute(statement, [f"{{{','.join(map(str, ids))}}}"])
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def _record(
    row: _Ranking,
    comparison: _Comparison,
    candidates: Sequence[_Candidate],
    placements: Mapping[int, _Placement],
    *,
    key: bytes,
    metadata: bool,
) -> RankingRecord:
    imported = orjson.loads(row.imported_fields)
    # No schema, and a schema without flags, ask for none.
    flags_given = row.asked_flags not in (None, "[]") or "flags_given" in imported
    return RankingRecord(
        row=comparison.source_row or 0,
        prompt=tuple(
            MessageRecord(turn["role"], turn["content"])
            for turn in orjson.loads(comparison.messages)
        ),
        candidates=tuple(
            _candidate(candidate, placements[candidate.id], flags_given=flags_given)
            for candidate in candidates
        ),
        origin_key=comparison.origin_key,
        id=row.id,
        group_id=row.comparison_id,
        revision=row.revision,
        project=row.project,
        round=imported.get("round", comparison.round),
        language=comparison.language,
        criterion=question_label(
            Question(
                comparison.criterion,
                comparison.criterion_text,
                comparison.direction == Comparison.Direction.LESS,
            )
        ),
        reason=row.reason,
        purpose=row.purpose,
        context_hash=comparison.context_hash,
        pick=_pick(comparison, imported),
        acceptable_tier=row.acceptable_tier,
        strength=None
        if row.strength_grade is None
        else StrengthRecord(row.strength_grade, row.strength_scale),
        rewrite=row.rewrite or None,
        comment=row.comment or None,
        rater=_rater(row, key),
        guideline=imported.get("guideline", row.guideline),
        rating_schema=imported.get("rating_schema", row.rating_schema),
        shown_order=tuple(candidates[index].id for index in row.shown_order) or None,
        active_seconds=row.active_seconds,
        created_at=row.created_at,
        is_raters=row.rater_id is not None and not row.own_conversation,
        metadata=_metadata(row, comparison, candidates, placements, imported) if metadata else {},
    )


def _candidate(
    candidate: _Candidate, placement: _Placement, *, flags_given: bool
) -> CandidateRecord:
    if candidate.policy is not None:
        made: dict[str, Any] = {
            "policy": candidate.policy,
            "seed": candidate.seed,
            "finish_reason": candidate.finish_reason,
            "params": {
                "max_tokens": candidate.max_tokens,
                "min_p": candidate.min_p,
                "repetition_penalty": candidate.repetition_penalty,
                "stop": candidate.stop,
                "stop_token_ids": candidate.stop_token_ids,
                "temperature": candidate.temperature,
                "top_k": candidate.top_k,
                "top_p": candidate.top_p,
            },
        }
    else:
        made = orjson.loads(candidate.provenance)
    params = made.get("params")
    return CandidateRecord(
        id=candidate.id,
        content=candidate.content,
        rank=placement.tier,
        origin=made.get("origin", candidate.origin),
        rating=placement.rating,
        flags=tuple(placement.flags) if flags_given else None,
        policy=made.get("policy"),
        # PostgreSQL keeps no order of keys; lines of one content are to be equal.
        params=params and dict(sorted(params.items())),
        seed=made.get("seed"),
        finish_reason=made.get("finish_reason"),
    )


def _pick(comparison: _Comparison, imported: Mapping[str, Any]) -> PickRecord | None:
    if comparison.pick_rule is not None:
        return PickRecord(comparison.pick_rule, comparison.pick_seed, comparison.pick_as_of)
    given = imported.get("pick")
    if given is None:
        return None
    as_of = given["as_of"]
    return PickRecord(given["rule"], given["seed"], as_of and datetime.fromisoformat(as_of))


def _rater(row: _Ranking, key: bytes) -> str | None:
    if row.rater_id is not None:
        return pseudonym(key, f"rater:{row.rater_id}")
    # A foreign name may be a person's: it leaves as a pseudonym too.
    return pseudonym(key, f"external:{row.external_rater}") if row.external_rater else None


def _metadata(
    row: _Ranking,
    comparison: _Comparison,
    candidates: Sequence[_Candidate],
    placements: Mapping[int, _Placement],
    imported: Mapping[str, Any],
) -> dict[str, Any]:
    """A line's `metadata`: what is known of the row, and in `imported` what its file said of it."""
    known = {
        "ranking": row.id,
        "source": comparison.source,
        "source_row": comparison.source_row,
        "origin_key": comparison.origin_key,
        "licence": comparison.licence,
        "category": comparison.category,
        "output_licences": sorted({c.output_licence for c in candidates if c.output_licence}),
        "pick_probability": comparison.pick_probability,
        "imported": imported,
    }
    return {key: value for key, value in known.items() if value not in (None, "", {}, [])} | {
        "own_conversation": row.own_conversation,
        "open_milliseconds": [placements[c.id].open_milliseconds for c in candidates],
        "cut_by_length": [c.cut_by_length for c in candidates],
        "near_identical": [c.near_identical for c in candidates],
        "names_model": [c.names_model for c in candidates],
    }
