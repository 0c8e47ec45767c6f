"""Shapes of what serves a round."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from annotation.models import RoundPolicy
from labelhub.api import RowId
from sampling.serializers.params import ParamsInput, ParamsOutput

# More policies than anybody compares in one round, for each of the three uses.
MOST_SERVED = 60


class ServedInput(ParamsInput):
    policy = RowId()
    use = serializers.ChoiceField(choices=RoundPolicy.Use.choices)
    weight = serializers.FloatField(min_value=0.001, max_value=1_000, default=1.0)


class ServingInput(serializers.Serializer[Any]):
    """The whole of it: what is not named no longer serves."""

    served = ServedInput(many=True, max_length=MOST_SERVED)  # type: ignore[call-arg]


class ServedOutput(ParamsOutput):
    policy = serializers.IntegerField(source="policy_id")
    policy_name = serializers.CharField(source="policy.name")
    use = serializers.ChoiceField(choices=RoundPolicy.Use.choices)
    weight = serializers.FloatField()


class ServingOutput(serializers.Serializer[Any]):
    round = serializers.IntegerField(allow_null=True, help_text="Null where no round is open.")
    served = ServedOutput(many=True)
