"""Imported rankings: data, never raters (DATA.md §4).

Lines of one group that show the same candidates share a comparison. A comparison's and a ranking's
`external_id` are hashes of what the line says, so that the same line is the same row again; the
ids that the file used are kept in `imported_fields`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

import orjson

from annotation.datasets.criteria import question_of
from annotation.datasets.fields import LANGUAGE_TAG
from annotation.datasets.formats import rfc3339
from annotation.datasets.readers import MAX_LICENCE_LENGTH
from annotation.datasets.records import (
    CandidateRecord,
    RankingRecord,
    RejectCode,
)
from annotation.datasets.sources import RowError
from annotation.models import (
    AllowedUse,
    Assignment,
    Candidate,
    Comparison,
    ImportRun,
    Placement,
    Purpose,
    Ranking,
)
from annotation.services.copying import copy_rows, json_text, new_ids, stored_among
from annotation.services.imported_dialogues import SOURCE_LENGTH
from labelhub import clock
from sampling.contexts import store_contexts

ID_LENGTH = 200
CRITERION_LENGTH = 500
STRENGTH_SCALE_LENGTH = 40
FLAG_LENGTH = 60
LANGUAGE_LENGTH = 35

_COMPARISON_COLUMNS = (
    "id",
    "project_id",
    "purpose",
    "criterion",
    "criterion_text",
    "direction",
    "state",
    "context_id",
    "language",
    "origin_key",
    "source",
    "licence",
    "allowed_use",
    "import_run_id",
    "source_row",
    "external_id",
    "created_at",
    "ready_at",
)
_CANDIDATE_COLUMNS = (
    "id",
    "project_id",
    "comparison_id",
    "index",
    "origin",
    "content",
    "external_id",
    "provenance",
)
_RANKING_COLUMNS = (
    "id",
    "project_id",
    "comparison_id",
    "external_rater",
    "external_id",
    "imported_fields",
    "revision",
    "reason",
    "purpose",
    "acceptable_tier",
    "strength_grade",
    "strength_scale",
    "rewrite",
    "comment",
    "shown_order",
    "active_seconds",
    "created_at",
)
# A line may leave the word out.
_REASONS = frozenset([None, *Assignment.Reason.values])
_PURPOSES = frozenset([None, *Purpose.values])
_PLACEMENT_COLUMNS = ("ranking_id", "candidate_id", "tier", "rating", "flags")


def require_in_range(record: RankingRecord) -> None:
    """Raises RowError OUT_OF_RANGE for what the columns cannot hold."""
    strength = record.strength
    flags = [flag for candidate in record.candidates for flag in candidate.flags or ()]
    language = record.language or "en"
    for fact, holds in (
        ("“revision” is not 0 to 2147483647", (record.revision or 0) in range(2**31)),
        ("“reason” is not one of ours", record.reason in _REASONS),
        ("“purpose” is not one of ours", record.purpose in _PURPOSES),
        (
            f"“criterion” is empty or longer than {CRITERION_LENGTH} characters",
            record.criterion is None or 0 < len(record.criterion) <= CRITERION_LENGTH,
        ),
        (
            "“language” is no language tag",
            len(language) <= LANGUAGE_LENGTH and LANGUAGE_TAG.fullmatch(language),
        ),
        (
            "“strength.grade” is not -32768 to 32767",
            strength is None or strength.grade in range(-(2**15), 2**15),
        ),
        (
            f"“strength.scale” is longer than {STRENGTH_SCALE_LENGTH} characters",
            strength is None or len(strength.scale) <= STRENGTH_SCALE_LENGTH,
        ),
        (
            f"A flag is longer than {FLAG_LENGTH} characters",
            all(len(flag) <= FLAG_LENGTH for flag in flags),
        ),
    ):
        if not holds:
            raise RowError(RejectCode.OUT_OF_RANGE, f"{fact}.")


def add(*, run: ImportRun, by_sha256: Mapping[str, RankingRecord]) -> int:
    """Store those that the project does not have yet, by their `content_sha256`; how many they were.

    The caller holds the transaction and the project's import lock.
    """
    there = stored_among(Ranking, "external_id", by_sha256, project_id=run.project_id)
    by_sha256 = {sha256: record for sha256, record in by_sha256.items() if sha256 not in there}
    if not by_sha256:
        return 0
    records = list(by_sha256.values())
    groups = [_group_sha256(record) for record in records]
    stored = _stored_groups(run, dict(zip(reversed(groups), reversed(records), strict=True)))
    ids = new_ids(Ranking, len(records))
    copy_rows(Ranking, _RANKING_COLUMNS, _ranking_rows(run, by_sha256, ids, groups, stored))
    copy_rows(
        Placement,
        _PLACEMENT_COLUMNS,
        (
            (
                ranking_id,
                candidate_id,
                candidate.rank,
                candidate.rating,
                list(candidate.flags or ()),
            )
            for ranking_id, group, record in zip(ids, groups, records, strict=True)
            for candidate_id, candidate in zip(stored[group][1], record.candidates, strict=True)
        ),
    )
    return len(by_sha256)


def _stored_groups(
    run: ImportRun, groups: dict[str, RankingRecord]
) -> dict[str, tuple[int, list[int]]]:
    """The comparison of each group, by the group's hash, and its candidates in the lines' order.

    Those that are not there are made as the record of each says.
    """
    found: dict[str, tuple[int, list[int]]] = {}
    present = Candidate.objects.filter(
        comparison__project=run.project, comparison__external_id__in=list(groups)
    ).order_by("comparison_id", "index")
    for external_id, comparison_id, pk in present.values_list(
        "comparison__external_id", "comparison_id", "pk"
    ):
        found.setdefault(external_id, (comparison_id, []))[1].append(pk)
    new = {key: record for key, record in groups.items() if key not in found}
    if not new:
        return found
    comparison_ids = new_ids(Comparison, len(new))
    pks = iter(new_ids(Candidate, sum(len(record.candidates) for record in new.values())))
    for comparison_id, (key, record) in zip(comparison_ids, new.items(), strict=True):
        found[key] = (comparison_id, [next(pks) for _ in record.candidates])
    context_ids = store_contexts(
        contexts=[
            [{"role": turn.role, "content": turn.content} for turn in record.prompt]
            for record in new.values()
        ]
    )
    copy_rows(Comparison, _COMPARISON_COLUMNS, _comparison_rows(run, new, found, context_ids))
    copy_rows(
        Candidate,
        _CANDIDATE_COLUMNS,
        (
            (
                pk,
                run.project_id,
                found[key][0],
                index,
                Candidate.Origin.IMPORTED.value,
                candidate.content,
                _bounded(str(candidate.id)),
                json_text(_provenance(candidate)),
            )
            for key, record in new.items()
            for index, (pk, candidate) in enumerate(
                zip(found[key][1], record.candidates, strict=True)
            )
        ),
    )
    return found


def _comparison_rows(
    run: ImportRun,
    new: dict[str, RankingRecord],
    ids: dict[str, tuple[int, list[int]]],
    context_ids: Sequence[int],
) -> Iterator[tuple[Any, ...]]:
    now, source = clock.now(), run.file_name[-SOURCE_LENGTH:]
    for context_id, (key, record) in zip(context_ids, new.items(), strict=True):
        question = question_of(record.criterion or "overall")
        yield (
            ids[key][0],
            run.project_id,
            record.purpose or Purpose.TRAIN.value,
            question.criterion,
            question.text,
            Comparison.Direction.LESS.value if question.least else Comparison.Direction.MORE.value,
            Comparison.State.READY.value,
            context_id,
            record.language or "en",
            record.origin_key,
            source,
            _licence(record) or run.licence,
            run.allowed_use or [AllowedUse.COMPARISON.value],
            run.pk,
            record.row,
            key,
            now,
            now,
        )


def _ranking_rows(
    run: ImportRun,
    by_sha256: Mapping[str, RankingRecord],
    ids: list[int],
    groups: Sequence[str],
    stored: dict[str, tuple[int, list[int]]],
) -> Iterator[tuple[Any, ...]]:
    now = clock.now()
    for pk, group, (external_id, record) in zip(ids, groups, by_sha256.items(), strict=True):
        index_of = {str(candidate.id): i for i, candidate in enumerate(record.candidates)}
        strength = record.strength
        yield (
            pk,
            run.project_id,
            stored[group][0],
            _bounded(record.rater or ""),
            external_id,
            json_text(_imported_fields(record)),
            1 if record.revision is None else record.revision,
            record.reason or Assignment.Reason.PLANNED.value,
            record.purpose or Purpose.TRAIN.value,
            record.acceptable_tier,
            strength.grade if strength else None,
            strength.scale if strength else "",
            record.rewrite or "",
            record.comment or "",
            [index_of[str(shown)] for shown in record.shown_order or ()],
            float(record.active_seconds or 0),
            record.created_at or now,
        )


def _imported_fields(record: RankingRecord) -> dict[str, Any]:
    """What the line says that has no column: read back by selectors.dataset_rankings."""
    pick = record.pick
    fields = {
        "row": record.row,
        "id": record.id,
        "group_id": record.group_id,
        "project": record.project,
        "round": record.round,
        "split": record.split,
        "context_hash": record.context_hash,
        "pick": pick
        and {"rule": pick.rule, "seed": pick.seed, "as_of": pick.as_of and rfc3339(pick.as_of)},
        "guideline": record.guideline,
        "rating_schema": record.rating_schema,
        # Empty flags and no flags asked for look alike in the column.
        "flags_given": any(c.flags is not None for c in record.candidates) or None,
        "metadata": dict(record.metadata) or None,
    }
    return {key: value for key, value in fields.items() if value is not None}


def _provenance(candidate: CandidateRecord) -> dict[str, Any]:
    fields = {
        "origin": candidate.origin,
        "policy": candidate.policy,
        "params": candidate.params,
        "seed": candidate.seed,
        "finish_reason": candidate.finish_reason,
    }
    return {key: value for key, value in fields.items() if value is not None}


def _group_sha256(record: RankingRecord) -> str:
    """What lines must share to be rankings of one comparison."""
    shown = (
        record.project,
        record.group_id,
        record.language,
        record.criterion,
        record.purpose,
        [(turn.role, turn.content) for turn in record.prompt],
        [
            (candidate.id, candidate.content, _provenance(candidate))
            for candidate in record.candidates
        ],
    )
    return sha256(orjson.dumps(shown, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _licence(record: RankingRecord) -> str:
    named = record.metadata.get("licence")
    return named if isinstance(named, str) and len(named) <= MAX_LICENCE_LENGTH else ""


def _bounded(name: str) -> str:
    """A foreign name as it is, or its hash where the column is too short for it."""
    return name if len(name) <= ID_LENGTH else f"sha256:{sha256(name.encode()).hexdigest()}"
