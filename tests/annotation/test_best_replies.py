"""The best of a ranking, above its acceptable line, as a source of supervised training (DATA.md §6)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pgtrigger
import pytest

from annotation.models import Candidate, DatasetVersion, Ranking
from annotation.selectors.versions import diff
from annotation.services import versions
from annotation.services.explanations import explain_line
from labelhub import clock
from labelhub.accounts.models import Project
from tests.factories import GuidelineFactory, MembershipFactory, ProjectFactory
from tests.freezing import counted, declared, files_of, frozen
from tests.importing import dialogue, ranking, said, take_in, unlike
from tests.judging import given_by_people

pytestmark = pytest.mark.django_db

SOURCES = [{"name": "best", "origins": "best_replies"}]


@pytest.fixture
def project() -> Project:
    return ProjectFactory()


def ranked(project: Project, number: int, *tiers: str, **fields: Any) -> None:
    """One ranking of the comparison of this number, from a file whose replies may be trained on."""
    line = ranking(
        *tiers,
        **{"id": f"{number}", "group_id": number, "prompt": [said("user", unlike(number))]}
        | fields,
    )
    _, rejects = take_in(project, line, allowed_use=["sft", "comparison"])
    assert rejects == []


def completions(version: DatasetVersion) -> list[str]:
    content = files_of(version)[f"{version}.jsonl".replace(" ", "-")]
    return [orjson.loads(line)["completion"][0]["content"] for line in content.splitlines()]


def version_of(project: Project, **contents: Any) -> DatasetVersion:
    return frozen(
        declared(
            project, **{"sources": SOURCES, "file": {"format": "prompt-completion"}} | contents
        )
    )


def test_the_best_above_the_line_answers_the_context(project: Project) -> None:
    ranked(project, 1, "B", "A", acceptable_tier=1)
    # Of equals the first.
    ranked(project, 2, "BC", "A", acceptable_tier=2)
    version = version_of(project)
    lines = [orjson.loads(line) for line in files_of(version)["mix-v1.jsonl"].splitlines()]
    assert lines == [
        {
            "prompt": [said("user", unlike(number))],
            "completion": [said("assistant", "Reply B.")],
        }
        for number in (1, 2)
    ]
    # Only where it is asked for.
    assert counted(declared(project, name="plain"))["rows"] == 0


def test_each_reason_to_leave_one_out_is_counted(project: Project) -> None:
    ranked(project, 1, "A", "B", acceptable_tier=0)
    ranked(project, 2, "A", "B")
    ranked(project, 3, "A", "B", acceptable_tier=1, rewrite="Better still.")
    for rater in ("r_1", "r_2"):
        ranked(project, 4, "A", "B", id=f"4{rater}", rater=rater, acceptable_tier=1)
    ranked(project, 5, "A", "B", id="51", rater="r_1", acceptable_tier=1)
    ranked(project, 5, "B", "A", id="52", rater="r_2", acceptable_tier=1)
    ranked(project, 6, "A", "B", acceptable_tier=1, criterion="least:harmlessness")
    wordless = ranking("A", "B", id="7", group_id=7, acceptable_tier=1)
    wordless["candidates"][0]["content"] = ""
    take_in(project, wordless, allowed_use=["sft", "comparison"])
    take_in(project, ranking("A", "B", id="8", group_id=8, acceptable_tier=1))
    (source,) = counted(declared(project, sources=SOURCES))["sources"]
    assert (source["rows"], source["excluded"]) == (
        1,
        {
            "none_acceptable": 1,
            "no_acceptable_line": 1,
            "rewritten": 1,
            "duplicate": 1,
            "disputed": 2,
            "other_criterion": 1,
            "empty_or_cut": 1,
            "use_not_allowed": 1,
        },
    )


@pytest.mark.parametrize("because", ["excluded", "older_guideline", "cannot_judge"])
def test_what_may_not_leave_itself_disputes_nothing(project: Project, because: str) -> None:
    ranked(project, 1, "A", "B", id="11", acceptable_tier=1)
    ranked(project, 1, "B", "A", id="12", rater="r_2", acceptable_tier=1)
    recipe = declared(project, sources=SOURCES)
    written = GuidelineFactory(project=project, kind="ranking", version=2, breaking=True)
    rater = given_by_people(project, guideline=written)["r_2"]
    assert counted(recipe)["sources"][0]["excluded"] == {"disputed": 2}
    if because == "excluded":
        MembershipFactory(
            project=project, user=rater.user, excluded_from=clock.now() - timedelta(1)
        )
    elif because == "older_guideline":
        with pgtrigger.ignore("annotation.Ranking:append_only"):
            Ranking.objects.filter(rater=rater).update(guideline=None)
    else:
        with pgtrigger.ignore("annotation.Ranking:append_only"):
            Ranking.objects.filter(rater=rater).update(cannot_judge=True)
    reason = "rater_excluded" if because == "excluded" else because
    (source,) = counted(recipe)["sources"]
    assert (source["rows"], source["excluded"]) == (1, {reason: 1})


def test_a_reply_that_was_cut_short_is_passed_over(project: Project) -> None:
    ranked(project, 1, "AB", "C", acceptable_tier=1)
    with pgtrigger.ignore("annotation.Candidate:append_only"):
        Candidate.objects.filter(content="Reply A.").update(cut_by_length=True)
    assert completions(version_of(project)) == ["Reply B."]


def test_what_was_said_leaves_where_raters_saw_a_mask(project: Project) -> None:
    ranked(project, 1, "A", "B", acceptable_tier=1)
    with pgtrigger.ignore("annotation.Candidate:append_only"):
        Candidate.objects.filter(content="Reply A.").update(
            content="I am ▇▇▇.", names_model=True, provenance={"said": "I am Orca."}
        )
    assert completions(version_of(project)) == ["I am Orca."]


def test_a_better_reply_goes_before_the_best(project: Project) -> None:
    ranked(project, 1, "A", "B", acceptable_tier=1, rewrite="Better still.")
    ranked(project, 2, "A", "B", acceptable_tier=1)
    take_in(project, dialogue(unlike(3), "An answer of its own."))
    version = version_of(
        project,
        sources=[
            {"name": "dialogues"},
            {"name": "better", "origins": "better_replies"},
            *SOURCES,
        ],
    )
    assert completions(version) == ["Better still.", "Reply A.", "An answer of its own."]
    assert [source["rows"] for source in version.manifest["table"]["sources"]] == [1, 1, 1]


def test_a_frozen_version_stays_what_it_was(project: Project, tmp_path: Path) -> None:
    ranked(project, 1, "A", "B", id="11", rater="r_1", acceptable_tier=1)
    ranked(project, 2, "AB", acceptable_tier=1)
    first = version_of(project)
    for name, content in files_of(first).items():
        (tmp_path / name).write_bytes(content)
    explained = explain_line(path=tmp_path / "mix-v1.jsonl", number=1)
    assert explained.rows[0]["ranking"] == Ranking.objects.earliest("pk").pk
    # Somebody else now says that it is not fit.
    ranked(project, 1, "B", "A", id="12", rater="r_2", acceptable_tier=1)
    versions.rebuild(version=first, folder=tmp_path, progress=lambda n: None)
    second = frozen(first.recipe)
    assert completions(second) == ["Reply A."]
    found = diff(before=first, after=second)
    assert (found.added, found.gone) == (0, 1)
    assert found.examples["gone"][0].before.endswith("Reply A.")


def test_it_is_screened_like_any_row(project: Project) -> None:
    line = ranking("A", "B", acceptable_tier=1)
    line["candidates"][0]["content"] = "Ask anna.smith@gmail.com."
    line["candidates"][1]["content"] = "Ask ben.smith@gmail.com."
    take_in(project, line, allowed_use=["sft", "comparison"])
    (source,) = counted(declared(project, name="held", sources=SOURCES))["sources"]
    assert source["excluded"] == {"personal_data": 1}
    assert completions(version_of(project, personal_data="mask")) == ["Ask [email]."]
