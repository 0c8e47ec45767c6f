"""Every page, wherever the router leads: usable for everyone, and nothing that its policy forbids."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser import exam_project, keyboard
from tests.browser.axe import faults_of
from tests.browser.conftest import SignIn
from tests.browser.pages import (
    Look,
    WayIn,
    error_states,
    manager_pages,
    settle,
    work_pages,
)
from tests.browser.projects import NEWCOMER
from tests.demo import Demo

FORMULA = "Half is $$\\frac{1}{2}$$.\n\n```python\nprint(1 / 2)\n```"


def test_axe_finds_nothing_wrong_before_work_begins(person: SignIn) -> None:
    newcomer = person(NEWCOMER, afresh=True, agreed=False, keyboard_only=True)
    page = newcomer.page
    expect(page.get_by_role("button", name="Agree and go on")).to_be_visible()
    faults = faults_of(page, Look("consent"))
    newcomer.agree()
    expect(page.get_by_role("button", name=re.compile("^Start: ")).first).to_be_visible()
    with newcomer.pardoned():
        newcomer.context.clear_cookies()
        page.goto("/")
        newcomer.go_to(page.get_by_label("User name"))
        page.keyboard.type(NEWCOMER)
        newcomer.go_to(page.get_by_role("textbox", name="Password"))
        page.keyboard.type("not it")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_be_visible()
    faults += faults_of(page, Look("sign-in refused"))
    assert not faults, "\n".join(faults)


def test_axe_finds_nothing_wrong_with_a_managers_pages(person: SignIn, site: Demo) -> None:
    manager = person("manager")
    faults = [
        fault for look in manager_pages(manager, site) for fault in faults_of(manager.page, look)
    ]
    assert not faults, "\n".join(faults)


def test_axe_finds_nothing_wrong_where_a_page_cannot_be_shown(person: SignIn) -> None:
    trainer = person("trainer2")
    with trainer.pardoned():
        faults = [
            fault for look in error_states(trainer) for fault in faults_of(trainer.page, look)
        ]
    assert not faults, "\n".join(faults)


def workers(person: SignIn) -> dict[str, WayIn]:
    """Who takes a task of each kind; there is something to review."""
    # Not the reviewer, whom the walk along the whole line needs free.
    writer, reviewer = person("trainer3"), person("manager")
    keyboard.write_a_demonstration(writer, "How do I get candle wax out of a tablecloth?")
    return {
        "demonstration": WayIn(writer, "Write a conversation"),
        "chat": WayIn(writer, "Chat with the assistant"),
        "ranking": WayIn(writer, "Rank replies"),
        "review": WayIn(reviewer, "Review"),
        "score": WayIn(reviewer, "Review", exam_project.SLUG),
    }


def test_axe_finds_nothing_wrong_with_the_tasks(person: SignIn) -> None:
    who = workers(person)
    faults = [
        fault for look in work_pages(who) for fault in faults_of(who[look.page].somebody.page, look)
    ]
    assert not faults, "\n".join(faults)


def test_no_page_breaks_the_content_security_policy(person: SignIn) -> None:
    """Chromium logs each breach as an error, and a person's pages must have logged none."""
    admin = person("admin")
    page = admin.page
    answer = page.goto("/projects/demo")
    assert answer is not None
    policy = answer.headers["content-security-policy"]
    assert [part for part in policy.split("; ") if "unsafe" in part] == [
        "style-src-attr 'unsafe-inline'"
    ]
    settle(page)

    admin.start("Write a conversation")
    expect(page.get_by_role("textbox", name=re.compile("^Write as"))).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(FORMULA)
    page.keyboard.press("Alt+p")
    expect(page.locator(".katex .frac-line")).to_be_visible()
    expect(page.locator("code .hljs-built_in")).to_be_visible()
    page.keyboard.press("Alt+p")

    for address in (
        "/admin/",
        "/admin/annotation/ranking/",
        "/admin/accounts/project/",
        "/admin/accounts/project/add/",
        "/admin/annotation/batch/add/",
        "/admin/accounts/membership/1/change/",
    ):
        page.goto(address)
        expect(page.get_by_role("heading", level=1).first).to_be_visible()
    page.goto("/api/docs/")
    expect(page.get_by_role("heading", name=re.compile("^labelhub")).first).to_be_visible()
    assert not admin.complaints, "\n".join(admin.complaints)
