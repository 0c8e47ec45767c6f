"""Whoever asks for a draft or a reply while nobody is there to write it is told so, and loses nothing."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Locator, expect

from tests.browser import projects
from tests.browser.conftest import SignIn
from tests.browser.test_nothing_lost import autosaved, begin_an_answer, saved
from tests.browser.test_writing import CHAT, WHOLE_REPLY, add_turn, first_reply
from tests.demo import Demo
from tests.processes import kill


@contextmanager
def without_a_gpu_worker(site: Demo) -> Iterator[None]:
    """Nothing is sampled in between: the worker stands still, and is killed, so that another starts."""
    stopped = site.running("-Q gpu")
    assert stopped
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        # As half a minute of its silence would have it.
        site.change("UPDATE sampling_runner SET seen_at = seen_at - interval '1 minute'")
        yield
    finally:
        for pid in stopped:
            kill(pid)


def test_a_draft_and_a_reply_are_awaited_until_the_worker_is_back(
    person: SignIn, site: Demo
) -> None:
    writer = person("trainer1")
    answer = begin_an_answer(writer)
    talker = person("trainer3", keyboard_only=True)
    talker.begin(CHAT, projects.WRITING)
    with without_a_gpu_worker(site):
        page = writer.page
        writer.use(page.get_by_role("button", name="Drafts", exact=True))
        drafts = page.get_by_role("region", name="Drafts for the next turn")
        expect(notice_in(drafts)).to_be_visible()
        expect(notice_in(page.locator("main"))).to_have_count(1)
        writer.write(answer, "Rivers carry salt into it.")
        expect(saved(page)).to_be_visible()
        assert autosaved(site, page) == "Rivers carry salt into it."

        chat = talker.page
        talker.write(chat.get_by_role("textbox", name="Your message"), "Why is the sky blue?")
        talker.use(chat.get_by_role("button", name="Send"))
        reply = chat.get_by_role("article", name="Assistant")
        expect(notice_in(reply)).to_be_visible()
        # Called off at once, worker or not; asked for again, it is on its way once more.
        talker.use(chat.get_by_role("button", name="Stop"))
        expect(reply.get_by_text("No reply came")).to_be_visible()
        talker.use(chat.get_by_role("button", name="Try again"))
        expect(notice_in(reply)).to_be_visible()

    # Another worker takes up what was asked of the one before.
    draft = first_reply(drafts)
    expect(notice_in(page.locator("main"))).to_have_count(0)
    expect(answer).to_have_value("Rivers carry salt into it.")
    page.keyboard.press("Control+End")
    writer.use(drafts.get_by_role("button", name="Insert").first)
    expect(answer).to_have_value(f"Rivers carry salt into it.\n\n{draft}")
    add_turn(writer, "Assistant")
    writer.submit()
    expect(reply.get_by_text(WHOLE_REPLY)).to_be_visible()
    expect(notice_in(chat.locator("main"))).to_have_count(0)
    talker.submit()


def notice_in(place: Locator) -> Locator:
    return place.get_by_role("status").filter(has_text="Drafts and replies have stopped for now")
