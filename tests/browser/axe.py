"""What is wrong for people who cannot see, point or tell colours apart, found by axe, and for a phone."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page
from playwright.sync_api import TimeoutError as TookTooLong

from tests.browser.pages import Look, colour
from tests.browser.person import PHONE, WIDE

# Wide and light, all rules; in the dark only the colours differ, and on a phone only the layout.
EVERYTHING: dict[str, Any] = {"resultTypes": ["violations"]}
COLOURS = {**EVERYTHING, "runOnly": ["color-contrast"]}
LAYOUT = {**EVERYTHING, "rules": {"color-contrast": {"enabled": False}}}
# Half a megabyte, read by the browser once for each page that is loaded.
IS_THERE = "() => 'axe' in window"
RUN = """([place, options]) => axe.run(place, options).then(({ violations }) => violations.map(
  ({ id, nodes }) => [id, nodes.map(node => [node.html.slice(0, 200), node.failureSummary])]))"""
# Nothing has to be scrolled to from the side.
FITS = "() => document.documentElement.scrollWidth <= window.innerWidth"
# What lies below an overlay was looked at in every colour before.
OVERLAY = "[role=dialog], [role=menu]"


def faults_of(page: Page, look: Look) -> list[str]:
    """What axe finds on the page as it stands, in the light, in the dark and on a phone, which it must fit."""
    if not page.evaluate(IS_THERE):
        page.evaluate(AXE_SCRIPT)
    found = []
    # Each differs from the one before in one thing.
    ways = [("light", WIDE, "html", EVERYTHING)]
    if look.overlay:
        ways.append(("dark", WIDE, OVERLAY, COLOURS))
    else:
        ways += [("dark", WIDE, "html", COLOURS), ("dark", PHONE, "html", LAYOUT)]
    for scheme, size, place, options in ways:
        page.set_viewport_size(size)
        colour(page, scheme)
        found += [
            f"{look}, {scheme}, {size['width']}: {violation} at {nodes}"
            for violation, nodes in page.evaluate(RUN, [place, options])
        ]
    page.set_viewport_size(PHONE)
    # What floats takes its new place a moment after the page.
    try:
        page.wait_for_function(FITS)
    except TookTooLong:
        found.append(f"{look}: wider than a phone")
    page.set_viewport_size(WIDE)
    return found
