"""The ASGI application: event streams and downloads run as coroutines, all else in a fixed thread pool.

Django's own ASGI path costs more CPU a request than WSGI on threads that keep their connections
(docs/PERFORMANCE.md); only what stays open for long is worth a coroutine.
"""

import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "labelhub.settings")

from a2wsgi import WSGIMiddleware  # noqa: E402 — the settings module must be named first
from django.conf import settings  # noqa: E402
from django.core.asgi import get_asgi_application  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402

settings.HOLD_SERVERS()
LONG_LIVED_PATHS = ("/api/v1/events/", "/files/")

_coroutines = get_asgi_application()
_threads = WSGIMiddleware(get_wsgi_application(), workers=settings.CONFIG.web_threads)  # type: ignore[arg-type]


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "http" and scope["path"].startswith(LONG_LIVED_PATHS):
        await _coroutines(scope, receive, send)
    else:
        await _threads(scope, receive, send)  # type: ignore[arg-type]
