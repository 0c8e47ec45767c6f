"""The whole of labelhub under its supervisor, with real kills."""

import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis

from labelhub.embedded.places import places_of
from tests.processes import command_lines, kill, marked, wait_until

# Six starts of real processes on a busy machine.
pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]

_PROJECT = Path(__file__).resolve().parents[2]
_MARK = "LABELHUB_TEST_MARKER"


@dataclass(frozen=True)
class Demo:
    supervisor: subprocess.Popen[str]
    var: Path
    marker: str
    words: str
    port: int

    def processes(self) -> set[int]:
        """Those of its environment, and the servers, which write their own over it."""
        home = str(places_of(self.var).home)
        return marked(self.marker) | {pid for pid, line in command_lines().items() if home in line}

    def running(self, part: str) -> list[int]:
        """The demo's processes with `part` in their command line, parents first."""
        lines = command_lines()
        return sorted(pid for pid in self.processes() if part in lines.get(pid, ""))

    def is_ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def n_waiting_workers(self) -> int:
        """How many workers wait at Redis for messages."""
        try:
            with redis.Redis.from_url(places_of(self.var).addresses().redis_url) as client:
                return sum(row["cmd"] == "brpop" for row in client.client_list())
        except redis.ConnectionError:
            return 0


@pytest.fixture
def demo() -> Iterator[Demo]:
    """A demo that found its port busy."""
    # Not tmp_path: as root that is a folder the servers' own account cannot enter.
    var = Path(tempfile.mkdtemp(prefix="labelhub-test-"))
    var.chmod(0o755)
    mark = uuid.uuid4().hex
    marker = f"{_MARK}={mark}"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        supervisor = subprocess.Popen(
            [
                *(sys.executable, "manage.py", "demo", "--no-fixtures"),
                *("--port", str(taken.getsockname()[1])),
            ],
            cwd=_PROJECT,
            env=os.environ | {"VAR_DIR": str(var), _MARK: mark},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            yield _wait_until_ready(supervisor, var, marker)
        finally:
            supervisor.kill()
            supervisor.communicate()
            wait_until(lambda: not marked(marker), "the end of the demo's processes")
            shutil.rmtree(places_of(var).home)
            shutil.rmtree(var, ignore_errors=True)


def _wait_until_ready(supervisor: subprocess.Popen[str], var: Path, marker: str) -> Demo:
    words = ""
    assert supervisor.stdout is not None
    for line in supervisor.stdout:
        words += line
        if found := re.search(r"ready at http://127\.0\.0\.1:(\d+)/", line):
            return Demo(supervisor, var, marker, words, int(found.group(1)))
    raise AssertionError(f"the demo ended:\n{words}")


def test_any_kill_is_survived_and_the_last_leaves_nothing(demo: Demo) -> None:
    assert re.search(r"Port \d+ cannot be used \(Address already in use\)", demo.words)
    assert demo.is_ready()
    assert wait_until(lambda: demo.n_waiting_workers() == 2, "both workers")

    for part in ("uvicorn", "multiprocessing-fork", "-Q default", "-Q gpu", " beat "):
        _kill_the_first(demo, part)
    wait_until(lambda: demo.n_waiting_workers() == 2, "both workers after they were killed")

    home = places_of(demo.var)
    kill(int((home.postgres / "postmaster.pid").read_text().split()[0]))
    wait_until(demo.is_ready, "an answer after PostgreSQL was killed")

    (redis_server,) = demo.running("redis-server")
    kill(redis_server)
    wait_until(lambda: demo.n_waiting_workers() == 2, "both workers after Redis was killed")

    (keeper,) = demo.running("labelhub.embedded")
    kill(keeper)
    wait_until(lambda: demo.running("labelhub.embedded"), "a new keeper")
    wait_until(demo.is_ready, "an answer after the keeper was killed")
    wait_until(lambda: demo.n_waiting_workers() == 2, "both workers after the keeper was killed")

    demo.supervisor.kill()
    wait_until(lambda: not demo.processes(), "the end of everything")


def _kill_the_first(demo: Demo, part: str) -> None:
    n_before = len(demo.running(part))
    kill(demo.running(part)[0])
    wait_until(lambda: len(demo.running(part)) == n_before, f"another {part}")
    wait_until(demo.is_ready, f"an answer after {part} was killed")


def test_ctrl_c_leaves_nothing(demo: Demo) -> None:
    demo.supervisor.send_signal(signal.SIGINT)

    assert demo.supervisor.wait() == 0
    assert demo.processes() == set()
