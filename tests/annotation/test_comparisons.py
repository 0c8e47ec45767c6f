"""From a finished chat to a comparison that waits for its rankings."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from django.db import connection

from annotation import jobs
from annotation.exceptions import NotFailed
from annotation.models import (
    Candidate,
    CandidateSampling,
    Comparison,
    RoundPolicy,
    Slot,
    Task,
)
from annotation.selectors import comparisons as selectors
from annotation.services import candidates, comparisons, picks
from labelhub.accounts.models import Project
from sampling.models import Context, Generation
from tests.candidates import begin, finish, generations_of
from tests.chats import (
    CandidatePolicyFactory,
    end_generation,
    finished_chat,
)
from tests.processes import DEADLINE_SECONDS
from tests.writing import UNUSUAL_PARAMS

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    """A project whose open round has one candidate policy."""
    return CandidatePolicyFactory().project


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


def test_one_that_cannot_be_asked_for_keeps_no_other_waiting(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        finished_chat(project, f"Reply {number}.")
    begun = picks.pick_comparisons(project=project, n_wanted=3).begun
    spoilt = begun[0].pk
    given = candidates.given_candidates

    def given_but_for_one(comparison: Comparison) -> list[candidates.Given]:
        if comparison.pk == spoilt:
            raise RuntimeError("a fault of ours")
        return given(comparison)

    monkeypatch.setattr(candidates, "given_candidates", given_but_for_one)
    messages: list[tuple[int, ...]] = []
    monkeypatch.setattr(candidates, "ring", lambda job, *ids: messages.append(ids))
    candidates.ring_stalled()
    for ids in messages:
        with suppress(RuntimeError):
            jobs.request_candidates(*ids)
    assert selectors.stalled_comparisons(limit=10) == [spoilt]


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
            barrier.wait(timeout=DEADLINE_SECONDS)
            candidates.candidates_ended(generation_id=generations[index % 2].pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(settle, range(8)))

    comparison.refresh_from_db()
    assert comparison.state == "ready"
    assert Task.objects.filter(comparison=comparison).count() == 1
    assert CandidateSampling.objects.filter(generation__consumed_at=None).count() == 0
