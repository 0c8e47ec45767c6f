"""What the labels are worth: the project's figures, one's own, one comparison; gold and the exam."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.models import GoldItem
from annotation.selectors import comparisons as comparison_selectors
from annotation.selectors import figures as selectors
from annotation.serializers.figures import (
    ComparisonDetailOutput,
    ExamOutput,
    FiguresOutput,
    GoldMarkedOutput,
    GoldMarkInput,
    MyFiguresOutput,
)
from annotation.services import exams, figures, gold
from labelhub.accounts.authentication import signed_in
from labelhub.accounts.models import Membership
from labelhub.accounts.selectors import membership_for, rater_of
from labelhub.api import ErrorOutput, parse

MANAGER = [Membership.Role.MANAGER]


class FiguresView(APIView):
    @extend_schema(responses=FiguresOutput)
    def get(self, request: Request, slug: str) -> Response:
        """Agreement, biases, people, consensus and policies, with the moment they are of."""
        membership = membership_for(user=request.user, slug=slug, roles=MANAGER)
        return Response(FiguresOutput(selectors.figures_of(project=membership.project)).data)

    @extend_schema(request=None, responses={202: None})
    def post(self, request: Request, slug: str) -> Response:
        """Have the figures made again now; they change once a worker is through."""
        membership = membership_for(user=request.user, slug=slug, roles=MANAGER)
        figures.request(project=membership.project)
        return Response(status=202)


class MyFiguresView(APIView):
    @extend_schema(responses=MyFiguresOutput)
    def get(self, request: Request, slug: str) -> Response:
        """One's own figures, what leads said of practice items, and the exam."""
        membership = membership_for(user=request.user, slug=slug)
        return Response(MyFiguresOutput(selectors.my_figures(membership=membership)).data)


class ExamView(APIView):
    @extend_schema(request=None, responses={201: ExamOutput, 409: ErrorOutput})
    def post(self, request: Request, slug: str) -> Response:
        """Begin the entry exam: its items come as one's next rankings."""
        membership = membership_for(user=request.user, slug=slug)
        exams.begin(membership=membership, rater=rater_of(request.user))
        return Response(
            ExamOutput(selectors.my_figures(membership=membership).exam).data, status=201
        )


class ComparisonView(APIView):
    @extend_schema(responses={200: ComparisonDetailOutput, 404: ErrorOutput})
    def get(self, request: Request, comparison_id: int) -> Response:
        """A comparison whole: every ranking side by side, and where each candidate came from."""
        comparison = comparison_selectors.comparison_for_manager(
            user=request.user, comparison_id=comparison_id
        )
        return Response(
            ComparisonDetailOutput(
                selectors.comparison_detail(comparison=comparison, user=request.user)
            ).data
        )


class GoldMarkView(APIView):
    @extend_schema(
        request=GoldMarkInput,
        responses={201: GoldMarkedOutput, 400: ErrorOutput, 409: ErrorOutput},
    )
    def post(self, request: Request, comparison_id: int) -> Response:
        """Say which pairs are clear; what two leads say alike becomes a known answer."""
        comparison = comparison_selectors.comparison_for_manager(
            user=request.user, comparison_id=comparison_id
        )
        body = parse(GoldMarkInput, request)
        item = gold.mark(
            comparison=comparison,
            rater=rater_of(request.user),
            actor=signed_in(request),
            use=GoldItem.Use(body["use"]),
            pairs=[(better, worse) for better, worse in body["pairs"]],
            flags=body["flags"],
            note=body["note"],
        )
        return Response(GoldMarkedOutput({"gold": item.use if item else None}).data, status=201)
