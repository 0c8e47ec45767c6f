"""Shapes of the rows that are held for personal data."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from annotation.models import DatasetChunk, PersonalDataHold

_DECISIONS = [
    choice
    for choice in PersonalDataHold.Decision.choices
    if choice[0] != PersonalDataHold.Decision.OPEN
]


class HoldsQuery(serializers.Serializer[Any]):
    decided = serializers.BooleanField(
        default=False, help_text="those that somebody has decided, else those that wait"
    )


class PersonalDataDecisionInput(serializers.Serializer[Any]):
    decision = serializers.ChoiceField(choices=_DECISIONS)


class PassageOutput(serializers.Serializer[Any]):
    """What was found, between the words around it."""

    before = serializers.CharField()
    found = serializers.CharField()
    after = serializers.CharField()
    kind = serializers.CharField()


class PersonalDataHoldOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    rows_of = serializers.ChoiceField(choices=DatasetChunk.RowsOf.choices)
    row_id = serializers.IntegerField()
    kinds = serializers.ListField(child=serializers.CharField())
    passages = PassageOutput(many=True)
    decision = serializers.ChoiceField(choices=PersonalDataHold.Decision.choices)
    decided_by = serializers.CharField(source="decided_by.username", default=None, allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    found_at = serializers.DateTimeField()
