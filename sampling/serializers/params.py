"""How completions are drawn, as the API takes and shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from rest_framework import serializers

from sampling.engine.protocol import SamplingParams
from sampling.engine.validation import MAX_STOP_CHARACTERS, MAX_STOP_STRINGS

# Above every vocabulary there is.
MOST_TOKEN_IDS = 2**24


class ParamsInput(serializers.Serializer[Any]):
    """The fields of a request that takes sampling params; `params_of` reads them."""

    temperature = serializers.FloatField(min_value=0, max_value=5, default=1.0)
    top_p = serializers.FloatField(min_value=0.001, max_value=1, default=1.0)
    top_k = serializers.IntegerField(
        min_value=0, max_value=MOST_TOKEN_IDS, default=0, help_text="0 keeps every token."
    )
    min_p = serializers.FloatField(min_value=0, max_value=1, default=0.0)
    repetition_penalty = serializers.FloatField(min_value=0.1, max_value=10, default=1.0)
    max_tokens = serializers.IntegerField(min_value=1, max_value=32_768, default=512)
    stop = serializers.ListField(
        child=serializers.CharField(max_length=MAX_STOP_CHARACTERS, trim_whitespace=False),
        max_length=MAX_STOP_STRINGS,
        default=list,
        help_text="The text ends before the first of these.",
    )
    stop_token_ids = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=MOST_TOKEN_IDS),
        max_length=MAX_STOP_STRINGS,
        default=list,
        help_text="In addition to the policy's own end-of-turn ids.",
    )


class ParamsOutput(serializers.Serializer[Any]):
    """The same fields, as a row holds them."""

    temperature = serializers.FloatField()
    top_p = serializers.FloatField()
    top_k = serializers.IntegerField()
    min_p = serializers.FloatField()
    repetition_penalty = serializers.FloatField()
    max_tokens = serializers.IntegerField()
    stop = serializers.ListField(child=serializers.CharField())
    stop_token_ids = serializers.ListField(child=serializers.IntegerField())


def params_of(given: Mapping[str, Any]) -> SamplingParams:
    """The params among the fields of a request that was parsed."""
    values = {field.name: given[field.name] for field in fields(SamplingParams)}
    return SamplingParams(**{name: _fixed(value) for name, value in values.items()})


def _fixed(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
