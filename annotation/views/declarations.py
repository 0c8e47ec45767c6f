"""The languages a person writes in and the sensitive topics they agree to see."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation.selectors import declarations as selectors
from annotation.serializers.declarations import DeclarationInput, DeclarationOutput
from labelhub.accounts import services as accounts
from labelhub.accounts.selectors import membership_for
from labelhub.api import ErrorOutput, parse


class DeclarationView(APIView):
    @extend_schema(responses={200: DeclarationOutput, 404: ErrorOutput})
    def get(self, request: Request, slug: str) -> Response:
        """What one declared, and what the project has work in."""
        membership = membership_for(user=request.user, slug=slug)
        return Response(DeclarationOutput(selectors.declaration_of(membership=membership)).data)

    @extend_schema(
        request=DeclarationInput,
        responses={200: DeclarationOutput, 400: ErrorOutput, 404: ErrorOutput},
    )
    def put(self, request: Request, slug: str) -> Response:
        """Declare one's languages and sensitive topics; work is claimed by them from now on."""
        membership = membership_for(user=request.user, slug=slug)
        declared = accounts.declare(membership=membership, **parse(DeclarationInput, request))
        return Response(DeclarationOutput(selectors.declaration_of(membership=declared)).data)
