"""Prometheus metrics of this process, served at /metrics to this machine and to admins; apps register theirs."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from prometheus_client import CONTENT_TYPE_LATEST, Histogram, generate_latest

from labelhub import exceptions

REQUEST_SECONDS = Histogram(
    "labelhub_request_seconds",
    "Time to answer a request.",
    ["method", "route", "status"],
)


def metrics(request: HttpRequest) -> HttpResponse:
    # A proxy on this machine asks for others, and says so.
    is_local = (
        request.META.get("REMOTE_ADDR") in {"127.0.0.1", "::1"}
        and "X-Forwarded-Proto" not in request.headers
    )
    if not is_local and not request.user.is_superuser:
        return HttpResponse(exceptions.NotAllowed.detail, status=403)
    return HttpResponse(generate_latest(), content_type=CONTENT_TYPE_LATEST)
