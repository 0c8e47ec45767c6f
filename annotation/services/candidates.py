"""From a comparison's context to its candidates: asking policies, waiting, settling."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from django.db import transaction

from annotation import pick
from annotation.candidates import Accepted, Assembly, Request, Sampled, assemble
from annotation.models import Candidate, CandidateSampling, Comparison, RoundPolicy
from annotation.selectors import comparisons as selectors
from annotation.services.comparisons import (
    REQUEST_JOB,
    near_identical_to_earlier,
    ranking_task,
)
from annotation.services.tasks import add_tasks
from annotation.similarity import names_one_of
from labelhub import clock
from labelhub.exceptions import LabelhubError
from labelhub.ring import ring
from sampling import services as sampling
from sampling.engine.protocol import SamplingParams
from sampling.exceptions import ContextTooLong, PolicyRetired, PolicyUnusable, UnusableParams
from sampling.models import Completion, Generation, Policy
from sampling.selectors import ENDED

logger = logging.getLogger(__name__)

MAX_RESAMPLES = 2
MIN_CANDIDATES = 2
STALLED_AT_ONCE = 100
ENDED_JOB = "annotation.candidates_ended"
REFUSALS = (ContextTooLong, PolicyRetired, PolicyUnusable, UnusableParams)


@transaction.atomic
def request_candidates(*, comparison_id: int) -> None:
    """Ask the policies of the comparison's round for its candidates, each for its share by weight.

    A policy that refuses the context leaves its share to the others; when none is left the comparison
    fails with the reason. A comparison that is being sampled already, or no longer, is left alone.
    """
    comparison = _locked(comparison_id)
    if comparison is None or comparison.samplings.filter(generation__consumed_at=None).exists():
        return
    policies = {row.pk: row for row in selectors.candidate_policies(round_=comparison.round)}
    n_wanted = comparison.project.n_candidates - (_original(comparison) is not None)
    reason: LabelhubError | None = None
    while policies:
        split = pick.shares(
            n_wanted, {pk: row.weight for pk, row in policies.items()}, seed=comparison.pk
        )
        refused = _request_from_each(comparison, [(policies[pk], n) for pk, n in split.items()])
        if refused is None:
            return
        reason = refused[1]
        del policies[refused[0].pk]
    if reason is None:
        _fail(comparison, "no_candidate_policy", "No policy of the round writes candidates.")
    else:
        _fail(comparison, reason.code, reason.detail)


def _request_from_each(
    comparison: Comparison, split: Sequence[tuple[RoundPolicy, int]]
) -> tuple[RoundPolicy, LabelhubError] | None:
    """One generation a policy, all of them or none; the first policy that refuses, and why."""
    with transaction.atomic():
        for row, n in split:
            try:
                _request(comparison, row.policy, n=n, params=row.params)
            except REFUSALS as refusal:
                transaction.set_rollback(True)
                return row, refusal
    return None


def _request(comparison: Comparison, policy: Policy, *, n: int, params: SamplingParams) -> None:
    generation = sampling.request_completions(
        project=comparison.project,
        policy=policy,
        messages=comparison.context.messages,
        purpose=Generation.Purpose.CANDIDATE,
        n=n,
        params=params,
        on_done=ENDED_JOB,
    )
    CandidateSampling.objects.create(comparison=comparison, generation=generation)


@transaction.atomic
def candidates_ended(*, generation_id: int) -> None:
    """Go on with the comparison that the generation was for, once all its generations have ended.

    It becomes ready to be ranked, asks for what is missing, or fails with the reason. Done twice, or
    by two at once, it does nothing more: the comparison's row is locked and its generations are
    marked consumed with the change itself.
    """
    sampled = CandidateSampling.objects.filter(generation=generation_id).first()
    comparison = _locked(sampled.comparison_id) if sampled else None
    generation = Generation.objects.get(pk=generation_id)
    if not sampling.mark_consumed(generation=generation) or comparison is None:
        return
    generations = list(
        Generation.objects.filter(candidate_sampling__comparison=comparison)
        .order_by("pk")
        .select_related("policy")
        .prefetch_related("completions")
    )
    if any(row.state not in ENDED for row in generations):
        return
    for row in generations:
        sampling.mark_consumed(generation=row)
    original = _original(comparison)
    assembly = assemble(
        [_as_request(row) for row in generations], original=original.text if original else None
    )
    if assembly.again and _request_again(comparison, assembly, generations):
        return
    accepted = assembly.as_it_stands()
    if len(accepted) + (original is not None) >= MIN_CANDIDATES:
        _settle(comparison, accepted, original)
        return
    failed = next((row for row in generations if row.error_code), None)
    if failed is not None:
        _fail(comparison, failed.error_code, failed.error_detail)
    else:
        _fail(
            comparison,
            "too_few_candidates",
            f"Only {len(accepted) + (original is not None)} usable candidate came of "
            f"{sum(row.n_completions for row in generations)} completions; "
            "the others were empty or the same.",
        )


def ring_stalled() -> None:
    """Ring again for comparisons whose message was lost; part of the sweep."""
    stalled = selectors.stalled_comparisons(limit=STALLED_AT_ONCE)
    if stalled:
        ring(REQUEST_JOB, *stalled)


def _locked(comparison_id: int) -> Comparison | None:
    """The comparison, row-locked, if it is still being sampled."""
    return (
        Comparison.objects.select_for_update(of=("self",))
        .select_related("project", "round", "context", "conversation", "message__completion")
        .filter(pk=comparison_id, state=Comparison.State.SAMPLING)
        .first()
    )


def _original(comparison: Comparison) -> Completion | None:
    """The picked message's completion where the original takes part."""
    if not comparison.project.original_takes_part or comparison.message is None:
        return None
    completion = comparison.message.completion
    return completion if completion is not None and completion.text.strip() else None


def _as_request(generation: Generation) -> Request:
    completions = sorted(generation.completions.all(), key=lambda row: row.index)
    return Request(
        policy_id=generation.policy_id,
        n=generation.n_completions,
        max_tokens=generation.max_tokens,
        sampled=[Sampled(row.pk, row.text, row.finish_reason) for row in completions],
    )


def _request_again(
    comparison: Comparison, assembly: Assembly, generations: Sequence[Generation]
) -> bool:
    """Ask once more for what is missing; False when that was done often enough, or is refused.

    Params are those of a policy's first generation, whatever a manager has changed since.
    """
    if comparison.n_resamples >= MAX_RESAMPLES:
        return False
    first = {row.policy_id: row for row in reversed(generations)}
    try:
        with transaction.atomic():
            for again in assembly.again:
                like = first[again.policy_id]
                params = replace(like.params, max_tokens=again.max_tokens)
                _request(comparison, like.policy, n=again.n, params=params)
    except REFUSALS as refusal:
        logger.info("comparison %s goes on with fewer candidates: %s", comparison.pk, refusal)
        return False
    comparison.n_resamples += 1
    comparison.save(update_fields=["n_resamples"])
    return True


def _settle(
    comparison: Comparison, accepted: Sequence[Accepted], original: Completion | None
) -> None:
    """Freeze the candidates, in an order that tells nothing of where they came from, and queue the task."""
    by_completion = {made.completion_id: made for made in accepted}
    if original is not None:
        by_completion[original.pk] = Accepted(original.pk, original.text)
    order = pick.shuffled(by_completion, seed=comparison.pk, draw="candidates")
    made = [by_completion[completion_id] for completion_id in order]
    # Whoever ranks must not learn which policy spoke, nor win rates rest on it.
    names = set(Policy.objects.values_list("name", flat=True))
    is_near = near_identical_to_earlier([candidate.text for candidate in made])
    Candidate.objects.bulk_create(
        [
            Candidate(
                project=comparison.project,
                comparison=comparison,
                index=index,
                origin=Candidate.Origin.ORIGINAL
                if original is not None and candidate.completion_id == original.pk
                else Candidate.Origin.FRESH,
                content=candidate.text,
                completion_id=candidate.completion_id,
                cut_by_length=candidate.cut_by_length,
                near_identical=is_near[index],
                names_model=names_one_of(candidate.text, names),
            )
            for index, candidate in enumerate(made)
        ]
    )
    comparison.state = Comparison.State.READY
    comparison.ready_at = clock.now()
    comparison.save(update_fields=["state", "ready_at"])
    add_tasks(tasks=[ranking_task(comparison)])


def _fail(comparison: Comparison, code: str, detail: str) -> None:
    comparison.state = Comparison.State.FAILED
    comparison.error_code = code
    comparison.error_detail = detail
    comparison.save(update_fields=["state", "error_code", "error_detail"])
