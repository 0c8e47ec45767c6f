"""The managers' sampling page: figures, holding back, draining, a test prompt."""

from __future__ import annotations

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from labelhub.accounts.models import Membership
from labelhub.accounts.selectors import membership_for
from labelhub.api import ErrorOutput, parse
from sampling import figures, operation, selectors, services
from sampling.models import Gate, Generation
from sampling.serializers.generations import GenerationOutput
from sampling.serializers.operation import (
    DrainInput,
    GateInput,
    GateOutput,
    ProbeInput,
    RunnerOutput,
    SamplingFiguresOutput,
)
from sampling.serializers.params import params_of

MANAGER = [Membership.Role.MANAGER]
NO_GATE = {"mode": Gate.Mode.OPEN, "changed_by": None, "changed_at": None}


class SamplingFiguresView(APIView):
    @extend_schema(responses={200: SamplingFiguresOutput, 403: ErrorOutput, 404: ErrorOutput})
    def get(self, request: Request, slug: str) -> Response:
        """How sampling does now and did in the last hour; failures of a day, of this project only."""
        membership = membership_for(user=request.user, slug=slug, roles=MANAGER)
        return Response(
            SamplingFiguresOutput(
                {
                    "state": selectors.sampling_health().state,
                    "gate": selectors.gate() or NO_GATE,
                    "lines": figures.lines(),
                    "runners": figures.runners(),
                    "first_token": figures.first_token(),
                    "tokens_by_minute": figures.tokens_by_minute(),
                    "policies": figures.by_policy(),
                    "faults": figures.faults(project=membership.project),
                }
            ).data
        )


class GateView(APIView):
    @extend_schema(
        request=GateInput, responses={200: GateOutput, 403: ErrorOutput, 404: ErrorOutput}
    )
    def put(self, request: Request, slug: str) -> Response:
        """Hold back candidates, or everything, on all workers; or let it all go on."""
        membership = membership_for(user=request.user, slug=slug, roles=MANAGER)
        gate = operation.set_gate(
            mode=Gate.Mode(parse(GateInput, request)["mode"]),
            actor=membership.user,
            project=membership.project,
        )
        return Response(GateOutput(gate).data)


class DrainView(APIView):
    @extend_schema(
        request=DrainInput, responses={200: RunnerOutput, 403: ErrorOutput, 404: ErrorOutput}
    )
    def put(self, request: Request, slug: str, runner_id: uuid.UUID) -> Response:
        """Have one GPU worker finish what it runs and claim nothing more, or take part again."""
        membership = membership_for(user=request.user, slug=slug, roles=MANAGER)
        runner = operation.set_drain(
            runner_id=runner_id,
            draining=parse(DrainInput, request)["draining"],
            actor=membership.user,
            project=membership.project,
        )
        return Response(RunnerOutput(runner).data)


class ProbesView(APIView):
    @extend_schema(
        request=ProbeInput,
        responses={
            201: GenerationOutput,
            400: ErrorOutput,
            403: ErrorOutput,
            404: ErrorOutput,
            409: ErrorOutput,
        },
    )
    def post(self, request: Request, slug: str) -> Response:
        """Try a policy out; the text streams like a draft's and becomes part of nothing."""
        membership = membership_for(user=request.user, slug=slug, roles=MANAGER)
        given = parse(ProbeInput, request)
        messages = [{"role": "user", "content": given["prompt"]}]
        if given["system"]:
            messages.insert(0, {"role": "system", "content": given["system"]})
        generation = services.request_completions(
            project=membership.project,
            policy=selectors.policy_with(policy_id=given["policy"]),
            messages=messages,
            purpose=Generation.Purpose.PROBE,
            n=given["n"],
            params=params_of(given),
            requested_by=membership.user,
        )
        return Response(GenerationOutput(generation).data, status=201)
