"""Completions made elsewhere as comparisons that wait to be ranked."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from annotation.datasets.records import CandidatesRecord, GivenCandidate
from annotation.model_names import masked, names_one_of, spoken_names
from annotation.models import Candidate, Comparison, ImportRun, TaskKind, words
from annotation.selectors.comparisons import open_round, question_columns
from annotation.services.comparisons import n_planned_of
from annotation.services.copying import copy_rows, json_text, new_ids, stored_among
from annotation.services.imported_dialogues import SOURCE_LENGTH
from annotation.services.qualification import skill_for
from annotation.services.tasks import add_ranking_tasks
from annotation.similarity import near_identical_to_earlier
from labelhub import clock
from sampling.contexts import store_contexts
from sampling.models import Policy

_COMPARISON_COLUMNS = (
    "id",
    "context_id",
    "language",
    "category",
    "origin_key",
    "licence",
    "source_row",
    "external_id",
)
_CANDIDATE_COLUMNS = (
    "comparison_id",
    "index",
    "content",
    "near_identical",
    "names_model",
    "provenance",
)
# A file may put the best first; of two that people find equal, the earlier one is taken.
_CHANCE: random.Random = random.SystemRandom()


def add(*, run: ImportRun, by_sha256: Mapping[str, CandidatesRecord]) -> int:
    """Store those that the project does not have yet, by their `content_sha256`, with their tasks in the
    open round; how many they were.

    A number of statements that does not grow with theirs. The caller holds the transaction and the
    project's import lock.
    """
    stored = stored_among(Comparison, "external_id", by_sha256, project_id=run.project_id)
    new = [(sha256, record) for sha256, record in by_sha256.items() if sha256 not in stored]
    if not new:
        return 0
    ids = new_ids(Comparison, len(new))
    now, project, round_ = clock.now(), run.project, open_round(project=run.project)
    copy_rows(
        Comparison,
        _COMPARISON_COLUMNS,
        _comparison_rows(run, new, ids),
        same={
            "project_id": run.project_id,
            "round_id": round_.pk if round_ else None,
            "state": Comparison.State.READY.value,
            "source": run.file_name[-SOURCE_LENGTH:],
            "allowed_use": run.allowed_use or words.every_use(),
            "import_run_id": run.pk,
            "created_at": now,
            "ready_at": now,
            **question_columns(project),
        },
    )
    ours = spoken_names(Policy.objects.values_list("name", "source"))
    copy_rows(
        Candidate,
        _CANDIDATE_COLUMNS,
        (
            row
            for pk, (_, record) in zip(ids, new, strict=True)
            for row in _candidate_rows(pk, record, ours)
        ),
        same={"project_id": run.project_id, "origin": Candidate.Origin.IMPORTED.value},
    )
    add_ranking_tasks(
        project=project,
        round_=round_,
        skill=skill_for(project, TaskKind.RANKING),
        comparisons=[
            (pk, record.language or "en", n_planned_of(project, pk))
            for pk, (_, record) in zip(ids, new, strict=True)
        ],
    )
    return len(new)


def _comparison_rows(
    run: ImportRun, new: Sequence[tuple[str, CandidatesRecord]], ids: Sequence[int]
) -> list[tuple[Any, ...]]:
    contexts = store_contexts(
        contexts=[
            [{"role": turn.role, "content": turn.content} for turn in record.messages]
            for _, record in new
        ]
    )
    return [
        (
            pk,
            context_id,
            record.language or "en",
            record.category or "",
            record.origin_key,
            record.licence or run.licence,
            record.row,
            external_id,
        )
        for pk, context_id, (external_id, record) in zip(ids, contexts, new, strict=True)
    ]


def _candidate_rows(
    comparison_id: int, record: CandidatesRecord, ours: set[str]
) -> Iterator[tuple[Any, ...]]:
    """In an order of their own. A model's name is masked in what is shown; the words as they came are
    kept beside."""
    given = _CHANCE.sample(record.candidates, k=len(record.candidates))
    names = frozenset(ours | {one.policy for one in given if one.policy})
    is_near = near_identical_to_earlier([one.content for one in given])
    for index, one in enumerate(given):
        named = names_one_of(one.content, names)
        yield (
            comparison_id,
            index,
            masked(one.content, names) if named else one.content,
            is_near[index],
            named,
            json_text(_provenance(one, named=named)),
        )


def _provenance(candidate: GivenCandidate, *, named: bool) -> dict[str, Any]:
    known = {
        "policy": candidate.policy,
        "params": candidate.params,
        "seed": candidate.seed,
        "finish_reason": candidate.finish_reason,
        "said": candidate.content if named else None,
    }
    return {key: value for key, value in known.items() if value is not None}
