"""Shapes of the upload endpoints."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from annotation.models import AllowedUse, Upload
from annotation.serializers.datasets import FailureOutput
from annotation.services.imports import FORMATS


class UploadInput(serializers.Serializer[Any]):
    file_name = serializers.RegexField(r"^[^\x00-\x1f\x7f]+$", max_length=300)
    n_bytes = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    format = serializers.ChoiceField(choices=FORMATS, allow_blank=True, default="")
    licence = serializers.CharField(max_length=100, allow_blank=True, default="")
    as_drafts = serializers.BooleanField(default=False)
    allowed_use = serializers.MultipleChoiceField(
        choices=AllowedUse.choices,
        default=set,
        help_text="What the rows may be used for; none: dialogues and prompts for everything,"
        " comparisons for comparing alone.",
    )


class CountsOutput(serializers.Serializer[Any]):
    """What became of the rows read so far; `rejects` and `left_out` are counts by code."""

    format = serializers.CharField()
    n_read = serializers.IntegerField()
    n_added = serializers.IntegerField()
    n_duplicates = serializers.IntegerField()
    rejects = serializers.DictField(child=serializers.IntegerField())
    left_out = serializers.DictField(child=serializers.IntegerField())


class UploadOutput(serializers.Serializer[Any]):
    """`counts` is null until the first rows are read. Parts have `part_bytes` each, the last one the
    rest. `n_parts_missing` of them have not come; the first hundred of these are `parts_missing`."""

    id = serializers.IntegerField()
    file_name = serializers.CharField()
    n_bytes = serializers.IntegerField()
    n_bytes_read = serializers.IntegerField()
    part_bytes = serializers.SerializerMethodField()
    n_parts = serializers.IntegerField()
    n_parts_missing = serializers.IntegerField(source="n_missing")
    parts_missing = serializers.ListField(child=serializers.IntegerField(), source="missing")
    licence = serializers.CharField()
    as_drafts = serializers.BooleanField()
    allowed_use = serializers.ListField(child=serializers.ChoiceField(choices=AllowedUse.choices))
    state = serializers.ChoiceField(choices=Upload.State.choices)
    counts = CountsOutput(source="import_run", allow_null=True)
    has_rejects_file = serializers.SerializerMethodField()
    error = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)

    def get_part_bytes(self, upload: Upload) -> int:
        return Upload.PART_BYTES

    def get_has_rejects_file(self, upload: Upload) -> bool:
        return upload.rejects_name != ""

    @extend_schema_field(FailureOutput(allow_null=True))
    def get_error(self, upload: Upload) -> dict[str, str] | None:
        if not upload.error_code:
            return None
        return {"code": upload.error_code, "detail": upload.error_detail}


class RejectsQuery(serializers.Serializer[Any]):
    code = serializers.CharField(
        max_length=60, allow_blank=True, default="", help_text="rows of this kind only"
    )


class RejectedRowOutput(serializers.Serializer[Any]):
    """`row` is the line of a JSON lines file, the element of an array; both count from 1."""

    row = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
