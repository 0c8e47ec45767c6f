"""Who takes part in a comparison, by the project's settings; calling its sampling off, trying it again."""

import random

import pytest

from annotation.exceptions import NotFailed, NothingToCancel
from annotation.model_names import MASK
from annotation.models import (
    Assignment,
    Comparison,
    Conversation,
    Feedback,
    Message,
    PickRun,
    Review,
    Task,
    TaskKind,
)
from annotation.selectors import making
from annotation.services import cancelling, candidates, claim, comparisons, picks, tasks
from labelhub import clock
from labelhub.accounts.models import Membership, Project, Rater
from sampling.models import Generation, Policy
from tests.candidates import begin, finish, generations_of
from tests.chats import CandidatePolicyFactory, finished_chat
from tests.factories import MembershipFactory, PromptFactory, RaterFactory, UserFactory
from tests.importing import dialogue, take_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    """A project whose open round has one candidate policy, named llama-9."""
    project = CandidatePolicyFactory().project
    Policy.objects.update(name="llama-9")
    return project


def setting(project: Project, **fields: object) -> Project:
    Project.objects.filter(pk=project.pk).update(**fields)
    return Project.objects.get(pk=project.pk)


def reviewed(conversation: Conversation) -> Rater:
    """Whoever reviewed it, through the queue."""
    project = conversation.project
    member = MembershipFactory(project=project, role=Membership.Role.REVIEWER)
    new = tasks.NewTask(project=project, kind=TaskKind.REVIEW, subject=conversation)
    tasks.add_tasks(tasks=[new])
    Review.objects.create(
        project=project, conversation=conversation, rater=member.user.rater, verdict="approved",
        assignment_id=claim.claim(user=member.user, slug=project.slug, kind=TaskKind.REVIEW),
        created_at=clock.now(),
    )  # fmt: skip
    return member.user.rater


def contents(comparison: Comparison) -> list[str]:
    return sorted(comparison.candidates.values_list("content", flat=True))


# --- Replies that name a model ----------------------------------------------------------------------


def test_a_name_is_masked_and_the_candidate_flagged(project: Project) -> None:
    comparison = begin(project)
    finish(generations_of(comparison)[0], "A", "I am llama-9.", "C")

    assert contents(comparison) == sorted(["A", f"I am {MASK}.", "C", "The original."])
    named = comparison.candidates.get(names_model=True)
    assert named.completion.text == "I am llama-9."


def test_a_name_is_sampled_again_where_the_project_wants_it_and_masked_at_last(
    project: Project,
) -> None:
    comparison = begin(setting(project, self_naming="resample"))
    finish(generations_of(comparison)[0], "A", "I am llama-9.", "C")
    comparison.refresh_from_db()
    assert (comparison.state, comparison.n_resamples) == ("sampling", 1)

    finish(generations_of(comparison)[1], "It is llama-9.")
    finish(generations_of(comparison)[2], "Ask llama-9.")
    comparison.refresh_from_db()
    assert comparison.state == "ready"
    assert contents(comparison) == sorted(["A", f"I am {MASK}.", "C", "The original."])


@pytest.mark.parametrize("seed", [1, 2])
def test_no_id_tells_the_place_of_the_original(
    project: Project, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """The places are drawn by chance alone, here a chance that the test can repeat."""
    chance, again = random.Random(seed), random.Random(seed)  # noqa: S311 - to be repeated
    monkeypatch.setattr(candidates, "_CHANCE", chance)
    comparison = begin(project)
    finish(generations_of(comparison)[0], "A", "B", "C")
    order = again.sample(range(4), k=4)
    said = [["The original.", "A", "B", "C"][place] for place in order]
    assert list(comparison.candidates.order_by("index").values_list("content", flat=True)) == said


def test_the_original_is_masked_too(project: Project) -> None:
    finished_chat(project, "As llama-9 I cannot.")
    (comparison,) = picks.pick_comparisons(project=project, n_wanted=1).begun
    candidates.request_candidates(comparison_id=comparison.pk)
    finish(generations_of(comparison)[0], "A", "B", "C")
    assert comparison.candidates.get(origin="original").content == f"As {MASK} I cannot."


# --- Who takes part -----------------------------------------------------------------------------------


def test_a_rewrite_of_the_picked_message_takes_a_place_and_its_author_may_not_rank(
    project: Project,
) -> None:
    chat = finished_chat(project, "The original.")
    writer = RaterFactory()
    Feedback.objects.create(
        project=project, message=chat.messages.get(role="assistant"), rater=writer,
        thumb="down", rewrite="A person's own words.", created_at=clock.now(),
    )  # fmt: skip
    (comparison,) = picks.pick_comparisons(
        project=setting(project, reference_takes_part=True), n_wanted=1
    ).begun
    candidates.request_candidates(comparison_id=comparison.pk)
    (generation,) = generations_of(comparison)
    assert generation.n_completions == 2
    finish(generation, "A", "B")

    reference = comparison.candidates.get(origin="reference")
    assert (reference.content, reference.completion) == ("A person's own words.", None)
    barred = Task.objects.get(comparison=comparison).barred_raters
    assert set(barred) == {chat.author_id, writer.pk}


def test_an_approved_demonstration_of_the_same_context_is_a_reference(project: Project) -> None:
    prompt = PromptFactory(project=project, kind="prompt", text="Which way?")
    author = RaterFactory()

    def demonstrate(question: str, answer: str, state: str) -> Conversation:
        now = clock.now()
        made = Conversation.objects.create(
            project=project, kind="demonstration", state="writing", author=author,
            origin_key=prompt.origin_key, created_at=now,
        )  # fmt: skip
        asked = Message.objects.create(
            project=project, conversation=made, position=0, role="user", content=question,
            origin="human", created_at=now,
        )  # fmt: skip
        Message.objects.create(
            project=project, conversation=made, parent=asked, position=1, role="assistant",
            content=answer, origin="human", created_at=now,
        )  # fmt: skip
        Conversation.objects.filter(pk=made.pk).update(state=state, finished_at=now)
        return made

    reviewer = reviewed(demonstrate("Which way?", "That way.", "approved"))
    demonstrate("Which way?", "Not looked at yet.", "submitted")
    demonstrate("Another question", "Another answer.", "approved")
    (comparison,) = picks.pick_comparisons(
        project=setting(project, reference_takes_part=True),
        n_wanted=1,
        source=PickRun.Source.PROMPTS,
    ).begun
    candidates.request_candidates(comparison_id=comparison.pk)
    finish(generations_of(comparison)[0], "A", "B", "C")

    assert contents(comparison) == ["A", "B", "C", "That way."]
    assert Task.objects.get(comparison=comparison).barred_raters == sorted([author.pk, reviewer.pk])


def test_where_a_team_may_rank_its_own_what_one_reviewed_is_marked(project: Project) -> None:
    take_in(setting(project, allow_own_conversations=True), dialogue("Hello?", "Hi there."))
    rater = reviewed(Conversation.objects.get(kind="imported"))
    (comparison,) = picks.pick_comparisons(
        project=Project.objects.get(pk=project.pk), n_wanted=1, source=PickRun.Source.IMPORTED
    ).begun
    candidates.request_candidates(comparison_id=comparison.pk)
    finish(generations_of(comparison)[0], "A", "B", "C")
    held = claim.claim(user=rater.user, slug=project.slug, kind=TaskKind.RANKING)
    assert Assignment.objects.get(pk=held).own_conversation


def test_without_a_reference_its_place_is_sampled(project: Project) -> None:
    comparison = begin(setting(project, reference_takes_part=True))
    assert [row.n_completions for row in generations_of(comparison)] == [3]


def test_where_every_place_is_taken_nothing_is_sampled(project: Project) -> None:
    chat = finished_chat(project, "The original.")
    Feedback.objects.create(
        project=project, message=chat.messages.get(role="assistant"), rater=RaterFactory(),
        thumb="down", rewrite="Better.", created_at=clock.now(),
    )  # fmt: skip
    (comparison,) = picks.pick_comparisons(
        project=setting(project, reference_takes_part=True, n_candidates=2), n_wanted=1
    ).begun
    candidates.request_candidates(comparison_id=comparison.pk)
    assert contents(comparison) == ["Better.", "The original."]
    assert generations_of(comparison) == []


def test_an_imported_reply_takes_part_as_what_it_is(project: Project) -> None:
    take_in(project, dialogue("Hello?", "Hi there."))
    (comparison,) = picks.pick_comparisons(
        project=project, n_wanted=1, source=PickRun.Source.IMPORTED
    ).begun
    candidates.request_candidates(comparison_id=comparison.pk)
    finish(generations_of(comparison)[0], "A", "B", "C")
    imported = comparison.candidates.get(origin="imported")
    assert (imported.content, imported.completion) == ("Hi there.", None)


# --- Calling off and trying again -----------------------------------------------------------------


def run_of_three(project: Project) -> PickRun:
    for number in range(3):
        finished_chat(project, f"Reply {number}.")
    picked = picks.pick_comparisons(project=project, n_wanted=3, seed=1)
    for comparison in picked.begun:
        candidates.request_candidates(comparison_id=comparison.pk)
    return picked.run


def counts(project: Project) -> dict[str, int]:
    run = making.pick_runs_of(project=project).get()
    return {
        state: getattr(run, f"n_{state}")
        for state in ("picked", "sampling", "ready", "failed", "cancelled")
    }


def test_a_run_says_how_far_it_is_and_how_long_it_will_be(project: Project) -> None:
    run_of_three(project)
    begun = making.pick_runs_of(project=project).get()
    assert making.seconds_left(begun) is None

    first, second, third = Comparison.objects.order_by("pk")
    finish(generations_of(first)[0], "A", "B", "C")
    now = clock.now()
    PickRun.objects.update(created_at=now - making.PACE_OVER / 2)
    with clock.held_at(now):
        run = making.pick_runs_of(project=project).get()
        assert making.seconds_left(run) == pytest.approx(600, abs=60)
    for comparison in (second, third):
        finish(generations_of(comparison)[0], state=Generation.State.FAILED)
    assert counts(project) == {"picked": 3, "sampling": 0, "ready": 1, "failed": 2, "cancelled": 0}
    assert making.seconds_left(making.pick_runs_of(project=project).get()) == 0


def test_calling_a_run_off_keeps_what_is_ready_and_stops_the_rest(project: Project) -> None:
    run = run_of_three(project)
    first, *others = Comparison.objects.order_by("pk")
    finish(generations_of(first)[0], "A", "B", "C")

    assert cancelling.cancel_run(run=run, actor=UserFactory()) == 2
    assert counts(project) == {"picked": 3, "sampling": 0, "ready": 1, "failed": 0, "cancelled": 2}
    assert cancelling.waiting()
    assert cancelling.stop_samplings() == 2
    assert not cancelling.waiting()
    states = {generations_of(comparison)[0].state for comparison in others}
    assert states == {Generation.State.CANCELLED}
    for comparison in others:
        candidates.candidates_ended(generation_id=generations_of(comparison)[0].pk)
        comparison.refresh_from_db()
        assert (comparison.state, comparison.candidates.count()) == ("cancelled", 0)
    with pytest.raises(NothingToCancel):
        cancelling.cancel_run(run=run, actor=UserFactory())


def test_what_is_tried_again_leaves_nothing_running_of_before(project: Project) -> None:
    run = run_of_three(project)
    comparison = Comparison.objects.order_by("pk")[0]
    (before,) = generations_of(comparison)
    cancelling.cancel_run(run=run, actor=UserFactory())
    # Before the job that stops samplings has come to it.
    comparisons.retry_comparison(comparison=comparison)
    before.refresh_from_db()
    assert before.state == Generation.State.CANCELLED


def test_everything_called_off_or_failed_is_tried_again_at_once(project: Project) -> None:
    run = run_of_three(project)
    cancelling.cancel_run(run=run, actor=UserFactory())
    with pytest.raises(NotFailed):
        comparisons.retry_all(project=project, state=Comparison.State.FAILED)
    assert comparisons.retry_all(project=project, state=Comparison.State.CANCELLED) == 3
    assert counts(project)["sampling"] == 3
    comparison = Comparison.objects.order_by("pk")[0]
    candidates.request_candidates(comparison_id=comparison.pk)
    finish(generations_of(comparison)[0], "A", "B", "C")
    comparison.refresh_from_db()
    assert comparison.state == "ready"


def test_what_is_made_is_counted_by_the_hour(project: Project) -> None:
    run_of_three(project)
    comparison = Comparison.objects.order_by("pk")[0]
    finish(generations_of(comparison)[0], "A", "B", "C")
    found = making.making(project=project)
    assert found.states == {"sampling": 2, "ready": 1, "failed": 0, "cancelled": 0, "superseded": 0}
    assert [hour.n_ready for hour in found.hours] == [0] * 23 + [1]
    assert found.eligible == {"chats": 0, "imported": 0, "prompts": 0}
