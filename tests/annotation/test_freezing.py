"""Freezing: numbered, chunked, immutable datasets, and the split that a row is in for good."""

from __future__ import annotations

import gzip

import orjson
import pytest
from django.db import DatabaseError, IntegrityError, transaction

from annotation.datasets.splits import split_of
from annotation.exceptions import FormatUnknown, SplitRefused
from annotation.models import (
    Comparison,
    Conversation,
    Dataset,
    DatasetChunk,
    Placement,
    Ranking,
    Task,
)
from annotation.services import dataset_files, datasets, framing
from annotation.services.file_options import FileOptions
from labelhub import clock
from tests.factories import (
    ProjectFactory,
)
from tests.importing import dialogue, lines_of, ranking, said, take_in, unlike, write_out
from tests.writing import Person, serving_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def project():
    return ProjectFactory()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "out.jsonl"


class TestSplits:
    SPLIT = "train=0.6,validation=0.2,test=0.2"

    def test_a_key_is_in_one_split_whatever_the_file(self, project, tmp_path):
        lines = [dialogue(unlike(n), "Yes.") for n in range(60)]
        take_in(project, *lines)
        rankings = [
            ranking("A", "B", id=n, prompt=[said("user", unlike(n))], group_id=n) for n in range(60)
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
        assert all(asked.values())

    def test_a_key_never_moves_whatever_is_asked_for_later(self, project, path, settings):
        take_in(project, *(dialogue(unlike(n), "Yes.") for n in range(40)))
        write_out(project, "sft", "messages", path, split="test=0.5,train=0.5")
        first = path.with_name("out.test.jsonl").read_bytes()
        settings.SPLIT_SALT = "another"
        take_in(project, *(dialogue(unlike(n), "No.") for n in range(40)))
        written = write_out(project, "sft", "messages", path, split="test=0.1,train=0.9")
        second = lines_of(path.with_name("out.test.jsonl"))
        asked = {line["messages"][0]["content"] for line in second}
        assert {
            orjson.loads(line)["messages"][0]["content"] for line in first.splitlines()
        } == asked
        assert sum(file.rows for file in written.files) == 80

    def test_a_split_that_is_not_asked_for_is_left_out_and_counted(self, project, path):
        take_in(project, *(dialogue(unlike(n), "Yes.") for n in range(40)))
        write_out(project, "sft", "messages", path, split="test=0.5,train=0.5")
        n_test = len(lines_of(path.with_name("out.test.jsonl")))
        written = write_out(project, "sft", "messages", path, split="dev=0.5,train=0.5")
        assert written.manifest["excluded"] == {"other_split": n_test}
        assert lines_of(path.with_name("out.dev.jsonl")) == []

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
        monkeypatch.setattr(framing, "CHUNKS_AT_ONCE", 1)
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
        options = FileOptions(kind="sft", file_format="messages")
        seen: list[int] = []
        dataset_files.write_files(dataset=dataset, options=options, path=path, progress=seen.append)
        assert seen == [2, 4, 5]
        assert len(lines_of(path)) == 5

    def test_what_was_not_made_for_training_can_never_enter(self):
        project = serving_project()
        take_in(project, ranking("A", "B", purpose="gold", rewrite="Better."))
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
        options = FileOptions(kind="comparisons", file_format="ranking", with_metadata=True)
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

    def test_what_stops_names_nothing_and_the_old_file_stands(self, project, tmp_path):
        take_in(project, dialogue("Hi?", "Hello."))
        dataset = datasets.freeze(project=project, kind=Dataset.Kind.SFT)
        old = tmp_path / "out.test.jsonl"
        old.write_text("old")

        def stop(n_through):
            raise RuntimeError

        options = FileOptions.checked(
            kind="sft", file_format="messages", split="train=0.5,test=0.5"
        )
        with pytest.raises(RuntimeError):
            dataset_files.write_files(
                dataset=dataset, options=options, path=tmp_path / "out.jsonl", progress=stop
            )
        # What was written as yet stays hidden, to be gone on with.
        assert [path.name for path in tmp_path.glob("[!.]*")] == ["out.test.jsonl"]
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
