"""From a comparison's context to its candidates: asking policies, waiting, settling."""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.db import transaction

from annotation import pick
from annotation.candidates import Accepted, Assembly, Request, Sampled, assemble
from annotation.model_names import masked, names_one_of, spoken_names
from annotation.models import Candidate, CandidateSampling, Comparison, RoundPolicy
from annotation.selectors import comparisons as selectors
from annotation.selectors.references import reference_for
from annotation.services.comparisons import (
    REQUEST_JOB,
    ranking_task,
)
from annotation.services.tasks import add_tasks
from annotation.similarity import near_identical_to_earlier, normalised
from labelhub import clock
from labelhub.accounts.models import Project
from labelhub.exceptions import LabelhubError
from labelhub.ring import ring
from sampling import services as sampling
from sampling.engine.protocol import SamplingParams
from sampling.exceptions import ContextTooLong, PolicyRetired, PolicyUnusable, UnusableParams
from sampling.models import Generation, Policy
from sampling.selectors import ENDED

logger = logging.getLogger(__name__)

MAX_RESAMPLES = 2
MIN_CANDIDATES = 2
STALLED_AT_ONCE = 100
# Not drawn from ids, as all other orders are: whoever can count and read this code could work the
# original's letter out from those.
_CHANCE: random.Random = random.SystemRandom()
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
    given = given_candidates(comparison)
    n_wanted = comparison.project.n_candidates - len(given)
    if n_wanted <= 0:
        _settle(comparison, [], given)
        return
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
    given = given_candidates(comparison)
    names = spoken_names(Policy.objects.values_list("name", "source"))
    resampled = comparison.project.self_naming == Project.SelfNaming.RESAMPLE
    assembly = assemble(
        [_as_request(row) for row in generations],
        given=[made.text for made in given],
        unwanted=lambda text: resampled and names_one_of(text, names),
    )
    if assembly.again and _request_again(comparison, assembly, generations):
        return
    accepted = assembly.as_it_stands()
    n_usable = len(accepted) + len(given)
    if n_usable >= MIN_CANDIDATES:
        _settle(comparison, accepted, given)
        return
    failed = next((row for row in generations if row.error_code), None)
    if failed is not None:
        _fail(comparison, failed.error_code, failed.error_detail)
    else:
        _fail(
            comparison,
            "too_few_candidates",
            f"Only {n_usable} usable candidate came of "
            f"{sum(row.n_completions for row in generations)} completions; "
            "the others were empty or the same.",
        )


def ring_stalled() -> None:
    """Ring again for comparisons whose message was lost; part of the sweep.

    For each by itself: one that cannot be asked for must not keep the others of its message waiting.
    """
    for comparison_id in selectors.stalled_comparisons(limit=STALLED_AT_ONCE):
        ring(REQUEST_JOB, comparison_id)


def _locked(comparison_id: int) -> Comparison | None:
    """The comparison, row-locked, if it is still being sampled."""
    return (
        Comparison.objects.select_for_update(of=("self",))
        .select_related("project", "round", "context", "conversation", "message__completion")
        .filter(pk=comparison_id, state=Comparison.State.SAMPLING)
        .first()
    )


@dataclass(frozen=True)
class Given:
    """A text that takes part beside what is sampled. `known_to` are raters who wrote or reviewed it."""

    text: str
    origin: Candidate.Origin
    completion_id: int | None = None
    known_to: frozenset[int] = frozenset()


def given_candidates(comparison: Comparison) -> list[Given]:
    """The picked message and a person's answer, each where the project lets it take part."""
    given = []
    message = comparison.message
    if comparison.project.original_takes_part and message is not None and message.content.strip():
        is_ours = message.completion_id is not None
        origin = Candidate.Origin.ORIGINAL if is_ours else Candidate.Origin.IMPORTED
        given.append(Given(message.content, origin, message.completion_id))
    if comparison.project.reference_takes_part:
        found = reference_for(comparison=comparison)
        known = {normalised(made.text) for made in given}
        if found is not None and normalised(found.text) not in known:
            given.append(Given(found.text, Candidate.Origin.REFERENCE, known_to=found.known_to))
    return given


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


def _settle(comparison: Comparison, accepted: Sequence[Accepted], given: Sequence[Given]) -> None:
    """Freeze the candidates, in an order that tells nothing of where they came from, and queue the task.

    A model's name is masked in all of them: whoever ranks must not learn which policy spoke. What no
    completion holds word for word is kept beside it.
    """
    names = spoken_names(Policy.objects.values_list("name", "source"))
    made = [
        *(
            Candidate(origin=one.origin, content=one.text, completion_id=one.completion_id)
            for one in given
        ),
        *(
            Candidate(
                origin=Candidate.Origin.FRESH,
                content=one.text,
                completion_id=one.completion_id,
                cut_by_length=one.cut_by_length,
            )
            for one in accepted
        ),
    ]
    order = _CHANCE.sample(range(len(made)), k=len(made))
    is_near = near_identical_to_earlier([made[place].content for place in order])
    for index, place in enumerate(order):
        candidate = made[place]
        candidate.project, candidate.comparison = comparison.project, comparison
        candidate.index, candidate.near_identical = index, is_near[index]
        candidate.names_model = names_one_of(candidate.content, names)
        if candidate.names_model and candidate.completion_id is None:
            candidate.provenance = {"said": candidate.content}
        candidate.content = masked(candidate.content, names)
    Candidate.objects.bulk_create(made)
    comparison.state = Comparison.State.READY
    comparison.ready_at = clock.now()
    comparison.save(update_fields=["state", "ready_at"])
    known_to = frozenset[int]().union(*(one.known_to for one in given))
    add_tasks(tasks=[ranking_task(comparison, known_to=known_to)])


def _fail(comparison: Comparison, code: str, detail: str) -> None:
    comparison.state = Comparison.State.FAILED
    comparison.error_code = code
    comparison.error_detail = detail
    comparison.save(update_fields=["state", "error_code", "error_detail"])
