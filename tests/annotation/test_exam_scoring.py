"""How an exam's demonstrations are scored, and what a manager takes out of an exam, over the API."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction
from rest_framework.test import APIClient

from annotation.exceptions import NoTaskAvailable
from annotation.models import (
    Assignment,
    GoldItem,
    Ranking,
    Review,
    Task,
)
from annotation.services import flags, leases
from labelhub import clock
from labelhub.accounts.models import Membership, Project
from tests.factories import MembershipFactory
from tests.known_items import make_gold
from tests.ranking import claim_next
from tests.sitting import (
    ask,
    begin,
    exam_of,
    examined_project,
    newcomer,
    rank_all,
    score_all,
    write_one,
)
from tests.writing import DEMONSTRATION, REVIEW, Person, conversation_of, dialogue

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return examined_project()


@pytest.fixture
def manager(project: Project) -> Person:
    return Person(project, Membership.Role.MANAGER)


@pytest.fixture
def writing(project: Project, manager: Person) -> Project:
    """The project, asking for the exam with its writing half."""
    assert ask(manager, exam_required=True, exam_writing=True).status_code == 200
    return Project.objects.get(pk=project.pk)


@pytest.fixture
def reviewers(writing: Project) -> tuple[Person, Person]:
    return newcomer(writing, "reviewer"), newcomer(writing, "reviewer")


class TestScoring:
    @pytest.fixture
    def review(self, writing: Project, reviewers: tuple[Person, Person]) -> Assignment:
        person = newcomer(writing)
        begin(person)
        write_one(person)
        return reviewers[0].claim(REVIEW)

    @pytest.mark.parametrize(
        ("verdict", "score", "status", "code"),
        [
            ("approved", None, 400, "score_asked"),
            ("rejected", 3, 400, "score_asked"),
            ("scored", None, 400, "score_asked"),
            ("scored", 0, 400, "invalid"),
            ("scored", 8, 400, "invalid"),
            ("scored", "six", 400, "invalid"),
        ],
    )
    def test_an_exam_gets_a_score_and_nothing_else(
        self,
        reviewers: tuple[Person, Person],
        review: Assignment,
        verdict: str,
        score: object,
        status: int,
        code: str,
    ) -> None:
        refused = reviewers[0].review(review, verdict, score=score, comment="Why.")
        assert (refused.status_code, refused.json()["code"]) == (status, code)
        assert not Review.objects.exists()

    def test_it_is_scored_as_it_was_written(
        self, reviewers: tuple[Person, Person], review: Assignment
    ) -> None:
        refused = reviewers[0].save(review, dialogue(4))
        assert (refused.status_code, refused.json()["code"]) == (409, "scored_as_written")

    def test_the_same_score_twice_is_one(
        self, reviewers: tuple[Person, Person], review: Assignment
    ) -> None:
        key = "1b4e28ba-2fa1-11d2-883f-0016d3cca427"
        for _ in range(2):
            assert reviewers[0].review(review, "scored", score=6, key=key).status_code == 201
        other = reviewers[0].review(review, "scored", score=7, key=key)
        assert other.json()["code"] == "already_submitted_differently"
        assert Review.objects.get().score == 6

    def test_each_scores_alone(
        self, reviewers: tuple[Person, Person], review: Assignment, writing: Project
    ) -> None:
        """The second page holds nothing of what the first one said, and its writer scores nothing."""
        reviewers[0].review(review, "scored", score=2, comment="Weak ending.")
        second = reviewers[1].claim(REVIEW)
        page = reviewers[1].client.get(f"/api/v1/assignments/{second.pk}/")
        assert page.json()["is_scored"] is True
        assert b"Weak ending" not in page.content
        with pytest.raises(NoTaskAvailable):
            reviewers[0].claim(REVIEW)

    def test_its_writer_reads_the_score(
        self, reviewers: tuple[Person, Person], review: Assignment
    ) -> None:
        reviewers[0].review(review, "scored", score=4, comment="Say why.")
        conversation = conversation_of(review)
        browser = APIClient()
        browser.force_login(conversation.author.user)
        page = browser.get(f"/api/v1/conversations/{conversation.pk}/").json()
        said = page["versions"][0]["review"]
        assert (said["verdict"], said["score"], said["comment"]) == ("scored", 4, "Say why.")

    def test_other_demonstrations_get_no_score(
        self, writing: Project, reviewers: tuple[Person, Person]
    ) -> None:
        Project.objects.update(exam_required=False)
        trainer = Person(writing)
        trainer.hand_in_new()
        task = reviewers[0].claim(REVIEW)
        for verdict, score in (("scored", 6), ("approved", 6)):
            refused = reviewers[0].review(task, verdict, score=score)
            assert (refused.status_code, refused.json()["code"]) == (400, "score_not_asked")

    @pytest.mark.parametrize(
        ("verdict", "score"), [("scored", None), ("scored", 0), ("scored", 8), ("approved", 6)]
    )
    def test_the_database_keeps_scores_and_verdicts_together(
        self, review: Assignment, verdict: str, score: int | None
    ) -> None:
        with pytest.raises(DatabaseError, match="score_iff_scored"), transaction.atomic():
            Review.objects.create(
                project=review.project,
                assignment=review,
                conversation=conversation_of(review),
                rater=review.rater,
                verdict=verdict,
                score=score,
                created_at=clock.now(),
            )


class TestTakenOut:
    """What a manager takes out of an exam counts neither way, and keeps nobody waiting."""

    def flag(self, person: Person, assignment: Assignment, manager: Person) -> None:
        flag = flags.raise_flag(assignment=assignment, text="It is broken.")
        settled = manager.post(f"flags/{flag.pk}/settlement/", {"outcome": "withdrawn"})
        assert settled.status_code == 204

    def test_the_last_item_of_an_exam(self, project: Project, manager: Person) -> None:
        make_gold(project, use=GoldItem.Use.EXAM)
        ask(manager, exam_required=True)
        person = newcomer(project)
        begin(person)
        rank_all(person)
        assert exam_of(person)["state"] == "under_way"
        self.flag(person, claim_next(person.member.user, project), manager)
        exam = exam_of(person)
        assert (exam["state"], exam["n_pairs"], exam["n_right"]) == ("passed", 42, 42)
        # It is over: what was left in hand is for nobody.
        assert Task.objects.get(state="withdrawn").settled_at is not None
        assert Ranking.objects.count() == 7

    def test_too_little_is_left_to_tell(self, project: Project, manager: Person) -> None:
        ask(manager, exam_required=True)
        person = newcomer(project)
        begin(person)
        self.flag(person, claim_next(person.member.user, project), manager)
        # Who holds what was taken out may still hand it in; it counts no more for that.
        rank_all(person)
        exam = exam_of(person)
        assert (exam["state"], exam["n_pairs"], exam["n_right"]) == ("unjudged", 36, 36)
        for _ in range(7):
            make_gold(project, use=GoldItem.Use.EXAM)
        assert begin(person).status_code == 201

    def test_a_demonstration(
        self, writing: Project, manager: Person, reviewers: tuple[Person, Person]
    ) -> None:
        person = newcomer(writing)
        begin(person)
        rank_all(person)
        write_one(person)
        score_all(reviewers, 7, 7)
        assert exam_of(person)["state"] == "under_way"
        assignment = person.claim(DEMONSTRATION)
        self.flag(person, assignment, manager)
        assert exam_of(person)["state"] == "unjudged"
        # Handed in all the same, it is put to no reviewer.
        assert person.save(assignment, dialogue(2)).status_code == 200
        assert person.hand_in(assignment).status_code == 200
        assert conversation_of(assignment).state == "taken_out"
        for reviewer in reviewers:
            with pytest.raises(NoTaskAvailable):
                reviewer.claim(REVIEW)

    def test_a_demonstration_that_was_handed_in(
        self, writing: Project, manager: Person, reviewers: tuple[Person, Person]
    ) -> None:
        person = newcomer(writing)
        begin(person)
        rank_all(person)
        write_one(person)
        score_all(reviewers, 7, 7)
        last = write_one(person)
        held = reviewers[0].claim(REVIEW)
        self.flag(person, last.assignment, manager)
        assert exam_of(person)["state"] == "unjudged"
        assert self.listed(person) == {"taken_out", "scored"}
        with pytest.raises(NoTaskAvailable):
            reviewers[1].claim(REVIEW)
        late = reviewers[0].review(held, "scored", score=7)
        assert (late.status_code, late.json()["code"]) == (409, "conversation_settled")

    def listed(self, person: Person) -> set[str]:
        """The states of the person's conversations that are over."""
        path = f"/api/v1/projects/{person.project.slug}/conversations/?group=closed"
        return {row["state"] for row in person.client.get(path).json()["results"]}

    @pytest.mark.parametrize("how", ["flag", "skips"])
    def test_the_scoring_of_a_demonstration(
        self, writing: Project, manager: Person, reviewers: tuple[Person, Person], how: str
    ) -> None:
        person = newcomer(writing)
        begin(person)
        rank_all(person)
        write_one(person)
        score_all(reviewers, 7, 7)
        write_one(person)
        assert exam_of(person)["state"] == "under_way"
        if how == "flag":
            self.flag(reviewers[0], reviewers[0].claim(REVIEW), manager)
        else:
            for reviewer in reviewers:
                leases.skip(
                    assignment=reviewer.claim(REVIEW),
                    reason=Assignment.SkipReason.BROKEN,
                    comment="",
                )
            assert exam_of(person)["state"] == "under_way"
            task = Task.objects.get(kind=REVIEW, state="withdrawn")
            assert manager.post(f"tasks/{task.pk}/drop/", {}).status_code == 204
        assert exam_of(person)["state"] == "unjudged"
        assert self.listed(person) == {"taken_out", "scored"}


def test_an_admin_who_is_no_member_sits_no_exam(writing: Project) -> None:
    """Though they are one elsewhere."""
    browser = APIClient()
    admin = MembershipFactory().user
    admin.is_superuser = True
    admin.save()
    browser.force_login(admin)
    assert browser.get(f"/api/v1/projects/{writing.slug}/home/").json()["exam"] == "not_asked"
    refused = browser.post(f"/api/v1/projects/{writing.slug}/exam/")
    assert (refused.status_code, refused.json()["code"]) == (409, "exam_not_asked")
