"""The web processes of a benchmark's throw-away installation."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.report import ROOT


@contextmanager
def web_processes() -> Iterator[tuple[int, list[int]]]:
    """The web processes as the supervisor starts them: their port and their process ids."""
    from django.conf import settings

    from labelhub import programs
    from labelhub.supervisor import listen

    with tempfile.TemporaryDirectory() as run_folder, listen("127.0.0.1", 8700) as listener:
        web = programs.web(
            Path(run_folder),
            listener,
            site="localhost",
            n_processes=settings.CONFIG.web_processes,
        )
        running = [
            subprocess.Popen(
                each.command,
                cwd=ROOT,
                env=os.environ | each.environment,
                pass_fds=each.files,
            )
            for each in web
        ]
        try:
            deadline = time.monotonic() + 60
            while not all(each.is_ready() for each in web):
                ended = any(process.poll() is not None for process in running)
                if ended or time.monotonic() > deadline:
                    sys.exit("the web processes do not get ready")
                time.sleep(0.05)
            yield listener.getsockname()[1], [process.pid for process in running]
        finally:
            for process in running:
                process.terminate()
            for process in running:
                process.wait(timeout=20)
