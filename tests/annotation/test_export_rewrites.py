"""Better replies that rankers wrote leave as answers, a source of their own."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from annotation.models import Comparison
from annotation.selectors.comparisons import ranking_sheet_for
from annotation.services import rankings
from labelhub.accounts.models import Membership, Project
from tests.factories import ContextFactory, ProjectFactory
from tests.importing import lines_of, said, write_out
from tests.ranking import claim_next, people, queued

pytestmark = pytest.mark.django_db

CONTEXT = [said("user", "Which way?"), said("assistant", "Why?"), said("user", "To go home.")]


@pytest.fixture
def project() -> Project:
    """One comparison, ranked by somebody who wrote a better reply and by somebody who did not."""
    project = ProjectFactory(rankings_per_comparison=2)
    queued(project, 2, context=ContextFactory(messages=CONTEXT))
    for user, rewrite in zip(people(project, 2), ("That way.", ""), strict=True):
        assignment = claim_next(user, project)
        rankings.submit_ranking(
            sheet=ranking_sheet_for(user=user, assignment_id=assignment.pk),
            key=uuid4(),
            judgement={
                "cannot_judge": False,
                "strength": None,
                "tiers": [["A"], ["B"]],
                "acceptable_tier": None,
                "ratings": {},
                "flags": {},
                "comment": "",
                "rewrite": rewrite,
                "open_milliseconds": {"A": 1, "B": 1},
            },
        )
    return project


def test_what_was_written_better_answers_its_context(project: Project, tmp_path: Path) -> None:
    written = write_out(project, "rewrites", "prompt-completion", tmp_path / "x.jsonl")
    assert lines_of(tmp_path / "x.jsonl") == [
        {"prompt": CONTEXT, "completion": [said("assistant", "That way.")]}
    ]
    assert written.manifest["kept"] == 1


def test_it_is_never_among_the_demonstrations(project: Project, tmp_path: Path) -> None:
    assert write_out(project, "sft", "messages", tmp_path / "x.jsonl").manifest["kept"] == 0


def test_a_source_that_forbids_it_is_left_out_and_counted(project: Project, tmp_path: Path) -> None:
    Comparison.objects.update(allowed_use=["comparison"])
    written = write_out(project, "rewrites", "prompt-completion", tmp_path / "x.jsonl")
    assert (written.manifest["kept"], written.manifest["excluded"]) == (0, {"use_not_allowed": 1})


@pytest.mark.parametrize(
    ("columns", "reason"),
    [({"direction": "less"}, "other_criterion"), ({"state": "superseded"}, "superseded")],
)
def test_so_is_what_better_does_not_mean_here(
    project: Project, tmp_path: Path, columns: dict[str, str], reason: str
) -> None:
    """Better at being least harmless, or than replies that were made again."""
    Comparison.objects.update(**columns)
    written = write_out(project, "rewrites", "prompt-completion", tmp_path / "x.jsonl")
    assert (written.manifest["kept"], written.manifest["excluded"]) == (0, {reason: 1})


def test_so_is_what_an_excluded_person_wrote(project: Project, tmp_path: Path) -> None:
    for membership in Membership.objects.filter(project=project):
        membership.excluded_from = membership.created_at
        membership.save()
    written = write_out(project, "rewrites", "prompt-completion", tmp_path / "x.jsonl")
    assert written.manifest["excluded"] == {"rater_excluded": 1}
