"""What the database itself guarantees (docs/ARCHITECTURE.md): services may err, rows may not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from annotation.models import (
    Assignment,
    Candidate,
    Comparison,
    Conversation,
    Feedback,
    Message,
    PickRun,
    Placement,
    Ranking,
    TaskKind,
)
from annotation.models.conversations import SETTLED_STATES
from annotation.services import picks
from labelhub import clock
from tests.chats import CandidatePolicyFactory, GenerationFactory, end_generation, finished_chat
from tests.factories import (
    ComparisonFactory,
    ContextFactory,
    GuidelineFactory,
    ImportRunFactory,
    MembershipFactory,
    ProjectFactory,
    PromptFactory,
    RatingSchemaFactory,
    ready_comparison,
)
from tests.importing import ranking, take_in
from tests.judging import judged

pytestmark = pytest.mark.django_db


def refused(words: str) -> Any:
    return pytest.raises(DatabaseError, match=words)


def change(row: Any, **fields: Any) -> None:
    with transaction.atomic():
        type(row).objects.filter(pk=row.pk).update(**fields)


def a_ranking() -> Ranking:
    project = ProjectFactory()
    take_in(project, ranking("A", "B"))
    return Ranking.objects.get(project=project)


def a_feedback() -> Feedback:
    chat = finished_chat(ProjectFactory(), "Reply.")
    return Feedback.objects.create(
        project=chat.project,
        message=Message.objects.get(conversation=chat, role="assistant"),
        thumb="up",
        created_at=clock.now(),
    )


@pytest.mark.parametrize(
    ("make", "fields"),
    [
        (a_ranking, {"comment": "changed"}),
        (lambda: Placement.objects.filter(ranking=a_ranking()).first(), {"tier": 2}),
        (a_feedback, {"thumb": "down"}),
        (ContextFactory, {"messages": []}),
        (lambda: end_generation(GenerationFactory(project=ProjectFactory()), "Said.")[0], {"text": "?"}),
        (lambda: Candidate.objects.filter(comparison=ready_comparison(ProjectFactory())).first(), {"content": "?"}),
        (RatingSchemaFactory, {"scale_max": 9}),
    ],
    ids=["ranking", "placement", "feedback", "context", "completion", "candidate", "rating_schema"],
)  # fmt: skip
def test_what_was_said_and_judged_can_be_neither_changed_nor_deleted(
    make: Callable[[], Any], fields: dict[str, Any]
) -> None:
    row = make()
    with refused("append-only|Cannot update or delete"):
        change(row, **fields)
    with refused("Cannot (update or )?delete"), transaction.atomic():
        type(row).objects.filter(pk=row.pk)._raw_delete(using="default")


def test_a_turns_words_are_its_own_for_good() -> None:
    message = Message.objects.filter(conversation=finished_chat(ProjectFactory(), "Reply.")).first()
    assert message is not None
    with refused("messages are immutable"):
        change(message, content="Something else.")
    change(message, is_live=False)


@pytest.mark.parametrize("state", SETTLED_STATES)
def test_a_settled_conversation_gains_and_changes_nothing(state: str) -> None:
    conversation = finished_chat(ProjectFactory(), "Reply.")
    change(conversation, kind="demonstration", state=state)
    last = Message.objects.filter(conversation=conversation).latest("position")
    with refused("settled"):
        change(last, is_live=False)
    with refused("settled"), transaction.atomic():
        Message.objects.create(
            project=conversation.project,
            conversation=conversation,
            parent=last,
            position=last.position + 1,
            role="user",
            origin="human",
            content="One more thing.",
            created_at=clock.now(),
        )


def test_one_settled_conversation_among_many_stops_the_whole_statement() -> None:
    project = ProjectFactory()
    chats = [finished_chat(project, "Reply.") for _ in range(3)]
    change(chats[1], kind="demonstration", state="approved")
    n_before = Message.objects.count()
    with refused("settled"), transaction.atomic():
        Message.objects.bulk_create(
            Message(
                project=project,
                conversation=chat,
                parent=Message.objects.filter(conversation=chat).latest("position"),
                position=2,
                role="user",
                origin="human",
                content="More.",
                created_at=clock.now(),
            )
            for chat in chats
        )
    assert Message.objects.count() == n_before


def test_a_ready_comparison_gains_no_candidate() -> None:
    comparison = ComparisonFactory(import_run=None, state=Comparison.State.SAMPLING, ready_at=None)

    def add(index: int) -> None:
        with transaction.atomic():
            Candidate.objects.create(
                project=comparison.project,
                comparison=comparison,
                index=index,
                origin="reference",
                content="A reply.",
            )

    add(0)
    change(comparison, state=Comparison.State.READY, ready_at=clock.now())
    with refused("frozen"):
        add(1)


def test_a_prompt_is_compared_once_a_round() -> None:
    project = CandidatePolicyFactory().project
    prompt = PromptFactory(project=project, kind="prompt")
    (first,) = picks.pick_comparisons(
        project=project, n_wanted=1, source=PickRun.Source.PROMPTS
    ).begun
    assert first.prompt == prompt
    first.pk = None
    with refused("one_prompt_per_round"), transaction.atomic():
        first.save(force_insert=True)


def test_an_imported_conversation_is_approved_before_its_turns_are_there() -> None:
    run = ImportRunFactory()
    conversation = Conversation.objects.create(
        project=run.project,
        kind="imported",
        state="approved",
        import_run=run,
        content_sha256="0" * 64,
        origin_key="x",
        created_at=clock.now(),
        finished_at=clock.now(),
    )
    Message.objects.create(
        project=run.project,
        conversation=conversation,
        position=0,
        role="user",
        origin="imported",
        content="Hi?",
        created_at=clock.now(),
    )


def test_a_published_guideline_does_not_change() -> None:
    guideline = GuidelineFactory()
    with refused("Cannot update or delete"):
        change(guideline, markdown="Something else.")


def test_a_person_has_one_answer_a_task() -> None:
    member = MembershipFactory()
    RatingSchemaFactory(project=member.project)
    GuidelineFactory(project=member.project, kind=TaskKind.RANKING)
    answered = judged(member.project, member, [["A"], ["B", "C"], ["D"]])
    again = Assignment.objects.get(pk=answered.assignment_id)
    again.pk = None
    again.submission_key = None
    with refused("annotation_assignment"), transaction.atomic():
        again.save(force_insert=True)
