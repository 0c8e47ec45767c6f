"""Drawing the messages to be compared."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef

from annotation import pick
from annotation.exceptions import NoCandidatePolicy, NoOpenRound, NothingToPick
from annotation.models import Comparison, PickRun, Round, RoundPolicy
from annotation.selectors import comparisons as selectors
from annotation.services import comparisons
from labelhub import clock, exceptions
from labelhub.accounts.models import Project, Rater
from labelhub.ring import ring
from sampling.models import POLICY_SERVES

# A seed made here is read by browsers too, whose whole numbers end at 2⁵³ − 1.
SEED_BITS = 53
# What one run of finished chats begins at most; another one takes the rest.
FINISHED_AT_ONCE = 1000
FINISHED_JOB = "annotation.pick_finished"
# The sweep looks this far back for a chat whose message was lost.
LOST_SINCE = timedelta(days=1)
RULES = {
    PickRun.Rule.CONVERSATION_UNIFORM: pick.draw,
    PickRun.Rule.MESSAGE_UNIFORM: pick.draw_by_items,
    PickRun.Rule.CATEGORY_QUOTA: pick.draw_by_category,
}
NOTHING = {
    PickRun.Source.CHATS: NothingToPick.detail,
    PickRun.Source.IMPORTED: "No imported conversation has a reply that could still be compared in this round.",
    PickRun.Source.PROMPTS: "There is no prompt that could still be answered by candidates in this round.",
}


@dataclass(frozen=True)
class Picked:
    """A stored run, what it drew, and the comparisons it began.

    A replay draws what was drawn before and begins none of those again.
    """

    run: PickRun
    picks: list[pick.Pick]
    begun: list[Comparison]


@transaction.atomic
def pick_comparisons(
    *,
    project: Project,
    n_wanted: int,
    source: PickRun.Source = PickRun.Source.CHATS,
    rule: PickRun.Rule = PickRun.Rule.CONVERSATION_UNIFORM,
    seed: int | None = None,
    as_of: datetime | None = None,
    created_by: Rater | None = None,
) -> Picked:
    """Draw up to `n_wanted` finished chats, imported conversations or prompts, and begin a comparison in
    each in the open round.

    The same seed and moment draw the same messages again, however the tables have grown since. Runs
    of one round wait for each other. Raises NoOpenRound, NoCandidatePolicy, NothingToPick, and
    InvalidInput for a moment that is still to come.
    """
    # Claims and chats refer to the round meanwhile and do not wait.
    round_ = (
        Round.objects.select_for_update(no_key=True).filter(project=project, closed_at=None).first()
    )
    if round_ is None:
        raise NoOpenRound
    if not selectors.candidate_policies(round_=round_):
        raise NoCandidatePolicy
    now = clock.now()
    as_of = as_of or now
    if as_of > now:
        raise exceptions.InvalidInput(
            fields={"as_of": ["This moment is still to come; a pick can only look back."]}
        )
    seed = secrets.randbits(SEED_BITS) if seed is None else seed
    drawn = RULES[PickRun.Rule(rule)](
        selectors.eligible_groups(
            project=project, round_=round_, as_of=as_of, source=PickRun.Source(source)
        ),
        n_wanted=n_wanted,
        seed=seed,
    )
    if not drawn.picks:
        raise NothingToPick(NOTHING[PickRun.Source(source)])
    run = PickRun.objects.create(
        project=project,
        round=round_,
        source=source,
        rule=rule,
        seed=seed,
        as_of=as_of,
        population=drawn.population,
        n_wanted=n_wanted,
        created_by=created_by,
        created_at=now,
    )
    return Picked(run, drawn.picks, comparisons.begin_comparisons(run=run, picks=drawn.picks))


def chat_finished(*, project: Project) -> None:
    """Have the chat compared that was just finished, where the project wants every one; after commit."""
    if project.sampling_trigger == Project.SamplingTrigger.AS_CHATS_FINISH:
        ring(FINISHED_JOB, project.pk)


def pick_finished(*, project_id: int) -> int:
    """Begin comparisons in all chats of a project that have none yet; how many. Done twice it begins
    each once.

    Nothing happens where the project no longer wants it, or has no open round or policy for it.
    """
    project = Project.objects.filter(
        pk=project_id,
        sampling_trigger=Project.SamplingTrigger.AS_CHATS_FINISH,
        archived_at=None,
    ).first()
    if project is None:
        return 0
    try:
        picked = pick_comparisons(project=project, n_wanted=FINISHED_AT_ONCE)
    except (NoOpenRound, NoCandidatePolicy, NothingToPick):
        return 0
    if picked.run.population > FINISHED_AT_ONCE:
        ring(FINISHED_JOB, project_id)
    return len(picked.begun)


def ring_finished() -> None:
    """Ring for chats finished lately that could be compared and are not; part of the sweep.

    A query for each project that wants it and could: those are few.
    """
    now = clock.now()
    # The message itself gets half a minute.
    lately = (now - LOST_SINCE, now - timedelta(seconds=30))
    for round_ in Round.objects.filter(
        Exists(
            RoundPolicy.objects.filter(
                POLICY_SERVES, round=OuterRef("pk"), use=RoundPolicy.Use.CANDIDATE
            )
        ),
        closed_at=None,
        project__sampling_trigger=Project.SamplingTrigger.AS_CHATS_FINISH,
        project__archived_at=None,
    ).select_related("project"):
        left = selectors.eligible_rows(project=round_.project, round_=round_, as_of=now)
        if left.filter(conversation__finished_at__range=lately).exists():
            ring(FINISHED_JOB, round_.project_id)
