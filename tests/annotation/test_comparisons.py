"""From a finished chat to a comparison that waits for its rankings."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from annotation.exceptions import NoCandidatePolicy, NoOpenRound, NotFailed, NothingToPick
from annotation.models import (
    Candidate,
    CandidateSampling,
    Comparison,
    Conversation,
    Message,
    PickRun,
    RoundPolicy,
    Slot,
    Task,
)
from annotation.selectors import comparisons as selectors
from annotation.services import candidates, comparisons, picks
from labelhub import clock, exceptions
from labelhub.accounts.models import Project
from sampling.models import Context, Generation
from tests.chats import (
    CandidatePolicyFactory,
    GenerationFactory,
    end_generation,
    finished_chat,
)
from tests.factories import PolicyFactory, ProjectFactory, RoundFactory
from tests.writing import UNUSUAL_PARAMS

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    """A project whose open round has one candidate policy."""
    return CandidatePolicyFactory().project


def begin(project: Project) -> Comparison:
    """A comparison picked from a chat of one reply, its candidates asked for."""
    chat = finished_chat(project, "The original.")
    (comparison,) = picks.pick_comparisons(project=project, n_wanted=1, seed=1).begun
    candidates.request_candidates(comparison_id=comparison.pk)
    assert comparison.conversation == chat
    return comparison


def generations_of(comparison: Comparison) -> list[Generation]:
    return list(Generation.objects.filter(candidate_sampling__comparison=comparison).order_by("pk"))


def finish(generation: Generation, *said: str | tuple[str, str], **how: str) -> None:
    end_generation(generation, *said, **how)
    candidates.candidates_ended(generation_id=generation.pk)


# --- What may be picked --------------------------------------------------------------------------


def picked_messages(project: Project) -> set[int]:
    try:
        picked = picks.pick_comparisons(project=project, n_wanted=1000, seed=1)
    except NothingToPick:
        return set()
    return {pick.message_id for pick in picked.picks}


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


# --- The context and who is asked -------------------------------------------------------------------


def test_candidates_are_sampled_from_exactly_the_messages_before_the_pick(
    project: Project,
) -> None:
    finished_chat(project, "One.", "Two.", "Three.")
    (comparison,) = picks.pick_comparisons(project=project, n_wanted=1, seed=4).begun
    candidates.request_candidates(comparison_id=comparison.pk)

    position = comparison.message.position
    kept = comparison.conversation.messages.filter(position__lt=position).order_by("position")
    expected = [{"role": row.role, "content": row.content} for row in kept]
    assert comparison.context.messages == expected
    assert {row.context for row in generations_of(comparison)} == {comparison.context}
    assert Context.objects.filter(messages=expected).count() == 1


def test_shares_follow_the_weights(project: Project) -> None:
    round_ = selectors.open_round(project=project)
    CandidatePolicyFactory(round=round_, weight=2.0)
    Project.objects.update(n_candidates=9, original_takes_part=False)
    comparison = begin(Project.objects.get(pk=project.pk))

    asked = {row.policy.round_policies.get().weight: row for row in generations_of(comparison)}
    assert {weight: row.n_completions for weight, row in asked.items()} == {1.0: 3, 2.0: 6}
    assert {row.purpose for row in asked.values()} == {"candidate"}
    assert {row.requested_by for row in asked.values()} == {None}


def test_candidates_and_their_replacements_are_drawn_as_the_round_says(project: Project) -> None:
    RoundPolicy.objects.update(**UNUSUAL_PARAMS)
    comparison = begin(project)
    (first,) = generations_of(comparison)
    assert first.params == RoundPolicy.objects.get().params
    RoundPolicy.objects.update(temperature=2.0, top_k=0)
    finish(first, "One.", "One.", "Two.")
    _, again = generations_of(comparison)
    assert again.params == first.params


def test_asking_twice_asks_once(project: Project) -> None:
    comparison = begin(project)
    candidates.request_candidates(comparison_id=comparison.pk)
    assert [row.n_completions for row in generations_of(comparison)] == [3]


def test_a_policy_that_refuses_leaves_its_share_to_the_others(project: Project) -> None:
    CandidatePolicyFactory(round=selectors.open_round(project=project), max_tokens=0, weight=2.0)
    comparison = begin(project)
    assert [(row.n_completions, row.max_tokens) for row in generations_of(comparison)] == [(3, 100)]


def test_when_every_policy_refuses_it_fails_with_their_reason(project: Project) -> None:
    RoundPolicy.objects.update(max_tokens=0)
    comparison = begin(project)
    comparison.refresh_from_db()
    assert (comparison.state, comparison.error_code) == ("failed", "unusable_params")
    assert "max_tokens" in comparison.error_detail
    assert generations_of(comparison) == []


def test_without_any_policy_left_it_fails_and_says_why(project: Project) -> None:
    finished_chat(project, "The original.")
    (comparison,) = picks.pick_comparisons(project=project, n_wanted=1).begun
    selectors.candidate_policies(round_=comparison.round)[0].delete()
    candidates.request_candidates(comparison_id=comparison.pk)

    comparison.refresh_from_db()
    assert (comparison.state, comparison.error_code) == ("failed", "no_candidate_policy")


# --- Settling --------------------------------------------------------------------------------------


def test_it_is_ready_once_all_its_generations_have_ended(project: Project) -> None:
    CandidatePolicyFactory(round=selectors.open_round(project=project), weight=2.0)
    comparison = begin(project)
    first, second = generations_of(comparison)

    finish(first, *(f"A{n}" for n in range(first.n_completions)))
    comparison.refresh_from_db()
    assert comparison.state == "sampling"

    finish(second, *(f"B{n}" for n in range(second.n_completions)))
    comparison.refresh_from_db()
    assert comparison.state == "ready"
    origins = Counter(comparison.candidates.values_list("origin", flat=True))
    assert origins == {"original": 1, "fresh": 3}
    original = comparison.candidates.get(origin="original")
    assert original.content == "The original."
    assert original.completion == comparison.message.completion
    assert sorted(comparison.candidates.values_list("index", flat=True)) == [0, 1, 2, 3]


def test_the_task_bars_who_wrote_or_reviewed_the_conversation(project: Project) -> None:
    comparison = begin(project)
    finish(generations_of(comparison)[0], "A", "B", "C")

    task = Task.objects.get(comparison=comparison)
    assert task.barred_raters == [comparison.conversation.author_id]
    assert (task.kind, task.purpose, task.pool.language) == ("ranking", "train", "en")
    assert Slot.objects.filter(task=task, state="open").count() == 1


def test_small_teams_may_rank_their_own(project: Project) -> None:
    Project.objects.update(allow_own_conversations=True, rankings_per_comparison=3)
    comparison = begin(Project.objects.get(pk=project.pk))
    finish(generations_of(comparison)[0], "A", "B", "C")

    task = Task.objects.get(comparison=comparison)
    assert task.barred_raters == []
    assert task.slots.count() == 3


def test_the_index_does_not_give_the_original_away(project: Project) -> None:
    """Over 80 comparisons every index holds the original about as often as the others."""
    where = Counter()
    for number in range(80):
        finished_chat(project, f"Original {number}.")
    for comparison in picks.pick_comparisons(project=project, n_wanted=80, seed=2).begun:
        candidates.request_candidates(comparison_id=comparison.pk)
        finish(generations_of(comparison)[0], "A", "B", "C")
        where[comparison.candidates.get(origin="original").index] += 1

    # 20 expected each, standard deviation 3.9.
    assert all(4 < where[index] < 36 for index in range(4))


def test_identical_and_empty_candidates_are_sampled_again(project: Project) -> None:
    comparison = begin(project)
    finish(generations_of(comparison)[0], "A", "the  ORIGINAL.", "  ")

    comparison.refresh_from_db()
    assert (comparison.state, comparison.n_resamples) == ("sampling", 1)
    again = generations_of(comparison)[1]
    assert (again.n_completions, again.max_tokens) == (2, 100)
    finish(again, "B", "C")
    assert set(comparison.candidates.values_list("content", flat=True)) == {
        "The original.",
        "A",
        "B",
        "C",
    }


def test_resampling_is_bounded_and_it_goes_on_with_fewer(project: Project) -> None:
    comparison = begin(project)
    for turn in range(3):
        generation = generations_of(comparison)[turn]
        finish(generation, *["Same."] * generation.n_completions)

    comparison.refresh_from_db()
    assert (comparison.state, comparison.n_resamples) == ("ready", 2)
    assert comparison.candidates.count() == 2


def test_fewer_than_two_fails_and_can_be_tried_again(project: Project) -> None:
    comparison = begin(project)
    for turn in range(3):
        generation = generations_of(comparison)[turn]
        finish(generation, *["The original."] * generation.n_completions)
    comparison.refresh_from_db()
    assert (comparison.state, comparison.error_code) == ("failed", "too_few_candidates")
    assert not Task.objects.filter(comparison=comparison).exists()

    comparisons.retry_comparison(comparison=comparison)
    assert selectors.stalled_comparisons(limit=10) == [comparison.pk]
    candidates.request_candidates(comparison_id=comparison.pk)
    assert selectors.stalled_comparisons(limit=10) == []
    (generation,) = generations_of(comparison)
    finish(generation, "A", "B", "C")
    comparison.refresh_from_db()
    assert (comparison.state, comparison.candidates.count()) == ("ready", 4)
    with pytest.raises(NotFailed):
        comparisons.retry_comparison(comparison=comparison)


def test_a_failed_generation_is_the_reason_shown(project: Project) -> None:
    comparison = begin(project)
    finish(generations_of(comparison)[0], state=Generation.State.FAILED)

    comparison.refresh_from_db()
    assert (comparison.state, comparison.error_code, comparison.error_detail) == (
        "failed",
        "engine_failed",
        "The engine fell over.",
    )


def test_a_cut_candidate_is_sampled_once_more_with_twice_the_budget_then_marked(
    project: Project,
) -> None:
    comparison = begin(project)
    finish(generations_of(comparison)[0], "A", "B", ("C and", "length"))
    longer = generations_of(comparison)[1]
    assert (longer.n_completions, longer.max_tokens) == (1, 200)
    finish(longer, ("C and then", "length"))

    cut = comparison.candidates.get(cut_by_length=True)
    assert cut.content == "C and then"
    assert comparison.candidates.count() == 4


def test_near_identical_candidates_are_flagged_and_kept(project: Project) -> None:
    comparison = begin(project)
    words = [f"word{n}" for n in range(60)]
    finish(generations_of(comparison)[0], " ".join(words), " ".join([*words[:-1], "end"]), "Short.")

    near = comparison.candidates.filter(near_identical=True)
    assert comparison.candidates.count() == 4
    assert near.count() == 1
    assert near.get().content.startswith("word0")


def test_ended_twice_changes_nothing(project: Project) -> None:
    comparison = begin(project)
    (generation,) = generations_of(comparison)
    finish(generation, "A", "B", "C")
    candidates.candidates_ended(generation_id=generation.pk)

    assert Task.objects.filter(comparison=comparison).count() == 1
    assert Candidate.objects.filter(comparison=comparison).count() == 4


@pytest.mark.django_db(transaction=True)
def test_two_jobs_at_once_make_it_ready_once() -> None:
    project = CandidatePolicyFactory().project
    CandidatePolicyFactory(round=selectors.open_round(project=project), weight=2.0)
    comparison = begin(project)
    generations = generations_of(comparison)
    for generation in generations:
        end_generation(generation, *(f"{generation.pk}-{n}" for n in range(9)))
    barrier = threading.Barrier(8)

    def settle(index: int) -> None:
        try:
            barrier.wait(timeout=30)
            candidates.candidates_ended(generation_id=generations[index % 2].pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(settle, range(8)))

    comparison.refresh_from_db()
    assert comparison.state == "ready"
    assert Task.objects.filter(comparison=comparison).count() == 1
    assert CandidateSampling.objects.filter(generation__consumed_at=None).count() == 0
