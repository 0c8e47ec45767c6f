"""Signing in and out, consent, tokens."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import ensure_csrf_cookie
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from labelhub import exceptions
from labelhub.accounts import selectors, services
from labelhub.accounts.authentication import SessionAuthentication, signed_in
from labelhub.accounts.models import User
from labelhub.accounts.serializers import (
    ConsentDocumentOutput,
    ConsentInput,
    LoginInput,
    MeOutput,
    NewTokenOutput,
    SessionOutput,
    TokenInput,
    TokenOutput,
)
from labelhub.api import ErrorOutput, parse


def me_of(user: User) -> dict[str, Any]:
    document = selectors.current_consent_document()
    return {
        "id": user.pk,
        "username": user.username,
        "display_name": str(user),
        "is_admin": user.is_superuser,
        "consent": {
            "version": document.version if document else None,
            "given": selectors.has_consented(user, document),
        },
        "memberships": selectors.memberships_of(user),
    }


@method_decorator(ensure_csrf_cookie, name="get")
class SessionView(APIView):
    permission_classes = [AllowAny]

    @extend_schema(responses=SessionOutput)
    def get(self, request: Request) -> Response:
        """Who is signed in; sets the CSRF cookie."""
        user = request.user if isinstance(request.user, User) else None
        return Response(SessionOutput({"user": me_of(user) if user else None}).data)


class LoginThrottle(SimpleRateThrottle):
    """Counts tries by the address they come from, whoever is signed in there already."""

    scope = "login"

    def get_cache_key(self, request: Request, view: Any) -> str:
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}


def admin_login(request: HttpRequest) -> HttpResponse:
    """The admin's own way in, within the same limit as the API's."""
    if request.method == "POST" and not LoginThrottle().allow_request(request, admin_login):  # type: ignore[arg-type]
        return HttpResponse(exceptions.Throttled.detail, status=exceptions.Throttled.status)
    return admin.site.login(request)


class LoginView(APIView):
    permission_classes = [AllowAny]
    throttle_classes = [LoginThrottle]

    @extend_schema(
        request=LoginInput, responses={200: MeOutput, 400: ErrorOutput, 429: ErrorOutput}
    )
    def post(self, request: Request) -> Response:
        """Sign in with a name and a password."""
        # A request without a session is not checked for CSRF by DRF; a login must be.
        SessionAuthentication().enforce_csrf(request)
        body = parse(LoginInput, request)
        user = services.check_credentials(request=request._request, **body)
        login(request._request, user)
        return Response(MeOutput(me_of(user)).data)


class LogoutView(APIView):
    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        """End the session."""
        logout(request._request)
        return Response(status=204)


class MeView(APIView):
    @extend_schema(responses=MeOutput)
    def get(self, request: Request) -> Response:
        """The signed-in person and their projects."""
        return Response(MeOutput(me_of(signed_in(request))).data)


class ConsentView(APIView):
    @extend_schema(responses=ConsentDocumentOutput)
    def get(self, request: Request) -> Response:
        """The current consent document."""
        document = selectors.current_consent_document()
        if document is None:
            raise exceptions.NotFound("No consent document has been published.")
        return Response(ConsentDocumentOutput(document).data)

    @extend_schema(request=ConsentInput, responses={200: MeOutput, 409: ErrorOutput})
    def post(self, request: Request) -> Response:
        """Agree to the current consent document."""
        body = parse(ConsentInput, request)
        services.give_consent(user=signed_in(request), **body)
        return Response(MeOutput(me_of(signed_in(request))).data)


class TokensView(APIView):
    @extend_schema(responses=TokenOutput(many=True))
    def get(self, request: Request) -> Response:
        """The person's own tokens."""
        return Response(TokenOutput(selectors.tokens_of(signed_in(request)), many=True).data)

    @extend_schema(request=TokenInput, responses={201: NewTokenOutput})
    def post(self, request: Request) -> Response:
        """Make a token; its secret is shown in this answer only."""
        token, secret = services.make_token(user=signed_in(request), **parse(TokenInput, request))
        return Response(TokenOutput(token).data | {"token": secret}, status=201)


class TokenView(APIView):
    @extend_schema(responses={204: None})
    def delete(self, request: Request, token_id: str) -> Response:
        """Delete a token; programs that use it are refused from now on."""
        services.delete_token(user=signed_in(request), token_id=token_id)
        return Response(status=204)
