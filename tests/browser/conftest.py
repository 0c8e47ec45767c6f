"""One site and one Chromium for all browser tests, and people who use them.

They end with the last of these tests: while Playwright's event loop goes on, Django refuses to ask the
database anything, also for whatever test comes next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, StorageState, expect

from tests.browser.chromium import CHROMIUM, running_chromium
from tests.browser.person import PATIENCE_MS, Person, admitted
from tests.browser.policy import Policy, serving_policy
from tests.demo import Demo, running_demo

expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of these are browser tests, slow ones; without a browser they are skipped."""
    for item in items:
        if "tests/browser/" in item.nodeid:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.timeout(900))
            if not CHROMIUM:
                item.add_marker(pytest.mark.skip(reason="no Chromium: set LABELHUB_CHROMIUM"))


@pytest.fixture(scope="package")
def policy() -> Iterator[Policy]:
    with serving_policy() as scripted:
        yield scripted


@pytest.fixture(scope="package")
def site(policy: Policy) -> Iterator[Demo]:
    with running_demo() as demo:
        done = demo.run("-m", "tests.browser.projects", policy.address)
        assert done.returncode == 0, done.stderr
        yield demo


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with running_chromium() as chromium:
        yield chromium


SignIn = Callable[..., Person]


@pytest.fixture(scope="package")
def signed_in() -> dict[str, StorageState]:
    """What the browsers of those keep who have signed in."""
    return {}


@pytest.fixture
def person(browser: Browser, site: Demo, signed_in: dict[str, StorageState]) -> Iterator[SignIn]:
    """`person(name)` is somebody at a browser of their own, signed in and at no page yet.

    `afresh` they sign in by their hands, and their session may end; not `agreed`, they come to the
    consent document then. Their pages must not have logged an error at the end.
    """
    people: list[Person] = []

    def sign_in(name: str, *, afresh: bool = False, agreed: bool = True, **how: Any) -> Person:
        if agreed and name not in signed_in:
            signed_in[name] = admitted(browser, site.address, name)
        kept = None if afresh else signed_in[name]
        people.append(Person(browser, site.address, name, signed_in=kept, **how))
        return people[-1]

    yield sign_in
    for somebody in people:
        somebody.close()
