"""Whoever has done much and finds nothing more: how often a claim goes through all of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from annotation.exceptions import NoTaskAvailable
from annotation.models import Assignment, Batch, QueueCursor, Task
from annotation.services import claim, gold, leases, splits, withdrawn
from labelhub import clock, prepared
from labelhub.accounts.models import Membership, Project
from tests.annotation.test_claim import add_rankings, answer, take
from tests.factories import MembershipFactory, ProjectFactory, RoundFactory, ready_comparison
from tests.ranking import queued, rank_next

pytestmark = pytest.mark.django_db

N_DONE = 40
PREFER_NOT = Assignment.SkipReason.PREFER_NOT


@pytest.fixture
def veteran() -> Membership:
    """Somebody who has answered tasks that each want one answer more, and has none left."""
    member = MembershipFactory()
    add_rankings(member.project, N_DONE, n_slots=2)
    for _ in range(N_DONE):
        answer(take(member))
    return member


def finds_nothing(member: Membership) -> None:
    with pytest.raises(NoTaskAvailable):
        take(member)


def slots_read(member: Membership, work: Callable[[Membership], object]) -> int:
    """How many open slots the claims of `work` look at, by the plans that PostgreSQL ran."""
    read = 0

    def explained(sql: str, parameters: Any) -> list[tuple[Any, ...]]:
        nonlocal read
        if sql is not claim.CLAIM:
            return fetch(sql, parameters)
        with connection.cursor() as cursor:
            # As in a large table, where nothing but the index in its order is worth a thought.
            for way in ("seqscan", "bitmapscan", "hashjoin", "mergejoin"):
                cursor.execute(f"SET LOCAL enable_{way} = off")
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", parameters)
            (plan,) = cursor.fetchone()
        plan = plan if isinstance(plan, list) else json.loads(plan)
        read += sum(read_of(node) for node in nodes_of(plan[0]["Plan"]))
        # Explained is done: what was claimed is held now.
        held = Assignment.objects.filter(rater=parameters["rater"], state="leased")
        return [(pk, True) for pk in held.values_list("pk", flat=True)]

    fetch = prepared.fetch
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prepared, "fetch", explained)
        work(member)
    return read


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", []):
        yield from nodes_of(inner)


def read_of(node: dict[str, Any]) -> int:
    if node.get("Index Name") != "slot_open":
        return 0
    rows = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    return int(rows * node["Actual Loops"])


def test_what_was_done_is_passed_once_and_not_again_while_nothing_changes(
    veteran: Membership,
) -> None:
    assert slots_read(veteran, finds_nothing) >= N_DONE
    assert slots_read(veteran, finds_nothing) == 0
    # New work is told to them: neither the claim that finds it nor the next passes what was done.
    (made,) = add_rankings(veteran.project, 1)

    def takes_it(member: Membership) -> None:
        assignment = take(member)
        assert assignment.task_id == made.pk
        answer(assignment)

    assert slots_read(veteran, takes_it) <= 2
    assert slots_read(veteran, finds_nothing) <= 2
    with clock.held_at(clock.now() + claim.EMPTY_FOR + timedelta(seconds=1)):
        assert slots_read(veteran, finds_nothing) >= N_DONE


def test_what_a_colleague_gives_back_is_found_at_once(veteran: Membership) -> None:
    colleague = MembershipFactory(project=veteran.project)
    finds_nothing(veteran)
    (task,) = add_rankings(veteran.project, 1, priority=1)
    held = take(colleague)
    assert held.task_id == task.pk
    finds_nothing(veteran)
    leases.skip(assignment=held, reason=PREFER_NOT, comment="")
    assert take(veteran).task_id == task.pk


def test_what_expired_is_found_at_once(veteran: Membership) -> None:
    (task,) = add_rankings(veteran.project, 1, priority=1)
    assert take(MembershipFactory(project=veteran.project)).task_id == task.pk
    life = timedelta(seconds=veteran.project.lease_seconds)
    with clock.held_at(clock.now() + life - timedelta(seconds=5)):
        finds_nothing(veteran)
    with clock.held_at(clock.now() + life + timedelta(seconds=5)):
        assert take(veteran).task_id == task.pk


def test_what_a_lead_puts_back_is_found_at_once(veteran: Membership) -> None:
    lead = MembershipFactory(project=veteran.project, role=Membership.Role.REVIEWER)
    (task,) = add_rankings(veteran.project, 1)
    leases.withdraw(task=task)
    finds_nothing(veteran)
    withdrawn.put_back(task=Task.objects.get(pk=task.pk), actor=lead.user)
    assert take(veteran).task_id == task.pk


def test_one_more_opinion_and_what_is_reserved_are_found_at_once() -> None:
    project = ProjectFactory(rankings_per_comparison=2, gold_share=0, retest_share=0)
    task = queued(project)
    first, second, third = (MembershipFactory(project=project) for _ in range(3))
    rank_next(first.user, project, [1, 2, 3, 4])
    # The others hold what there is, or have done it.
    rank_next(third.user, Project.objects.get(), [4, 3, 2, 1])
    assert splits.settle(task=task) is None
    finds_nothing(first)
    assert take(second).task_id == task.pk

    reserved = gold._reserve(ready_comparison(project), first.user.rater, "gold")
    assert take(first).task_id == reserved.pk


def test_a_batch_that_goes_on_is_found_within_a_minute(veteran: Membership) -> None:
    batch = Batch.objects.create(
        project=veteran.project,
        round=RoundFactory(project=veteran.project),
        name="later",
        kind="ranking",
        paused_at=clock.now(),
    )
    (task,) = add_rankings(veteran.project, 1, batch=batch)
    finds_nothing(veteran)
    Batch.objects.update(paused_at=None)
    with clock.held_at(clock.now() + claim.EMPTY_FOR + timedelta(seconds=1)):
        assert take(veteran).task_id == task.pk


def test_a_pool_that_was_found_empty_is_the_persons_own_affair(veteran: Membership) -> None:
    finds_nothing(veteran)
    assert QueueCursor.objects.exclude(emptied_at=None).count() == 1
    assert take(MembershipFactory(project=veteran.project)).pk
