"""Shapes of what people declare of themselves."""

from typing import Any

from rest_framework import serializers

from annotation.serializers.prompts import LANGUAGE


class DeclarationInput(serializers.Serializer[Any]):
    languages = serializers.ListField(
        child=serializers.RegexField(LANGUAGE, max_length=35), allow_empty=False, max_length=20
    )
    sensitivity_opt_ins = serializers.ListField(
        child=serializers.CharField(max_length=50), max_length=50
    )


class DeclarationOutput(serializers.Serializer[Any]):
    languages = serializers.ListField(child=serializers.CharField())
    sensitivity_opt_ins = serializers.ListField(child=serializers.CharField())
    languages_asked_for = serializers.ListField(child=serializers.CharField())
    sensitive_topics = serializers.ListField(child=serializers.CharField())
