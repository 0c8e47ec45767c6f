"""Policies and their checks as the API takes and shows them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from labelhub.api import RowId
from sampling import policies
from sampling.inspection import Verdict
from sampling.models import Policy, PolicyCheck

SOURCE_KINDS = ["folder", "hub", "server"]
POLICY_STATES = ["registered", "active", "retired"]


class FindingOutput(serializers.Serializer[Any]):
    code = serializers.CharField()
    verdict = serializers.ChoiceField(choices=[verdict.value for verdict in Verdict])
    detail = serializers.CharField()


class PolicyCheckOutput(serializers.Serializer[PolicyCheck]):
    id = serializers.IntegerField()
    state = serializers.ChoiceField(choices=PolicyCheck.State.choices)
    findings = FindingOutput(many=True)
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class PolicyNameOutput(serializers.Serializer[Policy]):
    id = serializers.IntegerField()
    name = serializers.CharField()


class PolicyOutput(serializers.Serializer[Any]):
    """A policy with its newest check; a policy that came by command may have none."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    state = serializers.SerializerMethodField()
    source_kind = serializers.SerializerMethodField()
    source = serializers.CharField()  # type: ignore[assignment]
    revision = serializers.CharField()
    tokenizer_source = serializers.CharField()
    api_key_variable = serializers.CharField()
    context_window_tokens = serializers.IntegerField(allow_null=True)
    output_licence = serializers.CharField()
    trained_on = serializers.CharField()
    parent = PolicyNameOutput(allow_null=True)
    weights_sha256 = serializers.CharField()
    tokenizer_sha256 = serializers.CharField()
    chat_template_sha256 = serializers.CharField()
    check_result = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()
    activated_at = serializers.DateTimeField(allow_null=True)
    retired_at = serializers.DateTimeField(allow_null=True)

    @extend_schema_field(serializers.ChoiceField(choices=POLICY_STATES))
    def get_state(self, policy: Policy) -> str:
        if policy.retired_at is not None:
            return "retired"
        return "registered" if policy.activated_at is None else "active"

    @extend_schema_field(serializers.ChoiceField(choices=SOURCE_KINDS))
    def get_source_kind(self, policy: Policy) -> str:
        return policies.kind_of(policy.source)

    @extend_schema_field(PolicyCheckOutput(allow_null=True))
    def get_check_result(self, policy: Policy) -> Any:
        checks: list[PolicyCheck] = policy.checks_newest_first  # type: ignore[attr-defined]
        return PolicyCheckOutput(checks[0]).data if checks else None


class PolicyInput(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=100)
    source = serializers.CharField(  # type: ignore[assignment]
        max_length=500,
        help_text="A Hugging Face id, a folder of the server, or openai:BASE_URL#MODEL.",
    )
    revision = serializers.CharField(max_length=100, required=False, allow_blank=True)
    tokenizer_source = serializers.CharField(max_length=500, required=False, allow_blank=True)
    api_key_variable = serializers.RegexField(
        r"^[A-Za-z_][A-Za-z0-9_]*$",
        max_length=100,
        required=False,
        allow_blank=True,
        help_text="The name of an environment variable of the GPU workers; never the key itself.",
    )
    context_window_tokens = serializers.IntegerField(
        min_value=64, max_value=10_000_000, required=False, allow_null=True
    )
    output_licence = serializers.CharField(max_length=100, required=False, allow_blank=True)
    trained_on = serializers.CharField(max_length=500, required=False, allow_blank=True)
    parent = RowId(  # type: ignore[assignment]
        required=False, allow_null=True, help_text="The policy it was tuned from."
    )


class PolicyChangesInput(PolicyInput):
    """Only what is to change."""

    name = serializers.CharField(max_length=100, required=False)
    source = serializers.CharField(max_length=500, required=False)  # type: ignore[assignment]
