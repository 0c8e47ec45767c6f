"""Tasks that people found unclear or broken, and what a lead decides about them."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.selectors import withdrawn as selectors
from annotation.selectors.questions import LEADS
from annotation.serializers.withdrawn import PutBackInput, WithdrawnOutput
from annotation.services import withdrawn
from labelhub.accounts.authentication import signed_in
from labelhub.accounts.selectors import membership_for
from labelhub.api import ErrorOutput, NewestFirst, parse

REFUSALS = {400: ErrorOutput, 403: ErrorOutput, 404: ErrorOutput, 409: ErrorOutput}


class WithdrawnTasksView(APIView):
    pagination_class = NewestFirst

    @extend_schema(
        responses={200: WithdrawnOutput(many=True), 403: ErrorOutput, 404: ErrorOutput},
    )
    def get(self, request: Request, slug: str) -> Response:
        """Tasks that two people found unclear or broken, newest first, with what they said."""
        membership = membership_for(user=request.user, slug=slug, roles=LEADS)
        page = self.pagination_class()
        rows = selectors.withdrawn_in(project=membership.project)
        shown = page.paginate_queryset(rows, request, view=self)
        return page.get_paginated_response(WithdrawnOutput(shown, many=True).data)


class PutBackView(APIView):
    @extend_schema(request=PutBackInput, responses={204: None, **REFUSALS})
    def post(self, request: Request, task_id: int) -> Response:
        """Open the task again, perhaps with another brief."""
        task = selectors.task_for_lead(user=request.user, task_id=task_id)
        withdrawn.put_back(task=task, actor=signed_in(request), **parse(PutBackInput, request))
        return Response(status=204)


class DropView(APIView):
    @extend_schema(request=None, responses={204: None, **REFUSALS})
    def post(self, request: Request, task_id: int) -> Response:
        """Leave the task out for good."""
        task = selectors.task_for_lead(user=request.user, task_id=task_id)
        withdrawn.drop(task=task, actor=signed_in(request))
        return Response(status=204)
