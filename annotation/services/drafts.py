"""The ledger of drafts: what was offered to a trainer, and what became of it (DATA.md §5)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Greatest

from annotation import pick
from annotation.draft_ledger import overlap
from annotation.exceptions import DraftsOff, DraftUsed, NoPolicy, NotTheAssistantsTurn
from annotation.models import Assignment, Draft, Message, RoundPolicy
from annotation.selectors import conversations as selectors
from annotation.services import conversations, leases
from labelhub import clock
from labelhub.accounts.models import Project
from sampling import services as sampling
from sampling.models import Completion, Generation
from sampling.selectors import ENDED, completions_of, context_hash

DRAFTS_ENDED = "annotation.drafts_ended"
# Outcomes that only the person's own page can tell; nothing else changes them afterwards.
TOLD_BY_THE_PAGE = (Draft.Outcome.DISMISSED, Draft.Outcome.STALE)
USED = (Draft.Outcome.INSERTED, Draft.Outcome.PARTIAL, Draft.Outcome.EDITED)


def allowed(*, assignment: Assignment) -> bool:
    """Whether the project and the trial's arm let this assignment ask for drafts."""
    return (
        assignment.project.draft_mode != Project.DraftMode.OFF
        and assignment.draft_arm != Assignment.DraftArm.NO_DRAFTS
    )


@transaction.atomic
def request_drafts(
    *, assignment: Assignment, version: int, temperature: float | None = None
) -> list[Draft]:
    """Ask the round's policies for drafts of the next turn; their rows, by shown order.

    Drafts of the same work that are still being written are stopped: the new ones take their place.
    Each draft's policy is drawn by weight, so that several policies meet side by side. A user turn is
    drafted only where the project allows it. Raises LeaseLost, DraftsOff, StaleVersion,
    NotTheAssistantsTurn, NoPolicy, ContextTooLong, PolicyUnusable.
    """
    locked = leases.locked_lease(assignment=assignment)
    if not allowed(assignment=locked):
        raise DraftsOff
    conversation = conversations.locked_for(assignment=locked)
    conversations.require_version(conversation=conversation, version=version)
    live = selectors.live_messages(conversation=conversation)
    role = _next_role(live)
    if role == Message.Role.USER and not conversation.project.user_drafts:
        raise NotTheAssistantsTurn
    serving = selectors.serving_policies(
        project=conversation.project, round_=conversation.round, use=RoundPolicy.Use.DRAFT
    )
    if not serving:
        raise NoPolicy
    _stop_unfinished(locked)
    n_before = Draft.objects.filter(assignment=locked).count()
    # The count makes each request its own draw.
    seed = pick.order_key(locked.pk, n_before, draw="draft policy")
    n = conversation.project.n_drafts
    shares = pick.shares(n, {row.pk: row.weight for row in serving}, seed=seed)
    completions = [
        (generation, index)
        for generation in (
            sampling.request_completions(
                project=conversation.project,
                policy=row.policy,
                messages=selectors.draft_context(live, role=role),
                purpose=Generation.Purpose.DRAFT,
                n=shares[row.pk],
                params=row.params
                if temperature is None
                else replace(row.params, temperature=temperature),
                requested_by=assignment.rater.user,
                on_done=DRAFTS_ENDED,
            )
            for row in serving
            if row.pk in shares
        )
        for index in range(generation.n_completions)
    ]
    order = pick.shuffled(range(len(completions)), seed=completions[0][0].pk, draw="draft order")
    return Draft.objects.bulk_create(
        Draft(
            project=conversation.project,
            assignment=locked,
            generation=completions[place][0],
            index=completions[place][1],
            position=len(live),
            role=role,
            shown_order=shown_order,
            created_at=clock.now(),
        )
        for shown_order, place in enumerate(order)
    )


def _stop_unfinished(assignment: Assignment) -> None:
    """However often somebody asks, they keep the policies busy with one turn's drafts only."""
    unfinished = Generation.objects.filter(drafts__assignment=assignment).exclude(state__in=ENDED)
    for generation in unfinished.order_by("pk").distinct():
        sampling.cancel(generation=generation)


def _next_role(live: Sequence[Message]) -> Message.Role:
    """Whose turn is next; the user's to begin with."""
    answers = bool(live) and live[-1].role == Message.Role.USER
    return Message.Role.ASSISTANT if answers else Message.Role.USER


def weighted_choice(serving: Sequence[RoundPolicy], *, seed: int) -> RoundPolicy:
    """One of the round's policies, with the chances their weights give."""
    (chosen,) = pick.shares(1, {row.pk: row.weight for row in serving}, seed=seed)
    return next(row for row in serving if row.pk == chosen)


@transaction.atomic
def note(
    *,
    draft: Draft,
    outcome: Draft.Outcome | None = None,
    on_screen_seconds: float | None = None,
    text_as_shown: str | None = None,
) -> None:
    """Keep what the page tells of a draft it shows. Time on screen only grows.

    Once the work was handed in, the time on screen is all that a late report changes. Raises DraftUsed
    for waving away a draft that the thread holds.
    """
    # Submitting holds this row too: a report comes either before the ledger is settled or after it.
    assignment = Assignment.objects.select_for_update(no_key=True).get(pk=draft.assignment_id)
    settled = assignment.state == Assignment.State.SUBMITTED
    told: dict[str, Any] = {}
    if on_screen_seconds is not None:
        told["on_screen_seconds"] = Greatest(F("on_screen_seconds"), on_screen_seconds)
    if text_as_shown is not None and not settled:
        told["text_as_shown"] = text_as_shown
    if told:
        Draft.objects.filter(pk=draft.pk).update(**told)
    if outcome is not None and not settled:
        unused = Draft.objects.filter(pk=draft.pk).exclude(outcome__in=USED)
        if not unused.update(outcome=outcome):
            raise DraftUsed


@transaction.atomic
def drafts_ended(*, generation_id: int) -> None:
    """Fill in what was said once a generation of drafts has ended; a second call changes nothing."""
    generation = Generation.objects.filter(pk=generation_id, state__in=ENDED).first()
    if generation is None or not sampling.mark_consumed(generation=generation):
        return
    completions = {completion.index: completion for completion in completions_of(generation)}
    waited = (
        (generation.first_token_at - generation.created_at).total_seconds()
        if generation.first_token_at
        else None
    )
    drafts = [
        draft
        for draft in Draft.objects.select_for_update().filter(generation=generation).order_by("pk")
        if draft.index in completions
    ]
    for draft in drafts:
        fill_in(draft, completions[draft.index])
        draft.first_token_seconds = waited
    Draft.objects.bulk_update(drafts, ["completion", "text_as_shown", "first_token_seconds"])


def fill_in(draft: Draft, completion: Completion) -> None:
    """Set what a draft says; a draft waved away before its end keeps what had been on the page."""
    draft.completion = completion
    if not draft.text_as_shown and draft.outcome not in TOLD_BY_THE_PAGE:
        draft.text_as_shown = completion.text


@dataclass(frozen=True)
class Origins:
    """What turns may have begun as: this assignment's drafts, and completions by id."""

    drafts: dict[int, Draft]
    by_completion: dict[int, Draft]
    completions: dict[int, Completion]


def origins_of(
    *, assignment: Assignment, draft_ids: Collection[int], completion_ids: Collection[int]
) -> Origins:
    """The drafts named by a thread and the completions its turns began as; two queries at most."""
    if not draft_ids and not completion_ids:
        return Origins({}, {}, {})
    drafts = list(
        Draft.objects.select_for_update()
        .filter(Q(pk__in=draft_ids) | Q(completion__in=completion_ids), assignment=assignment)
        .order_by("pk")
    )
    # A draft may be inserted before the job that fills in its completion has run.
    completions = Completion.objects.filter(
        Q(pk__in=completion_ids) | Q(generation__in=[draft.generation_id for draft in drafts]),
        generation__state__in=ENDED,
    )
    by_place = {(row.generation_id, row.index): row for row in completions}
    for draft in drafts:
        completion = by_place.get((draft.generation_id, draft.index))
        if completion is not None:
            fill_in(draft, completion)
    return Origins(
        drafts={draft.pk: draft for draft in drafts},
        by_completion={draft.completion_id: draft for draft in drafts if draft.completion_id},
        completions={row.pk: row for row in by_place.values()},
    )


def store_used(*, drafts: Collection[Draft]) -> None:
    """Write what saving a thread changed in the ledger, in one statement."""
    Draft.objects.bulk_update(
        drafts,
        ["completion", "text_as_shown", "outcome", "message", "survival", "taken_in_part"],
    )


def use(*, draft: Draft, completion: Completion, message: Message) -> None:
    """The draft became `message`, whole or changed; to be stored by the caller."""
    draft.message = message
    if message.origin == Message.Origin.MODEL:
        draft.outcome = Draft.Outcome.INSERTED
    else:
        draft.outcome = Draft.Outcome.PARTIAL if draft.taken_in_part else Draft.Outcome.EDITED
    draft.survival = overlap(draft=completion.text, final=message.content).survival


@transaction.atomic
def settle(*, assignment: Assignment, live: Sequence[Message]) -> None:
    """At submit: say of every draft what became of it, now that the thread is final.

    Used ones point at the turn that trains; the others were ignored, or stale where the turns they
    answered are no longer those before their place. Two statements.
    """
    drafts = list(
        Draft.objects.filter(assignment=assignment)
        .select_related("completion")
        .annotate(context_sha256=F("generation__context__sha256"))
        .order_by("pk")
    )
    turns = {turn.completion_id: turn for turn in live if turn.completion_id}
    before = {
        (position, role): context_hash(selectors.draft_context(live[:position], role=role))
        for position, role in {(draft.position, draft.role) for draft in drafts}
    }
    for draft in drafts:
        turn = turns.get(draft.completion_id or 0)
        if turn is not None and draft.completion is not None:
            use(draft=draft, completion=draft.completion, message=turn)
        elif draft.outcome not in TOLD_BY_THE_PAGE:
            draft.message = None
            draft.survival = None
            draft.outcome = (
                Draft.Outcome.IGNORED
                if before[draft.position, draft.role] == draft.context_sha256
                else Draft.Outcome.STALE
            )
    Draft.objects.bulk_update(drafts, ["outcome", "message", "survival"])
