"""Completions made elsewhere as comparisons that wait to be ranked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from annotation.datasets.records import CandidatesRecord, GivenCandidate, content_sha256
from annotation.model_names import masked, names_one_of, spoken_names
from annotation.models import Candidate, Comparison, ImportRun, words
from annotation.selectors.comparisons import open_round
from annotation.services.comparisons import question_columns, ranking_task
from annotation.services.copying import stored_among
from annotation.services.imported_dialogues import SOURCE_LENGTH
from annotation.services.tasks import add_tasks
from annotation.similarity import near_identical_to_earlier
from labelhub import clock
from sampling.contexts import store_contexts
from sampling.models import Policy


def add(*, run: ImportRun, records: Sequence[CandidatesRecord]) -> int:
    """Store those that the project does not have yet, with their tasks in the open round; how many.

    A number of statements that does not grow with theirs. The caller holds the transaction and the
    project's import lock.
    """
    by_sha256 = {content_sha256(record): record for record in records}
    for external_id in stored_among(
        Comparison, "external_id", by_sha256, project_id=run.project_id
    ):
        del by_sha256[external_id]
    if not by_sha256:
        return 0
    now, round_ = clock.now(), open_round(project=run.project)
    contexts = store_contexts(
        contexts=[
            [{"role": turn.role, "content": turn.content} for turn in record.messages]
            for record in by_sha256.values()
        ]
    )
    comparisons = Comparison.objects.bulk_create(
        Comparison(
            project=run.project,
            round=round_,
            state=Comparison.State.READY,
            context_id=context,
            language=record.language or "en",
            category=record.category or "",
            origin_key=record.origin_key,
            source=run.file_name[-SOURCE_LENGTH:],
            licence=record.licence or run.licence,
            allowed_use=run.allowed_use or words.every_use(),
            import_run=run,
            source_row=record.row,
            external_id=external_id,
            created_at=now,
            ready_at=now,
            **question_columns(run.project),
        )
        for context, (external_id, record) in zip(contexts, by_sha256.items(), strict=True)
    )
    ours = spoken_names(Policy.objects.values_list("name", "source"))
    Candidate.objects.bulk_create(
        candidate
        for comparison, record in zip(comparisons, by_sha256.values(), strict=True)
        for candidate in _candidates(comparison, record, ours)
    )
    add_tasks(tasks=[ranking_task(comparison) for comparison in comparisons])
    return len(comparisons)


def _candidates(
    comparison: Comparison, record: CandidatesRecord, ours: set[str]
) -> list[Candidate]:
    """A model's name is masked in what is shown; the words as they came are kept beside."""
    names = ours | {one.policy for one in record.candidates if one.policy}
    is_near = near_identical_to_earlier([one.content for one in record.candidates])
    return [
        Candidate(
            project=comparison.project,
            comparison=comparison,
            index=index,
            origin=Candidate.Origin.IMPORTED,
            content=masked(one.content, names),
            near_identical=is_near[index],
            names_model=names_one_of(one.content, names),
            provenance=_provenance(one, named=names_one_of(one.content, names)),
        )
        for index, one in enumerate(record.candidates)
    ]


def _provenance(candidate: GivenCandidate, *, named: bool) -> dict[str, Any]:
    known = {
        "policy": candidate.policy,
        "params": candidate.params,
        "seed": candidate.seed,
        "finish_reason": candidate.finish_reason,
        "said": candidate.content if named else None,
    }
    return {key: value for key, value in known.items() if value is not None}
