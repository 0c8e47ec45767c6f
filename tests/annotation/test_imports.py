"""Files in: what becomes of each kind of row, and what is refused."""

from __future__ import annotations

import os

import orjson
import pytest
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotation.datasets import comparison_formats, formats
from annotation.exceptions import DraftsAreDialogues, FileRefused
from annotation.models import (
    Candidate,
    Comparison,
    Conversation,
    ImportRun,
    Message,
    Prompt,
    Ranking,
    RatingSchema,
    Round,
    Task,
)
from annotation.services import imports
from labelhub.accounts.models import AuditEvent, Project
from tests.datasets import strategies
from tests.factories import ProjectFactory
from tests.importing import FIXTURES, dialogue, joined, ranking, said, take_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return ProjectFactory()


class TestDialogues:
    def test_a_dialogue_is_an_approved_conversation_whose_answers_train(self, project):
        line = {"messages": [said("system", "Be brief."), *dialogue("Hi?", "Hello.")["messages"]]}
        run, _ = take_in(
            project, line | {"language": "de", "category": "chat", "note": 1}, licence="MIT"
        )
        (conversation,) = Conversation.objects.all()
        assert (conversation.kind, conversation.state) == ("imported", "approved")
        assert conversation.import_run == run
        assert (conversation.source, conversation.source_row) == ("rows.jsonl", 1)
        assert (conversation.licence, conversation.language, conversation.category) == (
            "MIT",
            "de",
            "chat",
        )
        assert conversation.imported_fields == {"note": 1}
        assert conversation.allowed_use == ["sft", "comparison", "rl-prompt", "eval"]
        turns = list(Message.objects.order_by("position"))
        assert [(turn.role, turn.content, turn.trainable) for turn in turns] == [
            ("system", "Be brief.", False),
            ("user", "Hi?", False),
            ("assistant", "Hello.", True),
        ]
        assert [turn.parent for turn in turns] == [None, turns[0], turns[1]]
        assert {turn.origin for turn in turns} == {"imported"}
        assert all(turn.is_live for turn in turns)

    def test_a_rows_own_licence_goes_before_the_files(self, project):
        take_in(project, dialogue("Hi?", "Hello.") | {"license": "CC0"}, licence="MIT")
        assert Conversation.objects.get().licence == "CC0"

    def test_instruction_rows_become_dialogues_one_an_instance(self, project):
        seed = {
            "id": "seed_1",
            "instruction": "Add.",
            "instances": [{"input": "1 1", "output": "2"}, {"input": "", "output": "Of what?"}],
        }
        run, _ = take_in(project, seed)
        assert (run.format, run.n_read, run.n_added) == ("alpaca", 2, 2)
        contents = Message.objects.order_by("conversation_id", "position")
        assert list(contents.values_list("content", flat=True)) == [
            "Add.\n\n1 1",
            "2",
            "Add.",
            "Of what?",
        ]
        assert set(Conversation.objects.values_list("source_row", flat=True)) == {1}

    def test_weight_zero_is_context(self, project):
        line = dialogue("Hi?", "Hello.", "And?", "Bye.")
        line["messages"][1]["weight"] = 0
        take_in(project, line)
        answers = Message.objects.filter(role="assistant").order_by("position")
        assert list(answers.values_list("trainable", flat=True)) == [False, True]

    def test_drafts_wait_for_review_and_train_nothing(self, project):
        take_in(project, dialogue("Hi?", "Hello."), as_drafts=True)
        (conversation,) = Conversation.objects.all()
        assert conversation.state == "submitted"
        assert not Message.objects.filter(trainable=True).exists()
        (task,) = Task.objects.all()
        assert (task.kind, task.subject, task.slots.count()) == ("review", conversation, 1)

    @pytest.mark.parametrize("line", [{"prompt": "Hi?"}, ranking("A", "B")])
    def test_only_dialogues_can_wait_for_review(self, project, line):
        with pytest.raises(DraftsAreDialogues):
            take_in(project, line, as_drafts=True)
        assert not ImportRun.objects.exists()


class TestAgain:
    def test_a_second_import_adds_nothing(self, project):
        lines = joined(FIXTURES).splitlines()
        first, _ = take_in(project, *lines)
        assert (first.n_read, first.n_added, first.n_duplicates) == (len(lines), len(lines), 0)
        again, _ = take_in(project, *lines)
        assert (again.n_read, again.n_added, again.n_duplicates) == (len(lines), 0, len(lines))
        assert Conversation.objects.count() == len(lines)

    def test_a_line_that_stands_twice_goes_in_once(self, project):
        run, _ = take_in(project, dialogue("Hi?", "Hello."), dialogue("Hi?", "Hello."))
        assert (run.n_read, run.n_added, run.n_duplicates) == (2, 1, 1)

    @pytest.mark.parametrize("line", [{"prompt": "Hi?"}, ranking("A", "B")])
    def test_so_with_prompts_and_rankings(self, project, line):
        take_in(project, line)
        run, _ = take_in(project, line, line)
        assert (run.n_added, run.n_duplicates) == (0, 2)

    def test_another_project_takes_the_same_lines(self, project):
        take_in(project, dialogue("Hi?", "Hello."))
        run, _ = take_in(ProjectFactory(), dialogue("Hi?", "Hello."))
        assert run.n_added == 1

    def test_more_rows_than_a_chunk_holds(self, project, monkeypatch):
        monkeypatch.setattr(imports, "CHUNK_ROWS", 2)
        lines = [dialogue(f"Number {n}?", "Yes.") for n in range(5)]
        run, _ = take_in(project, *lines, b"{broken", *lines)
        assert (run.n_read, run.n_added, run.n_duplicates) == (11, 5, 5)
        assert run.rejects == {"invalid_json": 1}
        assert run.finished_at is not None


class TestPrompts:
    def test_a_prompt_is_a_prompt(self, project):
        take_in(project, {"prompt": "Name a river.", "category": "open_qa"})
        (prompt,) = Prompt.objects.all()
        assert (prompt.kind, prompt.text, prompt.turns_before) == ("prompt", "Name a river.", [])
        assert (prompt.category, prompt.source_row) == ("open_qa", 1)

    def test_a_longer_context_keeps_the_turns_before(self, project):
        before = [said("user", "Hi?"), said("assistant", "Hello.")]
        take_in(project, {"prompt": [*before, said("user", "Name a river.")]})
        prompt = Prompt.objects.get()
        assert (prompt.text, prompt.turns_before) == ("Name a river.", before)

    def test_a_context_that_ends_on_a_tool_turn_is_rejected(self, project):
        turns = [said("user", "Hi?"), said("assistant", "One moment."), said("tool", "7")]
        run, _ = take_in(project, {"prompt": turns})
        assert run.rejects == {"wrong_last_turn": 1}


class TestRankings:
    def test_a_line_is_a_comparison_with_one_ranking(self, project):
        line = ranking(
            "B",
            "AC",
            rater="r_1",
            criterion="least:harmlessness",
            acceptable_tier=1,
            comment="B is kinder.",
            active_seconds=12.5,
            shown_order=["C", "A", "B"],
            strength={"grade": -2, "scale": "-3..3"},
            pick={"rule": "uniform", "seed": 7},
            language="fr",
        )
        line["candidates"][1] |= {
            "rating": 6,
            "flags": ["opinion"],
            "policy": "p",
            "seed": 3,
            "origin": "fresh",
        }
        run, rejects = take_in(project, line, licence="MIT")
        assert (run.n_added, rejects) == (1, [])
        comparison = Comparison.objects.get()
        assert (comparison.criterion, comparison.direction) == ("harmlessness", "less")
        assert (comparison.state, comparison.language, comparison.licence) == ("ready", "fr", "MIT")
        assert comparison.allowed_use == ["comparison"]
        assert comparison.context.messages == line["prompt"]
        candidates = list(Candidate.objects.order_by("index"))
        assert [(c.external_id, c.content, c.origin) for c in candidates] == [
            (letter, f"Reply {letter}.", "imported") for letter in "ABC"
        ]
        assert candidates[1].provenance == {"origin": "fresh", "policy": "p", "seed": 3}
        row = Ranking.objects.get()
        assert (row.rater, row.external_rater, row.acceptable_tier) == (None, "r_1", 1)
        assert (row.strength_grade, row.strength_scale) == (-2, "-3..3")
        assert (row.shown_order, row.comment, row.active_seconds) == (
            [2, 0, 1],
            "B is kinder.",
            12.5,
        )
        assert row.imported_fields["group_id"] == "g1"
        assert row.imported_fields["pick"] == {"rule": "uniform", "seed": 7, "as_of": None}
        placements = row.placements.order_by("candidate__index")
        assert [(p.tier, p.rating, p.flags) for p in placements] == [
            (2, None, []),
            (1, 6, ["opinion"]),
            (2, None, []),
        ]

    def test_lines_of_one_group_share_a_comparison(self, project):
        take_in(project, ranking("A", "B", rater="r_1"), ranking("B", "A", rater="r_2", id="r2"))
        later, _ = take_in(project, ranking("AB", rater="r_3", id="r3"))
        assert later.n_added == 1
        assert Comparison.objects.count() == 1
        assert Candidate.objects.count() == 2
        assert Ranking.objects.count() == 3

    def test_a_group_with_other_candidates_is_another_comparison(self, project):
        other = ranking("A", "B", id="r2")
        other["candidates"][0]["content"] = "Another reply."
        take_in(project, ranking("A", "B"), other)
        assert Comparison.objects.count() == 2

    def test_what_is_no_training_data_stays_marked(self, project):
        take_in(project, ranking("A", "B", purpose="gold", reason="adjudication"))
        row = Ranking.objects.get()
        assert (row.purpose, row.reason, row.comparison.purpose) == ("gold", "adjudication", "gold")

    @pytest.mark.parametrize(
        "fields",
        [
            {"revision": 2**31},
            {"revision": -1},
            {"reason": "whim"},
            {"purpose": "fun"},
            {"criterion": ""},
            {"criterion": "x" * 501},
            {"language": "no tag"},
            {"language": "en-" + "x" * 40},
            {"strength": {"grade": 2**15, "scale": "wide"}},
            {"strength": {"grade": 1, "scale": "x" * 41}},
            {
                "candidates": [
                    {"id": 1, "content": "a", "rank": 1, "flags": ["x" * 61]},
                    {"id": 2, "content": "b", "rank": 1},
                ]
            },
        ],
    )
    def test_what_no_column_can_hold_is_rejected(self, project, fields):
        run, (reject,) = take_in(project, ranking("A", "B", **fields))
        assert run.rejects == {"out_of_range": 1}
        assert orjson.loads(reject.raw) == ranking("A", "B", **fields)

    def test_names_of_any_length_go_in(self, project):
        line = ranking("A", "B", rater="r" * 5000, group_id="g" * 5000, id="i" * 5000)
        line["candidates"][0]["id"] = "c" * 5000
        run, _ = take_in(project, line)
        assert run.n_added == 1
        assert Ranking.objects.get().external_rater.startswith("sha256:")
        assert Candidate.objects.get(index=0).external_id.startswith("sha256:")

    @settings(
        max_examples=20,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(st.lists(strategies.rankings(), min_size=1, max_size=5))
    def test_every_line_ends_as_a_row_or_a_reject(self, project, records):
        lines = comparison_formats.ranking_lines(records, formats.Options())
        run, rejects = take_in(project, *lines, file_format="ranking")
        assert {reject.code.value for reject in rejects} <= {"out_of_range"}
        assert run.n_read == len(lines) == run.n_added + run.n_duplicates + len(rejects)


class TestCommand:
    def run(self, path, *arguments, project="news"):
        call_command("import_jsonl", str(path), "--project", project, *arguments)

    @pytest.fixture
    def file(self, tmp_path):
        path = tmp_path / "rows.jsonl"
        path.write_bytes(orjson.dumps(dialogue("Hi?", "Hello.")) + b"\n")
        return path

    def refused(self, *arguments, **options):
        with pytest.raises(CommandError) as refusal:
            self.run(*arguments, **options)
        assert refusal.value.returncode == 2
        return str(refusal.value)

    def test_it_makes_the_project_and_says_what_went_in(self, file, capsys):
        self.run(file, "--create-project", "--licence", "MIT")
        assert capsys.readouterr().out == (
            "messages: 1 rows read, 1 added, 0 already there, 0 rejected\n"
        )
        project = Project.objects.get(slug="news")
        assert Round.objects.filter(project=project, number=1, closed_at=None).exists()
        assert len(RatingSchema.objects.get(project=project).flags) == 11
        assert AuditEvent.objects.filter(verb="import", project=project).exists()

    def test_it_says_what_the_rows_may_be_used_for(self, file):
        self.run(file, "--create-project", "--allow-use", "sft", "--allow-use", "eval")
        assert ImportRun.objects.get().allowed_use == ["eval", "sft"]
        assert Conversation.objects.get().allowed_use == ["eval", "sft"]

    def test_broken_lines_are_kept_to_be_mended(self, file, tmp_path, capsys):
        good = file.read_bytes()
        broken = [b'{"messages":', b'{"messages":[]}', b'{"messages":[{"role":"user"}]}']
        file.write_bytes(broken[0] + b"\n" + good + b"\n".join(broken[1:]) + b"\n")
        rejects = tmp_path / "rejects.jsonl"
        with pytest.raises(SystemExit) as exit_:
            self.run(file, "--create-project", "--format", "messages", "--rejects", str(rejects))
        assert exit_.value.code == 1
        assert rejects.read_bytes().splitlines() == broken
        reasons = [
            orjson.loads(line)
            for line in rejects.with_name("rejects.jsonl.reasons.jsonl").read_bytes().splitlines()
        ]
        assert [(reason["line"], reason["code"]) for reason in reasons] == [
            (1, "invalid_json"),
            (3, "empty_message"),
            (4, "empty_message"),
        ]
        said = capsys.readouterr().err
        assert "line 3: empty_message: The row holds no turns." in said
        assert "rejected, empty_message: 2" in said

        rejects.write_bytes(
            b"".join(orjson.dumps(dialogue(f"{n}?", "Yes.")) + b"\n" for n in "abc")
        )
        self.run(rejects)
        assert Conversation.objects.count() == 4

    def test_rejects_of_an_array_are_lines_again(self, file, tmp_path):
        file.write_bytes(b'[{"messages":\n[]},\r\n {"messages": 7}]')
        rejects = tmp_path / "rejects.jsonl"
        with pytest.raises(SystemExit):
            self.run(file, "--create-project", "--format", "messages", "--rejects", str(rejects))
        assert rejects.read_bytes() == b'{"messages": []}\n{"messages": 7}\n'

    def test_what_is_refused_changes_nothing(self, file, tmp_path):
        assert "--create-project" in self.refused(file)
        self.refused(file, "--create-project", "--format", "ranking", "--as-drafts")
        self.refused(file, "--create-project", "--rejects", str(tmp_path / "absent" / "x"))
        assert not Project.objects.exists()
        ProjectFactory(slug="news")
        assert "No such file" in self.refused(tmp_path / "absent.jsonl")
        assert "longer than 100" in self.refused(file, "--licence", "x" * 101)
        file.write_bytes(b'{"what":"is this"}\n')
        assert "The format cannot be told" in self.refused(file)
        assert not ImportRun.objects.exists()

    def test_any_name_of_a_file_will_do(self, file, tmp_path):
        odd = tmp_path / os.fsdecode(b"\xff" + b"x" * 250)
        file.rename(odd)
        self.run(odd, "--create-project")
        assert ImportRun.objects.get().file_name == "?" + "x" * 250
        assert Conversation.objects.get().source == "x" * 200

    def test_a_malformed_slug_is_refused(self, file):
        assert "slug" in self.refused(file, "--create-project", project="no slug")
        assert not Project.objects.exists()


def test_no_reader_no_import():
    with pytest.raises(FileRefused, match="Known are messages"):
        take_in(ProjectFactory(), {"what": 1})
