"""Shapes of what a manager was called to."""

from typing import Any

from rest_framework import serializers

from annotation.models import ManagerFlag, TaskKind

MAX_FLAG_CHARACTERS = 5000


class FlagInput(serializers.Serializer[Any]):
    text = serializers.CharField(max_length=MAX_FLAG_CHARACTERS, allow_blank=True)


class SettleFlagInput(serializers.Serializer[Any]):
    outcome = serializers.ChoiceField(choices=ManagerFlag.Outcome.choices)


class ManagerFlagOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=TaskKind.choices)
    person = serializers.CharField(source="rater.user", default="")
    text = serializers.CharField()
    raised_at = serializers.DateTimeField()
    comparison = serializers.IntegerField(
        source="assignment.task.comparison_id", allow_null=True, help_text="Of a ranking's task."
    )
