"""The whole of labelhub, started as a newcomer would, and a browser to look at it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import psycopg
from playwright.sync_api import Browser, sync_playwright

from labelhub.embedded.places import places_of
from tests.processes import command_lines, kill, marked, wait_until

ROOT = Path(__file__).resolve().parents[2]
RECIPE = {
    "name": "everyday-questions",
    "kind": "sft",
    "contents": {
        "sources": [{"name": "all", "project": "demo"}],
        "file": {"format": "messages"},
    },
}
CHROMIUM = os.environ.get("LABELHUB_CHROMIUM", shutil.which("chromium") or "")


@dataclass(frozen=True)
class Site:
    """A running demo."""

    address: str
    var: Path

    def query(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Rows of its database."""
        with psycopg.connect(places_of(self.var).addresses().database_url) as connection:
            return connection.execute(statement, parameters).fetchall()  # type: ignore[arg-type]

    def change(self, statement: str, *parameters: object) -> None:
        """Change rows behind the web process's back; some must be there to be changed."""
        with psycopg.connect(places_of(self.var).addresses().database_url) as connection:
            assert connection.execute(statement, parameters).rowcount > 0  # type: ignore[arg-type]

    def kill_web(self) -> None:
        """Kill -9 all of the web process; the supervisor starts another."""
        mine = marked(f"VAR_DIR={self.var}")
        web = {pid for pid, line in command_lines().items() if "uvicorn" in line} & mine
        assert web
        for pid in web:
            kill(pid)

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One `manage.py` command on its data."""
        return self.run("manage.py", *arguments)

    def freeze_a_version(self) -> None:
        """A version of a dataset of the demo's dialogues, so that there is one to look at."""
        recipe = self.var / "recipe.json"
        recipe.write_bytes(orjson.dumps(RECIPE))
        done = self.manage("freeze_dataset", str(recipe), "--project", "demo")
        assert done.returncode == 0, done.stderr

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One Python program on its data."""
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT, env=os.environ | {"VAR_DIR": str(self.var)},
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip


@contextmanager
def running_demo(port: int) -> Iterator[Site]:
    """`manage.py demo`, ready, with its fixtures; real web, workers, servers and policy."""
    # As root a folder of pytest's is one that the servers' own account cannot enter.
    var = Path(tempfile.mkdtemp(prefix="labelhub-browser-"))
    var.chmod(0o755)
    output = var / "demo.log"
    with output.open("w") as file:
        demo = subprocess.Popen(
            [sys.executable, "manage.py", "demo", "--port", str(port)],
            cwd=ROOT, env=os.environ | {"VAR_DIR": str(var)}, stdout=file, stderr=file,
        )  # fmt: skip
    try:

        def address() -> str | None:
            assert demo.poll() is None, output.read_text()
            ready = re.search(r"labelhub is ready at (http://\S+?)/?\s", output.read_text())
            return ready.group(1) if ready else None

        yield Site(address=wait_until(address, "a running demo", seconds=300), var=var)
    finally:
        demo.send_signal(signal.SIGTERM)
        demo.wait(timeout=60)
        shutil.rmtree(var, ignore_errors=True)


@contextmanager
def running_chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking",
                  "--disable-component-update", "--disable-sync", "--no-first-run"],
        )  # fmt: skip
        yield browser
        browser.close()
