"""Shapes of prompts, quotas and the handing out of tasks."""

from typing import Any

from rest_framework import serializers

from annotation.models import Prompt
from annotation.selectors.prompts import KINDS, SHOWS

LANGUAGE = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$"
MAX_PROMPTS = 1000
MAX_PROMPT_CHARACTERS = 50_000
MAX_TASKS = 10_000
TASK_KINDS = [(kind.value, kind.label) for kind in KINDS]


class PromptsQuery(serializers.Serializer[Any]):
    show = serializers.ChoiceField(choices=list(SHOWS), default="all")
    search = serializers.CharField(max_length=200, allow_blank=True, default="")
    category = serializers.CharField(max_length=60, allow_blank=True, required=False)


class NewPromptInput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=Prompt.Kind.choices)
    text = serializers.CharField(max_length=MAX_PROMPT_CHARACTERS, allow_blank=True)
    category = serializers.CharField(max_length=60, allow_blank=True, default="")
    language = serializers.RegexField(LANGUAGE, max_length=35, default="en")
    sensitivity = serializers.ListField(
        child=serializers.CharField(max_length=50), default=list, max_length=20
    )


class NewPromptsInput(serializers.Serializer[Any]):
    prompts = NewPromptInput(many=True, allow_empty=False, max_length=MAX_PROMPTS)  # type: ignore[call-arg]
    licence = serializers.CharField(max_length=100, allow_blank=True, default="")


class AddedOutput(serializers.Serializer[Any]):
    n_added = serializers.IntegerField()
    n_known = serializers.IntegerField(help_text="The project had them already.")
    n_alike = serializers.IntegerField(help_text="Added, but nearly the same as another.")


class AlikePromptOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    text = serializers.CharField()


class PromptRowOutput(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=Prompt.Kind.choices)
    text = serializers.CharField()
    category = serializers.CharField(allow_blank=True)
    language = serializers.CharField()
    sensitivity = serializers.ListField(child=serializers.CharField())
    source = serializers.CharField(allow_blank=True)  # type: ignore[assignment]
    author = serializers.CharField(source="author.user", default=None, allow_null=True)
    alike_to = AlikePromptOutput(allow_null=True)
    set_aside_at = serializers.DateTimeField(allow_null=True)
    n_tasks = serializers.IntegerField()
    created_at = serializers.DateTimeField()


class PromptChangesInput(serializers.Serializer[Any]):
    set_aside = serializers.BooleanField(required=False)
    keep = serializers.BooleanField(
        required=False, help_text="It may stand beside the one it is alike to."
    )
    category = serializers.CharField(max_length=60, allow_blank=True, required=False)


class WantedOutput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=TASK_KINDS)
    target = serializers.IntegerField(allow_null=True)
    made = serializers.IntegerField()
    done = serializers.IntegerField()


class PromptCategoryOutput(serializers.Serializer[Any]):
    name = serializers.CharField(allow_blank=True)
    n_prompts = serializers.IntegerField()
    n_alike = serializers.IntegerField()
    is_free = serializers.BooleanField(help_text="Whether people may invent their own here.")
    wanted = WantedOutput(many=True)


class PromptPlanOutput(serializers.Serializer[Any]):
    max_per_author = serializers.IntegerField(allow_null=True)
    categories = PromptCategoryOutput(many=True)


class QuotaInput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=TASK_KINDS)
    category = serializers.CharField(max_length=60, allow_blank=True)
    target = serializers.IntegerField(min_value=0, max_value=1_000_000)


class PromptPlanInput(serializers.Serializer[Any]):
    max_per_author = serializers.IntegerField(min_value=0, max_value=1_000_000, allow_null=True)
    quotas = QuotaInput(many=True, max_length=500)  # type: ignore[call-arg]

    def validate_quotas(self, quotas: list[dict[str, Any]]) -> list[dict[str, Any]]:
        named = [(row["kind"], row["category"]) for row in quotas]
        if len(set(named)) < len(named):
            raise serializers.ValidationError("Name each kind and category once.")
        return quotas


class HandOutInput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=TASK_KINDS)
    n = serializers.IntegerField(min_value=1, max_value=MAX_TASKS)


class LeftOutOutput(serializers.Serializer[Any]):
    quota = serializers.IntegerField()
    author = serializers.IntegerField()
    alike = serializers.IntegerField()


class HandedOutOutput(serializers.Serializer[Any]):
    n_made = serializers.IntegerField()
    left_out = LeftOutOutput()
