"""The entry exam, through claim and submit."""

from datetime import timedelta

import pytest

from annotation.exceptions import (
    ExamFailed,
    ExamNotAsked,
    ExamPassed,
    ExamTooSmall,
    ExamUnderWay,
    NoTaskAvailable,
)
from annotation.models import (
    Assignment,
    ExamResult,
    GoldItem,
    Ranking,
)
from annotation.services import exams, leases
from annotation.services.qualification import QUALIFIED
from labelhub import clock
from labelhub.accounts.models import Membership, Project, User
from tests.factories import MembershipFactory, ProjectFactory, RatingSchemaFactory
from tests.known_items import BAD, GOOD, make_gold
from tests.ranking import claim_next, membership_of, people, queued, rank_next, submit

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    """Two rankings each, nothing interleaved."""
    return ProjectFactory(rankings_per_comparison=2, gold_share=0, retest_share=0)


@pytest.fixture
def examined(project: Project) -> Project:
    """A project whose exam has seven items of six pairs; one candidate in four is to be flagged, too few to be judged by."""
    RatingSchemaFactory(project=project)
    for _ in range(7):
        make_gold(project, use=GoldItem.Use.EXAM, flagged=[0])
    manager = MembershipFactory(project=project, role=Membership.Role.MANAGER).user
    exams.require(project=project, wanted=True, writing=False, actor=manager)
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
        exams.require(project=project, wanted=True, writing=False, actor=manager)


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
    exams.require(project=project, wanted=True, writing=False, actor=manager)
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
    exams.require(project=project, wanted=True, writing=False, actor=manager)
    (new,) = people(project, 1)
    assert rank_next(old, project, GOOD).purpose == "train"
    with pytest.raises(NoTaskAvailable):
        claim_next(new, project)
    exams.require(project=project, wanted=False, writing=False, actor=manager)
    assert rank_next(new, project, GOOD).purpose == "train"
    with pytest.raises(ExamNotAsked):
        exams.begin(membership=membership_of(new, project), rater=new.rater)
