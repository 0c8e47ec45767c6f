"""Shapes of looking back: one's conversations, questions and rulings, working time, the drafts' trial."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from annotation.models import Conversation, Review, TaskKind
from annotation.selectors.written import GROUPS, title_of
from annotation.serializers.conversations import (
    MAX_COMMENT_CHARACTERS,
    ConversationOutput,
    MessageCommentOutput,
)
from annotation.serializers.queue import PromptOutput

SECONDS_A_DAY = 86_400
MAX_SEARCH_CHARACTERS = 200


class ConversationsQuery(serializers.Serializer[Any]):
    group = serializers.ChoiceField(choices=list(GROUPS), required=False)
    search = serializers.CharField(
        required=False, max_length=MAX_SEARCH_CHARACTERS, allow_blank=True
    )


class WrittenRowOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=Conversation.Kind.choices)
    state = serializers.ChoiceField(choices=Conversation.State.choices)
    title = serializers.SerializerMethodField()
    n_turns = serializers.SerializerMethodField()
    comment = serializers.CharField(
        allow_null=True, help_text="The reviewer's, where there is one."
    )
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    assignment = serializers.IntegerField(source="assignment_id", allow_null=True)

    def get_title(self, row: Conversation) -> str:
        return title_of(row)

    def get_n_turns(self, row: Any) -> int:
        return row.n_turns or 0


class VerdictOutput(serializers.Serializer[Any]):
    verdict = serializers.ChoiceField(choices=Review.Verdict.choices)
    score = serializers.IntegerField(allow_null=True)
    comment = serializers.CharField(allow_blank=True)
    comments = MessageCommentOutput(many=True)
    at = serializers.DateTimeField()


class VersionOutput(serializers.Serializer[Any]):
    conversation = ConversationOutput()
    fixed = serializers.BooleanField(help_text="The version before as a reviewer changed it.")
    finished_at = serializers.DateTimeField(allow_null=True)
    review = VerdictOutput(allow_null=True)


class WrittenOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=Conversation.Kind.choices)
    state = serializers.ChoiceField(choices=Conversation.State.choices)
    project = serializers.CharField()
    prompt = PromptOutput(allow_null=True)
    assignment = serializers.IntegerField(allow_null=True)
    versions = VersionOutput(many=True)
    can_amend = serializers.BooleanField()
    kept_submission = serializers.JSONField(allow_null=True)


class AmendedOutput(serializers.Serializer[Any]):
    assignment = serializers.IntegerField(
        help_text="Under which its author goes on; another one where this is another version."
    )


class QuestionInput(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=MAX_COMMENT_CHARACTERS, trim_whitespace=False)
    release = serializers.BooleanField(
        default=False, help_text="Give the task back as unclear instead of keeping it."
    )


class QuestionOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    assignment = serializers.IntegerField(source="assignment_id")
    kind = serializers.ChoiceField(choices=TaskKind.choices)
    text = serializers.CharField()
    asked_at = serializers.DateTimeField()
    answer = serializers.CharField(allow_blank=True)
    answered_at = serializers.DateTimeField(allow_null=True)
    pinned_at = serializers.DateTimeField(allow_null=True)
    guideline_version = serializers.IntegerField(
        source="guideline.version", default=None, allow_null=True
    )


class AskedQuestionsQuery(serializers.Serializer[Any]):
    open = serializers.BooleanField(default=False, help_text="Only what waits for an answer.")


class AskedQuestionOutput(QuestionOutput):
    asked_by = serializers.CharField(source="rater.user", default="", help_text="For leads only.")
    about = serializers.CharField(
        source="assignment.task.prompt.text",
        default=None,
        allow_null=True,
        help_text="The task's prompt or brief.",
    )
    conversation = serializers.IntegerField(
        source="assignment.conversation.pk", default=None, allow_null=True
    )


class QuestionsOutput(serializers.Serializer[Any]):
    questions = QuestionOutput(many=True)
    rulings = QuestionOutput(many=True)
    may_release = serializers.BooleanField(
        help_text="False for what waits for this person alone, which a question cannot give back."
    )


class AnswerInput(serializers.Serializer[Any]):
    answer = serializers.CharField(max_length=MAX_COMMENT_CHARACTERS, trim_whitespace=False)
    pin = serializers.BooleanField(default=False)


class MonthQuery(serializers.Serializer[Any]):
    month = serializers.CharField(max_length=7)


class ContestInput(serializers.Serializer[Any]):
    day = serializers.DateField()
    claimed_seconds = serializers.FloatField(min_value=0, max_value=SECONDS_A_DAY)
    text = serializers.CharField(max_length=MAX_COMMENT_CHARACTERS, trim_whitespace=False)


class ContestOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    day = serializers.DateField()
    counted_seconds = serializers.FloatField()
    claimed_seconds = serializers.FloatField()
    text = serializers.CharField()
    granted_seconds = serializers.FloatField(allow_null=True)
    answer = serializers.CharField(allow_blank=True)


class OpenContestOutput(ContestOutput):
    person = serializers.CharField(source="rater.user")


class DecisionInput(serializers.Serializer[Any]):
    granted_seconds = serializers.FloatField(min_value=0, max_value=SECONDS_A_DAY)
    answer = serializers.CharField(
        max_length=MAX_COMMENT_CHARACTERS, allow_blank=True, default="", trim_whitespace=False
    )


class DayOutput(serializers.Serializer[Any]):
    day = serializers.DateField()
    active_seconds = serializers.FloatField()
    n_tasks = serializers.IntegerField()
    contest = ContestOutput(allow_null=True)
    granted_seconds = serializers.FloatField(allow_null=True)


class DaysOutput(serializers.Serializer[Any]):
    days = DayOutput(many=True)


class OpenContestsOutput(serializers.Serializer[Any]):
    contests = OpenContestOutput(many=True)


class TrialEstimateOutput(serializers.Serializer[Any]):
    n = serializers.IntegerField()
    mean = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True, help_text="95 % interval; null under two values.")
    high = serializers.FloatField(allow_null=True)


class TrialOutcomeOutput(serializers.Serializer[Any]):
    measure = serializers.ChoiceField(choices=["minutes", "words", "approved", "model_share"])
    drafts = TrialEstimateOutput()
    no_drafts = TrialEstimateOutput()
    difference = TrialEstimateOutput()


class DraftTrialOutput(serializers.Serializer[Any]):
    no_draft_share = serializers.FloatField()
    outcomes = TrialOutcomeOutput(many=True)
