"""Counting as one writes."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.models import TaskKind
from annotation.selectors import lengths
from annotation.selectors.assignments import conversation_at_work
from annotation.selectors.queue import assignment_for
from annotation.serializers.conversations import LengthsInput, LengthsOutput
from labelhub.api import ErrorOutput, parse

COUNTED_KINDS = (TaskKind.DEMONSTRATION, TaskKind.CHAT, TaskKind.REVIEW)


class LengthsView(APIView):
    @extend_schema(
        request=LengthsInput, responses={200: LengthsOutput, 400: ErrorOutput, 404: ErrorOutput}
    )
    def post(self, request: Request, assignment_id: int) -> Response:
        """The tokens of a turn that is being written, and of what a policy would read with it."""
        assignment = assignment_for(
            user=request.user, assignment_id=assignment_id, kinds=COUNTED_KINDS
        )
        counted = lengths.lengths_of(
            conversation=conversation_at_work(assignment=assignment), **parse(LengthsInput, request)
        )
        return Response(LengthsOutput(counted).data)
