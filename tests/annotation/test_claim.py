"""Handing out work under contention, with real threads on real PostgreSQL."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotation.exceptions import (
    AlreadySubmittedDifferently,
    GuidelineUnread,
    KindNotYours,
    LeaseLost,
    NoTaskAvailable,
    ProjectPaused,
)
from annotation.models import Assignment, Batch, QueueCursor, Slot, Task, TaskKind
from annotation.services import claim, guidelines, leases, submissions, tasks
from labelhub import clock, exceptions
from labelhub.accounts.exceptions import ConsentNeeded
from labelhub.accounts.models import ConsentDocument, Membership, Project
from tests.factories import (
    GuidelineFactory,
    MembershipFactory,
    ProjectFactory,
    RoundFactory,
    ready_comparison,
)
from tests.processes import DEADLINE_SECONDS

RANKING = TaskKind.RANKING


def add_rankings(project: Project, n: int, **fields: object) -> list[Task]:
    return tasks.add_tasks(
        tasks=[
            tasks.NewTask(
                project=project, kind=RANKING, comparison=ready_comparison(project), **fields
            )
            for _ in range(n)
        ]
    )


def take(member: Membership, kind: TaskKind = RANKING) -> Assignment:
    found = claim.claim(user=member.user, slug=member.project.slug, kind=kind)
    return Assignment.objects.select_related("task", "project").get(pk=found)


def answer(assignment: Assignment) -> None:
    submissions.submit(assignment=assignment, key=uuid4(), body={}, write=lambda _: None)


def in_threads(n: int, work: Callable[[int], object]) -> list[object]:
    """Run `work(i)` in n threads that start together, each with its own connection."""
    barrier = threading.Barrier(n)

    def one(index: int) -> object:
        try:
            barrier.wait(timeout=DEADLINE_SECONDS)
            return work(index)
        finally:
            connection.close()

    with ThreadPoolExecutor(n) as pool:
        return list(pool.map(one, range(n)))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("n_slots", [1, 3])
def test_32_claimants_share_200_tasks_without_a_double_or_a_leftover(n_slots: int) -> None:
    project = ProjectFactory()
    add_rankings(project, 200, n_slots=n_slots)
    members = [MembershipFactory(project=project) for _ in range(32)]

    def work_until_empty(index: int) -> int:
        done = 0
        while True:
            try:
                assignment = take(members[index])
            except NoTaskAvailable:
                return done
            answer(assignment)
            done += 1

    counts = in_threads(32, work_until_empty)

    assert sum(counts) == 200 * n_slots
    submitted = Assignment.objects.filter(state=Assignment.State.SUBMITTED)
    assert submitted.count() == 200 * n_slots
    per_slot = Counter(submitted.values_list("slot", flat=True))
    assert set(per_slot.values()) == {1}
    per_person_and_task = Counter(submitted.values_list("task", "rater"))
    assert set(per_person_and_task.values()) == {1}
    assert not Slot.objects.exclude(state=Slot.State.ANSWERED).exists()
    assert not Task.objects.exclude(state=Task.State.DONE).exists()


@pytest.mark.django_db(transaction=True)
def test_a_persons_tabs_get_the_same_task() -> None:
    member = MembershipFactory()
    add_rankings(member.project, 10)
    found = in_threads(6, lambda _: take(member).pk)
    assert len(set(found)) == 1


@pytest.mark.django_db
def test_four_people_and_three_tasks_give_three_claims_and_one_refusal() -> None:
    project = ProjectFactory()
    add_rankings(project, 3)
    members = [MembershipFactory(project=project) for _ in range(4)]
    taken = {take(member).task_id for member in members[:3]}
    assert len(taken) == 3
    with pytest.raises(NoTaskAvailable):
        take(members[3])


@pytest.mark.django_db
def test_work_comes_by_priority_then_by_the_random_order_key() -> None:
    member = MembershipFactory()
    ordinary = add_rankings(member.project, 5)
    urgent = add_rankings(member.project, 2, priority=1)
    order = []
    for _ in range(7):
        assignment = take(member)
        order.append(assignment.task_id)
        answer(assignment)
    by_key = lambda rows: [task.pk for task in sorted(rows, key=lambda task: task.order_key)]  # noqa: E731
    assert order == by_key(urgent) + by_key(ordinary)
    assert by_key(ordinary) != [task.pk for task in ordinary]


@pytest.mark.django_db
def test_urgent_work_is_met_though_the_cursor_is_past_it() -> None:
    member = MembershipFactory()
    add_rankings(member.project, 3)
    answer(take(member))
    urgent = add_rankings(member.project, 1, priority=1)[0]
    assert take(member).task_id == urgent.pk


@pytest.mark.django_db
def test_urgent_work_leaves_everybody_in_their_place() -> None:
    member = MembershipFactory()
    ordinary = sorted(add_rankings(member.project, 6), key=lambda task: task.order_key)
    done = []

    def next_task() -> int:
        assignment = take(member)
        answer(assignment)
        done.append(assignment.task_id)
        return assignment.task_id

    assert [next_task(), next_task()] == [task.pk for task in ordinary[:2]]
    Slot.objects.filter(task__in=done).update(state=Slot.State.OPEN)
    first = add_rankings(member.project, 1, priority=5)[0]
    more = add_rankings(member.project, 1, priority=1)[0]
    assert [next_task(), next_task()] == [more.pk, first.pk]
    place = QueueCursor.objects.get()
    assert (place.order_key, place.urgent_from is None) == (ordinary[1].order_key, False)

    assert next_task() == ordinary[2].pk
    assert QueueCursor.objects.get().urgent_from is None
    last = add_rankings(member.project, 1, priority=1)[0]
    assert [next_task(), next_task()] == [last.pk, ordinary[3].pk]


@pytest.mark.django_db
def test_what_a_claim_passed_before_is_not_looked_at_for_urgent_work() -> None:
    """A slot behind the place that is older than the urgent work stays for the next round."""
    project = ProjectFactory()
    member, other = (MembershipFactory(project=project) for _ in range(2))
    ordinary = sorted(add_rankings(member.project, 4), key=lambda task: task.order_key)
    held = take(other)
    assert held.task_id == ordinary[0].pk
    answer(take(member))
    leases.skip(assignment=held, reason=Assignment.SkipReason.PREFER_NOT, comment="")
    urgent = add_rankings(member.project, 1, priority=1)[0]
    order = []
    for _ in range(4):
        assignment = take(member)
        order.append(assignment.task_id)
        answer(assignment)
    assert order == [urgent.pk, ordinary[2].pk, ordinary[3].pk, ordinary[0].pk]


@pytest.mark.django_db
def test_reserved_work_is_told_to_its_person_alone() -> None:
    project = ProjectFactory()
    author, other = MembershipFactory(project=project), MembershipFactory(project=project)
    add_rankings(project, 4)
    for member in (author, other):
        answer(take(member))
    reserved = add_rankings(project, 1, priority=1, reserved_for=author.user.rater)[0]
    told = QueueCursor.objects.exclude(urgent_from=None)
    assert [cursor.rater for cursor in told] == [author.user.rater]
    assert take(author).task_id == reserved.pk
    assert take(other).task_id != reserved.pk


@pytest.mark.django_db
def test_new_work_behind_the_cursor_is_found_before_empty_is_said() -> None:
    member = MembershipFactory()
    for _ in range(4):
        # Each new task has a random key, as likely before the cursor as after it.
        made = add_rankings(member.project, 1)[0]
        assignment = take(member)
        assert assignment.task_id == made.pk
        answer(assignment)


@pytest.mark.django_db
def test_claim_honours_language_skill_opt_in_bars_and_reservation() -> None:
    project = ProjectFactory()
    member = MembershipFactory(project=project, skills=["law"], sensitivity_opt_ins=["violence"])
    other = MembershipFactory(project=project)
    add_rankings(project, 1, language="fr")
    add_rankings(project, 1, skill="medicine")
    add_rankings(project, 1, sensitivity=("violence", "self-harm"))
    add_rankings(project, 1, barred_raters=(member.user.rater.pk,))
    add_rankings(project, 1, reserved_for=other.user.rater)
    fit = add_rankings(project, 1, skill="law", sensitivity=("violence",))[0]
    assignment = take(member)
    assert assignment.task_id == fit.pk
    answer(assignment)
    with pytest.raises(NoTaskAvailable):
        take(member)


@pytest.mark.django_db
def test_caps_and_pauses_of_batches_are_kept() -> None:
    member = MembershipFactory()
    colleague = MembershipFactory(project=member.project)
    round_ = RoundFactory(project=member.project)
    batch = Batch.objects.create(
        project=member.project, round=round_, name="first", kind=RANKING, target=8, cap_share=0.25
    )
    add_rankings(member.project, 8, batch=batch)
    for _ in range(2):
        answer(take(member))
    with pytest.raises(NoTaskAvailable):
        take(member)
    answer(take(colleague))
    batch.paused_at = clock.now()
    batch.save()
    with pytest.raises(NoTaskAvailable):
        take(colleague)


@pytest.mark.django_db
def test_no_claim_without_consent_to_the_current_document() -> None:
    member = MembershipFactory()
    add_rankings(member.project, 1)
    ConsentDocument.objects.create(version=1, title="t", markdown="m", purposes=["training"])
    with pytest.raises(ConsentNeeded):
        take(member)


@pytest.mark.django_db
def test_a_breaking_guideline_must_be_acknowledged_before_a_claim() -> None:
    member = MembershipFactory()
    add_rankings(member.project, 1)
    guideline = GuidelineFactory(project=member.project, kind=RANKING, breaking=True)
    with pytest.raises(GuidelineUnread) as refusal:
        take(member)
    assert refusal.value.extra == {"guideline": guideline.pk}
    guidelines.acknowledge(user=member.user, guideline=guideline)
    assert take(member).guideline == guideline


@pytest.mark.django_db
def test_claims_are_refused_by_role_pause_and_project() -> None:
    member = MembershipFactory()
    with pytest.raises(KindNotYours):
        take(member, TaskKind.REVIEW)
    with pytest.raises(exceptions.NotFound):
        claim.claim(user=member.user, slug="elsewhere", kind=RANKING)
    member.project.paused_at = clock.now()
    member.project.save()
    with pytest.raises(ProjectPaused):
        take(member)


@pytest.mark.django_db
def test_an_expired_lease_goes_to_the_next_person_and_revives_for_the_first() -> None:
    project = ProjectFactory()
    first, second = MembershipFactory(project=project), MembershipFactory(project=project)
    add_rankings(project, 1, n_slots=2)
    mine = take(first)
    leases.save_autosave(assignment=mine, turn=0, version=0, payload={"tiers": [["A"]]})
    other = take(second)
    assert other.slot_id != mine.slot_id
    with clock.held_at(clock.now() + timedelta(hours=1)):
        assert leases.sweep_expired() == 2
        revived = take(first)
        assert revived.pk == mine.pk
        assert revived.state == Assignment.State.LEASED
        assert revived.autosaves.get().payload == {"tiers": [["A"]]}


@pytest.mark.django_db
def test_submit_is_accepted_after_the_lease_while_the_slot_is_free_else_kept() -> None:
    project = ProjectFactory()
    first, second = MembershipFactory(project=project), MembershipFactory(project=project)
    add_rankings(project, 2)
    free, lost = take(first), take(second)
    late = clock.now() + timedelta(hours=1)
    with clock.held_at(late):
        leases.sweep_expired()
        answer(free)
        third = MembershipFactory(project=project)
        assert take(third).slot_id == lost.slot_id
        with pytest.raises(LeaseLost):
            submissions.submit(
                assignment=lost, key=uuid4(), body={"tiers": [["A"]]}, write=lambda _: None
            )
    free.refresh_from_db()
    lost.refresh_from_db()
    assert free.state == Assignment.State.SUBMITTED
    assert lost.kept_submission == {"tiers": [["A"]]}


@pytest.mark.django_db
def test_submit_is_idempotent_by_key_and_body() -> None:
    member = MembershipFactory()
    add_rankings(member.project, 1)
    assignment = take(member)
    key, written = uuid4(), []
    for _ in range(2):
        submissions.submit(assignment=assignment, key=key, body={"a": 1}, write=written.append)
    assert len(written) == 1
    with pytest.raises(AlreadySubmittedDifferently):
        submissions.submit(assignment=assignment, key=key, body={"a": 2}, write=written.append)
    with pytest.raises(AlreadySubmittedDifferently):
        submissions.submit(assignment=assignment, key=uuid4(), body={"a": 1}, write=written.append)
    assert len(written) == 1


@pytest.mark.django_db
def test_active_time_counts_gaps_up_to_a_minute_and_renews_past_half_the_lease() -> None:
    member = MembershipFactory()
    add_rankings(member.project, 1)
    start = clock.now()
    with clock.held_at(start):
        assignment = take(member)
    with clock.held_at(start + timedelta(seconds=20)):
        early = leases.beat(assignment=assignment)
    assert early.active_seconds == 20
    assert early.lease_until == start + timedelta(seconds=1800)
    with clock.held_at(start + timedelta(seconds=1020)):
        later = leases.beat(assignment=assignment)
    assert later.active_seconds == 80
    assert later.lease_until == start + timedelta(seconds=1020 + 1800)


@pytest.mark.django_db
def test_two_people_who_call_a_task_broken_take_it_to_the_manager() -> None:
    project = ProjectFactory()
    task = add_rankings(project, 1)[0]
    reasons = [Assignment.SkipReason.PREFER_NOT, Assignment.SkipReason.BROKEN]
    for reason in reasons:
        leases.skip(assignment=take(MembershipFactory(project=project)), reason=reason, comment="")
    task.refresh_from_db()
    assert task.state == Task.State.OPEN
    last = MembershipFactory(project=project)
    leases.skip(assignment=take(last), reason=Assignment.SkipReason.UNCLEAR, comment="which?")
    task.refresh_from_db()
    assert task.state == Task.State.WITHDRAWN
    with pytest.raises(NoTaskAvailable):
        take(MembershipFactory(project=project))


@pytest.mark.django_db
def test_claim_costs_two_statements() -> None:
    member = MembershipFactory()
    add_rankings(member.project, 3)
    with CaptureQueriesContext(connection) as captured:
        claim.claim(user=member.user, slug=member.project.slug, kind=RANKING)
    # The test's own transaction turns the claim's into a savepoint.
    statements = [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"]]
    assert len(statements) == 2, statements


@pytest.mark.django_db
def test_the_shown_order_is_a_persons_own_shuffle() -> None:
    project = ProjectFactory()
    add_rankings(project, 1, n_slots=6)
    orders = {tuple(take(MembershipFactory(project=project)).shown_order) for _ in range(6)}
    assert all(sorted(order) == [0, 1, 2, 3] for order in orders)
    assert len(orders) > 1
