"""Shapes of reviews."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from annotation.models import Review
from annotation.serializers.conversations import MAX_COMMENT_CHARACTERS
from labelhub.api import RowId

MAX_COMMENTS = 500


class MessageCommentInput(serializers.Serializer[Any]):
    message = RowId()
    text = serializers.CharField(max_length=MAX_COMMENT_CHARACTERS, trim_whitespace=False)


class ReviewInput(serializers.Serializer[Any]):
    key = serializers.UUIDField()
    verdict = serializers.ChoiceField(choices=Review.Verdict.choices)
    comment = serializers.CharField(
        max_length=MAX_COMMENT_CHARACTERS, allow_blank=True, trim_whitespace=False, default=""
    )
    score = serializers.IntegerField(
        min_value=1,
        max_value=7,
        allow_null=True,
        default=None,
        help_text="Of a demonstration of an entry exam, with the verdict “scored”.",
    )
    comments = serializers.ListField(
        child=MessageCommentInput(), max_length=MAX_COMMENTS, default=list
    )
    personal_data_confirmed = serializers.BooleanField(
        default=False,
        help_text="The reviewer has seen what looks like personal data in their own changes.",
    )
