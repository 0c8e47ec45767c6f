"""Overlap, splits, gold and retests, through claim and submit."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from annotation.exceptions import (
    AlreadyMarked,
    NoTaskAvailable,
    NotReady,
    UnknownFlag,
    UnknownPair,
)
from annotation.models import (
    Assignment,
    Comparison,
    GoldItem,
    Purpose,
    Ranking,
    Reason,
    Slot,
    Task,
)
from annotation.services import follow_ups, gold, splits
from annotation.services.qualification import LEAD
from labelhub import clock
from labelhub.accounts.models import Project, User
from tests.factories import MembershipFactory, ProjectFactory, ready_comparison
from tests.known_items import BAD, GOOD, asked_for, leads, make_gold
from tests.ranking import claim_next, people, queued, rank_next, submit

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    """Two rankings each, nothing interleaved."""
    return ProjectFactory(rankings_per_comparison=2, gold_share=0, retest_share=0)


def reasons(comparison: Comparison | None) -> list[str]:
    return list(
        Slot.objects.filter(task__comparison=comparison)
        .order_by("pk")
        .values_list("reason", flat=True)
    )


# --- Overlap and splits --------------------------------------------------------------------------


def test_a_seeded_fraction_gets_the_overlap(project: Project) -> None:
    project.overlap_share = 0.5
    planned = [queued(project, 2).slots.count() for _ in range(40)]
    assert set(planned) == {1, 2}
    assert 8 < planned.count(2) < 32


def test_planned_rankings_that_agree_ask_for_nothing(project: Project) -> None:
    task = queued(project)
    for user in people(project, 2):
        rank_next(user, project, GOOD)
    task.refresh_from_db()
    assert (task.state, reasons(task.comparison)) == ("done", ["planned", "planned"])


def test_a_split_asks_one_more_person_then_a_lead_and_no_one_after(project: Project) -> None:
    task = queued(project)
    first, second, third, fourth = people(project, 4)
    lead = MembershipFactory(project=project, skills=[LEAD]).user
    rank_next(first, project, GOOD)
    assert reasons(task.comparison) == ["planned"] * 2
    rank_next(second, project, BAD)
    assert reasons(task.comparison) == ["planned", "planned", "extra"]
    with pytest.raises(NoTaskAvailable):
        claim_next(first, project)
    extra = rank_next(third, project, [2, 1, 4, 3])
    assert (extra.reason, extra.purpose) == ("extra", "train")

    assert reasons(task.comparison) == ["planned", "planned", "extra", "adjudication"]
    with pytest.raises(NoTaskAvailable):
        claim_next(fourth, project)
    decided = rank_next(lead, project, GOOD)
    assert decided.reason == "adjudication"
    # Beside the others, never over them.
    assert Ranking.objects.filter(comparison=task.comparison, is_current=True).count() == 4
    assert not Slot.objects.filter(state="open").exists()
    assert splits.settle(task=task) is None


def test_an_extra_ranking_that_settles_it_asks_no_lead(project: Project) -> None:
    task = queued(project)
    first, second, third = people(project, 3)
    rank_next(first, project, GOOD)
    rank_next(second, project, [2, 1, 3, 4])
    rank_next(third, project, GOOD)
    assert reasons(task.comparison) == ["planned", "planned", "extra"]


def test_a_lead_who_ranked_it_does_not_decide_on_it(project: Project) -> None:
    queued(project)
    lead = MembershipFactory(project=project, skills=[LEAD]).user
    first, second = people(project, 2)
    rank_next(lead, project, GOOD)
    rank_next(first, project, BAD)
    rank_next(second, project, [2, 1, 4, 3])
    with pytest.raises(NoTaskAvailable):
        claim_next(lead, project)


def test_splits_are_left_where_the_project_says_so_and_what_cannot_be_judged_is_no_opinion(
    project: Project,
) -> None:
    task = queued(project)
    first, second = people(project, 2)
    submit(first, claim_next(first, project), None)
    rank_next(second, project, BAD)
    assert reasons(task.comparison) == ["planned", "planned"]

    Project.objects.update(settle_splits=False)
    other = queued(Project.objects.get())
    rank_next(first, project, GOOD)
    rank_next(second, project, BAD)
    assert reasons(other.comparison) == ["planned", "planned"]


def test_a_lost_follow_up_is_found_by_the_sweep_and_done_once(project: Project) -> None:
    queued(project)
    (user,) = people(project, 1)
    ranking = rank_next(user, project, GOOD)
    assert not follow_ups.waiting()
    Assignment.objects.filter(pk=ranking.assignment_id).update(followed_up_at=None)
    assert follow_ups.waiting()
    assert follow_ups.follow_up_all() == 1
    assert follow_ups.follow_up_all() == 0


# --- Gold and retests ----------------------------------------------------------------------------


def test_gold_is_what_two_leads_marked_alike(project: Project) -> None:
    asked_for(project, "harmful", "opinion")
    comparison = ready_comparison(project, 3)
    a, b, c = comparison.candidates.order_by("index").values_list("pk", flat=True)
    one, other = leads(project)
    marked = {"comparison": comparison, "use": GoldItem.Use.GOLD}
    assert (
        gold.mark(
            **marked,
            rater=one.rater,
            actor=one,
            pairs=[(a, b), (b, c)],
            flags={a: ["harmful", "opinion"], b: ["opinion"]},
            note="",
        )
        is None
    )
    with pytest.raises(AlreadyMarked):
        gold.mark(**marked, rater=one.rater, actor=one, pairs=[(a, b)], flags={}, note="")
    item = gold.mark(
        **marked,
        rater=other.rater,
        actor=other,
        pairs=[(a, b), (c, b)],
        flags={a: ["opinion"]},
        note="Look at b.",
    )
    assert item is not None
    assert (item.pairs, item.flags, item.note) == ([[a, b]], {str(a): ["opinion"]}, "Look at b.")


def test_marks_must_name_the_comparisons_own_candidates_in_an_order_that_can_be(
    project: Project,
) -> None:
    comparison = ready_comparison(project, 3)
    a, b, c = comparison.candidates.values_list("pk", flat=True)
    (lead, _) = leads(project)
    circle = [(a, b), (b, c), (c, a)]
    for pairs in ([(a, 10**9)], [(a, a)], [(a, b), (b, a)], [(a, b), (a, b)], circle):
        with pytest.raises(UnknownPair):
            gold.mark(
                comparison=comparison,
                rater=lead.rater,
                actor=lead,
                use=GoldItem.Use.GOLD,
                pairs=pairs,
                flags={},
                note="",
            )
    # A flag that nobody can raise would be an exam that nobody can pass.
    asked_for(project, "harmful")
    with pytest.raises(UnknownFlag):
        gold.mark(
            comparison=comparison,
            rater=lead.rater,
            actor=lead,
            use=GoldItem.Use.EXAM,
            pairs=[(a, b)],
            flags={a: ["opinion"]},
            note="",
        )
    Comparison.objects.update(state="failed", ready_at=None, error_code="x")
    with pytest.raises(NotReady):
        gold.mark(
            comparison=comparison,
            rater=lead.rater,
            actor=lead,
            use=GoldItem.Use.GOLD,
            pairs=[(a, b)],
            flags={},
            note="",
        )


def test_gold_comes_next_once_a_person_and_counts_for_nothing_else(project: Project) -> None:
    Project.objects.update(gold_share=1.0)
    item = make_gold(project)
    for _ in range(4):
        queued(project)
    (user,) = people(project, 1)
    rank_next(user, project, GOOD)
    known = rank_next(user, project, GOOD)
    assert (known.comparison, known.purpose, known.reason) == (item.comparison, "gold", "planned")
    assert [rank_next(user, project, GOOD).purpose for _ in range(3)] == ["train"] * 3


def test_leads_never_meet_their_own_gold(project: Project) -> None:
    Project.objects.update(gold_share=1.0)
    item = make_gold(project)
    queued(project)
    (lead, *_) = User.objects.filter(rater__gold_marks__comparison=item.comparison)
    rank_next(lead, project, GOOD)
    with pytest.raises(NoTaskAvailable):
        claim_next(lead, project)


def test_a_retest_is_an_old_comparison_after_a_week_in_a_new_order(project: Project) -> None:
    Project.objects.update(retest_share=1.0)
    (user,) = people(project, 1)
    for _ in range(5):
        queued(project, 9)
    old = rank_next(user, project, list(range(1, 10)))
    with clock.held_at(clock.now() + timedelta(days=6, hours=23)):
        assert rank_next(user, project, list(range(1, 10))).purpose == "train"
    with clock.held_at(clock.now() + timedelta(days=7, hours=1)):
        assert rank_next(user, project, list(range(1, 10))).purpose == "train"
        again = rank_next(user, project, list(range(1, 10)))
    assert (again.purpose, again.comparison, again.reason) == ("retest", old.comparison, "planned")
    assert again.shown_order != old.shown_order
    assert Task.objects.filter(purpose=Purpose.RETEST).count() == 1


def test_what_measures_people_is_planned_by_constraint(project: Project) -> None:
    queued(project)
    (user,) = people(project, 1)
    ranking = rank_next(user, project, GOOD)
    for purpose in ("gold", "exam", "retest"):
        with (
            pytest.raises(DatabaseError, match="measuring_is_planned"),
            transaction.atomic(),
        ):
            Ranking.objects.create(
                project=project,
                comparison=ranking.comparison,
                assignment=ranking.assignment,
                rater=ranking.rater,
                revision=2,
                is_current=False,
                reason=Reason.EXTRA,
                purpose=purpose,
                created_at=clock.now(),
            )
