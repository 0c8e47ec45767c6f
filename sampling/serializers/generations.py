"""Generations as the API shows them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from sampling import events
from sampling.events import Place
from sampling.models import Completion, Generation

# More than a tab can show; a longer list is a mistake.
MAX_WATCHED = 50


class GenerationErrorOutput(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField()


class CompletionOutput(serializers.Serializer[Completion]):
    index = serializers.IntegerField()
    text = serializers.CharField()
    finish_reason = serializers.ChoiceField(choices=Completion.FinishReason.choices)


class GenerationOutput(serializers.Serializer[Generation]):
    id = serializers.IntegerField()
    state = serializers.ChoiceField(choices=Generation.State.choices)
    attempt = serializers.IntegerField()
    error = serializers.SerializerMethodField()
    completions = CompletionOutput(many=True)

    @extend_schema_field(GenerationErrorOutput(allow_null=True))
    def get_error(self, generation: Generation) -> dict[str, str] | None:
        return events.error_of(generation)


class EventsInput(serializers.Serializer[Any]):
    """The event route's query: `generations=1,2` and `after=1:STREAM_ID`, repeated or with commas."""

    generations = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        min_length=1,
        max_length=MAX_WATCHED,
    )
    after = serializers.ListField(
        child=serializers.RegexField(r"^\d{1,18}:\d{1,18}-\d{1,18}$"), max_length=MAX_WATCHED
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The places to resume from, as `after`."""
        places: dict[int, Place] = {}
        for each in attrs["after"]:
            generation_id, _, place = each.partition(":")
            places[int(generation_id)] = events.parse_place(place)
        return attrs | {"after": places}
