"""The shape of how a project makes its comparisons and has them ranked."""

from typing import Any

from rest_framework import serializers

from labelhub.accounts.models import Project

MAX_CRITERION_CHARACTERS = 500
MAX_RANKINGS = 20


class ComparisonSettingsOutput(serializers.Serializer[Any]):
    n_candidates = serializers.IntegerField(min_value=2, max_value=9)
    criterion = serializers.CharField(
        max_length=MAX_CRITERION_CHARACTERS,
        help_text="overall, helpfulness, harmlessness, or a question in the project's own words;"
        " “least:” before it where rank 1 has least of it.",
    )
    original_takes_part = serializers.BooleanField()
    reference_takes_part = serializers.BooleanField(
        help_text="A person's answer to the same context, where there is one."
    )
    self_naming = serializers.ChoiceField(choices=Project.SelfNaming.choices)
    sampling_trigger = serializers.ChoiceField(choices=Project.SamplingTrigger.choices)
    rankings_per_comparison = serializers.IntegerField(min_value=1, max_value=MAX_RANKINGS)
    overlap_share = serializers.FloatField(
        min_value=0, max_value=1, help_text="The share that gets so many rankings; others get one."
    )
    settle_splits = serializers.BooleanField()
    gold_share = serializers.FloatField(min_value=0, max_value=1)
    retest_share = serializers.FloatField(min_value=0, max_value=1)
    training_rankings = serializers.IntegerField(min_value=0, max_value=10_000)
    allow_own_conversations = serializers.BooleanField()
    exam_required = serializers.BooleanField()
    exam_writing = serializers.BooleanField(
        help_text="The exam also asks for two demonstrations on sensitive prompts, which two"
        " reviewers score; only who passed it writes demonstrations."
    )


class ComparisonSettingsInput(ComparisonSettingsOutput):
    """Only what is to change."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"partial": True, **kwargs})
