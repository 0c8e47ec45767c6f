"""Shapes of the export endpoints."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from annotation.datasets.aggregation import Aggregate
from annotation.datasets.mixtures import PersonalData
from annotation.datasets.pairs import Margin, Pairs, Ties
from annotation.models import Dataset, Draft, Export
from annotation.services.dataset_files import Preview
from annotation.services.file_options import MARGIN_AS_COLLECTED, PACKED, SYSTEM_TURNS, TURNS
from annotation.services.row_splits import BY_PROMPT, SPLIT_BY


class ExportInput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=Dataset.Kind.choices)
    format = serializers.CharField(max_length=40)
    split = serializers.CharField(max_length=300, allow_blank=True, default="")
    with_metadata = serializers.BooleanField(default=False)
    turns = serializers.ChoiceField(choices=TURNS, default="all")
    criterion = serializers.CharField(max_length=510, allow_blank=True, default="")
    pairs = serializers.ChoiceField(choices=[*Pairs], default=Pairs.ALL.value)
    margin = serializers.ChoiceField(
        choices=[*Margin], allow_blank=True, default=MARGIN_AS_COLLECTED
    )
    ties = serializers.ChoiceField(choices=[*Ties], default=Ties.DROP.value)
    system = serializers.ChoiceField(choices=SYSTEM_TURNS, default="drop")
    thumbs = serializers.BooleanField(
        default=False,
        help_text="kto: replies in chats too, good or bad by the thumb they got.",
    )
    aggregate = serializers.ChoiceField(choices=[*Aggregate], default=Aggregate.RATERS.value)
    min_agreement = serializers.FloatField(min_value=0, max_value=1, default=0.0)
    min_raters = serializers.IntegerField(
        min_value=1,
        max_value=100,
        default=1,
        help_text="Leave out comparisons that fewer people gave an opinion of.",
    )
    max_model_share = serializers.FloatField(
        min_value=0,
        max_value=1,
        default=1.0,
        help_text="Leave out dialogues with an answer that took more than this share from a draft.",
    )
    without_drafts = serializers.ListField(
        child=serializers.ChoiceField(choices=Draft.Outcome.choices),
        default=list,
        max_length=len(Draft.Outcome),
        help_text="Leave out dialogues in which a draft came to one of these ends.",
    )
    split_by = serializers.ChoiceField(choices=SPLIT_BY, default=BY_PROMPT)
    hold_out_raters = serializers.FloatField(min_value=0, max_value=0.9, default=0.0)
    seed = serializers.IntegerField(min_value=0, max_value=2**31 - 1, default=0)
    personal_data = serializers.ChoiceField(
        choices=[*PersonalData],
        default=PersonalData.HOLD.value,
        help_text="Hold back rows in which something looks like it until a manager decides, mask it, or keep it.",
    )
    benchmarks = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        default=list,
        max_length=100,
        help_text="Ids of benchmarks of the project; rows that share 13 words in a row stay out.",
    )
    pack = serializers.ChoiceField(choices=[*PACKED], default="none")


class ExportPreviewOutput(serializers.Serializer[Any]):
    """`lines` are the file's first, cut at a thousand characters; `excluded` counts by reason."""

    n_rows = serializers.IntegerField()
    excluded = serializers.DictField(child=serializers.IntegerField())
    lines = serializers.SerializerMethodField()

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_lines(self, preview: Preview) -> list[str]:
        return [line if len(line) <= 1000 else f"{line[:1000]}…" for line in preview.lines]


class FailureOutput(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField()


class ExportOutput(serializers.Serializer[Any]):
    """`n_rows` is null until the rows are frozen; the last four fields are empty until `done`."""

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=Dataset.Kind.choices)
    format = serializers.CharField()
    state = serializers.ChoiceField(choices=Export.State.choices)
    n_rows = serializers.IntegerField(allow_null=True)
    n_written = serializers.IntegerField()
    n_bytes = serializers.IntegerField(allow_null=True)
    sha256 = serializers.CharField(allow_blank=True)
    file_name = serializers.CharField(allow_blank=True)
    error = serializers.SerializerMethodField()
    excluded = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)

    @extend_schema_field(FailureOutput(allow_null=True))
    def get_error(self, export: Export) -> dict[str, str] | None:
        if not export.error_code:
            return None
        return {"code": export.error_code, "detail": export.error_detail}

    @extend_schema_field(serializers.DictField(child=serializers.IntegerField()))
    def get_excluded(self, export: Export) -> dict[str, int]:
        """How many rows were left out, by reason: at the freeze, and once done by the format too."""
        if export.manifest:
            return dict(export.manifest["excluded"])
        return dict(export.dataset.excluded) if export.dataset else {}


class ExportFormatsOutput(serializers.Serializer[Any]):
    sft = serializers.ListField(child=serializers.CharField())
    comparisons = serializers.ListField(child=serializers.CharField())
    prompts = serializers.ListField(child=serializers.CharField())
    rewrites = serializers.ListField(child=serializers.CharField())
