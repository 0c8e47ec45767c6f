"""Somebody at a browser of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    StorageState,
    ViewportSize,
    expect,
)

# What a page may take on two busy cores; everything waits for a state, never for a time.
PATIENCE_MS = 120_000
# More than any page has stops for the Tab key.
STOPS = 300
WIDE: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}

# Runs before the page's own scripts. A person without a mouse must never be helped by one.
WATCH_POINTER = """
for (const kind of ["pointerdown", "mousedown", "wheel"]) {
  window.addEventListener(kind, () => console.error(`a ${kind} where only keys were pressed`), true);
}
"""
# Refusals that belong to the walk: no task is left, a page is asked for that is not there, or the work
# is open on another page.
EXPECTED_REFUSALS = re.compile(r"/api/v1/(projects/[^/]+/claims/|assignments/\d+/(beat/)?)$")
BEATS = re.compile(r"/beat/$")
CONFLICT = 409
IS_IN_DIALOG = "element => element.closest('[aria-modal=true]') !== null"
FOCUS_IN_DIALOG = "[aria-modal=true]:focus, [aria-modal=true] :focus"
# Two frames on, and what was put off until after them: a dialog takes the focus once more.
FOCUS_SETTLED = """async () => {
  for (let n = 0; n < 2; n++) {
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  }
}"""


def ask(context: BrowserContext, method: str, path: str, body: Mapping[str, Any]) -> Any:
    """What the server answers to a request with a browser's cookies; it must not refuse."""
    (token,) = (c["value"] for c in context.cookies() if c["name"] == "csrftoken")
    answer = context.request.fetch(
        f"/api/v1/{path}", method=method, data=dict(body), headers={"X-CSRFToken": token}
    )
    assert answer.ok, answer.text()
    return answer.json() if answer.body() else None


def admitted(browser: Browser, address: str, name: str) -> StorageState:
    """What the browser of somebody keeps who has signed in and agreed, by requests alone."""
    context = browser.new_context(base_url=address)
    try:
        context.request.get("/api/v1/auth/session/")
        ask(context, "POST", "auth/login/", {"username": name, "password": f"demo-{name}"})
        consent = context.request.get("/api/v1/consent/").json()
        asked = {"version": consent["version"], "purposes": consent["purposes"]}
        ask(context, "POST", "consent/", asked)
        return context.storage_state()
    finally:
        context.close()


class Person:
    """Signed in, consent given; `complaints` gathers what their pages logged as errors.

    Chromium logs a breach of the content security policy as an error too. `signed_in` is what an
    earlier browser of theirs kept, and no page is open yet; without it they sign in by their hands,
    which leads to the consent document where they have not agreed before.
    """

    def __init__(
        self,
        browser: Browser,
        address: str,
        name: str,
        *,
        keyboard_only: bool = False,
        signed_in: StorageState | None = None,
    ) -> None:
        self.name = name
        self.keyboard_only = keyboard_only
        self.context = browser.new_context(
            base_url=address,
            viewport=WIDE,
            accept_downloads=True,
            # Nothing is half-way through an animation when it is looked at.
            reduced_motion="reduce",
            storage_state=signed_in,
        )
        self.context.set_default_timeout(PATIENCE_MS)
        if keyboard_only:
            self.context.add_init_script(WATCH_POINTER)
        self.complaints: list[str] = []
        self.page = self._new_tab()
        if signed_in is None:
            self.page.goto("/sign-in")
            self.give_name_and_password()

    def another_tab(self, address: str) -> Page:
        """Another page of the same browser, by the same hands."""
        tab = self._new_tab()
        tab.goto(address)
        return tab

    def _new_tab(self) -> Page:
        tab = self.context.new_page()
        tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        tab.on("console", self._hear)
        return tab

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type != "error":
            return
        address = message.location.get("url", "")
        if "Failed to load resource" in message.text and EXPECTED_REFUSALS.search(address):
            return
        self.complaints.append(f"{message.text} ({address})")

    @contextmanager
    def pardoned(self) -> Iterator[None]:
        """What the pages complain of in between is meant to happen."""
        before = len(self.complaints)
        yield
        # Answered after everything that the page has logged so far.
        self.page.evaluate("0")
        del self.complaints[before:]

    def give_name_and_password(self) -> None:
        """On the sign-in page, which is left."""
        page = self.page
        user_name = page.get_by_label("User name")
        expect(user_name).to_be_visible()
        self.go_to(user_name)
        page.keyboard.type(self.name)
        self.go_to(page.get_by_role("textbox", name="Password"))
        page.keyboard.type(f"demo-{self.name}")
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "sign-in" not in url)

    def agree(self) -> None:
        """To all that the consent document asks, on its page, which is left."""
        page = self.page
        agree = page.get_by_role("button", name="Agree and go on")
        expect(agree).to_be_visible()
        for box in page.get_by_role("checkbox").all():
            self.go_to(box)
            page.keyboard.press("Space")
            expect(box).to_be_checked()
        expect(agree).to_be_enabled()
        self.go_to(agree)
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url: "consent" not in url)

    def api(self, method: str, path: str, body: Mapping[str, Any]) -> Any:
        """What the server answers to a request of this person, outside of any page."""
        return ask(self.context, method, path, body)

    def go_to(self, control: Locator) -> None:
        """Move the focus to a control by the Tab key alone."""
        if control.evaluate(IS_IN_DIALOG):
            # It takes the focus a moment after it is shown, from wherever that had been moved.
            expect(control.page.locator(FOCUS_IN_DIALOG)).to_have_count(1)
            control.page.evaluate(FOCUS_SETTLED)
        for _ in range(STOPS):
            if control.evaluate("element => element === document.activeElement"):
                return
            control.page.keyboard.press("Tab")
        raise AssertionError(f"the Tab key never came to {control}")

    def use(self, button: Locator) -> None:
        """Press a button with the hands this person has: by its key where it has one."""
        expect(button).to_be_enabled()
        if not self.keyboard_only:
            button.click()
            return
        keys = button.get_attribute("aria-keyshortcuts")
        if keys is None:
            self.go_to(button)
        button.page.keyboard.press((keys or "Enter").split(" ")[0])

    def write(self, field: Locator, text: str) -> None:
        """Put a text in the place of what stands in a field."""
        if self.keyboard_only:
            self.go_to(field)
        else:
            field.click()
        field.page.keyboard.press("Control+a")
        field.page.keyboard.type(text)
        expect(field).to_have_value(text)

    @contextmanager
    def leaving(self) -> Iterator[None]:
        """The task on the page is ended in between, and off the screen afterwards."""
        here = self.page.url
        task = self.page.get_by_role("heading", level=1).element_handle()
        yield
        self.page.wait_for_url(lambda url: url != here)
        # The address changes before the page does.
        task.wait_for_element_state("hidden")

    def go_on_here(self, page: Page | None = None) -> None:
        """The work on the page is open on another one, too: go on with it on this one."""
        choice = (page or self.page).get_by_role("alert").filter(has_text="open somewhere else")
        self.use(choice.get_by_role("button", name="Continue here"))
        expect(choice).to_have_count(0)

    def skip(self) -> None:
        """Give the task on the page back; another comes."""
        self.use(self.page.get_by_role("button", name="Skip", exact=True))
        dialog = self.page.get_by_role("dialog")
        reason = dialog.get_by_role("radio").first
        if self.keyboard_only:
            self.go_to(reason)
            self.page.keyboard.press("Space")
        else:
            reason.check()
        with self.leaving():
            self.use(dialog.get_by_role("button", name="Skip the task"))

    def begin(self, kind: str, project: str) -> None:
        """Take the next task of a kind, by whichever way this person uses."""
        (self.start if self.keyboard_only else self.start_by_mouse)(kind, project)

    def submit(self) -> None:
        (self.submit_by_key if self.keyboard_only else self.submit_by_mouse)()

    def way_in(self, kind: str, project: str) -> Locator:
        """The button that takes the next task of a kind, on the home page, which is opened."""
        self.page.goto(f"/projects/{project}")
        button = self.page.get_by_role("button", name=re.compile(f"(Start|Continue): {kind}"))
        expect(button).to_be_enabled()
        return button

    def start(self, kind: str, project: str = "demo") -> None:
        """Take the next task of a kind by keyboard."""
        self.go_to(self.way_in(kind, project))
        with self._arriving():
            self.page.keyboard.press("Enter")

    def start_by_mouse(self, kind: str, project: str = "demo") -> None:
        button = self.way_in(kind, project)
        with self._arriving():
            button.click()

    @contextmanager
    def _arriving(self) -> Iterator[None]:
        """At the next task; what a browser of theirs left open a moment ago goes on here."""
        with self.page.expect_response(BEATS) as beat:
            yield
            self.page.wait_for_url("**/work/*")
        if beat.value.status == CONFLICT:
            self.go_on_here()

    @property
    def submit_button(self) -> Locator:
        """What ends the task on the page, whatever it is called there."""
        return self.page.locator("button[aria-keyshortcuts~='Control+Enter']")

    def submit_by_key(self) -> None:
        """Submit with ⌘↵ as soon as the page allows it, and wait until the task is left."""
        expect(self.submit_button).to_be_enabled()
        with self.leaving():
            self.page.keyboard.press("Control+Enter")

    def submit_by_mouse(self) -> None:
        expect(self.submit_button).to_be_enabled()
        with self.leaving():
            self.submit_button.click()

    def close(self) -> None:
        self.context.close()
        assert not self.complaints, "\n".join(self.complaints)
