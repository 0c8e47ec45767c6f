"""Generations: looking at one, stopping one, following many."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from labelhub.api import ErrorOutput
from sampling import events, selectors, services
from sampling.serializers.generations import EventsInput, GenerationOutput


class GenerationView(APIView):
    @extend_schema(responses={200: GenerationOutput, 404: ErrorOutput})
    def get(self, request: Request, generation_id: int) -> Response:
        """One of my own draft or chat generations."""
        generation = selectors.generation_for(user=request.user, generation_id=generation_id)
        return Response(GenerationOutput(generation).data)


class GenerationCancelView(APIView):
    @extend_schema(request=None, responses={204: None, 404: ErrorOutput})
    def post(self, request: Request, generation_id: int) -> Response:
        """Stop a generation of mine; what has been said so far is kept."""
        generation = selectors.generation_for(user=request.user, generation_id=generation_id)
        services.cancel(generation=generation)
        return Response(status=204)


class AnyAccept(BaseContentNegotiation):
    """Answers whatever the client accepts: the stream is no renderer's, refusals are JSON."""

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


class EventsView(APIView):
    content_negotiation_class = AnyAccept

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "generations", str, required=True, description="Ids, separated by commas."
            ),
            OpenApiParameter(
                "after",
                str,
                many=True,
                description="The last `id:` seen of a generation, to resume behind it.",
            ),
        ],
        responses={
            (200, "text/event-stream"): OpenApiResponse(
                OpenApiTypes.STR,
                description=(
                    "`event: delta` with {generation, attempt, index, offset, text} as text is "
                    "written, and one `event: end` with {generation, attempt, state, error, "
                    "completions} for each; forget a generation's text when its attempt grows."
                ),
            ),
            400: ErrorOutput,
            404: ErrorOutput,
        },
    )
    def get(self, request: Request) -> HttpResponseBase:
        """Follow my own draft and chat generations as they are written."""
        query = EventsInput(data={name: listed(request, name) for name in ("generations", "after")})
        query.is_valid(raise_exception=True)
        wanted = selectors.generations_for(
            user=request.user, generation_ids=query.validated_data["generations"]
        )
        after = query.validated_data["after"]
        places = {each.pk: after.get(each.pk, events.START) for each in wanted}
        may_follow = partial(
            selectors.may_follow, user_id=request.user.pk, generation_ids=list(places)
        )
        return StreamingHttpResponse(
            events.frames(places, may_follow),
            content_type="text/event-stream",
            # Proxies must pass each event on, and nobody may keep it.
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )


def listed(request: Request, name: str) -> list[str]:
    """A query parameter that may be repeated, or hold several values between commas."""
    given = ",".join(request.query_params.getlist(name))
    return [each.strip() for each in given.split(",")] if given else []
