"""Making a comparison again with other candidates; the new one supersedes it (DESIGN.md §4)."""

from __future__ import annotations

from django.db import transaction

from annotation.exceptions import NoCandidatePolicy, NotResampled
from annotation.models import Comparison, Purpose, Task
from annotation.selectors import comparisons as selectors
from annotation.services import leases
from annotation.services.comparisons import REQUEST_JOB
from labelhub import clock
from labelhub.accounts import services as accounts
from labelhub.accounts.models import User
from labelhub.ring import ring

# Columns that say where a comparison comes from; the new one keeps them.
_KEPT = (
    *("project", "round", "purpose", "context", "conversation", "message", "prompt"),
    *("pick_run", "pick_probability"),
    *("language", "category", "origin_key", "source", "licence", "allowed_use", "sensitivity"),
)


@transaction.atomic
def supersede(*, comparison: Comparison, actor: User) -> Comparison:
    """Begin another comparison in the place of a ready one: the same pick and context, sampled by the
    project's settings as they are now. Returns the new one.

    Candidates that were ranked never change, so the old ones stay with every ranking they got. Its
    open work leaves the queue; whoever holds some of it may still hand it in. Figures go on counting
    those rankings, since leaving out what somebody had made again would be a choice of results;
    datasets leave them out and count them. Known items stay known. Raises NotResampled and
    NoCandidatePolicy.
    """
    old = (
        Comparison.objects.select_for_update(of=("self",))
        .select_related("project", "round")
        .get(pk=comparison.pk)
    )
    if old.state != Comparison.State.READY or old.pick_run_id is None:
        raise NotResampled
    if not selectors.candidate_policies(round_=old.round):
        raise NoCandidatePolicy
    old.state = Comparison.State.SUPERSEDED
    old.save(update_fields=["state"])
    n_withdrawn = _withdraw_tasks(old)
    new = Comparison.objects.create(
        state=Comparison.State.SAMPLING,
        supersedes=old,
        created_at=clock.now(),
        **selectors.question_columns(old.project),
        **{name: getattr(old, name) for name in _KEPT},
    )
    accounts.record(
        actor=actor,
        verb="comparison_superseded",
        subject=old,
        project=old.project,
        by=new.pk,
        n_rankings=old.rankings.filter(is_current=True).count(),
        n_withdrawn=n_withdrawn,
    )
    ring(REQUEST_JOB, new.pk)
    return new


def _withdraw_tasks(comparison: Comparison) -> int:
    """Take the tasks of ranking it out of the queue, a lead's too; how many were still open.

    What measures a person, a known item or a retest, is asked of them all the same.
    """
    asked = Task.objects.filter(comparison=comparison, purpose__in=[Purpose.TRAIN, Purpose.EVAL])
    # Whoever is asking for one more opinion holds the task; what they asked for is seen only after.
    list(asked.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
    still_open = list(asked.filter(state=Task.State.OPEN))
    for task in still_open:
        leases.withdraw(task=task, for_good=True)
    return len(still_open)
