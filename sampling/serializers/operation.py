"""How sampling does, and what managers do to it, as the API shows and takes it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from labelhub.api import RowId
from sampling.models import Gate, Generation, Runner
from sampling.selectors import SamplingState
from sampling.serializers.params import ParamsInput
from sampling.serializers.policies import PolicyNameOutput
from sampling.services import MAX_COMPLETIONS


class GateOutput(serializers.Serializer[Any]):
    mode = serializers.ChoiceField(choices=Gate.Mode.choices)
    changed_by = serializers.CharField(allow_null=True)
    changed_at = serializers.DateTimeField(allow_null=True)


class GateInput(serializers.Serializer[Any]):
    mode = serializers.ChoiceField(choices=Gate.Mode.choices)


class LineOutput(serializers.Serializer[Any]):
    priority = serializers.ChoiceField(
        choices=[priority.name.lower() for priority in Generation.Priority]
    )
    n_waiting = serializers.IntegerField(help_text="Exact below 1000; 1000 means 999+.")
    n_running = serializers.IntegerField()
    oldest_seconds = serializers.FloatField(allow_null=True)


class RunnerOutput(serializers.Serializer[Runner]):
    id = serializers.UUIDField()
    host = serializers.CharField()
    device = serializers.CharField()
    started_at = serializers.DateTimeField()
    seen_at = serializers.DateTimeField()
    draining = serializers.SerializerMethodField()
    policies = serializers.ListField(child=serializers.CharField())
    n_threads = serializers.IntegerField()
    n_running = serializers.IntegerField()
    prompt_tokens_per_second = serializers.FloatField()
    sampled_tokens_per_second = serializers.FloatField()
    utilisation = serializers.FloatField(allow_null=True)
    memory_bytes = serializers.IntegerField(allow_null=True)
    memory_budget_bytes = serializers.IntegerField(allow_null=True)

    def get_draining(self, runner: Runner) -> bool:
        return runner.drain_requested_at is not None


class DrainInput(serializers.Serializer[Any]):
    draining = serializers.BooleanField()


class FirstTokenOutput(serializers.Serializer[Any]):
    n = serializers.IntegerField()
    p50_seconds = serializers.FloatField(allow_null=True)
    p95_seconds = serializers.FloatField(allow_null=True)


class FaultKindOutput(serializers.Serializer[Any]):
    code = serializers.CharField()
    n = serializers.IntegerField()
    n_final = serializers.IntegerField(help_text="Those that ended their generation.")
    last_at = serializers.DateTimeField()
    detail = serializers.CharField()


class PolicyFiguresOutput(serializers.Serializer[Any]):
    policy = PolicyNameOutput()
    n_done = serializers.IntegerField()
    n_failed = serializers.IntegerField()
    n_cancelled = serializers.IntegerField()
    first_token = FirstTokenOutput()
    n_completions = serializers.IntegerField()
    n_tokens = serializers.IntegerField()
    mean_tokens = serializers.FloatField(allow_null=True)
    cut_share = serializers.FloatField(allow_null=True)
    cached_share = serializers.FloatField(allow_null=True)


class SamplingFiguresOutput(serializers.Serializer[Any]):
    """The whole installation's, but for `faults`, which are the project's."""

    state = serializers.ChoiceField(choices=[state.value for state in SamplingState])
    gate = GateOutput()
    lines = LineOutput(many=True)
    runners = RunnerOutput(many=True)
    first_token = FirstTokenOutput()
    tokens_by_minute = serializers.ListField(child=serializers.IntegerField())
    policies = PolicyFiguresOutput(many=True)
    faults = FaultKindOutput(many=True)


class ProbeInput(ParamsInput):
    """A test prompt: what it says becomes part of nothing."""

    policy = RowId()
    system = serializers.CharField(
        max_length=20_000, required=False, allow_blank=True, default="", trim_whitespace=False
    )
    prompt = serializers.CharField(max_length=100_000, trim_whitespace=False)
    n = serializers.IntegerField(min_value=1, max_value=MAX_COMPLETIONS, default=1)
