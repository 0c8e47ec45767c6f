"""Making a comparison again with other candidates: what the old one keeps, and who goes on counting it."""

import threading

import pytest
from django.db import connection

from annotation.exceptions import NoCandidatePolicy, NotResampled
from annotation.models import Assignment, Comparison, Dataset, Reason, Slot, Task
from annotation.selectors import judged, making, withdrawn
from annotation.services import candidates, datasets, follow_ups, leases, resampling
from labelhub.accounts.models import AuditEvent, Project
from tests.candidates import begin, finish, generations_of
from tests.chats import CandidatePolicyFactory
from tests.factories import UserFactory, ready_comparison
from tests.ranking import claim_next, people, rank_next, submit

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return CandidatePolicyFactory().project


def made(project: Project) -> Comparison:
    """A comparison of A, B, C and the original, in the queue."""
    comparison = begin(project)
    finish(generations_of(comparison)[0], "A", "B", "C")
    comparison.refresh_from_db()
    return comparison


def again(comparison: Comparison) -> Comparison:
    return resampling.supersede(comparison=comparison, actor=UserFactory())


def test_the_new_one_has_the_pick_and_context_of_the_old_and_is_sampled_as_the_project_wants_now(
    project: Project,
) -> None:
    old = made(project)
    before = list(old.candidates.order_by("index").values_list("content", "completion"))
    Project.objects.filter(pk=project.pk).update(n_candidates=6, criterion="harmlessness")

    new = again(old)
    old.refresh_from_db()
    assert (old.state, new.state, new.supersedes) == ("superseded", "sampling", old)
    for name in ("context", "conversation", "message", "pick_run", "round", "origin_key"):
        assert getattr(new, name) == getattr(old, name)
    assert (old.criterion, new.criterion) == ("overall", "harmlessness")

    candidates.request_candidates(comparison_id=new.pk)
    (generation,) = generations_of(new)
    assert generation.n_completions == 5
    finish(generation, "D", "E", "F", "G", "H")
    assert new.candidates.count() == 6
    assert list(old.candidates.order_by("index").values_list("content", "completion")) == before
    run = making.pick_runs_of(project=project).get()
    assert (run.n_picked, run.n_ready, run.n_sampling) == (1, 1, 0)


def test_its_rankings_stay_and_count_but_datasets_leave_them_out(project: Project) -> None:
    old = made(project)
    (user,) = people(project, 1)
    ranking = rank_next(user, project, [1, 2, 3, 4])
    again(old)

    assert judged.counting(project=project).get() == ranking
    dataset = datasets.freeze(project=project, kind=Dataset.Kind.COMPARISONS)
    assert (dataset.n_rows, dataset.excluded) == (0, {"superseded": 1})
    event = AuditEvent.objects.get(verb="comparison_superseded")
    assert (event.object_id, event.details["n_rankings"]) == (str(old.pk), 1)


def test_open_work_leaves_the_queue_and_what_somebody_holds_may_still_be_handed_in(
    project: Project,
) -> None:
    Project.objects.filter(pk=project.pk).update(rankings_per_comparison=3)
    old = made(Project.objects.get(pk=project.pk))
    first, second = people(project, 2)
    held, given_up = claim_next(first, project), claim_next(second, project)
    again(old)

    task = Task.objects.get(comparison=old)
    states = set(task.slots.values_list("state", flat=True))
    assert (task.state, states) == ("withdrawn", {"leased", "withdrawn"})
    assert submit(first, held, [1, 2, 3, 4]).comparison == old
    leases.skip(assignment=given_up, reason=Assignment.SkipReason.OUTSIDE_SKILL, comment="")
    assert not Slot.objects.filter(task=task, state=Slot.State.OPEN).exists()


def test_no_lead_is_asked_about_work_that_was_skipped_before(project: Project) -> None:
    Project.objects.filter(pk=project.pk).update(rankings_per_comparison=2)
    old = made(project)
    (user,) = people(project, 1)
    leases.skip(
        assignment=claim_next(user, project),
        reason=Assignment.SkipReason.UNCLEAR,
        comment="Which one?",
    )
    again(old)
    assert Task.objects.get(comparison=old).state == "withdrawn"
    assert not withdrawn.withdrawn_in(project=project).exists()


def test_a_superseded_comparison_asks_for_no_more_opinions(project: Project) -> None:
    Project.objects.filter(pk=project.pk).update(rankings_per_comparison=2)
    old = made(Project.objects.get(pk=project.pk))
    first, second = people(project, 2)
    for user, tiers in ((first, [1, 2, 3, 4]), (second, [4, 3, 2, 1])):
        submit(user, claim_next(user, project), tiers, follow_up=False)
    again(old)
    assert follow_ups.follow_up_all() == 2
    assert not Slot.objects.filter(reason=Reason.EXTRA).exists()


def test_it_is_tried_again_where_sampling_fails(project: Project) -> None:
    new = again(made(project))
    candidates.request_candidates(comparison_id=new.pk)
    finish(generations_of(new)[0], state="failed")
    new.refresh_from_db()
    assert new.state == "failed"


def test_only_what_was_sampled_here_and_is_ready_is_made_again(project: Project) -> None:
    sampling = begin(project)
    imported = ready_comparison(project)
    for comparison in (sampling, imported):
        with pytest.raises(NotResampled):
            again(comparison)
    finish(generations_of(sampling)[0], "A", "B", "C")
    again(sampling)
    with pytest.raises(NotResampled):
        again(sampling)


def test_without_a_policy_the_old_one_stays_what_it_is(project: Project) -> None:
    old = made(project)
    project.round_policies.all().delete()
    with pytest.raises(NoCandidatePolicy):
        again(old)
    old.refresh_from_db()
    assert old.state == "ready"


@pytest.mark.django_db(transaction=True)
def test_two_managers_at_once_make_one(project: Project) -> None:
    old = made(project)
    actors = [UserFactory(), UserFactory()]
    refused: list[NotResampled] = []

    def press(actor: object) -> None:
        try:
            resampling.supersede(comparison=old, actor=actor)  # type: ignore[arg-type]
        except NotResampled as refusal:
            refused.append(refusal)
        finally:
            connection.close()

    threads = [threading.Thread(target=press, args=[actor]) for actor in actors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert Comparison.objects.filter(supersedes=old).count() == 1
