"""Active time: shown, contested, decided on, exported by month."""

from __future__ import annotations

import csv
import io

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.selectors import working_time as selectors
from annotation.serializers.written import (
    ContestInput,
    ContestOutput,
    DaysOutput,
    DecisionInput,
    MonthQuery,
    OpenContestsOutput,
)
from annotation.services import working_time
from labelhub.accounts.authentication import signed_in
from labelhub.accounts.models import Membership
from labelhub.accounts.selectors import membership_for
from labelhub.api import ErrorOutput, parse

COLUMNS = ("person", "day", "tasks", "counted_seconds", "seconds", "how")


def _month(request: Request) -> str:
    query = MonthQuery(data=request.query_params)
    query.is_valid(raise_exception=True)
    return str(query.validated_data["month"])


class TimeView(APIView):
    @extend_schema(
        parameters=[MonthQuery],
        responses={200: DaysOutput, 400: ErrorOutput, 404: ErrorOutput},
    )
    def get(self, request: Request, slug: str) -> Response:
        """One's own active time by day (UTC) of a month, with what was contested."""
        membership = membership_for(user=request.user, slug=slug)
        days = selectors.days_of(membership=membership, month=_month(request))
        return Response(DaysOutput({"days": days}).data)

    @extend_schema(
        request=ContestInput, responses={201: ContestOutput, 400: ErrorOutput, 404: ErrorOutput}
    )
    def post(self, request: Request, slug: str) -> Response:
        """Contest the count of a day."""
        membership = membership_for(user=request.user, slug=slug)
        made = working_time.contest(membership=membership, **parse(ContestInput, request))
        return Response(ContestOutput(made).data, status=201)


# With these a spreadsheet's formula begins (OWASP, CSV injection).
FORMULA_OPENINGS = ("=", "+", "-", "@", "\t", "\r")


class TimeContestsView(APIView):
    @extend_schema(responses={200: OpenContestsOutput, 403: ErrorOutput, 404: ErrorOutput})
    def get(self, request: Request, slug: str) -> Response:
        """Contested days that wait for a manager, oldest first, 200 at most."""
        membership = membership_for(user=request.user, slug=slug, roles=[Membership.Role.MANAGER])
        found = list(selectors.open_contests(project=membership.project))
        return Response(OpenContestsOutput({"contests": found}).data)


class TimeDecisionView(APIView):
    @extend_schema(
        request=DecisionInput,
        responses={200: ContestOutput, 403: ErrorOutput, 404: ErrorOutput, 409: ErrorOutput},
    )
    def post(self, request: Request, contest_id: int) -> Response:
        """Decide on a contested day; what is granted replaces its count."""
        found = selectors.contest_for_manager(user=request.user, contest_id=contest_id)
        decided = working_time.decide(
            contest=found, user=signed_in(request), **parse(DecisionInput, request)
        )
        return Response(ContestOutput(decided).data)


class TimeExportView(APIView):
    @extend_schema(
        parameters=[MonthQuery],
        responses={
            (200, "text/csv"): OpenApiTypes.STR,
            403: ErrorOutput,
            404: ErrorOutput,
        },
    )
    def get(self, request: Request, slug: str) -> HttpResponse:
        """Everybody's active time of a month by day, as CSV."""
        membership = membership_for(user=request.user, slug=slug, roles=[Membership.Role.MANAGER])
        month = _month(request)
        lines = io.StringIO()
        rows = csv.writer(lines)
        rows.writerow(COLUMNS)
        for row in selectors.month_rows(project=membership.project, month=month):
            rows.writerow([_no_formula(cell) for cell in row])
        name = f"{membership.project.slug}-time-{month}.csv"
        return HttpResponse(
            lines.getvalue(),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )


def _no_formula(cell: object) -> object:
    """A text that a spreadsheet would take for a formula, marked as the text it is."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA_OPENINGS) else cell
