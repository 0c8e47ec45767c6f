"""Each option of a comparison export changes the rows that it is about."""

from __future__ import annotations

import orjson
import pytest
from django.core.management import call_command

from annotation.exceptions import BenchmarkUnknown
from annotation.models import Benchmark, Dataset, PersonalDataHold
from annotation.services import dataset_files, exports
from annotation.services.explanations import explain_line
from annotation.services.file_options import FileOptions
from annotation.services.recipes import add_benchmark
from labelhub.accounts.models import AuditEvent
from sampling.models import Policy
from tests.factories import MembershipFactory, ProjectFactory, RatingSchemaFactory
from tests.importing import dialogue, lines_of, ranking, said, take_in, write_out
from tests.judging import judged

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return ProjectFactory()


@pytest.fixture
def written(project, tmp_path):
    def written(file_format, **options):
        done = write_out(project, "comparisons", file_format, tmp_path / "out.jsonl", **options)
        return lines_of(tmp_path / "out.jsonl"), done.manifest

    return written


def test_margins_follow_strength_where_it_was_collected(project, written):
    take_in(project, ranking("A", "B", strength={"grade": 1, "scale": "-3..3"}))
    take_in(project, ranking("A", "B", "C", id="r2", group_id="g2"))
    lines, manifest = written("reward")
    assert sorted(line["margin"] for line in lines) == pytest.approx([0, 0, 0, 1 / 3])
    assert manifest["options"]["margin"] == "strength"
    assert manifest["notes"] == {"margin_unknown": 3}


def test_without_strength_there_is_no_margin_unless_one_is_asked_for(project, written):
    take_in(project, ranking("A", "B", "C"))
    lines, manifest = written("reward")
    assert {line["margin"] for line in lines} == {0}
    assert manifest["options"]["margin"] == "none"
    lines, _ = written("reward", margin="rank")
    assert sorted(line["margin"] for line in lines) == [0.5, 0.5, 1]


def rated(*ratings, **fields):
    line = ranking(*"ABCD"[: len(ratings)], **fields)
    for candidate, rating in zip(line["candidates"], ratings, strict=True):
        candidate["rating"] = rating
    return line


@pytest.mark.parametrize(
    ("options", "margins"),
    [
        ({"margin": "rating"}, [0, 0.5]),
        ({"margin": "strength"}, [1 / 3, 1 / 3]),
        ({"margin": "none"}, [0, 0]),
        ({}, [1 / 3, 1 / 3]),
    ],
)
def test_one_rule_makes_all_margins_of_a_file(project, written, options, margins):
    strength = {"grade": 1, "scale": "-3..3"}
    take_in(
        project,
        rated(6, 3, strength=strength),
        rated(3, 6, id="r2", group_id="g2", strength=strength),
    )
    lines, manifest = written("reward", **options)
    assert sorted(line["margin"] for line in lines) == pytest.approx(margins)
    contradicted = {"margin_contradicted": 1} if options.get("margin") == "rating" else {}
    assert manifest["notes"] == contradicted


@pytest.mark.parametrize(
    ("scale", "ties", "n_lines", "excluded"),
    [
        ("-3..3", "drop", 0, {"all_tied": 1}),
        ("-3..3", "half", 2, {}),
        # "Negligibly better" is an order.
        ("0..3", "drop", 1, {}),
    ],
)
def test_a_strength_of_zero_is_a_tie_or_a_win_by_nothing(
    project, written, scale, ties, n_lines, excluded
):
    take_in(project, ranking("A", "B", strength={"grade": 0, "scale": scale}))
    lines, manifest = written("reward", ties=ties)
    assert [line["margin"] for line in lines] == [0] * n_lines
    assert manifest["excluded"] == excluded


@pytest.mark.parametrize(
    ("options", "n_lines"),
    [
        ({}, 5),
        ({"pairs": "best-worst"}, 1),
        ({"pairs": "best-rest"}, 3),
        ({"pairs": "adjacent"}, 4),
        ({"pairs": "one"}, 1),
        ({"ties": "half"}, 7),
    ],
)
def test_pairs_and_ties(project, written, options, n_lines):
    take_in(project, ranking("A", "BC", "D"))
    lines, manifest = written("preference", **options)
    assert len(lines) == n_lines
    assert sum(line["pair_weight"] for line in lines) == pytest.approx(1)
    assert options.items() <= manifest["options"].items()


def test_system_turns(project, written):
    told = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi?"}]
    take_in(project, ranking("A", "B", prompt=told))
    lines, manifest = written("hh")
    assert lines == []
    assert manifest["excluded"] == {"system_turn": 1}
    lines, _ = written("hh", system="prefix")
    assert lines[0]["chosen"].startswith("\n\nHuman: Be kind.\n\nHi?\n\nAssistant: ")


def test_system_turns_of_dialogues(project, tmp_path):
    take_in(
        project, {"messages": [said("system", "Be kind."), *dialogue("Hi?", "Ho.")["messages"]]}
    )
    path = tmp_path / "out.jsonl"
    write_out(project, "sft", "alpaca", path)
    assert [(line["instruction"], line["system"]) for line in lines_of(path)] == [
        ("Hi?", "Be kind.")
    ]
    write_out(project, "sft", "alpaca", path, system="prefix")
    assert lines_of(path) == [{"instruction": "Be kind.\n\nHi?", "input": "", "output": "Ho."}]


def test_kto_takes_ratings_where_no_line_was_drawn(project, written):
    take_in(project, rated(5, 4, 3), rated(7, 1, id="r2", group_id="g2", acceptable_tier=2))
    lines, _ = written("kto")
    by_comparison = [lines[:2], lines[2:]]
    labels = sorted([line["label"] for line in pair] for pair in by_comparison)
    assert labels == [[True, False], [True, True]]


def test_kto_takes_rows_that_say_so(project, written):
    take_in(project, ranking("A", "B", acceptable_tier=1), ranking("A", "B", id="r2"))
    lines, manifest = written("kto")
    assert [line["label"] for line in lines] == [True, False]
    assert manifest["excluded"] == {"unlabelled": 1}


def test_rows_of_another_use_leave_by_their_leave_alone(project, tmp_path, capsys):
    take_in(project, dialogue("Hi?", "Ho."), allowed_use=["eval"])
    path = tmp_path / "out.jsonl"
    manifest = write_out(project, "sft", "messages", path).manifest
    assert (manifest["kept"], manifest["excluded"]) == (0, {"use_not_allowed": 1})
    command = ["export_jsonl", "sft", "--project", project.slug, "--out", str(path)]
    call_command(*command, "--allow-use")
    assert lines_of(path) == [dialogue("Hi?", "Ho.")]
    told = orjson.loads((tmp_path / "out.jsonl.manifest.json").read_bytes())
    assert told["filters"]["allow_use"] is True
    assert told["options"]["allow_use"] is True
    assert (
        AuditEvent.objects.get(verb="dataset frozen", details__recipe__allow_use=True).details[
            "recipe"
        ]["allow_use"]
        is True
    )
    assert explain_line(path=path, number=1).rows[0]["source_row"] == 1
    call_command(*command[:-2], "--allow-use", "--dry-run")
    assert "1 rows would be written" in capsys.readouterr().err


def test_the_licence_of_a_policys_output_reaches_its_rows(project, tmp_path):
    RatingSchemaFactory(project=project)
    ranked = judged(project, MembershipFactory(project=project), [["B"], ["A", "D"], ["C"]])
    Policy.objects.filter(generations__purpose="candidate").update(output_licence="CC-BY-NC-4.0")
    path = tmp_path / "out.jsonl"
    manifest = write_out(project, "comparisons", "preference", path, with_metadata=True).manifest
    assert manifest["licences"] == ["CC-BY-NC-4.0"]
    assert {tuple(line["metadata"]["output_licences"]) for line in lines_of(path)} == {
        ("CC-BY-NC-4.0",)
    }
    assert ranked.comparison.licence == ""


PERSON = "Write to anna.berg@posteo.de."
SECRET = "one two three four five six seven eight nine ten eleven twelve thirteen"


@pytest.mark.parametrize(
    ("word", "answers", "excluded"),
    [
        ("keep", [PERSON, "No."], {}),
        ("mask", ["Write to [email].", "No."], {}),
        ("hold", ["No."], {"personal_data": 1}),
    ],
)
@pytest.mark.parametrize("file_format", ["messages", "openai"])
def test_personal_data_of_dialogues(project, tmp_path, file_format, word, answers, excluded):
    take_in(project, dialogue("Who?", PERSON), dialogue("Who else?", "No."))
    path = tmp_path / "out.jsonl"
    manifest = write_out(project, "sft", file_format, path, personal_data=word).manifest
    assert [line["messages"][1]["content"] for line in lines_of(path)] == answers
    assert manifest["excluded"] == excluded
    last = explain_line(path=path, number=len(answers))
    assert last.rows[0]["source_row"] == 2


def test_personal_data_of_rankings(project, written):
    take_in(
        project,
        ranking("A", "B", rater="r1", comment=PERSON),
        ranking("B", "A", rater="r2"),
        ranking("A", "B", id="r3", group_id="g3", prompt=[said("user", PERSON)]),
    )
    lines, manifest = written("preference", personal_data="hold")
    assert [line["chosen"][0]["content"] for line in lines] == ["Reply B."]
    assert lines[0]["pair_weight"] == 1
    assert manifest["excluded"] == {"personal_data": 2}
    lines, manifest = written("preference", personal_data="mask")
    assert [said("user", "Write to [email].")] in [line["prompt"] for line in lines]
    assert manifest["excluded"] == {}


def test_rows_that_repeat_a_benchmark_stay(project, written, tmp_path):
    benchmark = add_benchmark(project=project, name="bench", content=SECRET.encode(), added_by=None)
    take_in(project, ranking("A", "B", prompt=[said("user", f"Say {SECRET.upper()}, now!")]))
    take_in(project, ranking("A", "B", id="r2", group_id="g2"))
    lines, manifest = written("preference", benchmarks=[benchmark.pk])
    assert (len(lines), manifest["excluded"]) == (1, {"benchmark_overlap": 1})
    assert len(written("preference")[0]) == 2
    take_in(project, dialogue("Count.", SECRET), dialogue("Hi?", "Hello."))
    path = tmp_path / "sft.jsonl"
    manifest = write_out(project, "sft", "messages", path, benchmarks=[benchmark.pk]).manifest
    assert lines_of(path) == [dialogue("Hi?", "Hello.")]
    assert manifest["excluded"] == {"benchmark_overlap": 1}


def test_benchmarks_of_other_projects_are_refused(project):
    benchmark = add_benchmark(
        project=ProjectFactory(), name="bench", content=SECRET.encode(), added_by=None
    )
    options = FileOptions.checked(kind="sft", file_format="messages", benchmarks=[benchmark.pk])
    with pytest.raises(BenchmarkUnknown):
        exports.start_export(project=project, options=options, requested_by=None)
    with pytest.raises(BenchmarkUnknown):
        dataset_files.preview(project=project, options=options, n_lines=1)


def test_the_command_screens(project, tmp_path, capsys):
    bench, out = tmp_path / "bench.txt", tmp_path / "out.jsonl"
    bench.write_text(SECRET)
    take_in(project, dialogue("Count.", SECRET), dialogue("Who?", PERSON), dialogue("Hi?", "Ho."))
    command = ["export_jsonl", "sft", "--project", project.slug, "--out", str(out)]
    call_command(*command, "--decontaminate", str(bench))
    assert lines_of(out) == [dialogue("Hi?", "Ho.")]
    told = capsys.readouterr().err
    assert "left out, benchmark_overlap: 1" in told
    assert "left out, personal_data: 1" in told
    for word in ("mask", "keep"):
        call_command(*command, "--pii", word)
        assert len(lines_of(out)) == 3


def test_a_dry_run_that_screens_stores_nothing(project, tmp_path, capsys):
    bench = tmp_path / "bench.txt"
    bench.write_text(SECRET)
    take_in(project, dialogue("Count.", SECRET), dialogue("Who?", PERSON))
    before = AuditEvent.objects.count()
    command = ["export_jsonl", "sft", "--project", project.slug, "--dry-run"]
    call_command(*command, "--decontaminate", str(bench))
    told = capsys.readouterr().err
    assert "left out, benchmark_overlap: 1" in told
    assert "left out, personal_data: 1" in told
    stored = (Benchmark, Dataset, PersonalDataHold)
    assert [model.objects.count() for model in stored] == [0, 0, 0]
    assert AuditEvent.objects.count() == before
