"""Thumbs on replies in chats become KTO lines, where they are asked for (DATA.md §6)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pgtrigger
import pytest
from django.core.management import call_command
from django.db import DatabaseError, transaction
from pyarrow import parquet
from rest_framework.exceptions import ValidationError

from annotation.exceptions import ThumbsRefused
from annotation.models import (
    Candidate,
    Comparison,
    Conversation,
    Dataset,
    DatasetChunk,
    Feedback,
    Message,
    PersonalDataHold,
    Task,
    TaskKind,
)
from annotation.selectors.personal_data import with_passages
from annotation.selectors.versions import diff
from annotation.services import dataset_files, datasets, versions
from annotation.services.explanations import explain_line
from annotation.services.feedback import give_feedback
from annotation.services.file_options import FileOptions
from labelhub.accounts.models import Membership, Project
from tests.chats import finished_chat
from tests.factories import MembershipFactory, ProjectFactory
from tests.freezing import counted, declared, files_of, frozen
from tests.importing import lines_of, ranking, said, take_in, write_out
from tests.writing import Person, serving_project

pytestmark = pytest.mark.django_db

UP, DOWN = Feedback.Thumb.UP, Feedback.Thumb.DOWN


@pytest.fixture
def project() -> Project:
    return ProjectFactory()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kto.jsonl"


def reply(project: Project, *replies: str, **fields: Any) -> Message:
    """The last reply of a finished chat of a member."""
    author = MembershipFactory(project=project).user.rater
    chat = finished_chat(project, *replies, author=author, **fields)
    return chat.messages.filter(role="assistant").latest("position")


def test_a_thumb_labels_a_reply_in_its_context(project: Project, path: Path) -> None:
    take_in(project, ranking("A", "B", acceptable_tier=1))
    good, bad = reply(project, "One.", "Two."), reply(project, "Three.")
    give_feedback(message=good, thumb=UP, reasons=["helpful"])
    give_feedback(message=bad, thumb=DOWN)
    assert labels(project, path) == [True, False]
    written = write_out(project, "comparisons", "kto", path, thumbs=True)
    assert lines_of(path)[2:] == [
        {
            "prompt": [
                said("user", "Question 0?"),
                said("assistant", "One."),
                said("user", "Question 1?"),
            ],
            "completion": [said("assistant", "Two.")],
            "label": True,
        },
        {
            "prompt": [said("user", "Question 0?")],
            "completion": [said("assistant", "Three.")],
            "label": False,
        },
    ]
    manifest = written.manifest
    assert (manifest["kept"], manifest["excluded"]) == (3, {})
    assert manifest["options"]["thumbs"] is True
    assert manifest["filters"]["thumbs"] is True
    found = explain_line(path=path, number=3)
    assert (found.rows_of, found.rows[0]["message_id"]) == ("feedback", good.pk)


def labels(project: Project, path: Path, **options: Any) -> list[bool]:
    write_out(project, "comparisons", "kto", path, **options)
    return [line["label"] for line in lines_of(path)]


def test_each_reason_to_leave_one_out_is_counted(project: Project, path: Path) -> None:
    changed = reply(project, "One.")
    give_feedback(message=changed, thumb=UP)
    give_feedback(message=changed, thumb=DOWN)
    give_feedback(message=reply(project, "Two.", allowed_use=["sft"]), thumb=UP)
    excluded = give_feedback(message=reply(project, "Three."), thumb=UP)
    Membership.objects.filter(user__rater=excluded.rater).update(excluded_from=excluded.created_at)
    unfinished = reply(project, "Four.", state=Conversation.State.WRITING, finished_at=None)
    give_feedback(message=unfinished, thumb=UP)
    written = write_out(project, "comparisons", "kto", path, thumbs=True)
    assert written.manifest["excluded"] == {
        "rater_excluded": 1,
        "revised": 1,
        "use_not_allowed": 1,
    }
    assert [line["label"] for line in lines_of(path)] == [False]


@pytest.mark.parametrize("purpose", ["gold", "exam", "retest", "eval"])
def test_what_was_not_said_for_training_can_never_enter(path: Path, purpose: str) -> None:
    project = serving_project()
    assignment = Person(project).take_new(TaskKind.CHAT)
    Conversation.objects.filter(assignment=assignment).delete()
    judged = give_feedback(message=reply(project, "Hello.", assignment=assignment), thumb=UP)
    assert labels(project, path, thumbs=True) == [True]
    Task.objects.filter(pk=assignment.task_id).update(purpose=purpose)
    written = write_out(project, "comparisons", "kto", path, thumbs=True)
    assert (written.manifest["kept"], written.manifest["excluded"]) == (0, {"not_for_training": 1})
    dataset = datasets.freeze(project=project, kind=Dataset.Kind.COMPARISONS)
    with pytest.raises(DatabaseError, match="only rows made for training"), transaction.atomic():
        DatasetChunk.objects.create(
            dataset=dataset, number=0, rows_of="feedback", row_ids=[judged.pk]
        )


def test_a_thumb_goes_before_the_acceptable_line(project: Project, path: Path) -> None:
    take_in(project, ranking("A", "B", acceptable_tier=1))
    picked = reply(project, "Reply A.")
    Comparison.objects.update(conversation=picked.conversation, message=picked)
    with pgtrigger.ignore("annotation.Candidate:append_only"):
        Candidate.objects.filter(content="Reply A.").update(
            origin=Candidate.Origin.ORIGINAL, completion=picked.completion
        )

    def labelled(**options: Any) -> list[tuple[str, bool]]:
        write_out(project, "comparisons", "kto", path, **options)
        return [(line["completion"][0]["content"], line["label"]) for line in lines_of(path)]

    assert labelled(thumbs=True) == [("Reply A.", True), ("Reply B.", False)]
    give_feedback(message=picked, thumb=DOWN)
    assert labelled() == [("Reply A.", True), ("Reply B.", False)]
    assert labelled(thumbs=True) == [("Reply B.", False), ("Reply A.", False)]
    # Its label is of the frozen thumbs, not of later ones.
    assert explain_line(path=path, number=2).rows_of == "feedback"


def test_they_are_screened_and_split_like_any_row(project: Project, tmp_path: Path) -> None:
    give_feedback(message=reply(project, "Write to anna.berg@posteo.de."), thumb=UP)
    give_feedback(message=reply(project, "Hello.", origin_key="other"), thumb=UP)
    options = {"thumbs": True, "personal_data": "hold"}
    written = write_out(
        project, "comparisons", "kto", tmp_path / "x.jsonl", split="train=0.5,test=0.5", **options
    )
    assert written.manifest["excluded"] == {"personal_data": 1}
    (held,) = with_passages(list(PersonalDataHold.objects.all()))
    assert [passage.found for passage in held.passages] == ["anna.berg@posteo.de"]
    assert sum(file.rows for file in written.files) == 1
    write_out(
        project, "comparisons", "kto", tmp_path / "x.jsonl", thumbs=True, personal_data="mask"
    )
    assert lines_of(tmp_path / "x.jsonl")[0]["completion"] == [
        said("assistant", "Write to [email].")
    ]


def test_a_preview_counts_them(project: Project) -> None:
    give_feedback(message=reply(project, "Hello."), thumb=UP)
    options = FileOptions.checked(kind="comparisons", file_format="kto", thumbs=True)
    shown = dataset_files.preview(project=project, options=options, n_lines=3)
    assert (shown.n_rows, len(shown.lines)) == (1, 1)


def test_only_kto_lines_hold_them(project: Project) -> None:
    with pytest.raises(ThumbsRefused):
        FileOptions.checked(kind="comparisons", file_format="preference", thumbs=True)


class TestRecipes:
    SOURCES = ({"name": "rankings"}, {"name": "thumbs", "origins": "thumbs"})

    def test_they_are_a_source_of_their_own(self, project: Project, tmp_path: Path) -> None:
        take_in(project, ranking("A", "B", acceptable_tier=1))
        give_feedback(message=reply(project, "Hello."), thumb=DOWN)
        recipe = declared(project, kind="comparisons", sources=self.SOURCES, file={"format": "kto"})
        version = frozen(recipe)
        assert [source["rows"] for source in version.manifest["table"]["sources"]] == [1, 1]
        lines = [orjson.loads(line) for line in files_of(version)["mix-v1.jsonl"].splitlines()]
        assert [(line["completion"][0]["content"], line["label"]) for line in lines] == [
            ("Reply A.", True),
            ("Reply B.", False),
            ("Hello.", False),
        ]
        versions.rebuild(version=version, folder=tmp_path, progress=lambda n: None)
        # A thumb for another reply of the same words is another row.
        give_feedback(message=reply(project, "Good evening."), thumb=UP)
        found = diff(before=version, after=frozen(recipe))
        assert (found.added, found.same) == (1, 2)
        assert found.examples["added"][0].after == "Question 0? … Good evening."
        give_feedback(message=Message.objects.get(content="Hello."), thumb=UP)
        found = diff(before=version, after=frozen(recipe))
        assert (found.added, found.changed, found.gone, found.same) == (1, 1, 0, 1)

    def test_alone_they_answer_no_question_that_must_be_named(self, project: Project) -> None:
        take_in(project, ranking("A", "B"), ranking("A", "B", id="r2", criterion="helpfulness"))
        give_feedback(message=reply(project, "Hello."), thumb=UP)
        recipe = declared(
            project, kind="comparisons", sources=self.SOURCES[1:], file={"format": "kto"}
        )
        assert counted(recipe)["rows"] == 1

    def test_only_kto_takes_them(self, project: Project) -> None:
        with pytest.raises(ThumbsRefused):
            declared(project, kind="comparisons", sources=self.SOURCES)
        with pytest.raises(ValidationError, match="cannot take thumbs"):
            declared(project, sources=self.SOURCES)


def test_the_command_takes_them(project: Project, path: Path) -> None:
    give_feedback(message=reply(project, "Hello."), thumb=UP)
    call_command(
        "export_jsonl", "comparisons", "--format", "kto", "--project", project.slug, "--thumbs",
        "--with-metadata", "--out", str(path),
    )  # fmt: skip
    (line,) = lines_of(path)
    assert line["metadata"]["feedback"] == Feedback.objects.get().pk


def test_parquet_holds_them(project: Project, tmp_path: Path) -> None:
    take_in(project, ranking("A", "B", acceptable_tier=1))
    give_feedback(message=reply(project, "Hello."), thumb=UP)
    path = tmp_path / "kto.parquet"
    write_out(project, "comparisons", "kto", path, thumbs=True, with_metadata=True)
    assert parquet.read_table(path)["label"].to_pylist() == [True, False, True]
