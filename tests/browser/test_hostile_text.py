"""Hostile text is inert wherever it is shown: in the real browser, under the real policy of the pages."""

from __future__ import annotations

import re
import uuid

import pytest
from playwright.sync_api import Route, expect

from tests.browser import hostile_project as hostile
from tests.browser import keyboard, payloads, policy
from tests.browser.conftest import SignIn
from tests.browser.inert import Watch
from tests.browser.pages import MISSING, addresses, settle
from tests.browser.person import Person
from tests.browser.test_writing import CHAT, REVIEW, WRITE, add_turn, ask_for_drafts, composer
from tests.demo import Demo

SLUG, ALL, SHORT = hostile.SLUG, hostile.ALL, hostile.SHORT


def texts_shown(somebody: Person) -> None:
    """The renderer and what it loads for formulas and code have done their work."""
    page = somebody.page
    expect(page.locator(".katex").first).to_be_visible()
    expect(page.locator("code.hljs").first).to_be_visible()


def test_while_a_conversation_is_written_and_reviewed(person: SignIn, site: Demo) -> None:
    writer, manager = person("trainer1"), person("manager")
    page, watch = writer.page, Watch(writer, site.address)
    writer.begin(WRITE, SLUG)
    watch.look("brief")
    composer(page, "User").fill(policy.ECHO + ALL)
    watch.look("composer")
    writer.use(page.get_by_role("button", name="Preview"))
    texts_shown(writer)
    watch.look("preview")
    writer.use(page.get_by_role("button", name="Preview"))
    add_turn(writer, "User")
    texts_shown(writer)
    watch.look("turn")
    drafts = ask_for_drafts(writer)
    expect(drafts.locator(".katex").first).to_be_visible()
    watch.look("drafts")
    writer.use(drafts.get_by_role("button", name="Insert").first)
    page.keyboard.press("Control+End")
    page.keyboard.type("\n\nMine.")
    add_turn(writer, "Assistant")

    assignment = int(page.url.rpartition("/")[2])
    asked = writer.api(
        "POST", f"assignments/{assignment}/questions/", {"text": ALL, "release": False}
    )
    manager.api("POST", f"questions/{asked['id']}/answer/", {"answer": ALL, "pin": True})
    writer.use(page.get_by_role("button", name="Ask a lead"))
    expect(
        page.get_by_role("dialog").get_by_role("heading", name="Rulings on such tasks")
    ).to_be_visible()
    expect(page.get_by_role("dialog").get_by_text("onerror").first).to_be_visible()
    watch.look("questions")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    writer.use(page.get_by_role("button", name="Guidelines"))
    expect(page.get_by_role("dialog").locator(".katex").first).to_be_visible()
    watch.look("guidelines")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    writer.submit()

    reviewer = person("reviewer")
    desk, watching = reviewer.page, Watch(reviewer, site.address)
    reviewer.begin(REVIEW, SLUG)
    texts_shown(reviewer)
    reviewer.use(desk.get_by_role("button", name="Compare with the draft"))
    expect(desk.locator("ins")).to_have_count(1)
    answer = desk.get_by_role("article").last
    answer.hover()
    answer.get_by_role("button", name="Comment").click()
    desk.get_by_label("Comment on this turn").fill(ALL)
    watching.look("review")
    reviewer.use(desk.get_by_role("button", name=re.compile("^Return")))
    verdict = desk.get_by_role("dialog")
    verdict.get_by_role("textbox").fill(ALL)
    with reviewer.leaving():
        verdict.get_by_role("button", name=re.compile("^Return")).click()

    page.goto(f"/projects/{SLUG}")
    expect(page.get_by_role("region", name=re.compile("^Returned to you"))).to_be_visible()
    watch.look("home")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog")).to_be_visible()
    watch.look("palette")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name=SHORT).click()
    expect(page.get_by_role("menu")).to_be_visible()
    watch.look("projects")


def test_in_a_chat(person: SignIn, site: Demo) -> None:
    writer = person("trainer1")
    page, watch = writer.page, Watch(writer, site.address)
    writer.begin(CHAT, SLUG)
    page.get_by_role("textbox", name="Your message").fill(policy.ECHO + ALL)
    writer.use(page.get_by_role("button", name="Send"))
    expect(page.get_by_role("button", name="Good reply")).to_have_count(1)
    expect(page.get_by_role("article", name="Assistant").locator(".katex").first).to_be_visible()
    watch.look("chat")


@pytest.fixture
def conversation(person: SignIn) -> None:
    """Somebody has written one of hostile turns, and handed it in."""
    writer = person("trainer2")
    task = writer.api("POST", f"projects/{SLUG}/claims/", {"kind": "demonstration"})
    turns = [{"role": role, "content": ALL} for role in ("user", "assistant")]
    version = task["conversation"]["version"]
    path = f"assignments/{task['id']}"
    saved = writer.api("PUT", f"{path}/thread/", {"version": version, "turns": turns})
    handed_in = {"key": str(uuid.uuid4()), "version": saved["version"]}
    writer.api("POST", f"{path}/demonstration/", handed_in)


@pytest.mark.usefixtures("conversation")
def test_in_a_ranking_and_on_the_pages_of_its_manager(person: SignIn, site: Demo) -> None:
    trainer = person("trainer2")
    page, watch = trainer.page, Watch(trainer, site.address)
    trainer.begin("Rank replies", SLUG)
    texts_shown(trainer)
    page.get_by_role("button", name=re.compile("earlier")).click()
    expect(page.get_by_role("article")).to_have_count(len(payloads.PAYLOADS) + 1)
    watch.look("context, each payload by itself")
    assert keyboard.cards_of(trainer).count() == len(hostile.NINTHS)
    keyboard.place_all(trainer, list(range(1, 10)))
    page.keyboard.press("d")
    expect(page.get_by_role("dialog").locator("ins").first).to_be_visible()
    watch.look("differences")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    keyboard.cards_of(trainer).first.focus()
    page.keyboard.press("f")
    expect(page.get_by_role("dialog")).to_be_visible()
    watch.look("flags")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("w")
    expect(page.get_by_role("textbox", name="A better reply")).not_to_have_value("")
    page.keyboard.press("Escape")
    page.get_by_role("textbox", name="Comment").fill(ALL)
    watch.look("bench")
    trainer.submit()

    manager = person("admin")
    pages, watching = manager.page, Watch(manager, site.address)
    for name, address in addresses(site, SLUG).items():
        if MISSING in address:
            continue  # the project has no row that this page could show
        pages.goto(address)
        settle(pages)
        watching.look(name)
    assert {"comparison", "conversation", "progress", "quality", "home"} <= watching.seen


def test_in_djangos_admin(person: SignIn, site: Demo) -> None:
    admin = person("admin")
    page, watch = admin.page, Watch(admin, site.address)
    page.goto("/admin/")
    names = page.locator("#content-main th[scope=row] a")
    tables = [str(names.nth(at).get_attribute("href")) for at in range(names.count())]
    for table in tables:
        page.goto(table)
        watch.look(table)
        first = page.locator("#result_list th a").first
        if first.count():
            page.goto(str(first.get_attribute("href")))
            watch.look(f"{table}, one")
    assert any("/project/" in table for table in tables)


def test_in_the_consent_document(person: SignIn, site: Demo) -> None:
    site.change(
        "INSERT INTO accounts_consentdocument (version, title, markdown, purposes, published_at)"
        " SELECT version + 1, %s, %s, purposes, now() FROM accounts_consentdocument"
        " ORDER BY version DESC LIMIT 1",
        SHORT,
        ALL,
    )
    try:
        newcomer = person("trainer1")
        newcomer.page.goto("/")
        expect(newcomer.page.get_by_role("button", name="Agree and go on")).to_be_visible()
        texts_shown(newcomer)
        Watch(newcomer, site.address).look("consent")
    finally:
        # Nobody agreed to it, and whoever comes next must not have to.
        site.change("DELETE FROM accounts_consentdocument WHERE title = %s", SHORT)


def test_a_picture_from_elsewhere_is_fetched_by_a_click_only(person: SignIn, site: Demo) -> None:
    writer = person("trainer3")
    page = writer.page
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.headers.get("referer", "nobody"))
        route.fulfill(status=200, content_type="image/svg+xml", body="<svg/>")

    writer.context.route(f"{payloads.EVIL}/**", answer)
    writer.begin(WRITE, SLUG)
    composer(page, "User").fill(f"![a cat]({payloads.EVIL}/cat.svg)")
    writer.use(page.get_by_role("button", name="Preview"))
    picture = page.get_by_role("link", name="Open the picture “a cat” from evil.example")
    expect(picture).to_be_visible()
    assert not asked
    with writer.context.expect_page() as opened:
        picture.click()
    opened.value.wait_for_load_state()
    assert asked == ["nobody"]
