"""The ASGI application: a fixed number of threads answer, coroutines stream what stays open for long.

Django's own ASGI path costs more CPU a request than threads that keep their connections, and a
thread for every response for as long as that is open (docs/PERFORMANCE.md).
"""

import multiprocessing
import os
import signal
from concurrent.futures import ThreadPoolExecutor

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "labelhub.settings")

import django
from django.conf import settings

from labelhub import health, lifeline
from labelhub.threads import ThreadedHandler

if (parent := multiprocessing.parent_process()) is not None and parent.pid is not None:
    # A worker that outlives a killed server process would go on answering beside its successor.
    lifeline.die_with_parent(parent.pid)
settings.HOLD_SERVERS()
django.setup(set_prefix=False)
try:
    # In a thread because a server may import this with its event loop running.
    with ThreadPoolExecutor(1) as looking:
        looking.submit(health.refuse_old_schema).result()
except SystemExit:
    if parent is not None and parent.pid is not None:
        # The server would start another process, which would fare no better.
        os.kill(parent.pid, signal.SIGTERM)
    raise
application = ThreadedHandler(settings.CONFIG.web_threads)
health.announce()
