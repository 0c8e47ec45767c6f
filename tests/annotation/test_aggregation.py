"""Several people's rankings of one comparison: as they stand, as consensus pairs, as one order."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from annotation.exceptions import AggregationRefused
from annotation.services.explanations import explain_line
from annotation.services.file_options import FileOptions
from tests.factories import ProjectFactory
from tests.freezing import declared, frozen
from tests.importing import lines_of, ranking, take_in, write_out
from tests.judging import given_by_people

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    project = ProjectFactory()
    # Three people order A, B, C; two of three put A above B, all put C last; y was ranked once.
    take_in(
        project,
        ranking("A", "B", "C", id="x1", group_id="x", rater="r_1"),
        ranking("A", "B", "C", id="x2", group_id="x", rater="r_2"),
        ranking("B", "A", "C", id="x3", group_id="x", rater="r_3"),
        ranking("A", "B", id="y1", group_id="y", rater="r_1"),
    )
    given_by_people(project)
    return project


@pytest.fixture
def path(tmp_path):
    return tmp_path / "out.jsonl"


def sides(line):
    return line["chosen"][-1]["content"][-2], line["rejected"][-1]["content"][-2]


def test_each_stands_for_itself_unless_asked(project, path):
    write_out(project, "comparisons", "preference", path)
    assert len(lines_of(path)) == 3 * 3 + 1
    assert "agreement" not in lines_of(path)[0]


def test_a_consensus_is_pairs_with_the_share_behind_each(project, path):
    written = write_out(project, "comparisons", "preference", path, aggregate="consensus")
    lines = lines_of(path)
    assert {sides(line): line["agreement"] for line in lines} == {
        ("A", "C"): 1.0,
        ("B", "C"): 1.0,
        ("A", "B"): pytest.approx(2 / 3),
    }
    assert [line["pair_weight"] for line in lines] == [pytest.approx(1 / 3)] * 3
    assert written.manifest["kept"] == 3
    assert written.manifest["excluded"] == {"too_few_raters": 1}


def test_a_minimum_cuts_off_what_fewer_agree_on(project, path):
    write_out(project, "comparisons", "preference", path, aggregate="consensus", min_agreement=0.9)
    assert {sides(line) for line in lines_of(path)} == {("A", "C"), ("B", "C")}


def test_no_minimum_makes_a_pair_of_what_people_are_divided_on(path):
    project = ProjectFactory()
    take_in(
        project,
        ranking("A", "B", id="1", rater="r_1"),
        ranking("B", "A", id="2", rater="r_2"),
    )
    given_by_people(project)
    manifest = write_out(
        project, "comparisons", "preference", path, aggregate="consensus", min_agreement=0.1
    ).manifest
    assert manifest["excluded"] == {"low_agreement": 2}


def test_a_minimum_leaves_out_comparisons_that_split_people(project, path):
    # Of nine meetings of two raters over three pairs, seven agree.
    for least, kept in ((0.7, 3), (0.8, 0)):
        manifest = write_out(project, "comparisons", "ranking", path, min_agreement=least).manifest
        assert manifest["kept"] == kept
    assert manifest["excluded"] == {"low_agreement": 3, "too_few_raters": 1}


def test_borda_makes_one_order_of_nobody(project, path):
    write_out(project, "comparisons", "ranking", path, aggregate="borda", with_metadata=True)
    (line,) = lines_of(path)
    assert [candidate["rank"] for candidate in line["candidates"]] == [1, 2, 3]
    assert not {"id", "rater", "shown_order", "comment", "created_at"} & line.keys()
    assert line["metadata"]["n_raters"] == 3
    write_out(project, "comparisons", "preference", path, aggregate="borda")
    assert [sides(line) for line in lines_of(path)] == [("A", "B"), ("A", "C"), ("B", "C")]


def test_an_extra_opinion_settles_a_consensus_and_no_agreement(path):
    """It is asked for only where people disagreed; what a lead adjudicates stands beside (DATA.md §4)."""
    project = ProjectFactory()
    take_in(
        project,
        ranking("A", "B", id="1", rater="r_1"),
        ranking("B", "A", id="2", rater="r_2"),
        ranking("A", "B", id="3", rater="r_3", reason="extra"),
        ranking("B", "A", id="4", rater="r_4", reason="adjudication"),
    )
    given_by_people(project)
    write_out(project, "comparisons", "preference", path, aggregate="consensus", with_metadata=True)
    (line,) = lines_of(path)
    assert (sides(line), line["metadata"]["n_raters"]) == (("A", "B"), 3)
    assert line["agreement"] == pytest.approx(2 / 3)
    # The two who were planned agree in nothing.
    manifest = write_out(project, "comparisons", "ranking", path, min_agreement=0.1).manifest
    assert manifest["excluded"] == {"low_agreement": 4}


@pytest.mark.parametrize("own_conversation", [None, True])
def test_files_and_people_of_the_conversation_itself_are_no_opinions(path, own_conversation):
    project = ProjectFactory()
    for number, rater in enumerate(("r_1", "r_2")):
        take_in(project, ranking("A", "B", id=f"{number}", rater=rater))
    if own_conversation:
        given_by_people(project, own_conversation=True)
    for options in ({"aggregate": "consensus"}, {"aggregate": "borda"}, {"min_agreement": 0.1}):
        manifest = write_out(project, "comparisons", "preference", path, **options).manifest
        assert manifest["excluded"] == {"too_few_raters": 2}
    # As data each of them still leaves.
    assert write_out(project, "comparisons", "preference", path).manifest["kept"] == 2


@pytest.mark.parametrize("aggregate", ["raters", "consensus", "borda"])
def test_comparisons_that_too_few_people_ranked_stay_out(project, path, aggregate):
    for fewest, kept in ((1, 4 if aggregate == "raters" else 3), (2, 3), (3, 3), (4, 0)):
        manifest = write_out(
            project, "comparisons", "preference", path, aggregate=aggregate, min_raters=fewest
        ).manifest
        assert manifest["kept"] == kept
        assert manifest["options"]["min_raters"] == fewest
    assert manifest["excluded"] == {"too_few_raters": 4}


def test_the_command_takes_the_fewest_people_and_a_line_tells_all_of_them(project, path, capsys):
    command = ("export_jsonl", "comparisons", "--project", project.slug, "--format", "preference")
    call_command(*command, "--min-raters", "2", "--dry-run")
    told = capsys.readouterr().err
    assert "left out, too_few_raters: 1" in told
    assert "comparisons: 3 rows would be written" in told
    call_command(*command, "--min-raters", "2", "--out", str(path))
    assert len(explain_line(path=path, number=4).rows) == 3
    with pytest.raises(CommandError, match="--min-raters"):
        call_command(*command, "--min-raters", "0", "--dry-run")


def test_a_recipe_takes_the_fewest_people(project):
    version = frozen(
        declared(project, kind="comparisons", near_duplicates=False, file={"min_raters": 2})
    )
    assert version.manifest["options"]["min_raters"] == 2
    assert (version.manifest["kept"], version.manifest["excluded"]) == (3, {"too_few_raters": 1})


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"file_format": "ranking", "aggregate": "consensus"}, "consensus is pairs"),
        ({"file_format": "kto", "aggregate": "borda"}, "cannot be written as “kto”"),
        ({"file_format": "preference", "aggregate": "consensus", "pairs": "adjacent"}, "order"),
        ({"file_format": "preference", "aggregate": "consensus", "ties": "half"}, "no ties"),
        ({"file_format": "reward", "aggregate": "consensus", "margin": "rank"}, "margin out."),
        ({"file_format": "reward", "aggregate": "borda", "margin": "strength"}, "from the ranks"),
    ],
)
def test_what_cannot_be_added_up_is_refused(options, words):
    with pytest.raises(AggregationRefused, match=words):
        FileOptions.checked(kind="comparisons", **options)
