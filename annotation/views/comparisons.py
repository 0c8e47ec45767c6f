"""Picking messages, and following the comparisons that come of it."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.models import Comparison, PickRun
from annotation.selectors import comparisons as selectors
from annotation.selectors import making
from annotation.selectors.rating_schemas import rating_schemas
from annotation.serializers.comparison_settings import (
    ComparisonSettingsInput,
    ComparisonSettingsOutput,
)
from annotation.serializers.comparisons import (
    ComparisonRowOutput,
    ComparisonsQuery,
    MakingOutput,
    PickRunInput,
    PickRunOutput,
    ResampledOutput,
    RetriedOutput,
    RetryInput,
)
from annotation.serializers.rating_schemas import RatingSchemaInput, RatingSchemasOutput
from annotation.services import cancelling, comparison_settings, comparisons, picks, resampling
from annotation.services.rating_schemas import publish_rating_schema
from labelhub.accounts.authentication import signed_in
from labelhub.accounts.models import Membership
from labelhub.accounts.selectors import membership_for
from labelhub.api import ErrorOutput, NewestFirst, parse

MANAGER = [Membership.Role.MANAGER]


def _counted(run: PickRun) -> PickRun:
    return making.pick_runs_of(project=run.project).get(pk=run.pk)


def _shown(run: PickRun) -> Any:
    run.seconds_left = making.seconds_left(run)  # type: ignore[attr-defined]
    return PickRunOutput(run).data


class PickRunsView(APIView):
    pagination_class = NewestFirst

    @extend_schema(responses=PickRunOutput(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """The project's pick runs, newest first."""
        membership = membership_for(user=request.user, slug=slug, roles=MANAGER)
        pages = NewestFirst()
        rows = pages.paginate_queryset(
            making.pick_runs_of(project=membership.project), request, view=self
        )
        return pages.get_paginated_response([_shown(row) for row in rows or []])

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
        return Response(_shown(_counted(picked.run)), status=201)


class PickRunCancelView(APIView):
    @extend_schema(request=None, responses={200: PickRunOutput, 409: ErrorOutput})
    def post(self, request: Request, run_id: int) -> Response:
        """Call off what of a run is still being sampled."""
        run = making.pick_run_for_manager(user=request.user, run_id=run_id)
        cancelling.cancel_run(run=run, actor=signed_in(request))
        return Response(_shown(_counted(run)))


class MakingView(APIView):
    @extend_schema(responses=MakingOutput)
    def get(self, request: Request, slug: str) -> Response:
        """Comparisons by state, how fast they are made, and what could be drawn now."""
        membership = membership_for(user=request.user, slug=slug, roles=MANAGER)
        return Response(MakingOutput(making.making(project=membership.project)).data)


class ComparisonSettingsView(APIView):
    @extend_schema(responses=ComparisonSettingsOutput)
    def get(self, request: Request, slug: str) -> Response:
        """How the project makes its comparisons and has them ranked."""
        membership = membership_for(user=request.user, slug=slug, roles=MANAGER)
        return Response(ComparisonSettingsOutput(membership.project).data)

    @extend_schema(
        request=ComparisonSettingsInput,
        responses={200: ComparisonSettingsOutput, 400: ErrorOutput, 409: ErrorOutput},
    )
    def patch(self, request: Request, slug: str) -> Response:
        """Change some of it; comparisons that are there already stay as they are."""
        membership = membership_for(user=request.user, slug=slug, roles=MANAGER)
        changed = comparison_settings.change(
            project=membership.project,
            actor=signed_in(request),
            wanted=parse(ComparisonSettingsInput, request),
        )
        return Response(ComparisonSettingsOutput(changed).data)


class RatingSchemasView(APIView):
    @extend_schema(responses=RatingSchemasOutput)
    def get(self, request: Request, slug: str) -> Response:
        """What people are asked beside the order, and what they were asked before."""
        membership = membership_for(user=request.user, slug=slug, roles=MANAGER)
        return Response(RatingSchemasOutput(rating_schemas(project=membership.project)).data)

    @extend_schema(
        request=RatingSchemaInput,
        responses={201: RatingSchemasOutput, 400: ErrorOutput, 409: ErrorOutput},
    )
    def post(self, request: Request, slug: str) -> Response:
        """Publish the next version; who holds a ranking finishes it by the one they claimed it under."""
        membership = membership_for(user=request.user, slug=slug, roles=MANAGER)
        publish_rating_schema(
            project=membership.project,
            actor=signed_in(request),
            **parse(RatingSchemaInput, request),
        )
        return Response(
            RatingSchemasOutput(rating_schemas(project=membership.project)).data, status=201
        )


class ComparisonsRetryView(APIView):
    @extend_schema(request=RetryInput, responses={200: RetriedOutput, 409: ErrorOutput})
    def post(self, request: Request, slug: str) -> Response:
        """Sample every failed, or every cancelled, comparison again."""
        membership = membership_for(user=request.user, slug=slug, roles=MANAGER)
        n = comparisons.retry_all(
            project=membership.project,
            state=Comparison.State(parse(RetryInput, request)["state"]),
        )
        return Response(RetriedOutput({"n": n}).data)


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


class ComparisonResampleView(APIView):
    @extend_schema(request=None, responses={201: ResampledOutput, 409: ErrorOutput})
    def post(self, request: Request, comparison_id: int) -> Response:
        """Make a comparison again with other candidates; the new one takes its place."""
        new = resampling.supersede(
            comparison=selectors.comparison_for_manager(
                user=request.user, comparison_id=comparison_id
            ),
            actor=signed_in(request),
        )
        return Response(ResampledOutput(new).data, status=201)
