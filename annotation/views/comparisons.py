"""Picking messages, and following the comparisons that come of it."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.selectors import comparisons as selectors
from annotation.serializers.comparisons import (
    ComparisonRowOutput,
    ComparisonsQuery,
    PickRunInput,
    PickRunOutput,
)
from annotation.services import comparisons, picks
from labelhub.accounts.models import Membership
from labelhub.accounts.selectors import membership_for
from labelhub.api import ErrorOutput, NewestFirst, parse

MANAGER = [Membership.Role.MANAGER]


class PickRunsView(APIView):
    pagination_class = NewestFirst

    @extend_schema(responses=PickRunOutput(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """The project's pick runs, newest first."""
        membership = membership_for(user=request.user, slug=slug, roles=MANAGER)
        pages = NewestFirst()
        rows = pages.paginate_queryset(
            selectors.pick_runs_of(project=membership.project), request, view=self
        )
        return pages.get_paginated_response(PickRunOutput(rows, many=True).data)

    @extend_schema(
        request=PickRunInput, responses={201: PickRunOutput, 400: ErrorOutput, 409: ErrorOutput}
    )
    def post(self, request: Request, slug: str) -> Response:
        """Draw messages of finished chats and begin comparisons from them."""
        membership = membership_for(user=request.user, slug=slug, roles=MANAGER)
        picked = picks.pick_comparisons(
            project=membership.project,
            created_by=getattr(membership.user, "rater", None),
            **parse(PickRunInput, request),
        )
        picked.run.n_picked = len(picked.begun)  # type: ignore[attr-defined]
        return Response(PickRunOutput(picked.run).data, status=201)


class ComparisonsView(APIView):
    pagination_class = NewestFirst

    @extend_schema(parameters=[ComparisonsQuery], responses=ComparisonRowOutput(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """The project's comparisons in one state, newest first."""
        membership = membership_for(user=request.user, slug=slug, roles=MANAGER)
        query = ComparisonsQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        pages = NewestFirst()
        rows = pages.paginate_queryset(
            selectors.comparisons_in(
                project=membership.project, state=query.validated_data["state"]
            ),
            request,
            view=self,
        )
        return pages.get_paginated_response(ComparisonRowOutput(rows, many=True).data)


class ComparisonRetryView(APIView):
    @extend_schema(request=None, responses={204: None, 409: ErrorOutput})
    def post(self, request: Request, comparison_id: int) -> Response:
        """Sample a failed comparison's candidates again."""
        comparisons.retry_comparison(
            comparison=selectors.comparison_for_manager(
                user=request.user, comparison_id=comparison_id
            )
        )
        return Response(status=204)
