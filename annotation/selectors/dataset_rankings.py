"""Reading frozen rankings as the records that formats write."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from django.db.models import F, TextField
from django.db.models.functions import Cast

from annotation.datasets.criteria import Question, question_label
from annotation.datasets.pseudonyms import pseudonym
from annotation.datasets.records import (
    CandidateRecord,
    MessageRecord,
    PickRecord,
    RankingRecord,
    StrengthRecord,
)
from annotation.models import Candidate, Comparison, Placement, Ranking

_RANKING_COLUMNS = (
    "id",
    "comparison_id",
    "rater_id",
    "external_rater",
    "fields_text",
    "revision",
    "reason",
    "purpose",
    "own_conversation",
    "acceptable_tier",
    "strength_grade",
    "strength_scale",
    "rewrite",
    "comment",
    "shown_order",
    "active_seconds",
    "created_at",
)
_COMPARISON_COLUMNS = (
    "id",
    "criterion",
    "criterion_text",
    "direction",
    "language",
    "category",
    "origin_key",
    "source",
    "source_row",
    "licence",
    "pick_probability",
)
_CANDIDATE_COLUMNS = (
    "id",
    "comparison_id",
    "index",
    "origin",
    "content",
    "cut_by_length",
    "near_identical",
    "provenance_text",
)


def rankings(ids: Sequence[int], *, key: bytes, metadata: bool) -> list[RankingRecord]:
    """These rankings in the order given; raters under pseudonyms made with `key`."""
    rows = list(
        Ranking.objects.filter(pk__in=ids)
        .annotate(
            fields_text=Cast("imported_fields", TextField()),
            guideline_version=F("guideline__version"),
            schema_version=F("rating_schema__version"),
            schema_flags=F("rating_schema__flags"),
            project_slug=F("project__slug"),
        )
        .values(
            *_RANKING_COLUMNS,
            *("guideline_version", "schema_version", "schema_flags", "project_slug"),
        )
    )
    comparison_ids = {row["comparison_id"] for row in rows}
    comparisons = _comparisons(comparison_ids)
    candidates = _candidates(comparison_ids)
    placements = _placements(ids)
    by_id = {
        row["id"]: _record(
            row,
            comparisons[row["comparison_id"]],
            candidates[row["comparison_id"]],
            placements[row["id"]],
            key=key,
            metadata=metadata,
        )
        for row in rows
    }
    return [by_id[pk] for pk in ids]


def _comparisons(ids: set[int]) -> dict[int, dict[str, Any]]:
    rows = (
        Comparison.objects.filter(pk__in=ids)
        .annotate(
            messages=F("context__messages"),
            context_hash=F("context__sha256"),
            round_number=F("round__number"),
            pick_rule=F("pick_run__rule"),
            pick_seed=F("pick_run__seed"),
            pick_as_of=F("pick_run__as_of"),
        )
        .values(
            *_COMPARISON_COLUMNS,
            *("messages", "context_hash", "round_number", "pick_rule", "pick_seed", "pick_as_of"),
        )
    )
    return {row["id"]: row for row in rows}


def _candidates(comparison_ids: set[int]) -> dict[int, list[dict[str, Any]]]:
    generation = "completion__generation__"
    rows = (
        Candidate.objects.filter(comparison_id__in=comparison_ids)
        .annotate(
            provenance_text=Cast("provenance", TextField()),
            policy=F(f"{generation}policy__name"),
            seed=F("completion__seed"),
            finish_reason=F("completion__finish_reason"),
            temperature=F(f"{generation}temperature"),
            top_p=F(f"{generation}top_p"),
            top_k=F(f"{generation}top_k"),
            min_p=F(f"{generation}min_p"),
            repetition_penalty=F(f"{generation}repetition_penalty"),
            max_tokens=F(f"{generation}max_tokens"),
            stop=F(f"{generation}stop"),
            stop_token_ids=F(f"{generation}stop_token_ids"),
        )
        .order_by("comparison_id", "index")
        .values(*_CANDIDATE_COLUMNS, "policy", "seed", "finish_reason", *_PARAMS)
    )
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["comparison_id"]].append(row)
    return found


# In alphabetical order, as params of imported candidates are written.
_PARAMS = (
    *("max_tokens", "min_p", "repetition_penalty", "stop", "stop_token_ids"),
    *("temperature", "top_k", "top_p"),
)


def _placements(ids: Sequence[int]) -> dict[int, dict[int, dict[str, Any]]]:
    found: dict[int, dict[int, dict[str, Any]]] = defaultdict(dict)
    for row in Placement.objects.filter(ranking_id__in=ids).values(
        "ranking_id", "candidate_id", "tier", "rating", "flags", "open_milliseconds"
    ):
        found[row["ranking_id"]][row["candidate_id"]] = dict(row)
    return found


def _record(
    row: Mapping[str, Any],
    comparison: Mapping[str, Any],
    candidates: Sequence[Mapping[str, Any]],
    placements: Mapping[int, Mapping[str, Any]],
    *,
    key: bytes,
    metadata: bool,
) -> RankingRecord:
    imported = orjson.loads(row["fields_text"])
    flags_given = bool(row["schema_flags"]) or "flags_given" in imported
    shown = tuple(candidates[index]["id"] for index in row["shown_order"])
    return RankingRecord(
        row=comparison["source_row"] or 0,
        prompt=tuple(
            MessageRecord(turn["role"], turn["content"]) for turn in comparison["messages"]
        ),
        candidates=tuple(
            _candidate(candidate, placements[candidate["id"]], flags_given=flags_given)
            for candidate in candidates
        ),
        origin_key=comparison["origin_key"],
        id=row["id"],
        group_id=row["comparison_id"],
        revision=row["revision"],
        project=row["project_slug"],
        round=imported.get("round", comparison["round_number"]),
        language=comparison["language"],
        criterion=question_label(
            Question(
                comparison["criterion"],
                comparison["criterion_text"],
                comparison["direction"] == Comparison.Direction.LESS,
            )
        ),
        reason=row["reason"],
        purpose=row["purpose"],
        context_hash=comparison["context_hash"],
        pick=_pick(comparison, imported),
        acceptable_tier=row["acceptable_tier"],
        strength=_strength(row),
        rewrite=row["rewrite"] or None,
        comment=row["comment"] or None,
        rater=_rater(row, key),
        guideline=imported.get("guideline", row["guideline_version"]),
        rating_schema=imported.get("rating_schema", row["schema_version"]),
        shown_order=shown or None,
        active_seconds=row["active_seconds"],
        created_at=row["created_at"],
        metadata=_metadata(row, comparison, candidates, placements, imported) if metadata else {},
    )


def _candidate(
    candidate: Mapping[str, Any], placement: Mapping[str, Any], *, flags_given: bool
) -> CandidateRecord:
    made = orjson.loads(candidate["provenance_text"])
    if candidate["policy"] is not None:
        made = {name: candidate[name] for name in ("policy", "seed", "finish_reason")}
        made["params"] = {name: candidate[name] for name in _PARAMS}
    params = made.get("params")
    return CandidateRecord(
        id=candidate["id"],
        content=candidate["content"],
        rank=placement["tier"],
        origin=made.get("origin", candidate["origin"]),
        rating=placement["rating"],
        flags=tuple(placement["flags"]) if flags_given else None,
        policy=made.get("policy"),
        # PostgreSQL keeps no order of keys; lines of one content are to be equal.
        params=params and dict(sorted(params.items())),
        seed=made.get("seed"),
        finish_reason=made.get("finish_reason"),
    )


def _pick(comparison: Mapping[str, Any], imported: Mapping[str, Any]) -> PickRecord | None:
    if comparison["pick_rule"] is not None:
        return PickRecord(
            comparison["pick_rule"], comparison["pick_seed"], comparison["pick_as_of"]
        )
    given = imported.get("pick")
    if given is None:
        return None
    as_of = given["as_of"]
    return PickRecord(given["rule"], given["seed"], as_of and datetime.fromisoformat(as_of))


def _strength(row: Mapping[str, Any]) -> StrengthRecord | None:
    grade = row["strength_grade"]
    return None if grade is None else StrengthRecord(grade, row["strength_scale"])


def _rater(row: Mapping[str, Any], key: bytes) -> str | None:
    if row["rater_id"] is not None:
        return pseudonym(key, f"rater:{row['rater_id']}")
    # A foreign name may be a person's: it leaves as a pseudonym too.
    return pseudonym(key, f"external:{row['external_rater']}") if row["external_rater"] else None


def _metadata(
    row: Mapping[str, Any],
    comparison: Mapping[str, Any],
    candidates: Sequence[Mapping[str, Any]],
    placements: Mapping[int, Mapping[str, Any]],
    imported: Mapping[str, Any],
) -> dict[str, Any]:
    """A line's `metadata`: what is known of the row, and in `imported` what its file said of it."""
    known = {
        "ranking": row["id"],
        "source": comparison["source"],
        "source_row": comparison["source_row"],
        "origin_key": comparison["origin_key"],
        "licence": comparison["licence"],
        "category": comparison["category"],
        "pick_probability": comparison["pick_probability"],
        "imported": imported,
    }
    return {key: value for key, value in known.items() if value not in (None, "", {})} | {
        "own_conversation": row["own_conversation"],
        "open_milliseconds": [placements[c["id"]]["open_milliseconds"] for c in candidates],
        "cut_by_length": [c["cut_by_length"] for c in candidates],
        "near_identical": [c["near_identical"] for c in candidates],
    }
