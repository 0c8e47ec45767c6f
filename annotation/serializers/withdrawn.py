"""Shapes of tasks that wait for a lead's decision."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from annotation.models import Assignment, Prompt, TaskKind
from annotation.serializers.prompts import MAX_PROMPT_CHARACTERS


class SkipOutput(serializers.Serializer[Any]):
    by = serializers.CharField(source="rater.user", default="")
    reason = serializers.ChoiceField(source="skip_reason", choices=Assignment.SkipReason.choices)
    comment = serializers.CharField(source="skip_comment", allow_blank=True)
    at = serializers.DateTimeField(source="last_beat_at")


class WithdrawnOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=TaskKind.choices)
    language = serializers.CharField(source="pool.language")
    prompt = serializers.CharField(
        source="prompt.text", default=None, allow_null=True, help_text="Its prompt or brief."
    )
    prompt_kind = serializers.ChoiceField(
        source="prompt.kind", choices=Prompt.Kind.choices, default=None, allow_null=True
    )
    comparison = serializers.IntegerField(source="comparison_id", allow_null=True)
    conversation = serializers.IntegerField(source="subject_id", allow_null=True)
    skips = SkipOutput(many=True)


class PutBackInput(serializers.Serializer[Any]):
    text = serializers.CharField(
        required=False,
        max_length=MAX_PROMPT_CHARACTERS,
        allow_blank=True,
        trim_whitespace=False,
        help_text="What the prompt or brief is to say from now on; left out, it stays.",
    )
