"""What a reply should have been, said in chats and while ranking: sources of their own."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from rest_framework.exceptions import ValidationError

from annotation.models import Conversation, Feedback, Message
from annotation.selectors.versions import diff
from annotation.services import erasure, explanations
from labelhub import clock
from labelhub.accounts.models import Membership
from tests.chats import finished_chat
from tests.factories import MembershipFactory, ProjectFactory
from tests.freezing import counted, declared, files_of, frozen
from tests.importing import dialogue, lines_of, ranking, said, take_in, unlike, write_out

pytestmark = pytest.mark.django_db

ASKED = [said("user", "Question 0?"), said("assistant", "Wrong."), said("user", "Question 1?")]


@pytest.fixture
def project():
    return ProjectFactory()


def rewritten(project, *replies, place=-1, rewrite="What is right.", **fields):
    """A finished chat of a member, of which they said what one reply should have been."""
    author = MembershipFactory(project=project).user.rater
    chat = finished_chat(project, *replies, author=author, **fields)
    message = list(chat.messages.filter(role="assistant").order_by("position"))[place]
    return feedback_on(message, rewrite)


def feedback_on(message, rewrite):
    return Feedback.objects.create(
        project=message.project,
        message=message,
        rater=message.conversation.author,
        thumb="down",
        reasons=["inaccurate"],
        rewrite=rewrite,
        created_at=clock.now(),
    )


def better_reply(project, rewrite="Better still."):
    """An imported ranking with a better reply, whose source lets it be trained on."""
    take_in(
        project,
        ranking("A", "B", rewrite=rewrite, prompt=[said("user", "Which one?")]),
        allowed_use=["sft", "comparison"],
    )


def test_a_rewrite_answers_what_stood_before_the_reply(project, tmp_path):
    rewritten(project, "Wrong.", "Wrong again.")
    path = tmp_path / "x.jsonl"
    written = write_out(project, "rewrites", "prompt-completion", path)
    assert lines_of(path) == [
        {"prompt": ASKED, "completion": [said("assistant", "What is right.")]}
    ]
    assert written.manifest["kept"] == 1
    # Demonstrations never hold one.
    assert write_out(project, "sft", "messages", path).manifest["kept"] == 0


def test_it_stands_on_its_own_branch(project, tmp_path):
    """The reply was asked for again; what was said of the first one keeps the first one's context."""
    feedback = rewritten(project, "Wrong.", "Wrong again.")
    other = Message.objects.get(content="Question 0?")
    Message.objects.filter(conversation=feedback.message.conversation).exclude(pk=other.pk).update(
        is_live=False
    )
    write_out(project, "rewrites", "prompt-completion", tmp_path / "x.jsonl")
    assert lines_of(tmp_path / "x.jsonl")[0]["prompt"] == ASKED


def test_each_reason_to_leave_one_out_is_counted(project, tmp_path):
    revised = rewritten(project, "One.")
    feedback_on(revised.message, "What was meant.")
    rewritten(project, "Two.", allowed_use=["comparison"])
    excluded = rewritten(project, "Three.")
    Membership.objects.filter(user__rater=excluded.rater).update(excluded_from=excluded.created_at)
    # Not finished, so nobody's yet.
    rewritten(project, "Four.", state=Conversation.State.WRITING, finished_at=None)
    written = write_out(project, "rewrites", "messages", tmp_path / "x.jsonl")
    assert written.manifest["excluded"] == {
        "rater_excluded": 1,
        "revised": 1,
        "use_not_allowed": 1,
    }
    assert [line["messages"][-1]["content"] for line in lines_of(tmp_path / "x.jsonl")] == [
        "What was meant."
    ]


class TestRecipes:
    SOURCES = (
        {"name": "demonstrations"},
        {"name": "chats", "origins": "rewrites"},
        {"name": "rankings", "origins": "better_replies"},
    )

    @pytest.fixture
    def everything(self, project):
        take_in(project, dialogue(unlike(1), "An answer of its own."))
        rewritten(project, "Wrong.", "Wrong again.")
        better_reply(project)

    def test_each_source_is_asked_for_by_name_and_counted_apart(self, project, everything):
        assert counted(declared(project))["rows"] == 1
        version = frozen(
            declared(project, name="three", sources=self.SOURCES, file={"format": "openai"})
        )
        table = version.manifest["table"]
        assert [(one["name"], one["rows"]) for one in table["sources"]] == [
            ("demonstrations", 1),
            ("chats", 1),
            ("rankings", 1),
        ]
        for line in ("| chats | ", "| rankings | ", "3 dialogues to train on"):
            assert line in version.card
        lines = [
            orjson.loads(line)["messages"]
            for line in files_of(version)["three-v1.jsonl"].splitlines()
        ]
        # A file that needs one weight names them all; earlier replies are context.
        assert [[turn.get("weight") for turn in turns] for turns in lines] == [
            [None, 1],
            [None, 0, None, 1],
            [None, 1],
        ]
        assert [turns[-1]["content"] for turns in lines] == [
            "Better still.",
            "What is right.",
            "An answer of its own.",
        ]

    def test_they_are_screened_and_weighed_like_any_row(self, project, everything):
        rewritten(project, "Other.", rewrite="Write to ann@harbour-office.net, she knows.")
        table = counted(declared(project, sources=self.SOURCES[1:], tokenizer=""))
        assert [(one["rows"], one["excluded"]) for one in table["sources"]] == [
            (1, {"personal_data": 1}),
            (1, {}),
        ]
        capped = [{**source, "cap": 1} for source in self.SOURCES[1:]]
        table = counted(declared(project, name="capped", sources=capped, personal_data="keep"))
        assert [one["rows"] for one in table["sources"]] == [1, 1]

    def test_what_is_compared_is_not_rewritten(self, project):
        with pytest.raises(ValidationError, match="cannot take rewrites"):
            declared(project, kind="comparisons", sources=self.SOURCES[1:2])

    def test_a_rewrite_shares_its_chats_split(self, project, everything):
        version = frozen(
            declared(
                project,
                sources=self.SOURCES,
                near_duplicates=False,
                file={"format": "prompt-completion", "split": "test=0.5,train=0.5"},
            )
        )
        assert sum(file["rows"] for file in version.manifest["files"]) == 3

    def test_what_changed_between_versions_quotes_them(self, project, everything):
        recipe = declared(project, sources=self.SOURCES, file={"format": "openai"})
        before = frozen(recipe)
        rewritten(project, "A third one.", rewrite="Said quite otherwise, at some length.")
        found = diff(before=before, after=frozen(recipe))
        assert (found.added, found.gone, found.same) == (1, 0, 3)
        assert "Said quite otherwise" in found.examples["added"][0].after

    def test_an_erased_persons_rewrites_take_the_version_with_them(self, project, everything):
        recipe = declared(project, sources=self.SOURCES[1:2], file={"format": "openai"})
        version = frozen(recipe)
        erasure.erase(user=Feedback.objects.get().rater.user, actor=None)
        version.refresh_from_db()
        assert version.withdrawn_at is not None
        assert counted(declared(project, name="again", sources=self.SOURCES[1:2]))["rows"] == 0


def test_a_line_leads_back_to_the_chat(project, tmp_path: Path):
    feedback = rewritten(project, "Wrong.")
    write_out(project, "rewrites", "messages", tmp_path / "x.jsonl")
    found = explanations.explain_line(path=tmp_path / "x.jsonl", number=1)
    assert found.rows_of == "feedback"
    (row,) = found.rows
    assert (row["feedback"], row["conversation"]) == (
        feedback.pk,
        feedback.message.conversation_id,
    )
    assert row["policy"] == feedback.message.completion.generation.policy.name
