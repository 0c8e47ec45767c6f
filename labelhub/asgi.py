"""The ASGI application: event streams and downloads run as coroutines, all else in a fixed thread pool.

Django's own ASGI path costs more CPU a request than threads that keep their connections
(docs/PERFORMANCE.md); only what stays open for long is worth a coroutine.
"""

import multiprocessing
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "labelhub.settings")

from django.conf import settings
from django.core.asgi import get_asgi_application

from labelhub import health, lifeline
from labelhub.threads import ThreadedHandler

if (parent := multiprocessing.parent_process()) is not None and parent.pid is not None:
    # A worker that outlives a killed server process would go on answering beside its successor.
    lifeline.die_with_parent(parent.pid)
settings.HOLD_SERVERS()
LONG_LIVED_PATHS = ("/api/v1/events/", "/files/")

# Sets Django up, hence first.
_coroutines = get_asgi_application()
try:
    # In a thread because a server may import this with its event loop running.
    with ThreadPoolExecutor(1) as looking:
        looking.submit(health.refuse_old_schema).result()
except SystemExit:
    if parent is not None and parent.pid is not None:
        # The server would start another process, which would fare no better.
        os.kill(parent.pid, signal.SIGTERM)
    raise
_threads = ThreadedHandler(settings.CONFIG.web_threads)


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "http" and scope["path"].startswith(LONG_LIVED_PATHS):
        await _coroutines(scope, receive, send)
    else:
        await _threads(scope, receive, send)
