"""Drawing the messages to be compared."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from annotation import pick
from annotation.exceptions import NoCandidatePolicy, NoOpenRound, NothingToPick
from annotation.models import Comparison, PickRun, Round
from annotation.selectors import comparisons as selectors
from annotation.services import comparisons
from labelhub import clock, exceptions
from labelhub.accounts.models import Project, Rater

# A seed made here is read by browsers too, whose whole numbers end at 2⁵³ − 1.
SEED_BITS = 53


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
    seed: int | None = None,
    as_of: datetime | None = None,
    created_by: Rater | None = None,
) -> Picked:
    """Draw up to `n_wanted` finished chats of the open round and begin a comparison in each.

    The same seed and moment draw the same messages again, however the tables have grown since. Runs
    of one round wait for each other. Raises NoOpenRound, NoCandidatePolicy, NothingToPick, and
    InvalidInput for a moment that is still to come.
    """
    round_ = Round.objects.select_for_update().filter(project=project, closed_at=None).first()
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
    drawn = pick.draw(
        selectors.eligible_messages(project=project, round_=round_, as_of=as_of),
        n_wanted=n_wanted,
        seed=seed,
    )
    if not drawn.picks:
        raise NothingToPick
    run = PickRun.objects.create(
        project=project,
        round=round_,
        rule=PickRun.Rule.CONVERSATION_UNIFORM,
        seed=seed,
        as_of=as_of,
        population=drawn.population,
        n_wanted=n_wanted,
        created_by=created_by,
        created_at=now,
    )
    return Picked(run, drawn.picks, comparisons.begin_comparisons(run=run, picks=drawn.picks))
