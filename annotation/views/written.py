"""Looking back on what one wrote, and taking it back while that is possible."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.selectors import draft_trial, written
from annotation.selectors.queue import assignment_for
from annotation.serializers.written import (
    AmendedOutput,
    ConversationsQuery,
    DraftTrialOutput,
    WrittenOutput,
    WrittenRowOutput,
)
from annotation.services import amendments
from labelhub.accounts.authentication import signed_in
from labelhub.accounts.models import Membership
from labelhub.accounts.selectors import membership_for
from labelhub.api import ErrorOutput, NewestFirst


class ConversationsView(APIView):
    pagination_class = NewestFirst

    @extend_schema(
        parameters=[ConversationsQuery],
        responses={200: WrittenRowOutput(many=True), 400: ErrorOutput, 404: ErrorOutput},
    )
    def get(self, request: Request, slug: str) -> Response:
        """One's own demonstrations and chats, newest first."""
        membership = membership_for(user=request.user, slug=slug)
        query = ConversationsQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        rows = written.conversations_of(membership=membership, **query.validated_data)
        page = self.pagination_class()
        shown = page.paginate_queryset(rows, request, view=self)
        return page.get_paginated_response(WrittenRowOutput(shown, many=True).data)


class ConversationView(APIView):
    @extend_schema(responses={200: WrittenOutput, 404: ErrorOutput})
    def get(self, request: Request, conversation_id: int) -> Response:
        """One conversation with its earlier versions and what reviewers said."""
        found = written.written_for(user=request.user, conversation_id=conversation_id)
        return Response(WrittenOutput(found).data)


class AmendView(APIView):
    @extend_schema(
        request=None,
        responses={
            200: AmendedOutput,
            403: ErrorOutput,
            404: ErrorOutput,
            409: ErrorOutput,
        },
    )
    def post(self, request: Request, assignment_id: int) -> Response:
        """Take a submission back to change it, until somebody acts on it; says where to go on."""
        assignment = assignment_for(
            user=signed_in(request),
            assignment_id=assignment_id,
            kinds=amendments.AMENDED_KINDS,
        )
        return Response({"assignment": amendments.amend(assignment=assignment)})


class DraftTrialView(APIView):
    @extend_schema(responses={200: DraftTrialOutput, 403: ErrorOutput, 404: ErrorOutput})
    def get(self, request: Request, slug: str) -> Response:
        """What drafts do to time, length, verdicts and model share, by arm of the trial."""
        project = membership_for(
            user=request.user, slug=slug, roles=[Membership.Role.MANAGER]
        ).project
        body = {
            "no_draft_share": project.no_draft_share,
            "outcomes": draft_trial.trial_of(project=project),
        }
        return Response(DraftTrialOutput(body).data)
