"""Shapes of conversations, threads, drafts and chats."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from annotation.models import Assignment, Conversation, Draft, Feedback, Message
from labelhub.api import RowId, RowVersion

# Tools speak only in imported dialogues.
TURN_ROLES = [choice for choice in Message.Role.choices if choice[0] != Message.Role.TOOL]
OUTCOMES_OF_THE_PAGE = [
    choice
    for choice in Draft.Outcome.choices
    if choice[0] in {Draft.Outcome.DISMISSED, Draft.Outcome.STALE}
]
MAX_SECONDS_ON_SCREEN = 7 * 24 * 3600
MAX_COMMENT_CHARACTERS = 10_000
MAX_REASONS = 20


class FeedbackOutput(serializers.Serializer[Any]):
    thumb = serializers.ChoiceField(choices=Feedback.Thumb.choices)
    reasons = serializers.ListField(child=serializers.ChoiceField(choices=Feedback.Reason.choices))
    comment = serializers.CharField(allow_blank=True)
    rewrite = serializers.CharField(allow_blank=True)


class MessageOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField(help_text="0 for a reply that has no message yet.")
    position = serializers.IntegerField()
    role = serializers.ChoiceField(choices=TURN_ROLES)
    content = serializers.CharField(allow_blank=True)
    origin = serializers.ChoiceField(choices=Message.Origin.choices)
    model_share = serializers.FloatField(allow_null=True)
    tries = serializers.ListField(
        child=serializers.IntegerField(),
        help_text="Ids of the tries at this position, oldest first, this one included.",
    )
    pasted_characters = serializers.IntegerField()
    generation = serializers.IntegerField(
        allow_null=True,
        help_text="The generation of a reply that has no message yet, or of what a reply goes on with.",
    )
    finish_reason = serializers.CharField(allow_null=True)
    feedback = FeedbackOutput(allow_null=True)
    draft_text = serializers.CharField(
        allow_null=True, help_text="What the turn began as; told to reviewers only."
    )


class ConversationOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=Conversation.Kind.choices)
    state = serializers.ChoiceField(choices=Conversation.State.choices)
    version = serializers.IntegerField()
    fixed_in_review = serializers.BooleanField(
        help_text="A reviewer changed the thread since it was handed in."
    )
    messages = MessageOutput(many=True)


class MessageCommentOutput(serializers.Serializer[Any]):
    message = serializers.IntegerField()
    text = serializers.CharField()


class PreviousOutput(serializers.Serializer[Any]):
    conversation = ConversationOutput()
    comment = serializers.CharField(allow_blank=True)
    comments = MessageCommentOutput(many=True)


class ThreadTurnInput(serializers.Serializer[Any]):
    """Either `id` alone, for a turn that stays as it is, or `role` and `content`."""

    id = RowId(required=False)
    role = serializers.ChoiceField(choices=TURN_ROLES, required=False)
    content = serializers.CharField(required=False, allow_blank=True, trim_whitespace=False)
    draft = RowId(required=False, allow_null=True)
    draft_part = serializers.BooleanField(required=False)
    edits = RowId(required=False, allow_null=True)
    pasted_characters = serializers.IntegerField(required=False, min_value=0, max_value=2**31 - 1)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "id" in attrs:
            return {"id": attrs["id"]}
        if "role" not in attrs or "content" not in attrs:
            raise serializers.ValidationError("Give the id of a turn, or its role and content.")
        return attrs


class ThreadInput(serializers.Serializer[Any]):
    version = RowVersion()
    turns = ThreadTurnInput(many=True)


class DraftsInput(serializers.Serializer[Any]):
    version = RowVersion()
    temperature = serializers.FloatField(min_value=0, max_value=2, required=False)


class DraftRefOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    generation = serializers.IntegerField(source="generation_id")
    index = serializers.IntegerField()
    shown_order = serializers.IntegerField()


class DraftsOutput(serializers.Serializer[Any]):
    drafts = DraftRefOutput(many=True)


class DraftInput(serializers.Serializer[Any]):
    outcome = serializers.ChoiceField(choices=OUTCOMES_OF_THE_PAGE, required=False)
    on_screen_seconds = serializers.FloatField(
        min_value=0, max_value=MAX_SECONDS_ON_SCREEN, required=False
    )
    text_as_shown = serializers.CharField(required=False, allow_blank=True, trim_whitespace=False)


class DemonstrationInput(serializers.Serializer[Any]):
    key = serializers.UUIDField()
    version = RowVersion()
    personal_data_confirmed = serializers.BooleanField(
        default=False, help_text="The author has seen what looks like personal data."
    )


class DemonstrationOutput(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=Assignment.State.choices)
    next = serializers.ChoiceField(choices=["review", "accepted"])


class TurnInput(serializers.Serializer[Any]):
    key = serializers.UUIDField()
    content = serializers.CharField(allow_blank=True, trim_whitespace=False)
    version = RowVersion()
    edits = RowId(required=False, help_text="The turn of one's own that this one stands for.")


class BranchInput(serializers.Serializer[Any]):
    version = RowVersion()
    message = RowId()


class RegenerateInput(serializers.Serializer[Any]):
    version = RowVersion()


class ChatInput(serializers.Serializer[Any]):
    key = serializers.UUIDField()
    personal_data_confirmed = serializers.BooleanField(
        default=False, help_text="The author has seen what looks like personal data."
    )


class LengthsInput(serializers.Serializer[Any]):
    role = serializers.ChoiceField(choices=TURN_ROLES)
    content = serializers.CharField(allow_blank=True, trim_whitespace=False)


class LengthsOutput(serializers.Serializer[Any]):
    """Tokens; null where nobody can count."""

    turn = serializers.IntegerField(allow_null=True)
    total = serializers.IntegerField(allow_null=True)
    window = serializers.IntegerField(allow_null=True)
    reply = serializers.IntegerField(allow_null=True)
    limit = serializers.IntegerField(allow_null=True)


class FeedbackInput(serializers.Serializer[Any]):
    thumb = serializers.ChoiceField(choices=Feedback.Thumb.choices)
    reasons = serializers.ListField(
        child=serializers.ChoiceField(choices=Feedback.Reason.choices),
        max_length=MAX_REASONS,
        default=list,
    )
    comment = serializers.CharField(
        max_length=MAX_COMMENT_CHARACTERS, allow_blank=True, trim_whitespace=False, default=""
    )
    rewrite = serializers.CharField(
        allow_blank=True,
        trim_whitespace=False,
        default="",
        help_text="What the reply should have said; with a thumb down only.",
    )
    personal_data_confirmed = serializers.BooleanField(
        default=False, help_text="The author has seen what looks like personal data in the rewrite."
    )
