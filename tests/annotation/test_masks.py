"""A mask keeps a ranking blind; nobody is to learn to write it, and files say what was said."""

from __future__ import annotations

from pathlib import Path

import pytest

from annotation.model_names import MASK
from annotation.models import Comparison, Feedback
from annotation.services import candidates, erasure, picks
from labelhub import clock
from labelhub.accounts.models import Project
from sampling.models import Policy
from tests.candidates import finish, generations_of
from tests.chats import CandidatePolicyFactory, finished_chat
from tests.factories import MembershipFactory
from tests.importing import lines_of, write_out
from tests.ranking import people, rank_next

pytestmark = pytest.mark.django_db

REFERENCE = "A person: ask llama-9 ﬁrst."


@pytest.fixture
def project() -> Project:
    """A project whose candidates are by llama-9, and a person's rewrite of the picked message."""
    project = CandidatePolicyFactory(policy__name="llama-9").project
    Project.objects.filter(pk=project.pk).update(reference_takes_part=True)
    return Project.objects.get(pk=project.pk)


def compared(project: Project) -> Comparison:
    """The original, a person's answer and two samples; all but one of them name the policy."""
    chat = finished_chat(project, "As llama-9 I cannot.")
    writer = MembershipFactory(project=project).user
    Feedback.objects.create(
        project=project, message=chat.messages.get(role="assistant"), rater=writer.rater,
        thumb="down", rewrite=REFERENCE, created_at=clock.now(),
    )  # fmt: skip
    (comparison,) = picks.pick_comparisons(project=project, n_wanted=1).begun
    candidates.request_candidates(comparison_id=comparison.pk)
    finish(generations_of(comparison)[0], "I am llama-9.", "Plain.")
    return comparison


@pytest.mark.parametrize("file_format", ["ranking", "preference", "nectar", "kto", "hh"])
def test_files_say_what_was_said(project: Project, tmp_path: Path, file_format: str) -> None:
    comparison = compared(project)
    assert sum(MASK in row.content for row in comparison.candidates.all()) == 3
    (user,) = people(project, 1)
    ranking = rank_next(user, project, [1, 2, 3, 4])
    assert ranking.comparison == comparison

    path = tmp_path / "x.jsonl"
    write_out(project, "comparisons", file_format, path, with_metadata=True)
    written = path.read_text()
    assert MASK not in written
    if file_format == "ranking":
        (line,) = lines_of(path)
        said = {candidate["origin"]: candidate["content"] for candidate in line["candidates"]}
        assert (said["original"], said["reference"]) == ("As llama-9 I cannot.", REFERENCE)
        assert sum(line["metadata"]["names_model"]) == 3


def test_what_a_person_said_goes_with_them_though_the_names_have_changed(project: Project) -> None:
    comparison = compared(project)
    writer = Feedback.objects.get().rater.user
    Policy.objects.filter(name="llama-9").update(name="alpaca-2", source="elsewhere")

    erasure.erase(user=writer, actor=None)
    reference = comparison.candidates.get(origin="reference")
    assert (reference.content, reference.provenance) == (erasure.ERASED, {})
