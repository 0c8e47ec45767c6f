"""The web processes of a benchmark's throw-away installation."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.report import ROOT


@contextmanager
def web_processes() -> Iterator[tuple[int, int]]:
    """The web processes as the supervisor starts them: their port and the parent's process id."""
    from django.conf import settings

    from labelhub import programs
    from labelhub.supervisor import listen

    with listen("127.0.0.1", 8700) as listener:
        web = programs.web(listener, site="localhost", n_processes=settings.CONFIG.web_processes)
        process = subprocess.Popen(web.command, cwd=ROOT, pass_fds=web.files)
        try:
            deadline = time.monotonic() + 60
            while not web.is_ready():
                if process.poll() is not None or time.monotonic() > deadline:
                    sys.exit("the web processes do not get ready")
                time.sleep(0.05)
            yield listener.getsockname()[1], process.pid
        finally:
            process.terminate()
            process.wait(timeout=20)
