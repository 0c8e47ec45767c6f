"""Shapes of the manager's progress page."""

from typing import Any

from rest_framework import serializers

from annotation.serializers.queue import SamplingOutput
from labelhub.accounts.models import Membership


class RoundOutput(serializers.Serializer[Any]):
    number = serializers.IntegerField(help_text="0 before the first round.")


class DemonstrationTileOutput(serializers.Serializer[Any]):
    open = serializers.IntegerField()
    held = serializers.IntegerField()
    submitted = serializers.IntegerField()
    approved = serializers.IntegerField()


class ChatTileOutput(serializers.Serializer[Any]):
    open = serializers.IntegerField()
    finished = serializers.IntegerField()
    eligible = serializers.IntegerField(help_text="Chats that a pick could draw from now.")


class ComparisonTileOutput(serializers.Serializer[Any]):
    sampling = serializers.IntegerField()
    ready = serializers.IntegerField()
    failed = serializers.IntegerField()


class WorkTileOutput(serializers.Serializer[Any]):
    open = serializers.IntegerField()
    done = serializers.IntegerField()


class TilesOutput(serializers.Serializer[Any]):
    """Each count is exact below 1000; 1000 means 999+."""

    demonstrations = DemonstrationTileOutput()
    chats = ChatTileOutput()
    comparisons = ComparisonTileOutput()
    rankings = WorkTileOutput()
    reviews = WorkTileOutput()


class PersonOutput(serializers.Serializer[Any]):
    display_name = serializers.CharField()
    role = serializers.ChoiceField(choices=Membership.Role.choices)
    today = serializers.IntegerField()
    this_week = serializers.IntegerField()
    active_seconds_this_week = serializers.FloatField()


class ProgressOutput(serializers.Serializer[Any]):
    round = RoundOutput()
    tiles = TilesOutput()
    people = PersonOutput(many=True)
    sampling = SamplingOutput()
