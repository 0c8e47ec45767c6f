"""Calling a manager to a task, and what managers make of it."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.models import ManagerFlag
from annotation.selectors import flags as selectors
from annotation.selectors.queue import assignment_for
from annotation.serializers.flags import FlagInput, ManagerFlagOutput, SettleFlagInput
from annotation.services import flags
from labelhub.accounts.authentication import signed_in
from labelhub.accounts.models import Membership
from labelhub.accounts.selectors import membership_for
from labelhub.api import ErrorOutput, NewestFirst, parse


class TaskFlagView(APIView):
    @extend_schema(request=FlagInput, responses={201: None, 400: ErrorOutput, 404: ErrorOutput})
    def post(self, request: Request, assignment_id: int) -> Response:
        """Have a manager look at the task."""
        assignment = assignment_for(user=request.user, assignment_id=assignment_id)
        flags.raise_flag(assignment=assignment, **parse(FlagInput, request))
        return Response(status=201)


class ProjectFlagsView(APIView):
    pagination_class = NewestFirst

    @extend_schema(responses=ManagerFlagOutput(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """What managers were called to and nobody has settled, newest first."""
        membership = membership_for(user=request.user, slug=slug, roles=[Membership.Role.MANAGER])
        page = self.pagination_class()
        rows = page.paginate_queryset(
            selectors.open_flags(project=membership.project), request, view=self
        )
        return page.get_paginated_response(ManagerFlagOutput(rows, many=True).data)


class FlagSettlementView(APIView):
    @extend_schema(
        request=SettleFlagInput, responses={204: None, 404: ErrorOutput, 409: ErrorOutput}
    )
    def post(self, request: Request, flag_id: int) -> Response:
        """Say what came of a flag."""
        flag = selectors.flag_for_manager(user=request.user, flag_id=flag_id)
        outcome = parse(SettleFlagInput, request)["outcome"]
        flags.settle(flag=flag, actor=signed_in(request), outcome=ManagerFlag.Outcome(outcome))
        return Response(status=204)
