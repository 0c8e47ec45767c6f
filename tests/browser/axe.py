"""What axe finds wrong for people who cannot see, point or tell colours apart."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.pages import Look, colour
from tests.browser.person import PHONE, WIDE

# Wide and light, all rules; in the dark only the colours differ, and on a phone only the layout.
EVERYTHING: dict[str, Any] = {"resultTypes": ["violations"]}
COLOURS = {**EVERYTHING, "runOnly": ["color-contrast"]}
LAYOUT = {**EVERYTHING, "rules": {"color-contrast": {"enabled": False}}}


def faults_of(page: Page, look: Look) -> list[str]:
    """What axe finds on the page as it stands, in the light, in the dark and on a phone."""
    found = []
    ways = [("light", WIDE, EVERYTHING), ("dark", WIDE, COLOURS)]
    if not look.overlay:
        ways.append(("light", PHONE, LAYOUT))
    for scheme, size, options in ways:
        page.set_viewport_size(size)
        colour(page, scheme)
        for violation in Axe().run(page, options=options).response["violations"]:
            places = [(node["html"][:200], node["failureSummary"]) for node in violation["nodes"]]
            found.append(f"{look}, {scheme}, {size['width']}: {violation['id']} at {places}")
    page.set_viewport_size(WIDE)
    return found
