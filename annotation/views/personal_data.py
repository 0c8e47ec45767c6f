"""Rows held for personal data: listed, and decided by a manager."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.models import PersonalDataHold
from annotation.selectors import personal_data as selectors
from annotation.serializers.personal_data import (
    HoldsQuery,
    PersonalDataDecisionInput,
    PersonalDataHoldOutput,
)
from annotation.services import personal_data_holds
from annotation.views.datasets import MANAGER
from labelhub.accounts.models import User
from labelhub.accounts.selectors import membership_for
from labelhub.api import ErrorOutput, OldestFirst, parse


class PersonalDataView(APIView):
    pagination_class = OldestFirst

    @extend_schema(parameters=[HoldsQuery], responses=PersonalDataHoldOutput(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """Rows that datasets leave out until somebody has looked at them, oldest first."""
        membership = membership_for(user=request.user, slug=slug, roles=MANAGER)
        query = HoldsQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        pages = OldestFirst()
        rows = pages.paginate_queryset(
            selectors.holds_of(membership=membership, **query.validated_data), request, view=self
        )
        return pages.get_paginated_response(
            PersonalDataHoldOutput(selectors.with_passages(rows or []), many=True).data
        )


class PersonalDataDecisionView(APIView):
    @extend_schema(
        request=PersonalDataDecisionInput,
        responses={200: PersonalDataHoldOutput, 400: ErrorOutput, 404: ErrorOutput},
    )
    def post(self, request: Request, hold_id: int) -> Response:
        """Keep the row, blank what was found in it, or leave it out, in every dataset to come."""
        held = selectors.hold_for(user=request.user, hold_id=hold_id)
        body = parse(PersonalDataDecisionInput, request)
        assert isinstance(request.user, User)
        held = personal_data_holds.decide(
            held=held,
            decision=PersonalDataHold.Decision(body["decision"]),
            decided_by=request.user,
        )
        (shown,) = selectors.with_passages([held])
        return Response(PersonalDataHoldOutput(shown).data)
