"""Writing demonstrations: the thread as a whole, and handing it in."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.models import Assignment, Conversation, TaskKind
from annotation.selectors import conversations as selectors
from annotation.selectors.queue import assignment_for
from annotation.serializers.conversations import (
    ConversationOutput,
    DemonstrationInput,
    DemonstrationOutput,
    ThreadInput,
)
from annotation.services import demonstrations, threads
from annotation.services.threads import WantedTurn
from labelhub.api import ErrorOutput, parse

WRITTEN_KINDS = (TaskKind.DEMONSTRATION, TaskKind.REVIEW)


class ThreadView(APIView):
    @extend_schema(
        request=ThreadInput,
        responses={200: ConversationOutput, 400: ErrorOutput, 404: ErrorOutput, 409: ErrorOutput},
    )
    def put(self, request: Request, assignment_id: int) -> Response:
        """Save the whole wanted thread: turns that stay by id, new and changed ones in full."""
        assignment = assignment_for(
            user=request.user, assignment_id=assignment_id, kinds=WRITTEN_KINDS
        )
        body = parse(ThreadInput, request)
        conversation = threads.save_thread(
            assignment=assignment,
            version=body["version"],
            turns=[WantedTurn(**turn) for turn in body["turns"]],
        )
        thread = selectors.thread_of(conversation=conversation, rater=assignment.rater)
        return Response(ConversationOutput(thread).data)


class DemonstrationView(APIView):
    @extend_schema(
        request=DemonstrationInput,
        responses={200: DemonstrationOutput, 400: ErrorOutput, 404: ErrorOutput, 409: ErrorOutput},
    )
    def post(self, request: Request, assignment_id: int) -> Response:
        """Submit the demonstration; says whether a reviewer sees it first."""
        assignment = assignment_for(
            user=request.user, assignment_id=assignment_id, kinds=[TaskKind.DEMONSTRATION]
        )
        conversation = demonstrations.submit_demonstration(
            assignment=assignment, **parse(DemonstrationInput, request)
        )
        accepted = conversation.state == Conversation.State.ACCEPTED_BY_SAMPLING
        body = {
            "state": Assignment.State.SUBMITTED,
            "next": "accepted" if accepted else "review",
        }
        return Response(DemonstrationOutput(body).data)
