"""Django's own refusals (400, 403, 404, 413, 500, CSRF) in the API's error shape under /api/."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views import defaults

from labelhub import exceptions
from labelhub.api import JSONRenderer, as_labelhub_error, error_body


def _wants_json(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def _refusal(refusal: exceptions.LabelhubError) -> HttpResponse:
    return HttpResponse(
        JSONRenderer().render(error_body(refusal)),
        content_type="application/json",
        status=refusal.status,
    )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _wants_json(request):
        return _refusal(as_labelhub_error(exception) or exceptions.MalformedBody())
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _wants_json(request):
        return _refusal(exceptions.NotAllowed())
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _wants_json(request):
        return _refusal(exceptions.NotFound())
    return defaults.page_not_found(request, exception)


class InternalError(exceptions.LabelhubError):
    code, status = "internal", 500
    detail = "Something went wrong on our side; nothing you sent before was lost. Try again."


def server_error(request: HttpRequest) -> HttpResponse:
    if _wants_json(request):
        return _refusal(InternalError())
    return defaults.server_error(request)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _refusal(
        exceptions.NotAllowed(
            "The page's security token is missing or old; reload the page and try again."
        )
    )
