"""Submitting rankings."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.selectors.comparisons import ranking_sheet_for
from annotation.serializers.comparisons import RankedOutput, RankingInput
from annotation.services import rankings
from labelhub.api import ErrorOutput, parse, represent


class RankingView(APIView):
    @extend_schema(
        request=RankingInput, responses={201: RankedOutput, 400: ErrorOutput, 409: ErrorOutput}
    )
    def post(self, request: Request, assignment_id: int) -> Response:
        """Submit the ranking of one's own assignment."""
        judgement = parse(RankingInput, request)
        key = judgement.pop("key")
        confirmed = judgement.pop("personal_data_confirmed")
        sheet = ranking_sheet_for(user=request.user, assignment_id=assignment_id)
        submitted = rankings.submit_ranking(
            sheet=sheet, key=key, judgement=judgement, personal_data_confirmed=confirmed
        )
        return Response(represent(RankedOutput, {"state": submitted.state}), status=201)
