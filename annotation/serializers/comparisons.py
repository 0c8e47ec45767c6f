"""Shapes of comparisons, rankings and pick runs."""

from typing import Any

from rest_framework import serializers

from annotation.models import Assignment, Comparison, PickRun, RatingSchema

MAX_PICKS = 1000
# The largest whole number that a browser holds exactly.
MAX_SEED = 2**53 - 1
MAX_COMMENT_CHARACTERS = 20_000
MAX_REWRITE_CHARACTERS = 50_000
# No ranking has more candidates than nine; longer input is refused before it is looked at.
MAX_CANDIDATES = 9
MAX_FLAGS = 50
MAX_MILLISECONDS = 2**31 - 1


class ShownMessageOutput(serializers.Serializer[Any]):
    role = serializers.CharField()
    content = serializers.CharField()


class ShownCandidateOutput(serializers.Serializer[Any]):
    label = serializers.CharField()  # type: ignore[assignment]
    content = serializers.CharField()


class FlagOutput(serializers.Serializer[Any]):
    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    help = serializers.CharField()


class RatingOutput(serializers.Serializer[Any]):
    scale_min = serializers.IntegerField()
    scale_max = serializers.IntegerField()
    required = serializers.BooleanField(source="rating_required")  # type: ignore[assignment]
    help = serializers.CharField(source="rating_help", allow_blank=True)
    flow = serializers.ChoiceField(choices=RatingSchema.Flow.choices)
    strength = serializers.ChoiceField(
        choices=RatingSchema.Strength.choices,
        help_text="The scale on which one of two candidates is better.",
    )
    flags = FlagOutput(many=True)


class ComparisonOutput(serializers.Serializer[Any]):
    """A comparison as one rater sees it. What is not here cannot leak."""

    criterion = serializers.ChoiceField(choices=Comparison.Criterion.choices)
    criterion_text = serializers.CharField(allow_blank=True)
    direction = serializers.ChoiceField(choices=Comparison.Direction.choices)
    context = ShownMessageOutput(many=True)  # type: ignore[assignment]
    candidates = ShownCandidateOutput(many=True)
    rating = RatingOutput(allow_null=True)


class RankingInput(serializers.Serializer[Any]):
    """A ranking in the letters of the rater's page. A field that is not here is refused."""

    key = serializers.UUIDField(help_text="The page's own; sending it again changes nothing.")
    cannot_judge = serializers.BooleanField(default=False)
    tiers = serializers.ListField(
        child=serializers.ListField(
            child=serializers.CharField(max_length=10), max_length=MAX_CANDIDATES
        ),
        max_length=MAX_CANDIDATES,
        help_text="Best first; the letters of one tier are tied. Empty where it cannot be judged.",
    )
    acceptable_tier = serializers.IntegerField(
        min_value=0,
        max_value=MAX_CANDIDATES,
        allow_null=True,
        default=None,
        help_text="Tiers above the line; 0: none is acceptable; null: no line was drawn.",
    )
    strength = serializers.IntegerField(
        min_value=0,
        max_value=3,
        allow_null=True,
        default=None,
        help_text="How much better the first tier's is, of two candidates; 0: negligibly, or equal.",
    )
    ratings = serializers.DictField(
        child=serializers.IntegerField(min_value=-(2**15), max_value=2**15 - 1), default=dict
    )
    flags = serializers.DictField(
        child=serializers.ListField(
            child=serializers.CharField(max_length=60), max_length=MAX_FLAGS
        ),
        default=dict,
    )
    comment = serializers.CharField(
        max_length=MAX_COMMENT_CHARACTERS, allow_blank=True, default="", trim_whitespace=False
    )
    rewrite = serializers.CharField(
        max_length=MAX_REWRITE_CHARACTERS, allow_blank=True, default="", trim_whitespace=False
    )
    personal_data_confirmed = serializers.BooleanField(
        default=False, help_text="The rater has seen what looks like personal data in the rewrite."
    )
    open_milliseconds = serializers.DictField(
        child=serializers.IntegerField(min_value=0, max_value=MAX_MILLISECONDS),
        default=dict,
        help_text="How long each candidate was open; 0: not read to its end.",
    )

    def to_internal_value(self, data: Any) -> Any:
        # Whoever names a rater, a comparison or a rank here means something that will not happen.
        unknown = sorted(set(data) - set(self.fields))
        if unknown:
            raise serializers.ValidationError(
                {name: ["A ranking has no such field."] for name in unknown}
            )
        return super().to_internal_value(data)


class RankedOutput(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=Assignment.State.choices)


class PickRunInput(serializers.Serializer[Any]):
    n_wanted = serializers.IntegerField(min_value=1, max_value=MAX_PICKS)
    source = serializers.ChoiceField(  # type: ignore[assignment]
        choices=PickRun.Source.choices, default=PickRun.Source.CHATS
    )
    rule = serializers.ChoiceField(
        choices=PickRun.Rule.choices, default=PickRun.Rule.CONVERSATION_UNIFORM
    )
    seed = serializers.IntegerField(
        min_value=-MAX_SEED, max_value=MAX_SEED, allow_null=True, default=None
    )


class PickRunOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    source = serializers.ChoiceField(choices=PickRun.Source.choices)  # type: ignore[assignment]
    rule = serializers.ChoiceField(choices=PickRun.Rule.choices)
    seed = serializers.IntegerField()
    as_of = serializers.DateTimeField()
    population = serializers.IntegerField(
        help_text="Eligible conversations or prompts as of that moment."
    )
    n_wanted = serializers.IntegerField()
    n_picked = serializers.IntegerField(help_text="Comparisons that the run began.")
    n_sampling = serializers.IntegerField()
    n_ready = serializers.IntegerField()
    n_failed = serializers.IntegerField()
    n_cancelled = serializers.IntegerField()
    seconds_left = serializers.FloatField(
        allow_null=True, help_text="At the pace of the last ten minutes; null while there is none."
    )
    created_at = serializers.DateTimeField()
    cancelled_at = serializers.DateTimeField(allow_null=True)


class ComparisonsQuery(serializers.Serializer[Any]):
    state = serializers.ChoiceField(
        choices=Comparison.State.choices,
        default=Comparison.State.FAILED,
    )


class RetryInput(serializers.Serializer[Any]):
    state = serializers.ChoiceField(
        choices=[Comparison.State.FAILED.value, Comparison.State.CANCELLED.value],
        default=Comparison.State.FAILED.value,
    )


class RetriedOutput(serializers.Serializer[Any]):
    n = serializers.IntegerField(help_text="Comparisons that are sampled again.")


class ResampledOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField(help_text="The new comparison, which is being sampled.")


class StatesOutput(serializers.Serializer[Any]):
    """Each count is exact below 1000; 1000 means 999+."""

    sampling = serializers.IntegerField()
    ready = serializers.IntegerField()
    failed = serializers.IntegerField()
    cancelled = serializers.IntegerField()
    superseded = serializers.IntegerField()


class HourOutput(serializers.Serializer[Any]):
    hour = serializers.DateTimeField()
    n_ready = serializers.IntegerField()


class MakingOutput(serializers.Serializer[Any]):
    """How far comparisons are, and how fast they are made."""

    states = StatesOutput()
    hours = HourOutput(many=True, help_text="The last 24, oldest first; comparisons made ready.")
    eligible = serializers.DictField(
        child=serializers.IntegerField(),
        help_text="What a run could draw from now, by source; exact below 1000.",
    )


class ComparisonErrorOutput(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField()


class ComparisonRowOutput(serializers.Serializer[Any]):
    """A comparison in the manager's list."""

    id = serializers.IntegerField()
    state = serializers.ChoiceField(choices=Comparison.State.choices)
    opening = serializers.CharField(help_text="How the context's last turn begins.")
    category = serializers.CharField(allow_blank=True)
    n_rankings = serializers.IntegerField()
    error = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()

    def get_error(self, row: Comparison) -> dict[str, str] | None:
        if not row.error_code:
            return None
        return {"code": row.error_code, "detail": row.error_detail}
