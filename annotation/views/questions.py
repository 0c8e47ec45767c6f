"""Asking about a task, answering, and the rulings that come of it."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.selectors import questions as selectors
from annotation.selectors.queue import assignment_for
from annotation.serializers.written import (
    AnswerInput,
    AskedQuestionOutput,
    AskedQuestionsQuery,
    QuestionInput,
    QuestionOutput,
    QuestionsOutput,
)
from annotation.services import questions
from labelhub.accounts.authentication import signed_in
from labelhub.accounts.selectors import membership_for
from labelhub.api import ErrorOutput, NewestFirst, parse


class TaskQuestionsView(APIView):
    @extend_schema(responses={200: QuestionsOutput, 404: ErrorOutput})
    def get(self, request: Request, assignment_id: int) -> Response:
        """One's own questions about a task with their answers, the rulings on such tasks, and whether a
        question may give the task back."""
        assignment = assignment_for(user=request.user, assignment_id=assignment_id)
        body = {
            "questions": selectors.asked_by(assignment=assignment),
            "rulings": selectors.rulings_for(assignment=assignment),
            "may_release": selectors.may_release(assignment=assignment),
        }
        return Response(QuestionsOutput(body).data)

    @extend_schema(
        request=QuestionInput,
        responses={201: QuestionOutput, 400: ErrorOutput, 404: ErrorOutput, 409: ErrorOutput},
    )
    def post(self, request: Request, assignment_id: int) -> Response:
        """Ask a lead about the task, and keep it or give it back."""
        assignment = assignment_for(user=request.user, assignment_id=assignment_id)
        asked = questions.ask(assignment=assignment, **parse(QuestionInput, request))
        return Response(QuestionOutput(asked).data, status=201)


class ProjectQuestionsView(APIView):
    pagination_class = NewestFirst

    @extend_schema(
        parameters=[AskedQuestionsQuery],
        responses={
            200: AskedQuestionOutput(many=True),
            400: ErrorOutput,
            403: ErrorOutput,
            404: ErrorOutput,
        },
    )
    def get(self, request: Request, slug: str) -> Response:
        """The questions of a project, newest first, for its leads."""
        membership = membership_for(user=request.user, slug=slug, roles=selectors.LEADS)
        query = AskedQuestionsQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        page = self.pagination_class()
        rows = selectors.questions_in(
            project=membership.project, is_open=query.validated_data["open"]
        )
        shown = page.paginate_queryset(rows, request, view=self)
        return page.get_paginated_response(AskedQuestionOutput(shown, many=True).data)


class AnswerView(APIView):
    @extend_schema(
        request=AnswerInput,
        responses={200: QuestionOutput, 400: ErrorOutput, 403: ErrorOutput, 404: ErrorOutput},
    )
    def post(self, request: Request, question_id: int) -> Response:
        """Answer a question; a pinned answer is a ruling that everybody sees."""
        question = selectors.question_for_lead(user=request.user, question_id=question_id)
        body = parse(AnswerInput, request)
        answered = questions.answer(
            question=question, user=signed_in(request), text=body["answer"], pin=body["pin"]
        )
        return Response(QuestionOutput(answered).data)
