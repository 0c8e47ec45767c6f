"""Overlap, splits, gold, retests and the entry exam, through claim and submit."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from annotation.exceptions import (
    AlreadyMarked,
    ExamFailed,
    ExamNotAsked,
    ExamPassed,
    ExamTooSmall,
    ExamUnderWay,
    NoTaskAvailable,
    NotReady,
    UnknownFlag,
    UnknownPair,
)
from annotation.models import (
    Assignment,
    Comparison,
    ExamResult,
    GoldItem,
    Purpose,
    Ranking,
    Reason,
    Slot,
    Task,
)
from annotation.services import exams, follow_ups, gold, leases, splits
from annotation.services.qualification import LEAD, QUALIFIED
from labelhub import clock
from labelhub.accounts.models import Membership, Project, User
from tests.factories import MembershipFactory, ProjectFactory, RatingSchemaFactory, ready_comparison
from tests.ranking import claim_next, membership_of, people, queued, rank_next, submit

pytestmark = pytest.mark.django_db

GOOD, BAD = [1, 2, 3, 4], [4, 3, 2, 1]


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


def leads(project: Project) -> list[User]:
    return people(project, 2, role=Membership.Role.REVIEWER)


def make_gold(
    project: Project,
    *,
    use: GoldItem.Use = GoldItem.Use.GOLD,
    n_candidates: int = 4,
    flagged: Sequence[int] = (),
) -> GoldItem:
    """An item of which all pairs are clear, the first candidate the best."""
    comparison = ready_comparison(project, n_candidates)
    ids = list(comparison.candidates.order_by("index").values_list("pk", flat=True))
    pairs = [(a, b) for row, a in enumerate(ids) for b in ids[row + 1 :]]
    item = None
    for lead in leads(project):
        item = gold.mark(
            comparison=comparison,
            rater=lead.rater,
            actor=lead,
            use=use,
            pairs=pairs,
            flags={ids[index]: ["hallucination"] for index in flagged},
            note="The first is right.",
        )
    assert item is not None
    return item


def asked_for(project: Project, *keys: str) -> None:
    """What may be wrong with a reply of the project."""
    RatingSchemaFactory(
        project=project, flags=[{"key": key, "label": key, "help": ""} for key in keys]
    )


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


# --- The exam ------------------------------------------------------------------------------------


@pytest.fixture
def examined(project: Project) -> Project:
    """A project whose exam has seven items of six pairs; one candidate in four is to be flagged, too few to be judged by."""
    RatingSchemaFactory(project=project)
    for _ in range(7):
        make_gold(project, use=GoldItem.Use.EXAM, flagged=[0])
    manager = MembershipFactory(project=project, role=Membership.Role.MANAGER).user
    exams.require(project=project, wanted=True, actor=manager)
    return Project.objects.get(pk=project.pk)


def skip(assignment: Assignment) -> None:
    leases.skip(assignment=assignment, reason=Assignment.SkipReason.PREFER_NOT, comment="")


def sit(user: User, project: Project, tiers: list[list[int]]) -> ExamResult:
    for row in tiers:
        rank_next(user, project, row)
    return ExamResult.objects.filter(membership__user=user).latest("attempt")


def test_an_exam_too_small_is_refused(project: Project) -> None:
    for _ in range(6):
        make_gold(project, use=GoldItem.Use.EXAM)
    manager = MembershipFactory(project=project, role=Membership.Role.MANAGER).user
    with pytest.raises(ExamTooSmall):
        exams.require(project=project, wanted=True, actor=manager)


def test_whoever_passes_joins_the_real_queue_and_not_before(examined: Project) -> None:
    queued(examined)
    (user,) = people(examined, 1)
    with pytest.raises(NoTaskAvailable):
        claim_next(user, examined)
    member = membership_of(user, examined)
    exams.begin(membership=member, rater=user.rater)
    with pytest.raises(ExamUnderWay):
        exams.begin(membership=member, rater=user.rater)
    result = sit(user, examined, [GOOD] * 5 + [BAD] + [GOOD])
    assert (result.n_pairs, result.n_right, result.passed) == (42, 36, True)
    assert set(Ranking.objects.values_list("purpose", flat=True)) == {"exam"}
    assert rank_next(user, examined, GOOD).purpose == "train"
    with pytest.raises(ExamPassed):
        exams.begin(membership=membership_of(user, examined), rater=user.rater)


def test_whoever_fails_may_come_back_after_a_week_for_other_items(examined: Project) -> None:
    queued(examined)
    (user,) = people(examined, 1)
    exams.begin(membership=membership_of(user, examined), rater=user.rater)
    result = sit(user, examined, [GOOD] * 5 + [BAD] * 2)
    assert (result.n_right, result.passed) == (30, False)
    assert QUALIFIED not in membership_of(user, examined).skills
    with pytest.raises(NoTaskAvailable):
        claim_next(user, examined)
    with pytest.raises(ExamFailed) as refused:
        exams.begin(membership=membership_of(user, examined), rater=user.rater)
    assert "again_from" in refused.value.extra
    with clock.held_at(clock.now() + timedelta(days=8)):
        with pytest.raises(ExamTooSmall):
            exams.begin(membership=membership_of(user, examined), rater=user.rater)
        for _ in range(7):
            make_gold(examined, use=GoldItem.Use.EXAM)
        again = exams.begin(membership=membership_of(user, examined), rater=user.rater)
        assert (again.attempt, again.n_items) == (2, 7)


def test_an_item_called_unjudgeable_counts_as_wrong(examined: Project) -> None:
    (user,) = people(examined, 1)
    exams.begin(membership=membership_of(user, examined), rater=user.rater)
    for _ in range(2):
        submit(user, claim_next(user, examined), None)
    result = sit(user, examined, [GOOD] * 5)
    assert (result.n_pairs, result.n_right, result.passed) == (42, 30, False)


def test_an_item_that_is_skipped_counts_as_wrong_also_as_the_last_one(examined: Project) -> None:
    (user,) = people(examined, 1)
    exams.begin(membership=membership_of(user, examined), rater=user.rater)
    skip(claim_next(user, examined))
    sit(user, examined, [GOOD] * 5)
    skip(claim_next(user, examined))
    result = ExamResult.objects.get(membership__user=user)
    assert (result.n_pairs, result.n_right, result.passed) == (42, 30, False)
    assert result.ended_at is not None


def test_flags_are_judged_by_balanced_accuracy_where_enough_are_to_be_raised(
    project: Project,
) -> None:
    RatingSchemaFactory(project=project)
    for _ in range(7):
        make_gold(project, use=GoldItem.Use.EXAM, flagged=[0, 2])
    manager = MembershipFactory(project=project, role=Membership.Role.MANAGER).user
    exams.require(project=project, wanted=True, actor=manager)
    silent, watchful = people(project, 2)
    for user, flags in ((silent, {}), (watchful, {0: ["hallucination"], 2: ["hallucination"]})):
        exams.begin(membership=membership_of(user, project), rater=user.rater)
        for _ in range(7):
            submit(user, claim_next(user, project), GOOD, flags=flags)
    results = {
        result.membership.user: (result.n_right, result.balanced_accuracy, result.passed)
        for result in ExamResult.objects.select_related("membership__user")
    }
    assert results == {silent: (42, 0.5, False), watchful: (42, 1.0, True)}


def test_people_who_were_here_keep_their_place_and_lifting_the_exam_opens_the_queue(
    project: Project,
) -> None:
    (old,) = people(project, 1)
    for _ in range(7):
        make_gold(project, use=GoldItem.Use.EXAM)
    for _ in range(2):
        queued(project)
    manager = MembershipFactory(project=project, role=Membership.Role.MANAGER).user
    exams.require(project=project, wanted=True, actor=manager)
    (new,) = people(project, 1)
    assert rank_next(old, project, GOOD).purpose == "train"
    with pytest.raises(NoTaskAvailable):
        claim_next(new, project)
    exams.require(project=project, wanted=False, actor=manager)
    assert rank_next(new, project, GOOD).purpose == "train"
    with pytest.raises(ExamNotAsked):
        exams.begin(membership=membership_of(new, project), rater=new.rater)
