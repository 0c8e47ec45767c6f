"""`python -m tests.browser.screenshots FOLDER`: every page of the demo, light and dark, wide and phone."""

from __future__ import annotations

import argparse
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.browser import exam_project, keyboard
from tests.browser.chromium import running_chromium
from tests.browser.pages import Look, WayIn, colour, manager_pages, settle, work_pages
from tests.browser.person import PATIENCE_MS, PHONE, WIDE, Person, admitted
from tests.demo import Demo, running_demo

SIZES = {"wide": WIDE, "phone": PHONE}
SCHEMES = ("light", "dark")


def take(page: Page, folder: Path, look: Look) -> None:
    """Four pictures of the page as it stands."""
    name = str(look).replace("Control+", "ctrl-").replace("Alt+", "alt-").replace("?", "keys")
    for size, viewport in SIZES.items():
        page.set_viewport_size(viewport)
        for scheme in SCHEMES:
            colour(page, scheme)
            path = folder / f"{name.replace(' ', '_')}-{size}-{scheme}.png"
            page.screenshot(path=path, full_page=look.overlay == "")
    page.set_viewport_size(WIDE)


def take_all(browser: Browser, site: Demo, folder: Path) -> None:
    address = site.address
    done = site.run("-m", "tests.browser.projects")
    assert done.returncode == 0, done.stderr
    newcomer = Person(browser, address, "admin")
    expect(newcomer.page.get_by_role("button", name="Agree and go on")).to_be_visible()
    settle(newcomer.page)
    take(newcomer.page, folder, Look("consent"))
    newcomer.context.clear_cookies()
    newcomer.page.goto("/sign-in")
    expect(newcomer.page.get_by_label("User name")).to_be_visible()
    take(newcomer.page, folder, Look("sign-in"))

    manager, reviewer, writer = (
        Person(browser, address, name, signed_in=admitted(browser, address, name))
        for name in ("manager", "reviewer", "trainer1")
    )
    keyboard.write_a_demonstration(writer, "How do I get candle wax out of a tablecloth?")
    for look in manager_pages(manager, site):
        take(manager.page, folder, look)
    who = {
        "demonstration": WayIn(writer, "Write a conversation"),
        "chat": WayIn(writer, "Chat with the assistant"),
        "ranking": WayIn(writer, "Rank replies"),
        "review": WayIn(reviewer, "Review"),
        "score": WayIn(reviewer, "Review", exam_project.SLUG),
    }
    for look in work_pages(who):
        take(who[look.page].somebody.page, folder, look)
    writer.start("Rank replies")
    settle(writer.page)
    n = keyboard.cards_of(writer).count()
    keyboard.place_all(writer, [2, 1, 2, 3, 3, 3, 3, 3, 3][:n])
    take(writer.page, folder, Look("ranking placed"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=PATIENCE_MS)
    with running_demo() as site, running_chromium() as browser:
        take_all(browser, site, arguments.folder)


if __name__ == "__main__":
    main()
