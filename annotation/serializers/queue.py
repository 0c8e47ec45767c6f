"""Shapes of the queue's endpoints."""

from typing import Any

import orjson
from rest_framework import serializers

from annotation.models import Assignment, Prompt, TaskKind
from annotation.serializers.comparisons import ComparisonOutput
from annotation.serializers.conversations import ConversationOutput, PreviousOutput
from annotation.serializers.figures import EXAM_STATES
from labelhub.accounts.models import Membership, Project
from labelhub.api import RowId, RowVersion

# Above every number that pages give to turns and to what goes in between, and above what one keeps.
MAX_TURN_NUMBER = 10_000
MAX_PAYLOAD_BYTES = 1_000_000


class ClaimInput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=TaskKind.choices)
    returned = RowId(
        required=False, help_text="A conversation that came back to the person, to write it anew."
    )


class AutosaveInput(serializers.Serializer[Any]):
    version = RowVersion(help_text="The last version known; 0 for none.")
    payload = serializers.JSONField(help_text="The page's own; at most 1 MB.")

    def validate_payload(self, payload: Any) -> Any:
        if len(orjson.dumps(payload)) > MAX_PAYLOAD_BYTES:
            raise serializers.ValidationError("This is more than 1 MB; shorten it to have it kept.")
        return payload


class SkipInput(serializers.Serializer[Any]):
    reason = serializers.ChoiceField(choices=Assignment.SkipReason.choices)
    comment = serializers.CharField(max_length=5000, allow_blank=True, default="")


class BeatInput(serializers.Serializer[Any]):
    page = serializers.UUIDField(
        required=False, help_text="Names the browser page that the person is at."
    )
    take_over = serializers.BooleanField(
        default=False, help_text="Go on here although another page is at work on it."
    )


class LeaveInput(serializers.Serializer[Any]):
    page = serializers.UUIDField()


class BeatOutput(serializers.Serializer[Any]):
    lease_until = serializers.DateTimeField()
    active_seconds = serializers.FloatField()


class AutosaveOutput(serializers.Serializer[Any]):
    turn = serializers.IntegerField()
    version = serializers.IntegerField()
    payload = serializers.JSONField()
    saved_at = serializers.DateTimeField()


class SavedOutput(serializers.Serializer[Any]):
    turn = serializers.IntegerField()
    version = serializers.IntegerField()
    saved_at = serializers.DateTimeField()
    lease_until = serializers.DateTimeField()


class SubmittedOutput(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=Assignment.State.choices)


class PromptOutput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=Prompt.Kind.choices)
    text = serializers.CharField()
    category = serializers.CharField(allow_blank=True)
    source = serializers.CharField(allow_blank=True)  # type: ignore[assignment]
    turns_before = serializers.IntegerField(help_text="Turns that came with it, before its own.")


class GuidelineNumberOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    version = serializers.IntegerField()


class RulingOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    text = serializers.CharField()
    answer = serializers.CharField()


class AssignmentOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=TaskKind.choices)
    state = serializers.ChoiceField(choices=Assignment.State.choices)
    reason = serializers.ChoiceField(choices=Assignment.Reason.choices)
    lease_until = serializers.DateTimeField()
    guideline = GuidelineNumberOutput(allow_null=True)
    autosaves = AutosaveOutput(many=True)
    new_rulings = RulingOutput(
        many=True, help_text="Given on such work since the person last began any, newest first."
    )
    prompt = PromptOutput(allow_null=True)
    language = serializers.CharField()
    sensitivity = serializers.ListField(child=serializers.CharField())
    is_scored = serializers.BooleanField(
        help_text="Written in an entry exam: two reviewers score it. Always false for a ranking."
    )
    drafts_allowed = serializers.BooleanField()
    conversation = ConversationOutput(allow_null=True)
    previous = PreviousOutput(allow_null=True)
    comparison = ComparisonOutput(allow_null=True)
    kept_submission = serializers.JSONField(allow_null=True)


class GuidelineStateOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=TaskKind.choices)
    version = serializers.IntegerField()
    breaking = serializers.BooleanField()
    acknowledged = serializers.BooleanField()
    published_at = serializers.DateTimeField()


class ReadGuidelineOutput(serializers.Serializer[Any]):
    version = serializers.IntegerField()
    markdown = serializers.CharField()


class GuidelineOutput(GuidelineStateOutput):
    markdown = serializers.CharField()
    read_before = ReadGuidelineOutput(
        allow_null=True, help_text="The newest earlier version that the person has read."
    )


class QueueOutput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=TaskKind.choices)
    available = serializers.IntegerField(help_text="Exact below 100; 100 means 99+.")
    held = serializers.IntegerField(allow_null=True)
    paused = serializers.BooleanField()


class ReturnedOutput(serializers.Serializer[Any]):
    task = serializers.IntegerField()
    conversation = serializers.IntegerField()
    title = serializers.CharField()
    comment = serializers.CharField(allow_blank=True)
    returned_at = serializers.DateTimeField()


class KeptOutput(serializers.Serializer[Any]):
    assignment = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=TaskKind.choices)
    at = serializers.DateTimeField()


class SamplingOutput(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=["ok", "delayed", "down"])
    oldest_queued_seconds = serializers.FloatField(allow_null=True)
    runners = serializers.IntegerField()


class ProjectSettingsOutput(serializers.Serializer[Any]):
    slug = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    draft_mode = serializers.ChoiceField(choices=Project.DraftMode.choices)
    n_drafts = serializers.IntegerField()
    min_turns = serializers.IntegerField()
    max_turns = serializers.IntegerField()
    max_turn_characters = serializers.IntegerField()
    max_turn_tokens = serializers.IntegerField(allow_null=True)
    user_drafts = serializers.BooleanField()
    criterion = serializers.CharField()


class HomeOutput(serializers.Serializer[Any]):
    project = ProjectSettingsOutput()
    role = serializers.ChoiceField(choices=Membership.Role.choices)
    queues = QueueOutput(many=True)
    exam = serializers.ChoiceField(
        choices=EXAM_STATES, help_text="How far the person is in the project's entry exam."
    )
    returned = ReturnedOutput(many=True)
    open_questions = serializers.IntegerField(
        allow_null=True, help_text="For leads; exact below 100."
    )
    kept = KeptOutput(many=True)
    today = serializers.IntegerField()
    this_week = serializers.IntegerField()
    active_seconds_today = serializers.FloatField()
    guidelines = GuidelineStateOutput(many=True)
    sampling = SamplingOutput()
