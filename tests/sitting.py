"""People who sit an entry exam with its writing half, and those who ask for it and score it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from annotation.models import Conversation, GoldItem
from labelhub.accounts.models import Membership, Project
from tests.factories import PromptFactory, RatingSchemaFactory
from tests.known_items import GOOD, make_gold
from tests.ranking import rank_next
from tests.writing import (
    DEMONSTRATION,
    REVIEW,
    Body,
    Person,
    conversation_of,
    dialogue,
    serving_project,
)


def examined_project() -> Project:
    """A project with what an exam needs: seven items of six pairs, and two sensitive prompts."""
    project = serving_project(gold_share=0, retest_share=0)
    RatingSchemaFactory(project=project)
    for _ in range(7):
        make_gold(project, use=GoldItem.Use.EXAM)
    for _ in range(2):
        PromptFactory(project=project, sensitivity=["violence"])
    PromptFactory(project=project)
    return project


def ask(manager: Person, **settings: bool) -> Any:
    path = f"projects/{manager.project.slug}/comparison-settings/"
    return manager.patch(path, settings)


def newcomer(project: Project, role: str = Membership.Role.TRAINER) -> Person:
    """Somebody who came after the exam was asked for, and does sensitive work."""
    person = Person(project, role)
    person.member.sensitivity_opt_ins = ["violence"]
    person.member.save()
    return person


def begin(person: Person) -> Any:
    return person.post(f"projects/{person.project.slug}/exam/", {})


def exam_of(person: Person) -> Body:
    path = f"/api/v1/projects/{person.project.slug}/figures/mine/"
    exam: Body = person.client.get(path).json()["exam"]
    return exam


def home_of(person: Person) -> Body:
    home: Body = person.client.get(f"/api/v1/projects/{person.project.slug}/home/").json()
    return home


def rank_all(person: Person) -> None:
    for _ in range(7):
        rank_next(person.member.user, person.project, GOOD)


def write_one(person: Person) -> Conversation:
    assignment = person.claim(DEMONSTRATION)
    assert person.save(assignment, dialogue(2)).status_code == 200
    assert person.hand_in(assignment).status_code == 200
    return conversation_of(assignment)


def score_all(reviewers: Sequence[Person], *scores: int) -> None:
    """The reviewers score one after the other, each their share of `scores`."""
    share = len(scores) // len(reviewers)
    for index, score in enumerate(scores):
        reviewer = reviewers[index // share]
        answer = reviewer.review(reviewer.claim(REVIEW), "scored", score=score)
        assert answer.status_code == 201, answer.json()
