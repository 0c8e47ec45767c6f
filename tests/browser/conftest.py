"""One site and one Chromium for all browser tests, and people who use them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, StorageState, expect

from tests.browser.person import PATIENCE_MS, Person
from tests.browser.policy import Policy, serving_policy
from tests.browser.site import CHROMIUM, Site, running_chromium, running_demo

PORT = 8300
expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of these are browser tests, slow ones; without a browser they are skipped."""
    for item in items:
        if "tests/browser/" in item.nodeid:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.timeout(900))
            if not CHROMIUM:
                item.add_marker(pytest.mark.skip(reason="no Chromium: set LABELHUB_CHROMIUM"))


@pytest.fixture(scope="session")
def policy() -> Iterator[Policy]:
    with serving_policy() as scripted:
        yield scripted


@pytest.fixture(scope="session")
def site(policy: Policy) -> Iterator[Site]:
    with running_demo(PORT) as demo:
        done = demo.run("-m", "tests.browser.projects", policy.address)
        assert done.returncode == 0, done.stderr
        demo.freeze_a_version()
        yield demo


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with running_chromium() as chromium:
        yield chromium


SignIn = Callable[..., Person]


@pytest.fixture(scope="session")
def signed_in() -> dict[str, StorageState]:
    """What the browsers of those keep who have signed in."""
    return {}


@pytest.fixture
def person(browser: Browser, site: Site, signed_in: dict[str, StorageState]) -> Iterator[SignIn]:
    """`person(name)` is somebody at a browser of their own, who has signed in once a session.

    `afresh` is for those whose session ends. Their pages must not have logged an error at the end.
    """
    people: list[Person] = []

    def sign_in(name: str, *, afresh: bool = False, **how: Any) -> Person:
        kept = None if afresh else signed_in.get(name)
        people.append(Person(browser, site.address, name, signed_in=kept, **how))
        if kept is None and not afresh:
            signed_in[name] = people[-1].context.storage_state()
        return people[-1]

    yield sign_in
    for somebody in people:
        somebody.close()
