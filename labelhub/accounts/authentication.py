"""Who is asking: a signed-in browser, or a program with a token."""

from __future__ import annotations

from typing import Any

from drf_spectacular.authentication import SessionScheme as SessionSchemeOfDRF
from drf_spectacular.contrib.knox_auth_token import KnoxTokenScheme
from knox.auth import TokenAuthentication as KnoxTokenAuthentication
from rest_framework import authentication
from rest_framework.request import Request

from labelhub import exceptions
from labelhub.accounts.models import ApiToken, User

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


def signed_in(request: Request) -> User:
    """Who a request is from, once the view's permissions have let it in."""
    assert isinstance(request.user, User)
    return request.user


class SessionAuthentication(authentication.SessionAuthentication):
    """Session and CSRF, for the web app; says so with 401, not 403, when nobody is signed in."""

    def authenticate_header(self, request: Request) -> str:
        return "Session"


class TokenAuthentication(KnoxTokenAuthentication):
    """`Authorization: Bearer …`; refuses what the token's scopes do not cover."""

    def authenticate(self, request: Request) -> Any:
        found = super().authenticate(request)
        if found is None:
            return None
        _, token = found
        if ApiToken.Scope.WRITE in token.scopes or request.method in SAFE_METHODS:
            return found
        # Views that an export token may write to say so.
        view = request.parser_context["view"] if request.parser_context else None
        if ApiToken.Scope.EXPORT in token.scopes and getattr(view, "export_scope", False):
            return found
        raise exceptions.NotAllowed(
            f"This token has the scopes {', '.join(token.scopes) or 'none'}; make one with `write`."
        )


class SessionScheme(SessionSchemeOfDRF):
    """Shows the web app's session in the OpenAPI schema."""

    target_class = "labelhub.accounts.authentication.SessionAuthentication"
    name = "session"


class TokenScheme(KnoxTokenScheme):
    """Shows tokens in the OpenAPI schema."""

    target_class = "labelhub.accounts.authentication.TokenAuthentication"
    name = "token"
