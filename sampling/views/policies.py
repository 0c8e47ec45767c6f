"""Policies: registering, looking, changing, checking, activating, retiring. For managers."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from labelhub.accounts.selectors import require_manager
from labelhub.api import ErrorOutput, parse
from sampling import registry, selectors
from sampling.serializers.policies import PolicyChangesInput, PolicyInput, PolicyOutput

REFUSALS: dict[Any, Any] = {400: ErrorOutput, 403: ErrorOutput, 404: ErrorOutput, 409: ErrorOutput}


class PoliciesView(APIView):
    @extend_schema(responses={200: PolicyOutput(many=True), 403: ErrorOutput})
    def get(self, request: Request) -> Response:
        """Every policy, those that serve first."""
        require_manager(request.user)
        return Response(PolicyOutput(selectors.policies(), many=True).data)

    @extend_schema(request=PolicyInput, responses={201: PolicyOutput, **REFUSALS})
    def post(self, request: Request) -> Response:
        """Register a policy; a GPU worker loads it dry and says whether it may be activated."""
        actor = require_manager(request.user)
        check = registry.register_policy(actor=actor, **with_parent(parse(PolicyInput, request)))
        return shown(check.policy_id, status=201)


class PolicyView(APIView):
    @extend_schema(responses={200: PolicyOutput, 403: ErrorOutput, 404: ErrorOutput})
    def get(self, request: Request, policy_id: int) -> Response:
        """One policy with its newest check."""
        require_manager(request.user)
        return shown(policy_id)

    @extend_schema(request=PolicyChangesInput, responses={200: PolicyOutput, **REFUSALS})
    def patch(self, request: Request, policy_id: int) -> Response:
        """Change a policy; naming other files, possible until it has served, has it checked anew."""
        actor = require_manager(request.user)
        policy = selectors.policy_with(policy_id=policy_id)
        changes = with_parent(parse(PolicyChangesInput, request))
        registry.edit_policy(policy=policy, changes=changes, actor=actor)
        return shown(policy_id)


class PolicyCheckView(APIView):
    @extend_schema(request=None, responses={200: PolicyOutput, **REFUSALS})
    def post(self, request: Request, policy_id: int) -> Response:
        """Have a GPU worker load the policy dry, again."""
        actor = require_manager(request.user)
        policy = selectors.policy_with(policy_id=policy_id)
        registry.request_check(policy=policy, actor=actor)
        return shown(policy_id)


class PolicyActivateView(APIView):
    @extend_schema(request=None, responses={200: PolicyOutput, **REFUSALS})
    def post(self, request: Request, policy_id: int) -> Response:
        """Let a checked policy take requests, again where it was retired."""
        actor = require_manager(request.user)
        policy = selectors.policy_with(policy_id=policy_id)
        registry.activate_policy(policy=policy, actor=actor)
        return shown(policy_id)


class PolicyRetireView(APIView):
    @extend_schema(request=None, responses={200: PolicyOutput, **REFUSALS})
    def post(self, request: Request, policy_id: int) -> Response:
        """Take no further requests for a policy; what is queued or made stays as it is."""
        actor = require_manager(request.user)
        policy = selectors.policy_with(policy_id=policy_id)
        registry.retire_policy(policy=policy, actor=actor)
        return shown(policy_id)


def shown(policy_id: int, *, status: int = 200) -> Response:
    return Response(PolicyOutput(selectors.policy_with(policy_id=policy_id)).data, status=status)


def with_parent(fields: dict[str, Any]) -> dict[str, Any]:
    """The parent's id replaced by its row. Raises NotFound."""
    parent_id = fields.get("parent")
    if parent_id is None:
        return fields
    return fields | {"parent": selectors.policy_with(policy_id=parent_id)}
