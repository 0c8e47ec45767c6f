"""Files out: which rows leave, in which lines, and that they come back the same."""

from __future__ import annotations

import gzip
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from annotation.datasets import comparison_formats, formats
from annotation.datasets.splits import split_of
from annotation.exceptions import CriteriaMixed, FormatUnknown, SplitRefused
from annotation.models import (
    Candidate,
    Comparison,
    Conversation,
    Dataset,
    DatasetChunk,
    Message,
    Placement,
    Ranking,
    Task,
    TaskKind,
)
from annotation.selectors.comparisons import ranking_sheet_for
from annotation.services import claim, dataset_files, dataset_lines, datasets, tasks
from annotation.services import rankings as ranking_services
from labelhub import clock
from labelhub.accounts.models import Membership
from sampling.contexts import store_contexts
from tests.chats import CandidatePolicyFactory, GenerationFactory, end_generation, finished_chat
from tests.datasets import strategies
from tests.factories import (
    GuidelineFactory,
    MembershipFactory,
    ProjectFactory,
    PromptFactory,
    RatingSchemaFactory,
    RoundFactory,
    ready_comparison,
)
from tests.importing import FIXTURES, dialogue, joined, lines_of, ranking, said, take_in, write_out
from tests.writing import REVIEW, Person, serving_project

pytestmark = pytest.mark.django_db

# What a `ranking` line cannot have in common with the line that it was imported from.
OURS = ("id", "group_id", "project", "rater", "shown_order")


@pytest.fixture
def project():
    return ProjectFactory()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "out.jsonl"


def without_ids(line: dict[str, Any]) -> dict[str, Any]:
    places = {candidate["id"]: n for n, candidate in enumerate(line["candidates"])}
    return {key: value for key, value in line.items() if key not in OURS} | {
        "candidates": [{**candidate, "id": None} for candidate in line["candidates"]],
        "shown_places": [places[pk] for pk in line.get("shown_order", [])],
    }


def judged(project, member: Membership, tiers: list[list[str]], **fields: Any) -> Ranking:
    """What a trainer makes of a new comparison of four, through the queue."""
    judgement: Any = {
        "cannot_judge": False,
        "tiers": tiers,
        "acceptable_tier": 1,
        "ratings": {"A": 5, "B": 7, "C": 1, "D": 5},
        "flags": {"C": ["hallucination"]},
        "comment": "C invents a date.",
        "rewrite": "",
        "open_milliseconds": dict.fromkeys("ABCD", 2000),
    }
    (context,) = store_contexts(contexts=[[said("user", f"Judge {len(tiers)} tiers.")]])
    comparison = ready_comparison(project, n_candidates=2, context=context)
    sampled = GenerationFactory(project=project, purpose="candidate", priority=1, context=context)
    Candidate.objects.bulk_create(
        Candidate(
            project=project,
            comparison=comparison,
            index=2 + completion.index,
            origin="fresh",
            content=completion.text,
            completion=completion,
        )
        for completion in end_generation(sampled, "Sampled one.", ("Sampled tw", "length"))
    )
    tasks.add_tasks(
        tasks=[tasks.NewTask(project=project, kind=TaskKind.RANKING, comparison=comparison)]
    )
    pk = claim.claim(user=member.user, slug=project.slug, kind=TaskKind.RANKING)
    ranking_services.submit_ranking(
        sheet=ranking_sheet_for(user=member.user, assignment_id=pk),
        key=uuid4(),
        judgement=judgement | fields,
    )
    return Ranking.objects.get(assignment=pk)


class TestRoundTrip:
    def test_dialogues_come_back_byte_for_byte(self, project, path):
        content = joined(FIXTURES)
        take_in(project, *content.splitlines())
        written = write_out(project, "sft", "messages", path)
        sent = [{"messages": line["messages"]} for line in map(orjson.loads, content.splitlines())]
        assert lines_of(path) == sent
        assert written.manifest["kept"] == len(sent)
        assert written.manifest["excluded"] == {}

    def test_what_a_person_ranked_comes_back_but_for_the_ids(self, project, path, tmp_path):
        RoundFactory(project=project)
        RatingSchemaFactory(project=project)
        GuidelineFactory(project=project, kind=TaskKind.RANKING)
        member = MembershipFactory(project=project)
        for tiers in (
            [["B"], ["A", "D"], ["C"]],
            [["A", "B", "C", "D"]],
            [["D"], ["C"], ["B", "A"]],
        ):
            judged(project, member, tiers)
        write_out(project, "comparisons", "ranking", path)
        sent = lines_of(path)
        assert [line["id"] for line in sent] == sorted(line["id"] for line in sent)
        assert len(sent) == 3
        fresh = sent[0]["candidates"][3]
        assert (fresh["origin"], fresh["content"], fresh["seed"]) == ("fresh", "Sampled tw", 1)
        assert fresh["finish_reason"] == "length"
        assert fresh["params"] == {
            "max_tokens": 512,
            "min_p": 0.0,
            "stop": [],
            "temperature": 1.0,
            "top_k": 0,
            "top_p": 1.0,
        }

        other = ProjectFactory()
        run, rejects = take_in(other, *sent)
        assert (run.format, run.n_added, rejects) == ("ranking", 3, [])
        back = tmp_path / "back.jsonl"
        write_out(other, "comparisons", "ranking", back)
        came = lines_of(back)
        assert [without_ids(line) for line in came] == [without_ids(line) for line in sent]
        assert [list(line) for line in came] == [list(line) for line in sent]
        for key in ("id", "group_id", "project", "rater"):
            assert {line[key] for line in came}.isdisjoint({line[key] for line in sent})
        # One person stays one person.
        assert len({line["rater"] for line in came}) == len({line["rater"] for line in sent}) == 1

    def test_a_foreign_lines_every_field_comes_back(self, project, path):
        line = ranking(
            "B",
            "AC",
            revision=2,
            round=4,
            language="pt-BR",
            criterion="Which is funnier?",
            reason="extra",
            purpose="train",
            pick={"rule": "uniform", "seed": 2**62, "as_of": "2026-01-02T03:04:05.000006Z"},
            acceptable_tier=0,
            strength={"grade": -3, "scale": "-3..3"},
            rewrite="A better one.",
            comment="  kept as is \n",
            rater="r_x",
            guideline=7,
            rating_schema=3,
            shown_order=["B", "C", "A"],
            active_seconds=0.25,
            created_at="2025-12-31T23:59:59.999999Z",
        )
        for candidate, extra in zip(
            line["candidates"],
            (
                {"rating": 1, "flags": [], "origin": "original", "policy": "p@1", "seed": -1},
                {"flags": ["opinion"], "origin": "fresh", "params": {"top_p": 1e300, "a": [1.0]}},
                {"flags": [], "origin": "reference", "finish_reason": "length"},
            ),
            strict=True,
        ):
            candidate |= extra
        take_in(project, line)
        write_out(project, "comparisons", "ranking", path)
        (came,) = lines_of(path)
        context_hash = came.pop("context_hash")
        assert len(context_hash) == 64
        assert without_ids(came) == without_ids(line)

    @settings(
        max_examples=25,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(st.lists(strategies.rankings(), min_size=1, max_size=4))
    def test_any_ranking_that_went_in_comes_back(self, path, records):
        sent = comparison_formats.ranking_lines(
            [replace(record, reason="planned", purpose="train") for record in records],
            formats.Options(),
        )
        copies = []
        for project in ProjectFactory.create_batch(2):
            _, rejects = take_in(project, *sent, file_format="ranking")
            assert rejects == []
            write_out(project, "comparisons", "ranking", path, criterion="any")
            sent = lines_of(path)
            copies.append([without_ids(line) for line in sent])
        assert copies[0] == copies[1]
        given_texts = {(c.content, c.rank, c.rating) for r in records for c in r.candidates}
        assert given_texts == {
            (c["content"], c["rank"], c.get("rating"))
            for line in copies[0]
            for c in line["candidates"]
        }

    def test_prompts_come_back(self, project, path):
        lines = [
            {"prompt": [said("user", "Hi?")]},
            {"prompt": [said("user", "Hi?"), said("assistant", "Hello."), said("user", "And?")]},
        ]
        take_in(project, *lines)
        write_out(project, "prompts", "prompt-only", path)
        assert lines_of(path) == lines

    def test_metadata_says_where_a_row_comes_from(self, project, path):
        take_in(project, dialogue("Hi?", "Hello.") | {"note": {"x": 1e300}}, licence="MIT")
        write_out(project, "sft", "messages", path, with_metadata=True)
        (line,) = lines_of(path)
        conversation = Conversation.objects.get()
        assert line["metadata"] == {
            "id": conversation.pk,
            "kind": "imported",
            "source": "rows.jsonl",
            "source_row": 1,
            "origin_key": conversation.origin_key,
            "licence": "MIT",
            "language": "en",
            "imported": {"note": {"x": 1e300}},
        }


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


class TestSplits:
    SPLIT = "train=0.6,validation=0.2,test=0.2"

    def test_a_key_is_in_one_split_whatever_the_file(self, project, tmp_path):
        lines = [dialogue(f"Question {n}?", "Yes.") for n in range(60)]
        take_in(project, *lines)
        rankings = [
            ranking("A", "B", id=n, prompt=[said("user", f"Question {n}?")], group_id=n)
            for n in range(60)
        ]
        take_in(project, *rankings)
        written = write_out(project, "sft", "messages", tmp_path / "sft.jsonl", split=self.SPLIT)
        write_out(project, "comparisons", "ranking", tmp_path / "rm.jsonl.gz", split=self.SPLIT)
        assert sorted(path.name for path in tmp_path.iterdir()) == [
            "rm.jsonl.gz.manifest.json",
            "rm.test.jsonl.gz",
            "rm.train.jsonl.gz",
            "rm.validation.jsonl.gz",
            "sft.jsonl.manifest.json",
            "sft.test.jsonl",
            "sft.train.jsonl",
            "sft.validation.jsonl",
        ]
        assert sum(file.rows for file in written.files) == 60
        asked = {}
        for name in ("train", "validation", "test"):
            asked[name] = {
                line["messages"][0]["content"] for line in lines_of(tmp_path / f"sft.{name}.jsonl")
            }
            content = gzip.decompress((tmp_path / f"rm.{name}.jsonl.gz").read_bytes())
            compared = [orjson.loads(line) for line in content.splitlines()]
            assert {line["prompt"][0]["content"] for line in compared} == asked[name]
            assert {line["split"] for line in compared} == {name}

    def test_the_salt_and_the_key_alone_decide(self):
        shares = {"train": 0.9, "test": 0.1}
        keys = [f"key {n}" for n in range(2000)]
        splits = [split_of(key, salt="a", shares=shares) for key in keys]
        assert splits == [split_of(k, salt="a", shares={"test": 0.1, "train": 0.9}) for k in keys]
        assert splits != [split_of(key, salt="b", shares=shares) for key in keys]
        assert abs(splits.count("test") / 2000 - 0.1) < 0.02
        wider = [split_of(key, salt="a", shares={"test": 0.3, "train": 0.7}) for key in keys]
        assert {k for k, s in zip(keys, splits, strict=True) if s == "test"} < {
            k for k, s in zip(keys, wider, strict=True) if s == "test"
        }

    @pytest.mark.parametrize(
        "split",
        ["train", "train=1.5", "train=0.5", "train=0.5,train=0.5", "train=nan", "T=1", "=1"],
    )
    def test_what_is_no_split_is_refused(self, project, path, split):
        with pytest.raises(SplitRefused):
            write_out(project, "sft", "messages", path, split=split)


class TestFreezing:
    def test_datasets_are_numbered_chunked_and_frozen(self, project, monkeypatch, path):
        monkeypatch.setattr(datasets, "CHUNK_ROWS", 2)
        take_in(project, *(dialogue(f"{n}?", "Yes.") for n in range(5)))
        for number in (1, 2):
            dataset = datasets.freeze(project=project, kind=Dataset.Kind.SFT)
            assert (dataset.number, dataset.n_rows) == (number, 5)
        ids = list(Conversation.objects.order_by("pk").values_list("pk", flat=True))
        chunks = DatasetChunk.objects.filter(dataset=dataset).order_by("number")
        assert [chunk.row_ids for chunk in chunks] == [ids[:2], ids[2:4], ids[4:]]
        with pytest.raises(Exception, match="frozen"), transaction.atomic():
            Dataset.objects.update(n_rows=0)
        take_in(project, dialogue("later?", "Yes."))
        options = dataset_lines.FileOptions(kind="sft", file_format="messages")
        seen: list[int] = []
        dataset_files.write_files(dataset=dataset, options=options, path=path, progress=seen.append)
        assert seen == [2, 4, 5]
        assert len(lines_of(path)) == 5

    def test_what_was_not_made_for_training_can_never_enter(self):
        project = serving_project()
        take_in(project, ranking("A", "B", purpose="gold"))
        judged_as_gold = Ranking.objects.get()
        Person(project).hand_in_new()
        demonstration = Conversation.objects.get()
        Conversation.objects.update(state="accepted_by_sampling")
        Task.objects.filter(assignments__conversation=demonstration).update(purpose="exam")
        for kind in Dataset.Kind:
            dataset = datasets.freeze(project=project, kind=kind)
            assert (dataset.n_rows, dataset.excluded) == (0, {"not_for_training": 1})
            for rows_of, row in (("ranking", judged_as_gold), ("conversation", demonstration)):
                with (
                    pytest.raises(DatabaseError, match="only rows made for training"),
                    transaction.atomic(),
                ):
                    DatasetChunk.objects.create(
                        dataset=dataset, number=0, rows_of=rows_of, row_ids=[row.pk]
                    )

    def test_groups_are_not_torn_by_chunks(self, project, monkeypatch, path):
        monkeypatch.setattr(datasets, "CHUNK_ROWS", 1)
        for rater in ("r_1", "r_2"):
            for group in ("x", "y"):
                take_in(project, ranking("A", "B", group_id=group, rater=rater))
        write_out(project, "comparisons", "preference", path)
        assert [line["pair_weight"] for line in lines_of(path)] == [0.5] * 4

    def test_the_same_frozen_rows_give_the_same_bytes(self, project, tmp_path):
        take_in(project, *(ranking("A", "B", id=n, group_id=n) for n in range(3)))
        dataset = datasets.freeze(project=project, kind=Dataset.Kind.COMPARISONS)
        options = dataset_lines.FileOptions(
            kind="comparisons", file_format="ranking", with_metadata=True
        )
        contents = set()
        for name in ("a", "b"):
            path = tmp_path / name / "x.jsonl.zst"
            path.parent.mkdir()
            dataset_files.write_files(
                dataset=dataset, options=options, path=path, progress=lambda n: None
            )
            contents.add(path.read_bytes())
            contents.add((path.parent / "x.jsonl.zst.manifest.json").read_bytes())
        assert len(contents) == 2

    def test_what_stops_leaves_nothing_and_the_old_file_stands(self, project, tmp_path):
        take_in(project, dialogue("Hi?", "Hello."))
        dataset = datasets.freeze(project=project, kind=Dataset.Kind.SFT)
        old = tmp_path / "out.test.jsonl"
        old.write_text("old")

        def stop(n_through):
            raise RuntimeError

        options = dataset_lines.FileOptions.checked(
            kind="sft", file_format="messages", split="train=0.5,test=0.5"
        )
        with pytest.raises(RuntimeError):
            dataset_files.write_files(
                dataset=dataset, options=options, path=tmp_path / "out.jsonl", progress=stop
            )
        assert [path.name for path in tmp_path.iterdir()] == ["out.test.jsonl"]
        assert old.read_text() == "old"

    def test_an_unknown_format_is_refused(self, project, path):
        with pytest.raises(FormatUnknown, match="known are messages, openai"):
            write_out(project, "sft", "parquet", path)

    def test_a_placement_cannot_be_changed_under_a_dataset(self, project):
        take_in(project, ranking("A", "B"))
        with pytest.raises(Exception, match="annot"), transaction.atomic():
            Placement.objects.update(tier=1)
        with pytest.raises(IntegrityError), transaction.atomic():
            Ranking.objects.create(
                project=project,
                comparison=Comparison.objects.get(),
                reason="planned",
                purpose="fun",
                created_at=clock.now(),
            )


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


@pytest.mark.parametrize(
    ("kind", "file_format", "n_rows"),
    [
        ("sft", "messages", 225),
        ("sft", "openai", 225),
        ("sft", "prompt-completion", None),
        ("sft", "sharegpt", 225),
        ("comparisons", "ranking", 2),
        ("comparisons", "preference", 4),
        ("comparisons", "preference-implicit", 4),
        ("prompts", "prompt-only", None),
    ],
)
def test_datasets_reads_every_row(project, path, monkeypatch, tmp_path, kind, file_format, n_rows):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    library = pytest.importorskip("datasets")
    take_in(project, *joined(FIXTURES).splitlines())
    take_in(project, ranking("A", "B"), ranking("B", "A", "C", group_id="g2"))
    written = write_out(project, kind, file_format, path)
    rows = library.load_dataset(
        "json", data_files=str(path), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert len(rows) == written.files[0].rows
    assert n_rows in (None, len(rows))
    # It fills keys that only some rows have with None.
    given = [{key: value for key, value in row.items() if value is not None} for row in rows]
    assert file_format == "ranking" or given == lines_of(path)
