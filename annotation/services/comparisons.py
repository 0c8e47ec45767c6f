"""Making comparisons: from picked messages, and from completions that came with their prompts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction

from annotation.exceptions import NotFailed
from annotation.models import (
    CandidateSampling,
    Comparison,
    Conversation,
    PickRun,
    Prompt,
    Review,
    TaskKind,
)
from annotation.models.words import Purpose
from annotation.overlap import n_planned
from annotation.pick import Pick
from annotation.selectors import comparisons as selectors
from annotation.services.qualification import skill_for
from annotation.services.tasks import NewTask
from labelhub import clock
from labelhub.accounts.models import Project
from labelhub.ring import ring
from sampling import services as sampling
from sampling.contexts import store_contexts
from sampling.models import Generation
from sampling.selectors import ENDED

REQUEST_JOB = "annotation.request_candidates"
RETRIED = (Comparison.State.FAILED, Comparison.State.CANCELLED)
# Ids in one message to the worker.
RUNG_AT_ONCE = 500


@transaction.atomic
def begin_comparisons(*, run: PickRun, picks: Sequence[Pick]) -> list[Comparison]:
    """A comparison for each pick whose conversation or prompt has none in the run's round yet.

    A job asks the round's policies for candidates. The number of statements does not grow with the
    number of picks.
    """
    of_prompts = run.source == PickRun.Source.PROMPTS
    link = "prompt" if of_prompts else "conversation"
    compared = set(
        Comparison.objects.filter(
            round=run.round, **{f"{link}__in": [pick.group_id for pick in picks]}
        ).values_list(f"{link}_id", flat=True)
    )
    fresh = [pick for pick in picks if pick.group_id not in compared]
    subjects: Mapping[int, Conversation | Prompt] = (
        Prompt if of_prompts else Conversation
    )._default_manager.in_bulk([pick.group_id for pick in fresh])
    before = (
        {
            pk: selectors.prompt_messages(prompt)
            for pk, prompt in subjects.items()
            if isinstance(prompt, Prompt)
        }
        if of_prompts
        else selectors.messages_before(message_ids=[pick.item_id for pick in fresh])
    )
    contexts = store_contexts(contexts=[before[pick.item_id] for pick in fresh])
    now = clock.now()
    begun = Comparison.objects.bulk_create(
        [
            Comparison(
                project=run.project,
                round=run.round,
                state=Comparison.State.SAMPLING,
                context_id=context,
                message_id=None if of_prompts else pick.item_id,
                pick_run=run,
                pick_probability=pick.probability,
                created_at=now,
                **{link: subjects[pick.group_id]},
                **selectors.question_columns(run.project),
                **_inherited(subjects[pick.group_id]),
            )
            for pick, context in zip(fresh, contexts, strict=True)
        ]
    )
    for start in range(0, len(begun), RUNG_AT_ONCE):
        ring(REQUEST_JOB, *(row.pk for row in begun[start : start + RUNG_AT_ONCE]))
    return begun


def _inherited(subject: Conversation | Prompt) -> dict[str, Any]:
    """What a comparison takes from the conversation it stands in, or the prompt it answers."""
    names = (
        "language",
        "category",
        "origin_key",
        "source",
        "licence",
        "allowed_use",
        "sensitivity",
    )
    return {name: getattr(subject, name) for name in names}


@transaction.atomic
def retry_comparison(*, comparison: Comparison) -> Comparison:
    """Sample a failed or cancelled comparison's candidates from the start. Raises NotFailed.

    The generations of the earlier try stay what they were; they belong to no comparison any more.
    """
    locked = Comparison.objects.select_for_update().get(pk=comparison.pk)
    if locked.state not in RETRIED:
        raise NotFailed
    _begin_again([locked.pk])
    locked.refresh_from_db()
    return locked


@transaction.atomic
def retry_all(*, project: Project, state: Comparison.State) -> int:
    """Sample every failed, or every cancelled, comparison of a project again; how many they are.

    A number of statements that does not grow with theirs, but for samplings that still run and are
    stopped. Raises NotFailed where there is none.
    """
    ids = list(
        Comparison.objects.select_for_update()
        .filter(project=project, state=state, state__in=RETRIED)
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    if not ids:
        raise NotFailed("There is nothing of this kind to try again.")
    _begin_again(ids)
    return len(ids)


def _begin_again(ids: Sequence[int]) -> None:
    # What was called off a moment ago may still run, and nobody would stop it any more.
    earlier = Generation.objects.filter(candidate_sampling__comparison__in=ids)
    for generation in earlier.exclude(state__in=ENDED).order_by("pk"):
        sampling.cancel(generation=generation)
    CandidateSampling.objects.filter(comparison__in=ids).delete()
    Comparison.objects.filter(pk__in=ids).update(
        state=Comparison.State.SAMPLING, error_code="", error_detail="", n_resamples=0
    )
    for start in range(0, len(ids), RUNG_AT_ONCE):
        ring(REQUEST_JOB, *ids[start : start + RUNG_AT_ONCE])


def n_planned_of(project: Project, comparison_id: int) -> int:
    """How many rankings the project plans for the comparison."""
    return n_planned(
        seed=project.pk,
        comparison_id=comparison_id,
        n_overlap=project.rankings_per_comparison,
        share=project.overlap_share,
    )


def ranking_task(comparison: Comparison, *, known_to: Iterable[int] = ()) -> NewTask:
    """The task of ranking a comparison, barred to whoever wrote or reviewed its conversation, or what
    stands among its candidates: the raters that this is `known_to` (DATA.md §3)."""
    barred: set[int] = set(known_to)
    if comparison.conversation is not None and not comparison.project.allow_own_conversations:
        barred |= set(
            Review.objects.filter(conversation=comparison.conversation).values_list(
                "rater_id", flat=True
            )
        )
        if comparison.conversation.author_id is not None:
            barred.add(comparison.conversation.author_id)
    return NewTask(
        project=comparison.project,
        kind=TaskKind.RANKING,
        n_slots=n_planned_of(comparison.project, comparison.pk),
        skill=skill_for(comparison.project, TaskKind.RANKING),
        language=comparison.language,
        sensitivity=tuple(comparison.sensitivity),
        purpose=Purpose(comparison.purpose),
        round=comparison.round,
        comparison=comparison,
        barred_raters=tuple(sorted(barred)),
    )
