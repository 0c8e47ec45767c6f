"""Asking for drafts, and telling what became of them on the page."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.models import Draft, TaskKind
from annotation.selectors import conversations as selectors
from annotation.selectors.queue import assignment_for
from annotation.serializers.conversations import DraftInput, DraftsInput, DraftsOutput
from annotation.services import drafts
from labelhub.api import ErrorOutput, parse


class DraftsView(APIView):
    @extend_schema(
        request=DraftsInput,
        responses={
            200: DraftsOutput,
            400: ErrorOutput,
            403: ErrorOutput,
            404: ErrorOutput,
            409: ErrorOutput,
        },
    )
    def post(self, request: Request, assignment_id: int) -> Response:
        """Ask for drafts of the turn after the live path's last message."""
        assignment = assignment_for(
            user=request.user, assignment_id=assignment_id, kinds=[TaskKind.DEMONSTRATION]
        )
        shown = drafts.request_drafts(assignment=assignment, **parse(DraftsInput, request))
        return Response(DraftsOutput({"drafts": shown}).data)


class DraftView(APIView):
    @extend_schema(
        request=DraftInput,
        responses={204: None, 400: ErrorOutput, 404: ErrorOutput, 409: ErrorOutput},
    )
    def patch(self, request: Request, draft_id: int) -> Response:
        """Tell how long a draft was on screen, what of it was seen, and whether it was waved away."""
        draft = selectors.draft_for(user=request.user, draft_id=draft_id)
        told = parse(DraftInput, request)
        if "outcome" in told:
            told["outcome"] = Draft.Outcome(told["outcome"])
        drafts.note(draft=draft, **told)
        return Response(status=204)
