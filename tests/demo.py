"""The whole of labelhub, started as a newcomer would: real web, workers, servers and policy."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from labelhub.embedded.places import places_of
from tests.processes import command_lines, kill, marked, wait_until

ROOT = Path(__file__).resolve().parents[1]
# What a start may take on two busy cores.
PATIENCE_SECONDS = 300


@dataclass(frozen=True)
class Demo:
    """A running `manage.py demo` with a data folder of its own."""

    supervisor: subprocess.Popen[bytes]
    var: Path
    output: Path
    address: str

    @property
    def words(self) -> str:
        """What it has said so far."""
        return self.output.read_text()

    def processes(self) -> set[int]:
        return processes_of(self.var)

    def running(self, part: str) -> list[int]:
        """Its processes with `part` in their command line, parents first."""
        lines = command_lines()
        return sorted(pid for pid in self.processes() if part in lines.get(pid, ""))

    def kill_web(self) -> None:
        """Kill -9 all of the web process; the supervisor starts another."""
        web = self.running("uvicorn")
        assert web
        for pid in web:
            kill(pid)

    def is_ready(self) -> bool:
        connection = http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def query(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Rows of its database."""
        with psycopg.connect(places_of(self.var).addresses().database_url) as connection:
            return connection.execute(statement, parameters).fetchall()  # type: ignore[arg-type]

    def change(self, statement: str, *parameters: object) -> None:
        """Change rows behind the web process's back; some must be there to be changed."""
        with psycopg.connect(places_of(self.var).addresses().database_url) as connection:
            assert connection.execute(statement, parameters).rowcount > 0  # type: ignore[arg-type]

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One `manage.py` command on its data."""
        return self.run("manage.py", *arguments)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One Python program on its data."""
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT, env=os.environ | {"VAR_DIR": str(self.var)},
            capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False,
        )  # fmt: skip


def processes_of(var: Path) -> set[int]:
    """Those with this data folder in their environment, and the servers, which write over theirs."""
    home = str(places_of(var).home)
    servers = {pid for pid, line in command_lines().items() if home in line}
    return marked(f"VAR_DIR={var}") | servers


@contextmanager
def running_demo(*options: str, port: int = 0) -> Iterator[Demo]:
    """A demo that is ready. At the end its supervisor is killed, which must leave none of its processes."""
    # Not tmp_path: as root that is a folder the servers' own account cannot enter.
    var = Path(tempfile.mkdtemp(prefix="labelhub-test-"))
    var.chmod(0o755)
    output = var / "demo.log"
    with output.open("w") as file:
        supervisor = subprocess.Popen(
            [sys.executable, "manage.py", "demo", "--port", str(port), *options],
            cwd=ROOT, env=os.environ | {"VAR_DIR": str(var)}, stdout=file, stderr=file,
        )  # fmt: skip

    def address() -> str | None:
        # Asked first: what it said before it ended has been read then.
        ended = supervisor.poll() is not None
        ready = re.search(r"ready at (http://[\w.]+:\d+)/", output.read_text())
        assert ready or not ended, output.read_text()
        return ready[1] if ready else None

    try:
        found = wait_until(address, "a running demo", seconds=PATIENCE_SECONDS)
        yield Demo(supervisor, var, output, found)
    finally:
        supervisor.kill()
        supervisor.wait()
        wait_until(lambda: not processes_of(var), "the end of the demo's processes")
        shutil.rmtree(places_of(var).home, ignore_errors=True)
        shutil.rmtree(var, ignore_errors=True)
