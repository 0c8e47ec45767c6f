"""Which policies serve the open round."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.models import Round
from annotation.selectors import comparisons as selectors
from annotation.serializers.serving import ServingInput, ServingOutput
from annotation.services import serving
from labelhub.accounts.models import Membership
from labelhub.accounts.selectors import membership_for
from labelhub.api import ErrorOutput, parse
from sampling.serializers.params import params_of

MANAGER = [Membership.Role.MANAGER]


class ServingView(APIView):
    @extend_schema(responses={200: ServingOutput, 403: ErrorOutput, 404: ErrorOutput})
    def get(self, request: Request, slug: str) -> Response:
        """What serves the open round: for what, with which weight and sampling params."""
        membership = membership_for(user=request.user, slug=slug, roles=MANAGER)
        return shown(selectors.open_round(project=membership.project))

    @extend_schema(
        request=ServingInput,
        responses={
            200: ServingOutput,
            400: ErrorOutput,
            403: ErrorOutput,
            404: ErrorOutput,
            409: ErrorOutput,
        },
    )
    def put(self, request: Request, slug: str) -> Response:
        """Replace all that serves the open round, at once."""
        membership = membership_for(user=request.user, slug=slug, roles=MANAGER)
        round_ = serving.set_serving(
            project=membership.project,
            served=[
                serving.Served(each["policy"], each["use"], each["weight"], params_of(each))
                for each in parse(ServingInput, request)["served"]
            ],
            actor=membership.user,
        )
        return shown(round_)


def shown(round_: Round | None) -> Response:
    served = selectors.served_in(round_=round_) if round_ else []
    return Response(
        ServingOutput({"round": round_.number if round_ else None, "served": served}).data
    )
