"""The shape of what a project asks beside the order."""

from typing import Any

from rest_framework import serializers

from annotation.models import RatingSchema
from annotation.models.rankings import FLAG_KEY
from annotation.serializers.comparisons import MAX_FLAGS
from labelhub.api import RowVersion

# A page draws every step of a scale, and a key rates by it.
MAX_STEPS = 10
MAX_HELP_CHARACTERS = 500
MAX_LABEL_CHARACTERS = 60


class AskedFlag(serializers.Serializer[Any]):
    key = serializers.CharField(
        max_length=60, help_text="a–z, 0–9 and _; what datasets and exports name it by."
    )
    label = serializers.CharField(max_length=MAX_LABEL_CHARACTERS)  # type: ignore[assignment]
    help = serializers.CharField(max_length=MAX_HELP_CHARACTERS, allow_blank=True)

    def validate_key(self, key: str) -> str:
        if not FLAG_KEY.fullmatch(key):
            raise serializers.ValidationError("Use a–z, 0–9 and _, at most 60 of them.")
        return key


class RatingSchemaFields(serializers.Serializer[Any]):
    scale_min = serializers.IntegerField(min_value=0, max_value=MAX_STEPS)
    scale_max = serializers.IntegerField(min_value=0, max_value=MAX_STEPS)
    rating_required = serializers.BooleanField()
    rating_help = serializers.CharField(max_length=MAX_HELP_CHARACTERS, allow_blank=True)
    flow = serializers.ChoiceField(choices=RatingSchema.Flow.choices)
    strength = serializers.ChoiceField(choices=RatingSchema.Strength.choices)
    flags = AskedFlag(many=True, max_length=MAX_FLAGS)  # type: ignore[call-arg]


class RatingSchemaInput(RatingSchemaFields):
    replaces = RowVersion(help_text="The version that this one was made from; 0 for none.")

    def validate_flags(self, flags: list[dict[str, str]]) -> list[dict[str, str]]:
        if len({flag["key"] for flag in flags}) < len(flags):
            raise serializers.ValidationError("Two flags have the same key.")
        return flags

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["scale_max"] <= attrs["scale_min"]:
            raise serializers.ValidationError({"scale_max": "The scale ends before it begins."})
        if attrs["flow"] == RatingSchema.Flow.RATE_THEN_ORDER and not attrs["rating_required"]:
            raise serializers.ValidationError(
                {"rating_required": "Where people rate before they order, each reply is rated."}
            )
        return attrs


class RatingSchemaOutput(RatingSchemaFields):
    version = serializers.IntegerField()
    created_at = serializers.DateTimeField()


class RatingSchemasOutput(serializers.Serializer[Any]):
    """Every version, the one that is asked now first."""

    versions = RatingSchemaOutput(many=True)
    n_held_under_earlier = serializers.IntegerField(
        help_text="Rankings that people hold and will finish by an earlier version."
    )
