"""Prompts, how many of each sort are wanted, and the handing out of tasks."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.models import Prompt, TaskKind
from annotation.selectors import prompts as selectors
from annotation.serializers.prompts import (
    AddedOutput,
    HandedOutOutput,
    HandOutInput,
    NewPromptsInput,
    PromptChangesInput,
    PromptPlanInput,
    PromptPlanOutput,
    PromptRowOutput,
    PromptsQuery,
)
from annotation.services import prompts
from labelhub.accounts.authentication import signed_in
from labelhub.accounts.models import Membership, Project
from labelhub.accounts.selectors import membership_for
from labelhub.api import ErrorOutput, NewestFirst, parse

MANAGER = [Membership.Role.MANAGER]


class PromptsView(APIView):
    pagination_class = NewestFirst

    @extend_schema(
        parameters=[PromptsQuery],
        responses={
            200: PromptRowOutput(many=True),
            400: ErrorOutput,
            403: ErrorOutput,
            404: ErrorOutput,
        },
    )
    def get(self, request: Request, slug: str) -> Response:
        """A project's prompts, newest first."""
        membership = membership_for(user=request.user, slug=slug, roles=MANAGER)
        query = PromptsQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        rows = selectors.prompts_in(project=membership.project, **query.validated_data)
        page = self.pagination_class()
        shown = page.paginate_queryset(rows, request, view=self)
        return page.get_paginated_response(PromptRowOutput(shown, many=True).data)

    @extend_schema(
        request=NewPromptsInput,
        responses={201: AddedOutput, 400: ErrorOutput, 403: ErrorOutput, 404: ErrorOutput},
    )
    def post(self, request: Request, slug: str) -> Response:
        """Add prompts; what the project has already is counted, not added."""
        membership = membership_for(user=request.user, slug=slug, roles=MANAGER)
        body = parse(NewPromptsInput, request)
        added = prompts.add(
            project=membership.project,
            user=signed_in(request),
            licence=body["licence"],
            prompts=[
                prompts.NewPrompt(**row | {"kind": Prompt.Kind(row["kind"])})
                for row in body["prompts"]
            ],
        )
        return Response(AddedOutput(added).data, status=201)


class PromptView(APIView):
    @extend_schema(
        request=PromptChangesInput,
        responses={204: None, 400: ErrorOutput, 403: ErrorOutput, 404: ErrorOutput},
    )
    def patch(self, request: Request, prompt_id: int) -> Response:
        """Set a prompt aside or take it back, keep it beside one alike, file it elsewhere."""
        prompt = selectors.prompt_for_manager(user=request.user, prompt_id=prompt_id)
        changes = parse(PromptChangesInput, request)
        prompts.change(prompt=prompt, actor=signed_in(request), **changes)
        return Response(status=204)


def _plan(project: Project) -> Response:
    body = {
        "max_per_author": project.max_prompts_per_author,
        "categories": selectors.categories_of(project=project),
    }
    return Response(PromptPlanOutput(body).data)


class PromptPlanView(APIView):
    @extend_schema(responses={200: PromptPlanOutput, 403: ErrorOutput, 404: ErrorOutput})
    def get(self, request: Request, slug: str) -> Response:
        """How many tasks of each category are wanted, made and done."""
        return _plan(membership_for(user=request.user, slug=slug, roles=MANAGER).project)

    @extend_schema(
        request=PromptPlanInput,
        responses={200: PromptPlanOutput, 400: ErrorOutput, 403: ErrorOutput, 404: ErrorOutput},
    )
    def put(self, request: Request, slug: str) -> Response:
        """Replace the quotas and the cap per prompt author."""
        project = membership_for(user=request.user, slug=slug, roles=MANAGER).project
        body = parse(PromptPlanInput, request)
        prompts.set_quotas(
            project=project,
            actor=signed_in(request),
            max_per_author=body["max_per_author"],
            quotas=[
                prompts.Quota(
                    kind=TaskKind(row["kind"]), category=row["category"], target=row["target"]
                )
                for row in body["quotas"]
            ],
        )
        project.refresh_from_db(fields=["max_prompts_per_author"])
        return _plan(project)

    @extend_schema(
        request=HandOutInput,
        responses={
            201: HandedOutOutput,
            400: ErrorOutput,
            403: ErrorOutput,
            404: ErrorOutput,
            409: ErrorOutput,
        },
    )
    def post(self, request: Request, slug: str) -> Response:
        """Make tasks from prompts that have none of this kind yet."""
        project = membership_for(user=request.user, slug=slug, roles=MANAGER).project
        body = parse(HandOutInput, request)
        handed = prompts.hand_out(
            project=project, actor=signed_in(request), kind=TaskKind(body["kind"]), n=body["n"]
        )
        return Response(HandedOutOutput(handed).data, status=201)
