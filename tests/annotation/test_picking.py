"""What may be compared, and drawing it so that the same draw can be repeated."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotation.exceptions import NoCandidatePolicy, NoOpenRound, NothingToPick
from annotation.models import Comparison, Conversation, Message, PickRun, Prompt
from annotation.selectors import comparisons as selectors
from annotation.services import picks
from labelhub import clock, exceptions
from labelhub.accounts.models import Project
from tests.chats import CandidatePolicyFactory, GenerationFactory, end_generation, finished_chat
from tests.factories import PolicyFactory, ProjectFactory, PromptFactory, RoundFactory
from tests.importing import dialogue, said, take_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    """A project whose open round has one candidate policy."""
    return CandidatePolicyFactory().project


# --- What may be picked --------------------------------------------------------------------------


def picked_messages(project: Project) -> set[int]:
    try:
        picked = picks.pick_comparisons(project=project, n_wanted=1000, seed=1)
    except NothingToPick:
        return set()
    return {pick.item_id for pick in picked.picks}


def test_a_reply_of_a_finished_chat_may_be_picked(project: Project) -> None:
    chat = finished_chat(project, "A reply.")
    assert picked_messages(project) == {chat.messages.get(role="assistant").pk}


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("writing", "chat"),
        ("abandoned", "chat"),
        ("approved", "demonstration"),
        ("submitted", "demonstration"),
    ],
)
def test_only_finished_chats_are_picked_from(project: Project, state: str, kind: str) -> None:
    ended = None if state in {"writing", "abandoned"} else clock.now()
    finished_chat(project, "A reply.", state=Conversation.State.WRITING, finished_at=None)
    Conversation.objects.update(state=state, kind=kind, finished_at=ended)
    assert picked_messages(project) == set()


def test_an_edited_reply_is_not_picked(project: Project) -> None:
    chat = finished_chat(project, "A reply.")
    reply = chat.messages.get(role="assistant")
    Message.objects.filter(pk=reply.pk).update(is_live=False)
    Message.objects.create(
        project=project,
        conversation=chat,
        parent=reply.parent,
        position=reply.position,
        sibling=1,
        role="assistant",
        origin=Message.Origin.MODEL,
        content="A reply, edited.",
        completion=reply.completion,
        created_at=clock.now(),
    )
    assert picked_messages(project) == set()


def test_a_regenerated_reply_off_the_kept_path_is_not_picked(project: Project) -> None:
    chat = finished_chat(project, "A reply.")
    Message.objects.filter(conversation=chat, role="assistant").update(is_live=False)
    assert picked_messages(project) == set()


@pytest.mark.parametrize("reason", ["length", "cancelled", "error", "stop_string"])
def test_a_reply_that_did_not_end_by_itself_is_not_picked(project: Project, reason: str) -> None:
    chat = finished_chat(project, "First.")
    (cut,) = end_generation(GenerationFactory(project=project), ("Second", reason))
    last = chat.messages.get(position=1)
    question = Message.objects.create(
        project=project,
        conversation=chat,
        parent=last,
        position=2,
        role="user",
        origin="human",
        content="And?",
        created_at=clock.now(),
    )
    Message.objects.create(
        project=project,
        conversation=chat,
        parent=question,
        position=3,
        role="assistant",
        origin="model",
        content=cut.text,
        completion=cut,
        created_at=clock.now(),
    )
    assert picked_messages(project) == {last.pk}


def test_a_source_that_forbids_comparisons_is_not_picked_from(project: Project) -> None:
    finished_chat(project, "A reply.", allowed_use=["sft"])
    assert picked_messages(project) == set()


def test_another_projects_chats_are_not_picked(project: Project) -> None:
    finished_chat(ProjectFactory(), "A reply.")
    assert picked_messages(project) == set()


def test_a_conversation_is_compared_once_a_round(project: Project) -> None:
    finished_chat(project, "One.", "Two.")
    assert len(picked_messages(project)) == 1
    assert picked_messages(project) == set()

    round_ = selectors.open_round(project=project)
    policy = round_.policies.get().policy
    round_.closed_at = clock.now()
    round_.save()
    CandidatePolicyFactory(round=RoundFactory(project=project, number=2), policy=policy)
    assert len(picked_messages(project)) == 1


def test_picking_needs_a_round_and_a_policy() -> None:
    project = ProjectFactory()
    with pytest.raises(NoOpenRound):
        picks.pick_comparisons(project=project, n_wanted=1)
    round_ = RoundFactory(project=project)
    with pytest.raises(NoCandidatePolicy):
        picks.pick_comparisons(project=project, n_wanted=1)
    CandidatePolicyFactory(round=round_, use="chat")
    CandidatePolicyFactory(round=round_, policy=PolicyFactory(retired_at=clock.now()))
    with pytest.raises(NoCandidatePolicy):
        picks.pick_comparisons(project=project, n_wanted=1)


def test_a_pick_cannot_look_ahead(project: Project) -> None:
    with pytest.raises(exceptions.InvalidInput):
        picks.pick_comparisons(
            project=project, n_wanted=1, as_of=clock.now() + timedelta(minutes=1)
        )


# --- Replay ---------------------------------------------------------------------------------------


def test_the_same_seed_and_moment_pick_the_same_on_a_grown_table(project: Project) -> None:
    for number in range(40):
        finished_chat(project, *(f"Reply {number}.{turn}" for turn in range(1 + number % 4)))
    as_of = clock.now()
    first = picks.pick_comparisons(project=project, n_wanted=10, seed=77, as_of=as_of)
    for number in range(60):
        finished_chat(project, f"Later reply {number}.")
    picks.pick_comparisons(project=project, n_wanted=25, seed=5)

    again = picks.pick_comparisons(project=project, n_wanted=10, seed=77, as_of=as_of)

    assert again.picks == first.picks
    assert again.run.population == first.run.population == 40
    assert len(first.begun) == 10
    assert again.begun == []


def test_a_run_stores_how_it_drew(project: Project) -> None:
    for number in range(4):
        finished_chat(project, f"Reply {number}.", f"Another {number}.")
    picked = picks.pick_comparisons(project=project, n_wanted=2, seed=9)

    run = PickRun.objects.get()
    assert (run.rule, run.seed, run.population, run.n_wanted) == (
        "conversation-uniform",
        9,
        4,
        2,
    )
    assert [row.pick_probability for row in picked.begun] == [0.25, 0.25]


def test_picking_takes_as_many_statements_for_many_as_for_few(project: Project) -> None:
    def statements(n: int) -> int:
        for number in range(n):
            finished_chat(project, f"Reply {number}.", f"Another {number}.")
        with CaptureQueriesContext(
            connection,
        ) as queries:
            picks.pick_comparisons(project=project, n_wanted=n, seed=3)
        return len(queries)

    assert statements(2) == statements(30)


@pytest.mark.parametrize(
    ("asked", "stored"),
    [
        ("overall", ("overall", "", "more")),
        ("least:harmlessness", ("harmlessness", "", "less")),
        ("Which is kinder?", ("custom", "Which is kinder?", "more")),
        ("least:Which is ruder?", ("custom", "Which is ruder?", "less")),
    ],
)
def test_a_project_asks_its_own_question(
    project: Project, asked: str, stored: tuple[str, str, str]
) -> None:
    Project.objects.filter(pk=project.pk).update(criterion=asked)
    project.refresh_from_db()
    finished_chat(project, "A reply.")
    (comparison,) = picks.pick_comparisons(project=project, n_wanted=1, seed=1).begun
    comparison.refresh_from_db()
    assert (comparison.criterion, comparison.criterion_text, comparison.direction) == stored


# --- Without a chat ---------------------------------------------------------------------------------


def test_replies_of_imported_conversations_are_compared(project: Project) -> None:
    take_in(
        project,
        dialogue("Hello?", "Hi.", "How are you?", "Well."),
        {"messages": [said("user", "And?"), said("assistant", "So.")], "category": "chat"},
    )
    picked = picks.pick_comparisons(
        project=project, n_wanted=5, seed=3, source=PickRun.Source.IMPORTED
    )

    assert picked.run.population == 2
    assert {row.conversation.kind for row in picked.begun} == {"imported"}
    for row in picked.begun:
        position = row.message.position
        assert row.message.role == "assistant"
        assert len(row.context.messages) == position
    assert "chat" in {row.category for row in picked.begun}


def test_imported_conversations_that_wait_for_review_are_not_picked(project: Project) -> None:
    take_in(project, dialogue("Hello?", "Hi."), as_drafts=True)
    with pytest.raises(NothingToPick, match="imported"):
        picks.pick_comparisons(project=project, n_wanted=5, source=PickRun.Source.IMPORTED)


def test_prompts_are_compared_once_a_round_and_briefs_never(project: Project) -> None:
    take_in(
        project, {"prompt": [said("user", "One?"), said("assistant", "1"), said("user", "Two?")]}
    )
    PromptFactory(project=project, kind=Prompt.Kind.BRIEF)
    PromptFactory(project=project, kind=Prompt.Kind.PROMPT, allowed_use=["sft"])
    prompt = Prompt.objects.get(kind="prompt", allowed_use__contains=["comparison"])

    def begun() -> list[Comparison]:
        return picks.pick_comparisons(
            project=project, n_wanted=5, seed=1, source=PickRun.Source.PROMPTS
        ).begun

    (comparison,) = begun()
    assert (comparison.prompt, comparison.conversation, comparison.message) == (prompt, None, None)
    assert comparison.origin_key == prompt.origin_key
    assert [turn["content"] for turn in comparison.context.messages] == ["One?", "1", "Two?"]
    with pytest.raises(NothingToPick, match="prompt"):
        begun()


def test_prompts_that_were_set_aside_are_not_picked(project: Project) -> None:
    PromptFactory(project=project, kind=Prompt.Kind.PROMPT, set_aside_at=clock.now())
    with pytest.raises(NothingToPick, match="prompt"):
        picks.pick_comparisons(project=project, n_wanted=5, source=PickRun.Source.PROMPTS)


def test_nobody_waits_for_a_pick_but_another_pick(project: Project) -> None:
    finished_chat(project, "A reply.")
    with CaptureQueriesContext(connection) as captured:
        picks.pick_comparisons(project=project, n_wanted=1)
    locking = [query["sql"] for query in captured if 'FROM "annotation_round"' in query["sql"]]
    assert locking[0].endswith("FOR NO KEY UPDATE")


@pytest.mark.parametrize("source", PickRun.Source)
@pytest.mark.parametrize("rule", PickRun.Rule)
def test_every_draw_replays_on_a_grown_table(project: Project, source: str, rule: str) -> None:
    def grow(name: str, n: int) -> None:
        for number in range(n):
            category = "abc"[number % 3]
            finished_chat(project, *["Reply."] * (1 + number % 3), category=category)
        take_in(
            project,
            *(
                dialogue(*[f"{name} {k}"] * (2 + 2 * (k % 3))) | {"category": "abc"[k % 3]}
                for k in range(n)
            ),
        )
        take_in(
            project,
            *({"prompt": f"{name} {k}?", "category": "abc"[k % 3]} for k in range(n)),
            file_format="prompt-only",
        )

    def draw() -> picks.Picked:
        return picks.pick_comparisons(
            project=project, n_wanted=4, seed=11, as_of=as_of,
            source=PickRun.Source(source), rule=PickRun.Rule(rule),
        )  # fmt: skip

    grow("first", 8)
    as_of = clock.now()
    first = draw()
    grow("later", 7)
    assert len(first.picks) == 4
    assert draw().picks == first.picks


# --- As chats finish --------------------------------------------------------------------------------


def test_every_chat_is_compared_as_it_finishes_where_the_project_wants_it(
    project: Project,
) -> None:
    finished_chat(project, "One.", "Two.")
    assert picks.pick_finished(project_id=project.pk) == 0

    Project.objects.filter(pk=project.pk).update(sampling_trigger="as_chats_finish")
    assert picks.pick_finished(project_id=project.pk) == 1
    assert picks.pick_finished(project_id=project.pk) == 0
    run = PickRun.objects.get()
    assert (run.population, Comparison.objects.get().pick_probability) == (1, 0.5)


def test_the_sweep_finds_finished_chats_whose_message_was_lost(
    project: Project, django_capture_on_commit_callbacks: Any
) -> None:
    def rings() -> int:
        with django_capture_on_commit_callbacks() as callbacks:
            picks.ring_finished()
        return len(callbacks)

    Project.objects.filter(pk=project.pk).update(sampling_trigger="as_chats_finish")
    finished_chat(project, "Fresh.")
    assert rings() == 0
    finished_chat(project, "Lost.", finished_at=clock.now() - timedelta(minutes=5))
    assert rings() == 1
    assert picks.pick_finished(project_id=project.pk) == 2
    assert rings() == 0


def test_the_sweep_rings_for_nothing_that_could_not_be_compared(
    project: Project, django_capture_on_commit_callbacks: Any
) -> None:
    def rings() -> int:
        with django_capture_on_commit_callbacks() as callbacks:
            picks.ring_finished()
        return len(callbacks)

    Project.objects.filter(pk=project.pk).update(sampling_trigger="as_chats_finish")
    long_ago = clock.now() - timedelta(minutes=5)
    finished_chat(project, "For training only.", finished_at=long_ago, allowed_use=["sft"])
    dropped = finished_chat(project, "Not on the path that was kept.", finished_at=long_ago)
    dropped.messages.update(is_live=False)
    assert rings() == 0

    finished_chat(project, "One to compare.", finished_at=long_ago)
    assert rings() == 1
    project.round_policies.all().delete()
    assert rings() == 0


def test_nothing_is_begun_in_an_archived_project(
    project: Project, django_capture_on_commit_callbacks: Any
) -> None:
    finished_chat(project, "Late.", finished_at=clock.now() - timedelta(minutes=5))
    Project.objects.filter(pk=project.pk).update(
        sampling_trigger="as_chats_finish", archived_at=clock.now()
    )
    with django_capture_on_commit_callbacks() as callbacks:
        picks.ring_finished()
    assert not callbacks
    assert picks.pick_finished(project_id=project.pk) == 0
