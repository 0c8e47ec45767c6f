"""Files out: which rows leave, in which lines, by service and by command."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

import orjson
import pgtrigger
import pytest
from django.core.management import CommandError, call_command

from annotation.datasets import kept_parts
from annotation.exceptions import CriteriaMixed
from annotation.models import (
    Comparison,
    Conversation,
    Dataset,
    Message,
)
from annotation.services import dataset_files, datasets
from annotation.services.file_options import FileOptions
from labelhub import clock
from labelhub.accounts.models import Membership
from tests.chats import CandidatePolicyFactory, drafted, finished_chat
from tests.factories import (
    GuidelineFactory,
    MembershipFactory,
    ProjectFactory,
    PromptFactory,
    RatingSchemaFactory,
    RoundFactory,
)
from tests.freezing import declared, frozen
from tests.importing import dialogue, lines_of, ranking, said, take_in, write_out
from tests.judging import judged
from tests.writing import REVIEW, Person, serving_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return ProjectFactory()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "out.jsonl"


class TestDemonstrations:
    def test_only_what_was_approved_leaves(self, path):
        project = serving_project()
        trainer, reviewer = Person(project), Person(project, Membership.Role.REVIEWER)
        rejected, _, _ = (trainer.hand_in_new() for _ in range(3))
        take_in(project, dialogue("Hi?", "Hello."), dialogue("No?", "No.") | {"x": 1})
        Conversation.objects.filter(imported_fields={"x": 1}).update(allowed_use=["eval"])
        for _ in range(2):
            assignment = reviewer.claim(REVIEW)
            subject = assignment.task.subject_id
            verdict = "rejected" if subject == rejected.pk else "approved"
            assert reviewer.review(assignment, verdict, comment="So be it.").status_code == 201
        states = list(Conversation.objects.exclude(kind="imported").values_list("state", flat=True))
        assert states.count("submitted") == 1
        manifest = write_out(project, "sft", "messages", path).manifest
        expected = {"rejected": states.count("rejected"), "waiting_for_review": 1}
        assert manifest["excluded"] == {"use_not_allowed": 1} | {
            reason: count for reason, count in expected.items() if count
        }
        assert manifest["kept"] == 1 + states.count("approved")

    @pytest.mark.parametrize(
        ("most", "kept", "excluded"),
        [(1.0, 3, {}), (0.5, 2, {"model_written": 1}), (0.0, 1, {"model_written": 2})],
    )
    @pytest.mark.parametrize("file_format", ["messages", "openai"])
    def test_a_file_may_hold_little_of_drafts(self, path, file_format, most, kept, excluded):
        project = serving_project()
        person = Person(project)
        for share in (None, 0.5, 0.8):
            conversation = person.hand_in_new()
            with pgtrigger.ignore("annotation.Message:immutable_turn"):
                Message.objects.filter(conversation=conversation, role="assistant").update(
                    model_share=share, trainable=True
                )
            Conversation.objects.filter(pk=conversation.pk).update(state="accepted_by_sampling")
        written = write_out(project, "sft", file_format, path, max_model_share=most)
        assert (written.manifest["kept"], written.manifest["excluded"]) == (kept, excluded)
        assert len(lines_of(path)) == kept

    @pytest.mark.parametrize(
        ("outcomes", "kept"),
        [([], 4), (["edited"], 3), (["inserted", "edited"], 2), (["ignored"], 3), (["stale"], 4)],
    )
    @pytest.mark.parametrize("by", ["file", "recipe"])
    def test_dialogues_stay_for_what_became_of_their_drafts(self, path, outcomes, kept, by):
        project = serving_project()
        person = Person(project)
        for outcome in (None, "inserted", "edited", "ignored"):
            conversation = person.hand_in_new()
            with pgtrigger.ignore("annotation.Message:immutable_turn"):
                answers = conversation.messages.filter(role="assistant")
                answers.update(trainable=True)
            if outcome is not None:
                used = None if outcome == "ignored" else answers.first()
                drafted(conversation, outcome=outcome, message=used)
            Conversation.objects.filter(pk=conversation.pk).update(state="accepted_by_sampling")
        if by == "file":
            manifest = write_out(project, "sft", "messages", path, without_drafts=outcomes).manifest
        else:
            recipe = declared(project, near_duplicates=False, without_drafts=outcomes)
            manifest = frozen(recipe).manifest
        left_out = {"draft_outcome": 4 - kept} if kept < 4 else {}
        assert (manifest["kept"], manifest["excluded"]) == (kept, left_out)

    def test_an_excluded_persons_later_work_stays(self, path):
        project = serving_project()
        before, after = Person(project), Person(project)
        for person in (before, after):
            conversation = person.hand_in_new()
            Conversation.objects.filter(pk=conversation.pk).update(state="accepted_by_sampling")
            shift = timedelta(seconds=1 if person is before else -1)
            person.member.excluded_from = conversation.finished_at + shift
            person.member.save()
        assert write_out(project, "sft", "openai", path).manifest["excluded"] == {
            "no_trainable_turn": 1,
            "rater_excluded": 1,
        }

    def test_work_by_rules_that_a_breaking_change_replaced_stays(self, path):
        project = serving_project()
        GuidelineFactory(project=project, version=1)
        person = Person(project)
        old = person.hand_in_new()
        GuidelineFactory(project=project, version=2, breaking=False)
        Conversation.objects.filter(pk=old.pk).update(state="approved")
        assert write_out(project, "sft", "openai", path).manifest["excluded"] == {
            "no_trainable_turn": 1
        }
        GuidelineFactory(project=project, version=3, breaking=True)
        take_in(project, dialogue("Hi?", "Hello."))
        manifest = write_out(project, "sft", "openai", path).manifest
        assert (manifest["kept"], manifest["excluded"]) == (1, {"older_guideline": 1})

    def test_openai_weights_are_on_all_answers_of_a_file_or_on_none(self, project, path):
        partly = dialogue("One?", "1.", "Two?", "2.")
        partly["messages"][1]["weight"] = 0
        take_in(project, dialogue("Hi?", "Hello."))
        write_out(project, "sft", "openai", path)
        assert lines_of(path) == [dialogue("Hi?", "Hello.")]
        take_in(project, partly)
        written = write_out(project, "sft", "openai", path)
        assert [[turn.get("weight") for turn in line["messages"]] for line in lines_of(path)] == [
            [None, 1],
            [None, 0, None, 1],
        ]
        assert written.manifest["kept"] == 2
        manifest = write_out(project, "sft", "messages", path).manifest
        assert (manifest["kept"], manifest["excluded"]) == (1, {"untrainable_turn": 1})

    def test_turns_last_gives_a_row_a_dialogue(self, project, path):
        take_in(project, dialogue("One?", "1.", "Two?", "2."))
        write_out(project, "sft", "prompt-completion", path)
        assert len(lines_of(path)) == 2
        write_out(project, "sft", "prompt-completion", path, turns="last")
        (line,) = lines_of(path)
        assert line["completion"] == [said("assistant", "2.")]


class TestComparisons:
    def test_pairs_of_a_group_stand_together_and_share_its_weight(self, project, path):
        take_in(
            project,
            ranking("A", "B", group_id="x", rater="r_1"),
            ranking("C", "AB", group_id="y", rater="r_1"),
            ranking("B", "A", group_id="x", rater="r_2"),
        )
        manifest = write_out(project, "comparisons", "preference", path).manifest
        assert manifest["kept"] == 3
        lines = lines_of(path)
        groups = [line["group_id"] for line in lines]
        assert groups == sorted(groups)
        assert len(lines) == 4
        weights = defaultdict(float)
        for line in lines:
            weights[line["group_id"]] += line["pair_weight"]
        assert set(weights.values()) == {1.0}
        assert lines[2]["chosen"] == [said("assistant", "Reply C.")]

    def test_what_is_left_out_is_counted(self, project, path):
        RoundFactory(project=project)
        RatingSchemaFactory(project=project)
        member = MembershipFactory(project=project)
        judged(project, member, [["A"], ["B"], ["C"], ["D"]])
        judged(project, member, [], cannot_judge=True)
        take_in(project, ranking("A", "B", purpose="gold"), ranking("AB", id="tied"))
        manifest = write_out(project, "comparisons", "preference-implicit", path).manifest
        assert manifest["kept"] == 1
        assert manifest["excluded"] == {"all_tied": 1, "cannot_judge": 1, "not_for_training": 1}
        assert len(lines_of(path)) == 6

    def test_criteria_are_not_mixed_unless_asked(self, project, path):
        take_in(
            project,
            ranking("A", "B", criterion="helpfulness"),
            ranking("B", "A", criterion="least:harmlessness"),
        )
        with pytest.raises(CriteriaMixed, match="helpfulness, least:harmlessness"):
            write_out(project, "comparisons", "ranking", path)
        manifest = write_out(
            project, "comparisons", "ranking", path, criterion="least:harmlessness"
        ).manifest
        assert manifest["excluded"] == {"other_criterion": 1}
        assert [line["criterion"] for line in lines_of(path)] == ["least:harmlessness"]
        write_out(project, "comparisons", "ranking", path, criterion="any")
        assert len(lines_of(path)) == 2

    def test_pseudonyms_last_within_a_family_and_nowhere_else(self, project, path):
        other = ProjectFactory()
        for each in (project, other):
            take_in(each, ranking("A", "B", rater="Anna"))
        seen = []
        for each in (project, project, other):
            write_out(each, "comparisons", "ranking", path)
            seen.append(lines_of(path)[0]["rater"])
        assert seen[0] == seen[1] != seen[2]
        assert "Anna" not in path.read_text()

    def test_where_its_words_and_policies_come_from_is_in_the_manifest(self, path):
        served = CandidatePolicyFactory()
        project = served.project
        line = ranking("A", "B")
        line["candidates"][0]["policy"] = "theirs@2"
        take_in(project, line, licence="MIT")
        comparison = Comparison.objects.get()
        assert comparison.licence == "MIT"
        manifest = write_out(project, "comparisons", "ranking", path).manifest
        assert (manifest["licences"], manifest["policies"]) == (["MIT"], ["theirs@2"])


class TestPrompts:
    def test_prompts_and_first_contexts_once_each(self, project, path):
        PromptFactory(project=project, kind="brief", text="Write about rivers.")
        PromptFactory(project=project, kind="prompt", text="Question 0?")
        PromptFactory(project=project, kind="prompt", text="Alone?")
        finished_chat(project, "First.", "Second.")  # asks “Question 0?”, which is a prompt
        take_in(
            project, {"messages": [said("system", "Be brief."), *dialogue("Hi?", "1.")["messages"]]}
        )
        take_in(project, dialogue("Hi?", "2."), dialogue("Hi?", "3."))
        manifest = write_out(project, "prompts", "prompt-only", path).manifest
        assert [line["prompt"] for line in lines_of(path)] == [
            [said("user", "Question 0?")],
            [said("user", "Alone?")],
            [said("system", "Be brief."), said("user", "Hi?")],
            [said("user", "Hi?")],
        ]
        assert manifest["excluded"] == {"duplicate": 2}

    def test_what_a_policy_wrote_as_the_user_is_no_prompt(self, project, path):
        chat = finished_chat(project, "Reply.")
        completion = Message.objects.get(role="assistant").completion
        Message.objects.create(
            project=project,
            conversation=chat,
            position=0,
            sibling=1,
            role="user",
            content="Written for you.",
            origin="model",
            completion=completion,
            created_at=clock.now(),
            is_live=False,
        )
        Message.objects.filter(position=0, sibling=0).update(is_live=False)
        Message.objects.filter(position=0, sibling=1).update(is_live=True)
        manifest = write_out(project, "prompts", "prompt-only", path).manifest
        assert (manifest["kept"], manifest["excluded"]) == (0, {"model_written": 1})


class TestCommand:
    def run(self, project, *arguments):
        call_command("export_jsonl", *arguments[:1], "--project", project.slug, *arguments[1:])

    def test_it_writes_a_file_a_manifest_and_the_counts(self, project, path, capsys):
        partly = dialogue("One?", "1.", "Two?", "2.")
        partly["messages"][1]["weight"] = 0
        take_in(project, dialogue("Hi?", "Hello."), partly)
        self.run(project, "sft", "--out", str(path))
        assert lines_of(path) == [dialogue("Hi?", "Hello.")]
        manifest = orjson.loads(path.with_name("out.jsonl.manifest.json").read_bytes())
        assert manifest["dataset"] == {
            "project": project.slug,
            "kind": "sft",
            "number": 1,
            "rows": 2,
        }
        said = capsys.readouterr()
        assert said.out == ""
        assert "left out, untrainable_turn: 1" in said.err
        assert "dataset sft 1: 1 rows written" in said.err

    def test_minus_is_standard_output(self, project, capfdbinary):
        take_in(project, dialogue("Hi?", "Hello."))
        self.run(project, "sft", "--format", "sharegpt", "--out", "-")
        assert orjson.loads(capfdbinary.readouterr().out) == {
            "conversations": [{"from": "human", "value": "Hi?"}, {"from": "gpt", "value": "Hello."}]
        }

    @pytest.mark.parametrize(
        "arguments",
        [
            ("sft", "--out", "/nowhere/out.jsonl"),
            ("sft", "--out", "-", "--split", "train=0.5,test=0.5"),
            ("sft", "--out", "out.jsonl", "--format", "nectar"),
            ("sft", "--out", "out.jsonl", "--split", "half"),
        ],
    )
    def test_refusals(self, project, arguments):
        with pytest.raises(CommandError) as refusal:
            self.run(project, *arguments)
        assert refusal.value.returncode == 2
        assert not Dataset.objects.exists()

    def test_no_such_project(self, path):
        with pytest.raises(CommandError, match="no project") as refusal:
            call_command("export_jsonl", "sft", "--project", "absent", "--out", str(path))
        assert refusal.value.returncode == 2


def test_what_was_left_out_is_kept_with_the_parts(project, tmp_path, monkeypatch):
    monkeypatch.setattr(kept_parts, "KEEP_BYTES", 1)
    monkeypatch.setattr(datasets, "CHUNK_ROWS", 2)
    untrained = weighted_zero("Which?", "None.")
    take_in(project, untrained, *(dialogue(f"{n}?", "Yes. " * 2**18) for n in range(6)))
    take_in(project, dialogue("Of others?", "Yes."), allowed_use=["eval"])
    dataset = datasets.freeze(project=project, kind=Dataset.Kind.SFT)
    options = FileOptions.checked(kind="sft", file_format="messages", personal_data="hold")

    def manifest(name, stop_after):
        def progress(n_through):
            if n_through >= stop_after:
                raise InterruptedError

        written = dataset_files.write_files(
            dataset=dataset, options=options, path=tmp_path / name, progress=progress
        )
        return written.manifest["kept"], written.manifest["excluded"]

    with pytest.raises(InterruptedError):
        manifest("cut.jsonl", 4)
    assert manifest("cut.jsonl", 1000) == manifest("whole.jsonl", 1000)
    assert manifest("whole.jsonl", 1000) == (6, {"no_trainable_turn": 1, "use_not_allowed": 1})


def weighted_zero(*texts):
    row = dialogue(*texts)
    row["messages"][-1]["weight"] = 0
    return row
