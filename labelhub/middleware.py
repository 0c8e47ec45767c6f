"""A request id on every log line and answer, one log line and one metric a request."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse
from django.utils.encoding import escape_uri_path

from labelhub.metrics import REQUEST_SECONDS

logger = logging.getLogger("labelhub.requests")
current_request_id: ContextVar[str] = ContextVar("request_id", default="-")
_ACCEPTABLE_ID = re.compile(r"[\w.-]{8,64}", re.ASCII)
# Any word is a method to a server; each that is told apart stays in memory for good.
_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})


class RequestIdFilter(logging.Filter):
    """Puts the current request's id on each log record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = current_request_id.get()
        return True


def request_log(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    def middleware(request: HttpRequest) -> HttpResponse:
        offered = request.headers.get("X-Request-Id", "")
        request_id = offered if _ACCEPTABLE_ID.fullmatch(offered) else uuid.uuid4().hex
        token = current_request_id.set(request_id)
        started = time.perf_counter()
        try:
            response = get_response(request)
        finally:
            current_request_id.reset(token)
        seconds = time.perf_counter() - started
        route = request.resolver_match.route if request.resolver_match else "unmatched"
        method = request.method if request.method in _METHODS else "other"
        REQUEST_SECONDS.labels(method, route, str(response.status_code)).observe(seconds)
        if response.status_code >= 500 or seconds > 1:
            logger.warning(
                "%s %s %s in %.3f s [%s]",
                method,
                # A signed link opens the file to whoever reads it here; a line break in a path would
                # begin a line that nobody wrote.
                f"/{route}" if route.startswith("files/") else escape_uri_path(request.path),
                response.status_code,
                seconds,
                request_id,
            )
        response["X-Request-Id"] = request_id
        return response

    return middleware
