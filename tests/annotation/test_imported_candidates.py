"""Completions made elsewhere, to be ranked here."""

import random
from typing import Any

import pytest
from django.forms.models import model_to_dict

from annotation.model_names import MASK
from annotation.models import Candidate, Comparison, Task
from annotation.services import imported_candidates, imports
from annotation.services.comparisons import ranking_task
from annotation.services.tasks import add_tasks
from labelhub import clock
from labelhub.accounts.models import Project
from tests.factories import PolicyFactory, RoundFactory
from tests.importing import said, take_in
from tests.ranking import people, rank_next

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    return RoundFactory().project


def line(*candidates: object, **fields: object) -> dict:
    return {"prompt": "Which is best?", "candidates": list(candidates), **fields}


def test_a_line_is_a_comparison_that_people_rank(project: Project) -> None:
    Project.objects.update(criterion="Which is kinder?")
    project.refresh_from_db()
    given = {"content": "Two.", "policy": "other-7b", "seed": 3, "params": {"temperature": 0.5}}
    run, _ = take_in(project, line("One.", given, language="de", category="chat"), licence="MIT")

    assert (run.format, run.n_read, run.n_added) == ("candidates", 1, 1)
    comparison = Comparison.objects.get()
    assert (comparison.state, comparison.import_run, comparison.round) == (
        "ready",
        run,
        project.rounds.get(),
    )
    assert (comparison.criterion, comparison.criterion_text) == ("custom", "Which is kinder?")
    assert (comparison.language, comparison.category, comparison.licence) == ("de", "chat", "MIT")
    assert comparison.context.messages == [said("user", "Which is best?")]
    first, second = comparison.candidates.order_by("content")
    assert (first.content, first.origin, first.provenance) == ("One.", "imported", {})
    assert second.provenance == {
        "policy": "other-7b",
        "seed": 3,
        "params": {"temperature": 0.5},
    }
    (rater,) = people(project, 1, languages=["de"])
    assert rank_next(rater, project, [1, 2]).comparison == comparison


@pytest.mark.parametrize("seed", [1, 2])
def test_their_order_is_not_the_file_s(
    project: Project, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance, again = random.Random(seed), random.Random(seed)  # noqa: S311 - to be repeated
    monkeypatch.setattr(imported_candidates, "_CHANCE", chance)
    given = ["A.", "B.", "C.", "D."]
    take_in(project, line(*given))
    assert list(Candidate.objects.order_by("index").values_list("content", flat=True)) == (
        again.sample(given, k=4)
    )


def test_a_second_import_adds_nothing(project: Project) -> None:
    take_in(project, line("One.", "Two."))
    run, _ = take_in(project, line("One.", "Two."), line("One.", "Three."))
    assert (run.n_added, run.n_duplicates) == (1, 1)
    assert (Comparison.objects.count(), Task.objects.count()) == (2, 2)


def test_names_are_masked_and_what_was_said_is_kept(project: Project) -> None:
    PolicyFactory(name="ours-3")
    take_in(
        project,
        line({"content": "I am other-7b.", "policy": "other-7b"}, "Ask ours-3.", "No name."),
    )
    shown = list(Candidate.objects.order_by("content"))
    assert [row.content for row in shown] == [f"Ask {MASK}.", f"I am {MASK}.", "No name."]
    assert [row.names_model for row in shown] == [True, True, False]
    assert shown[1].provenance == {"policy": "other-7b", "said": "I am other-7b."}


def test_empty_and_same_candidates_are_left_out_and_counted(project: Project) -> None:
    run, _ = take_in(project, line("One.", " ", "one.", "Two.", ""))
    assert run.left_out == {"empty_candidate": 2, "same_candidate": 1}
    assert list(Candidate.objects.order_by("content").values_list("content", flat=True)) == [
        "One.",
        "Two.",
    ]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (line("One."), "bad_candidates"),
        (line("One.", "ONE."), "bad_candidates"),
        (line(*(str(number) for number in range(10))), "bad_candidates"),
        (line("One.", 2), "wrong_shape"),
        (line("One.", {"text": "Two."}), "wrong_shape"),
        (line("One.", "Two.", prompt=""), "empty_message"),
        (line("One.", "Two.", prompt=[said("assistant", "Hello.")]), "wrong_turn_order"),
    ],
)
def test_a_line_that_cannot_be_ranked_is_rejected(project: Project, row: dict, code: str) -> None:
    run, rejects = take_in(project, row, line("Good.", "Better."))
    assert [reject.code.value for reject in rejects] == [code]
    assert run.n_added == 1


def test_many_lines_take_as_many_statements_as_few(
    project: Project, django_assert_max_num_queries: object
) -> None:
    take_in(project, line("Warm.", "Up."))
    with django_assert_max_num_queries(40):  # type: ignore[operator]
        take_in(project, *(line(f"One {n}.", f"Two {n}.") for n in range(300)))
    assert Comparison.objects.count() == 301


def test_their_tasks_are_as_those_of_other_comparisons(project: Project) -> None:
    Project.objects.update(rankings_per_comparison=3, overlap_share=0.5, exam_required=True)
    project.refresh_from_db()
    # Of so many, chance (by their ids) plans both one ranking and three.
    take_in(
        project, *(line(f"One {n}.", "Two.", language="de" if n % 2 else "en") for n in range(64))
    )
    imported = list(Task.objects.order_by("comparison"))
    assert {task.slots.count() for task in imported} == {1, 3}
    others = add_tasks(
        tasks=[
            ranking_task(comparison)
            for comparison in Comparison.objects.select_related("project", "round").order_by("pk")
        ]
    )
    for task, other in zip(imported, others, strict=True):
        assert _told(task) == _told(other)


def _told(task: Task) -> list[dict[str, Any]]:
    """What the task and its slots are, but for their ids and the moment."""
    return [
        {
            name: value
            for name, value in model_to_dict(row).items()
            if name not in ("id", "created_at", "task")
        }
        for row in (task, *task.slots.order_by("index"))
    ]


def test_without_an_open_round_they_wait_all_the_same(project: Project) -> None:
    project.rounds.update(closed_at=clock.now())
    take_in(project, line("One.", "Two."))
    assert (Comparison.objects.get().round, Task.objects.get().round) == (None, None)


def test_candidates_are_no_dialogues_that_could_wait_for_review(project: Project) -> None:
    assert "candidates" in imports.FORMATS_WITHOUT_DIALOGUES
