"""A real GPU worker process of Celery on the test's own database and Redis."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection

from sampling.models import Runner
from tests.processes import wait_until

PROJECT = Path(__file__).resolve().parent.parent


def database_url() -> str:
    """The database of this test, for a process of its own."""
    database = urlsplit(settings.DATABASE_URL)
    return database._replace(path=f"/{connection.settings_dict['NAME']}").geturl()


class GpuWorker:
    """`celery -A labelhub worker -P threads -Q gpu`, for as long as the block runs."""

    def __init__(self, log: Path, module: str = "celery", **environment: str) -> None:
        self._log = log
        # What is run with Celery's arguments: itself, or a module of the tests that ends there.
        self._module = module
        # Redis stays the embedded one; the database is the test's.
        self._environment = os.environ | {"DATABASE_URL": database_url()} | environment
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> GpuWorker:
        known = set(Runner.objects.values_list("id", flat=True))
        command = "-A labelhub worker -P threads -Q gpu -c 4 --without-gossip --without-mingle"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", self._module),
                    *(*command.split(), "--without-heartbeat"),
                ],
                cwd=PROJECT,
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            wait_until(lambda: self.ended() or self._reported(known), "the worker's heartbeat")
            assert not self.ended(), self._log.read_text()
        except BaseException:
            # No block was entered, and none will be left that would end it.
            self.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if not self.ended():
            self.kill()

    def _reported(self, known: set[object]) -> bool:
        return Runner.objects.exclude(id__in=known).exists()

    def ended(self) -> bool:
        return self._running.poll() is not None

    def kill(self) -> None:
        """Kill -9."""
        self._running.kill()
        self._running.wait()

    def shut_down(self) -> int:
        """SIGTERM, Celery's warm shutdown; the exit status."""
        self._running.send_signal(signal.SIGTERM)
        wait_until(self.ended, "the worker's warm shutdown")
        return self._running.wait()

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process
