"""The whole of labelhub, started as a newcomer would, and people with browsers."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from labelhub.embedded.places import places_of
from tests.processes import wait_until

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = os.environ.get("LABELHUB_CHROMIUM", shutil.which("chromium") or "")
# What a page may take on two busy cores; everything waits for a state, never for a time.
PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker runs all of these: they share one site. Without a browser they are skipped."""
    for item in items:
        if "tests/browser/" in item.nodeid:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))
            item.add_marker(pytest.mark.timeout(900))
            if not CHROMIUM:
                item.add_marker(pytest.mark.skip(reason="no Chromium: set LABELHUB_CHROMIUM"))


@dataclass(frozen=True)
class Site:
    """A running demo."""

    address: str
    var: Path

    def query(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Rows of its database."""
        with psycopg.connect(places_of(self.var).addresses().database_url) as connection:
            return connection.execute(statement, parameters).fetchall()  # type: ignore[arg-type]

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One `manage.py` command on its data."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT, env=self.environment(), capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip

    def environment(self) -> dict[str, str]:
        return os.environ | {"VAR_DIR": str(self.var)}


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    """`manage.py demo`, ready, with its fixtures; real web, workers, servers and policy."""
    # Not tmp_path: as root that is a folder the servers' own account cannot enter.
    var = Path(tempfile.mkdtemp(prefix="labelhub-browser-"))
    var.chmod(0o755)
    output = var / "demo.log"
    with output.open("w") as file:
        demo = subprocess.Popen(
            [sys.executable, "manage.py", "demo", "--port", "8300"],
            cwd=ROOT, env=os.environ | {"VAR_DIR": str(var)}, stdout=file, stderr=file,
        )  # fmt: skip
    try:

        def address() -> str | None:
            assert demo.poll() is None, output.read_text()
            ready = re.search(r"labelhub is ready at (http://\S+?)/?\s", output.read_text())
            return ready.group(1) if ready else None

        yield Site(address=wait_until(address, "a running demo", seconds=180), var=var)
    finally:
        demo.send_signal(signal.SIGTERM)
        demo.wait(timeout=60)
        shutil.rmtree(var, ignore_errors=True)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking",
                  "--disable-component-update", "--disable-sync", "--no-first-run"],
        )  # fmt: skip
        yield browser
        browser.close()


class Person:
    """Somebody at a browser of their own, signed in, consent given."""

    def __init__(self, browser: Browser, site: Site, name: str) -> None:
        self.site = site
        self.name = name
        self.context = browser.new_context(
            base_url=site.address, viewport={"width": 1440, "height": 900}, accept_downloads=True
        )
        self.context.set_default_timeout(PATIENCE_MS)
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "console",
            lambda message: (
                self.complaints.append(message.text)
                if message.type == "error" and "Failed to load resource" not in message.text
                else None
            ),
        )
        self._sign_in()

    def _sign_in(self) -> None:
        page = self.page
        page.goto("/sign-in")
        page.get_by_label("User name").fill(self.name)
        page.get_by_role("textbox", name="Password").fill(f"demo-{self.name}")
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "sign-in" not in url)
        # A newcomer meets the consent document, a returning person their work.
        agree = page.get_by_role("button", name="Agree and go on")
        work = page.get_by_role("heading", level=1)
        expect(agree.or_(work).first).to_be_visible()
        if agree.is_visible():
            for box in page.get_by_role("checkbox").all():
                box.check()
            agree.click()
            page.wait_for_url(lambda url: "consent" not in url)

    def start(self, kind: str) -> None:
        """Take the next task of a kind from the home page."""
        self.page.goto("/projects/demo")
        self.page.get_by_role("button", name=re.compile(f"(Start|Continue): {kind}")).click()
        self.page.wait_for_url("**/work/*")

    def submit_by_key(self) -> None:
        """Submit with ⌘↵ as soon as the page allows it, and wait until the task is left."""
        here = self.page.url
        submit = self.page.locator("button[aria-keyshortcuts='Control+Enter']")
        expect(submit).to_be_enabled()
        self.page.keyboard.press("Control+Enter")
        self.page.wait_for_url(lambda url: url != here)

    def close(self) -> None:
        self.context.close()
        assert self.complaints == []


@pytest.fixture
def person(browser: Browser, site: Site) -> Iterator[Any]:
    """`person(name)` signs somebody in; their pages must not have logged an error at the end."""
    people: list[Person] = []

    def sign_in(name: str) -> Person:
        people.append(Person(browser, site, name))
        return people[-1]

    yield sign_in
    for somebody in people:
        somebody.close()
