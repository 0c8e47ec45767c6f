"""Whatever breaks while somebody writes, their words are there afterwards."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser import projects
from tests.browser.conftest import SignIn
from tests.browser.person import Person
from tests.browser.test_writing import HANDS, WRITE, add_turn, composer
from tests.demo import Demo
from tests.processes import wait_until

QUESTION, ANSWER = "Why is the sea salty?", "Rivers carry salt into it, and water leaves without."
# As the page counts time: more than it lets pass between two signs of life to the server.
BEAT = "00:31"
BEATS = re.compile(r"/beat/$")
CONFLICT = 409
# The number under which the page saves the turn that comes next.
NEXT_TURN = 5_999


def saved(page: Page) -> Locator:
    return page.get_by_role("status").get_by_text("Saved", exact=True)


def kept_here(page: Page) -> Locator:
    return page.get_by_role("status").get_by_text("Offline: kept in this browser")


def assignment_on(page: Page) -> int:
    return int(page.url.rpartition("/")[2])


def autosaved(site: Demo, page: Page) -> str:
    """What the server holds of the turn that is being written at the end of the thread."""
    rows = site.query(
        "SELECT payload->>'content' FROM annotation_autosave WHERE assignment_id = %s AND turn = %s",
        assignment_on(page),
        NEXT_TURN,
    )
    return str(rows[0][0]) if rows else ""


def begin_an_answer(writer: Person, project: str = projects.WRITING) -> Locator:
    """A thread with a question in it, and the composer for the answer under the cursor."""
    writer.begin(WRITE, project)
    add_turn(writer, "User", QUESTION)
    answer = composer(writer.page, "Assistant")
    expect(answer).to_be_focused()
    return answer


@HANDS
def test_killing_the_web_process_loses_nothing(person: SignIn, site: Demo, hands: str) -> None:
    writer = person("trainer1", keyboard_only=hands == "keyboard")
    answer = begin_an_answer(writer)
    page = writer.page
    page.keyboard.type("Rivers carry salt")
    with writer.pardoned():
        site.kill_web()
        page.keyboard.type(" into it, and water leaves")
        # Saved by itself, once there is a server again.
        wait_until(
            lambda: autosaved(site, page) == "Rivers carry salt into it, and water leaves",
            "the words on the server",
            seconds=120,
        )
        expect(saved(page)).to_be_visible()
        site.kill_web()
        page.keyboard.type(" without.")
        # The page is gone before the server is back; only the browser has the last word.
        page.goto("about:blank")
        with page.expect_response(BEATS) as beat:
            page.go_back()
        # The server may not have heard that the page was left.
        if beat.value.status == CONFLICT:
            writer.go_on_here()
        answer = composer(page, "Assistant")
        expect(answer).to_have_value(ANSWER)
        expect(saved(page)).to_be_visible()
        assert autosaved(site, page) == ANSWER
        # Until the turn is added the page may learn late that its words had arrived before.
        add_turn(writer, "Assistant")
    writer.submit()


@HANDS
def test_ten_seconds_without_a_network_lose_nothing(person: SignIn, site: Demo, hands: str) -> None:
    writer = person("trainer2", keyboard_only=hands == "keyboard")
    page = writer.page
    page.clock.install()
    begin_an_answer(writer)
    page.keyboard.type("Rivers carry salt")
    expect(saved(page)).to_be_visible()
    with writer.pardoned():
        writer.context.set_offline(True)
        page.keyboard.type(" into it,")
        expect(kept_here(page)).to_be_visible()
        page.clock.fast_forward(5_000)
        page.keyboard.type(" and water leaves without.")
        page.clock.fast_forward(5_000)
        expect(kept_here(page)).to_be_visible()
        assert autosaved(site, page) == "Rivers carry salt"
        writer.context.set_offline(False)
        expect(saved(page)).to_be_visible()
    assert autosaved(site, page) == ANSWER
    add_turn(writer, "Assistant")
    writer.submit()


@HANDS
def test_of_two_tabs_the_person_decides_which_goes_on(
    person: SignIn, site: Demo, hands: str
) -> None:
    writer = person("trainer3", keyboard_only=hands == "keyboard")
    first = writer.page
    with first.expect_response(BEATS):
        begin_an_answer(writer)
    first.keyboard.type("From the first tab.")
    expect(saved(first)).to_be_visible()
    with writer.pardoned():
        # Until it is told the first tab hears of the second by what that one saves.
        first.route(BEATS, lambda route: route.abort())
        second = writer.another_tab(first.url)
        writer.go_on_here(second)
        expect(composer(second, "Assistant")).to_have_value("From the first tab.")
        writer.write(composer(second, "Assistant"), "From the second tab.")
        expect(saved(second)).to_be_visible()

        writer.write(composer(first, "Assistant"), "The first goes on.")
        choice = first.get_by_role("alert").filter(has_text="Changed in another tab")
        writer.use(choice.get_by_role("button", name="Take the other"))
        expect(composer(first, "Assistant")).to_have_value("From the second tab.")

        writer.write(composer(first, "Assistant"), "The first once more.")
        expect(saved(first)).to_be_visible()
        writer.write(composer(second, "Assistant"), "The second stays.")
        choice = second.get_by_role("alert").filter(has_text="Changed in another tab")
        writer.use(choice.get_by_role("button", name="Keep this one"))
        expect(saved(second)).to_be_visible()
        assert autosaved(site, second) == "The second stays."

        # The thread itself went on in the other tab; this one is told, and goes on from there.
        writer.use(second.get_by_role("button", name="Add turn"))
        expect(second.get_by_role("article")).to_have_count(2)
        writer.use(first.get_by_role("button", name="Add turn"))
        stale = first.get_by_role("alert").filter(has_text="saved a newer version")
        writer.use(stale.get_by_role("button", name="Continue here"))
        expect(first.get_by_role("article")).to_have_count(2)
        expect(first.get_by_text("The second stays.", exact=True)).to_be_visible()
        # What it had written itself is there still, for its writer to use or to delete.
        expect(composer(first, "User")).to_have_value("The first once more.")
        first.keyboard.press("Control+a")
        # No choice is asked for: the other has sent its words, and nothing would be lost.
        with first.expect_response(lambda told: "/autosaves/" in told.url and told.ok):
            first.keyboard.press("Delete")
        expect(saved(first)).to_be_visible()
    writer.submit()


@HANDS
def test_a_lease_that_ran_out_costs_no_word(person: SignIn, site: Demo, hands: str) -> None:
    project = projects.SCARCE[hands]
    writer = person("trainer1", keyboard_only=hands == "keyboard")
    page = writer.page
    page.clock.install()
    answer = begin_an_answer(writer, project)
    page.keyboard.type(ANSWER)
    expect(saved(page)).to_be_visible()
    # No sign of life reaches the server until the other one has the task.
    page.route(BEATS, lambda route: route.abort())
    site.change(
        "UPDATE annotation_assignment SET lease_until = now() - interval '1 minute',"
        " last_beat_at = now() - interval '1 hour' WHERE id = %s",
        assignment_on(page),
    )
    # The next to ask gets it; the home page would only offer it once it has looked again.
    taken = person("trainer2").api("POST", f"projects/{project}/claims/", {"kind": "demonstration"})
    assert taken["id"] != assignment_on(page)
    with writer.pardoned():
        page.unroute(BEATS)
        page.keyboard.press("End")
        page.clock.fast_forward(BEAT)
        expect(
            page.get_by_role("alert").filter(has_text="Your time on this task ran out")
        ).to_be_visible()
        expect(answer).to_have_value(ANSWER)
        expect(answer).to_be_focused()
        page.keyboard.type(" So it is salty.")
        page.reload()
        expect(page.get_by_text(QUESTION, exact=True)).to_be_visible()
        expect(composer(page, "Assistant")).to_have_value(f"{ANSWER} So it is salty.")
        # What the page offers the server once more is refused, whenever that comes.
        page.goto("about:blank")


@HANDS
def test_a_session_that_ended_costs_no_word(person: SignIn, site: Demo, hands: str) -> None:
    writer = person("trainer2", afresh=True, keyboard_only=hands == "keyboard")
    page = writer.page
    begin_an_answer(writer)
    work = page.url
    page.keyboard.type("Rivers carry salt")
    expect(saved(page)).to_be_visible()
    (cookie,) = (each for each in writer.context.cookies() if each["name"] == "sessionid")
    with writer.pardoned():
        site.change("DELETE FROM django_session WHERE session_key = %s", cookie["value"])
        page.keyboard.type(" into it, and water leaves without.")
        page.wait_for_url("**/sign-in?next=*")
        writer.give_name_and_password()
        page.wait_for_url(work)
        # The page that was left may have sent the same words; the second to come is told so.
        expect(composer(page, "Assistant")).to_have_value(ANSWER)
        expect(saved(page)).to_be_visible()
    assert autosaved(site, page) == ANSWER
    add_turn(writer, "Assistant")
    writer.submit()
