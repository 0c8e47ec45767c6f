"""Judging demonstrations."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.models import Review, TaskKind
from annotation.selectors.queue import assignment_for
from annotation.serializers.queue import SubmittedOutput
from annotation.serializers.reviews import ReviewInput
from annotation.services import reviews
from annotation.services.reviews import Remark
from labelhub.api import ErrorOutput, parse


class ReviewView(APIView):
    @extend_schema(
        request=ReviewInput,
        responses={201: SubmittedOutput, 400: ErrorOutput, 404: ErrorOutput, 409: ErrorOutput},
    )
    def post(self, request: Request, assignment_id: int) -> Response:
        """Approve, fix, return or reject the demonstration under review; score one of an exam."""
        assignment = assignment_for(
            user=request.user, assignment_id=assignment_id, kinds=[TaskKind.REVIEW]
        )
        body = parse(ReviewInput, request)
        submitted = reviews.submit_review(
            assignment=assignment,
            key=body["key"],
            verdict=Review.Verdict(body["verdict"]),
            comment=body["comment"],
            remarks=[Remark(**remark) for remark in body["comments"]],
            score=body["score"],
            personal_data_confirmed=body["personal_data_confirmed"],
        )
        return Response(SubmittedOutput(submitted).data, status=201)
