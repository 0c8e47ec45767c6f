"""Talking with a policy, and judging its replies."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.models import Assignment, Conversation, Feedback, TaskKind
from annotation.selectors import conversations as selectors
from annotation.selectors.queue import assignment_for
from annotation.serializers.conversations import (
    BranchInput,
    ChatInput,
    ConversationOutput,
    FeedbackInput,
    RegenerateInput,
    TurnInput,
)
from annotation.serializers.queue import SubmittedOutput
from annotation.services import chats
from annotation.services.feedback import give_feedback
from labelhub.api import ErrorOutput, parse

REFUSALS = {400: ErrorOutput, 404: ErrorOutput, 409: ErrorOutput}


def _chat_for(request: Request, assignment_id: int) -> Assignment:
    return assignment_for(user=request.user, assignment_id=assignment_id, kinds=[TaskKind.CHAT])


def _shown(conversation: Conversation, assignment: Assignment) -> Response:
    thread = selectors.thread_of(conversation=conversation, rater=assignment.rater)
    return Response(ConversationOutput(thread).data)


class TurnsView(APIView):
    @extend_schema(request=TurnInput, responses={200: ConversationOutput, **REFUSALS})
    def post(self, request: Request, assignment_id: int) -> Response:
        """Say something; the answer's last message is the reply being written."""
        assignment = _chat_for(request, assignment_id)
        conversation = chats.say(assignment=assignment, **parse(TurnInput, request))
        return _shown(conversation, assignment)


class BranchView(APIView):
    @extend_schema(request=BranchInput, responses={200: ConversationOutput, **REFUSALS})
    def post(self, request: Request, assignment_id: int) -> Response:
        """Go on from another try at a turn."""
        assignment = _chat_for(request, assignment_id)
        conversation = chats.show_branch(assignment=assignment, **parse(BranchInput, request))
        return _shown(conversation, assignment)


class RegenerateView(APIView):
    @extend_schema(request=RegenerateInput, responses={200: ConversationOutput, **REFUSALS})
    def post(self, request: Request, assignment_id: int) -> Response:
        """Ask for another reply to the last user turn."""
        assignment = _chat_for(request, assignment_id)
        conversation = chats.regenerate(assignment=assignment, **parse(RegenerateInput, request))
        return _shown(conversation, assignment)


class ContinueView(APIView):
    @extend_schema(request=RegenerateInput, responses={200: ConversationOutput, **REFUSALS})
    def post(self, request: Request, assignment_id: int) -> Response:
        """Have the policy go on from its last reply, which was stopped or cut off."""
        assignment = _chat_for(request, assignment_id)
        conversation = chats.continue_reply(
            assignment=assignment, **parse(RegenerateInput, request)
        )
        return _shown(conversation, assignment)


class ChatView(APIView):
    @extend_schema(request=ChatInput, responses={200: SubmittedOutput, **REFUSALS})
    def post(self, request: Request, assignment_id: int) -> Response:
        """Finish the chat."""
        assignment = _chat_for(request, assignment_id)
        submitted = chats.finish(assignment=assignment, **parse(ChatInput, request))
        return Response(SubmittedOutput(submitted).data)


class FeedbackView(APIView):
    @extend_schema(request=FeedbackInput, responses={204: None, **REFUSALS})
    def post(self, request: Request, message_id: int) -> Response:
        """Judge a reply of one's own chat; the newest judgement is the one shown."""
        message = selectors.reply_for(user=request.user, message_id=message_id)
        body = parse(FeedbackInput, request)
        give_feedback(message=message, **body | {"thumb": Feedback.Thumb(body["thumb"])})
        return Response(status=204)
