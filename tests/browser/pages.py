"""Every page of the web app, what opens over it, and what it shows where something is wrong.

The pages come from the router; a new one is looked at without a word here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.person import Person
from tests.demo import Demo

SOURCES = Path(__file__).resolve().parents[2] / "frontend" / "src"
# Led elsewhere, or for somebody who is not signed in or has not agreed: opened apart.
APART = {"/", "/sign-in", "/consent", "/projects/:slug/work/:assignment"}
# What stands for a parameter of an address: the project's newest, and of conversations one that was
# written here and that nobody works on any more.
EXAMPLES = {
    ":comparison": "SELECT max(c.id) FROM annotation_comparison c"
    " JOIN accounts_project p ON p.id = c.project_id WHERE p.slug = %s AND c.state = 'ready'",
    ":conversation": "SELECT max(c.id) FROM annotation_conversation c"
    " JOIN accounts_project p ON p.id = c.project_id WHERE p.slug = %s AND c.state <> 'writing' AND c.author_id IS NOT NULL",
    ":version": "SELECT max(v.id) FROM annotation_datasetversion v"
    " JOIN accounts_project p ON p.id = v.project_id WHERE p.slug = %s",
}
HOME = "**/api/v1/projects/demo/home/"
GONE = {"code": "not_found", "detail": "There is no such project, or it is not yours."}
# A number that no row has: where the demo has no example of a page, its error state is looked at.
MISSING = "999999"
# Two frames on, every element has its new colour, and no transition to it is under way.
COLOURED = """() => new Promise(requestAnimationFrame)
  .then(() => new Promise(requestAnimationFrame))
  .then(() => Promise.allSettled(document.getAnimations().map(one => one.finished)))"""


@dataclass(frozen=True)
class Overlay:
    """What opens over the page of this name, by a key or by a button."""

    page: str
    key: str = ""
    button: str = ""

    def open(self, page: Page) -> Locator:
        """Open it; what is shown then."""
        if self.key:
            page.keyboard.press(self.key)
        else:
            page.get_by_role("button", name=re.compile(self.button)).first.click()
        shown = page.get_by_role("dialog").or_(page.get_by_role("menu"))
        expect(shown.first).to_be_visible()
        return shown


OVERLAYS = (
    Overlay("home", key="?"),
    Overlay("home", key="Control+k"),
    Overlay("home", button="settings and sign-out"),
    Overlay("home", button="Assistant basics"),
    Overlay("demonstration", key="Alt+s"),
    Overlay("demonstration", key="Alt+g"),
    Overlay("demonstration", key="Alt+q"),
    Overlay("chat", button="Bad reply"),
    Overlay("ranking", key="d"),
    Overlay("ranking", key="f"),
    Overlay("ranking", key="Alt+n"),
    Overlay("review", key="r"),
    Overlay("review", key="x"),
    Overlay("score", key="Alt+s"),
    Overlay("time", button="A day is missing"),
    Overlay("progress", key="s"),
    Overlay("datasets", key="e"),
    Overlay("prompts", key="n"),
    Overlay("prompts", key="o"),
    Overlay("recipes", key="e"),
    Overlay("policies", key="n"),
    Overlay("policies", button="Retire"),
)


@dataclass(frozen=True)
class Look:
    """A page that stands open, the state of it where that is not the usual one, and what stands open over it."""

    page: str
    overlay: str = ""
    state: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, (self.page, self.state, self.overlay)))


def router_paths() -> list[str]:
    paths = re.findall(r'path: "([^"]+)"', (SOURCES / "app/router.tsx").read_text(encoding="utf-8"))
    assert set(paths) > APART, "the router's pages could not be read"
    return paths


def addresses(site: Demo, project: str = "demo") -> dict[str, str]:
    """Name and address of each of the router's pages that a manager can open as they are."""
    values = {":slug": project}
    for name, query in EXAMPLES.items():
        ((found,),) = site.query(query, project)
        values[name] = MISSING if found is None else str(found)
    named = {"nowhere": "/nowhere"}
    for path in router_paths():
        if path not in APART | {"*"}:
            parts = path.strip("/").split("/")
            name = "home" if parts[-1] == ":slug" else parts[-1].removeprefix(":")
            named[name] = "/" + "/".join(
                values.get(part, MISSING if part[0] == ":" else part) for part in parts
            )
    return named


def manager_pages(manager: Person, site: Demo) -> Iterator[Look]:
    for name, address in addresses(site).items():
        with manager.pardoned() if MISSING in address else nullcontext():
            manager.page.goto(address)
            yield from with_overlays(manager, name)


class WayIn(NamedTuple):
    """Who takes a task, the words on the way in, and where."""

    somebody: Person
    words: str
    project: str = "demo"


def work_pages(kinds: dict[str, WayIn]) -> Iterator[Look]:
    """A task of each kind, and what an exam's sensitive writing is covered with before it is opened."""
    for kind, (somebody, words, project) in kinds.items():
        somebody.start(words, project)
        if kind == "chat":
            _have_a_reply(somebody)
        if kind == "score":
            cover = somebody.page.get_by_role("button", name="Show it")
            expect(cover).to_be_visible()
            settle(somebody.page)
            yield Look(kind, state="covered")
            cover.click()
            expect(somebody.page.get_by_role("radiogroup")).to_be_visible()
        yield from with_overlays(somebody, kind)


def _have_a_reply(somebody: Person) -> None:
    page = somebody.page
    composer = page.get_by_role("textbox", name=re.compile("Your message"))
    expect(composer).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("What is a good name for a cat?")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Good reply")).to_have_count(1)


def with_overlays(somebody: Person, name: str) -> Iterator[Look]:
    settle(somebody.page)
    yield Look(name)
    for overlay in OVERLAYS:
        if overlay.page == name:
            with opened(somebody.page, overlay):
                yield Look(name, overlay.key or overlay.button)


def colour(page: Page, scheme: str) -> None:
    """Show the page in the light or in the dark."""
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    expect(page.locator("html")).to_have_attribute("data-mantine-color-scheme", scheme)
    page.evaluate(COLOURED)


def settle(page: Page) -> None:
    """Wait until the page has a heading and nothing on it is loading."""
    expect(page.get_by_role("heading").first).to_be_visible()
    expect(page.get_by_text("Loading", exact=True)).to_have_count(0)
    # Text that is not shown as Markdown yet.
    expect(page.locator("[aria-busy=true]")).to_have_count(0)


@contextmanager
def opened(page: Page, overlay: Overlay) -> Iterator[None]:
    """It is open in between, and gone afterwards by Escape."""
    shown = overlay.open(page)
    yield
    page.keyboard.press("Escape")
    expect(shown).to_have_count(0)


def error_states(trainer: Person) -> Iterator[Look]:
    """What a trainer reads where a page cannot be shown."""
    page = trainer.page
    for name, address in (
        ("not a manager", "/projects/demo/progress"),
        ("no such project", "/projects/nowhere"),
        ("no such task", "/projects/demo/work/999999"),
    ):
        page.goto(address)
        expect(page.get_by_role("alert")).to_be_visible()
        yield Look(name)
    with _without(page, "**/assets/DatasetsPage*.js"):
        page.goto("/projects/demo/datasets")
        expect(page.get_by_role("button", name="Reload")).to_be_visible()
        yield Look("a page that stumbled")
    with _without(page, "**/api/v1/auth/session/"):
        page.goto("/projects/demo")
        expect(page.get_by_role("button", name="Try again")).to_be_visible()
        yield Look("a server out of reach")
    page.clock.install()
    page.goto("/projects/demo")
    settle(page)
    with _without(page, HOME, lambda route: route.fulfill(status=404, json=GONE)):
        # By then the page asks again for what it shows.
        page.clock.fast_forward(31_000)
        expect(page.get_by_text("What you see may be old")).to_be_visible()
        yield Look("a page that may be old")


@contextmanager
def _without(
    page: Page, address: str, answer: Callable[[Route], None] = Route.abort
) -> Iterator[None]:
    page.route(address, lambda route: answer(route))
    yield
    page.unroute(address)
