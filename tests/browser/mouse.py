"""Each workflow by mouse; only words are typed."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import FloatRect, Locator, expect

from tests.browser.keyboard import PAGES_OF_A_CARD, cards_of, download_of, is_new_export
from tests.browser.person import Person

SCROLL_PIXELS = 400


def write_a_demonstration(writer: Person, question: str) -> None:
    page = writer.page
    writer.start_by_mouse("Write a conversation")
    composer = page.get_by_role("textbox", name=re.compile("Write as User"))
    assistant = page.get_by_role("textbox", name=re.compile("Write as Assistant"))
    expect(composer.or_(assistant).first).to_be_visible()
    if composer.is_visible():
        composer.fill(question)
        page.get_by_role("button", name="Add turn").click()
    expect(assistant).to_be_visible()
    page.get_by_role("button", name="Drafts").click()
    drafts = page.get_by_role("region", name="Drafts for the next turn")
    expect(drafts.get_by_text("Drafts are ready").first).to_be_visible()
    # The second one, which is not the one that the key would take.
    drafts.get_by_role("listitem").nth(1).get_by_role("button", name="Insert").click()
    expect(assistant).not_to_have_value("")
    page.get_by_role("button", name="Add turn").click()
    expect(page.get_by_role("textbox", name=re.compile("Write as User"))).to_have_value("")
    writer.submit_by_mouse()


def approve_with_a_comment(reviewer: Person) -> None:
    reviewer.start_by_mouse("Review")
    page = reviewer.page
    turn = page.get_by_role("article").last
    turn.hover()
    turn.get_by_role("button", name="Comment").click()
    page.get_by_label("Comment on this turn").fill("Well put.")
    with reviewer.leaving():
        page.get_by_role("button", name=re.compile("^Approve")).click()


def hold_a_chat(writer: Person, messages: list[str]) -> None:
    page = writer.page
    writer.start_by_mouse("Chat with the assistant")
    for n_replies, message in enumerate(messages, start=1):
        page.get_by_role("textbox", name=re.compile("Your message")).fill(message)
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_role("button", name="Good reply")).to_have_count(n_replies)
    page.get_by_role("button", name="Good reply").first.click()
    why = page.get_by_role("dialog")
    why.get_by_text("Helpful", exact=True).click()
    why.get_by_role("button", name="Keep").click()
    expect(why).to_have_count(0)
    expect(page.get_by_role("button", name="Good reply").first).to_have_attribute(
        "aria-pressed", "true"
    )
    writer.submit_by_mouse()


def middle_of(place: Locator) -> tuple[float, float]:
    box: FloatRect | None = place.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


HEARS_CLICKS = """() => {
  let heard = false;
  const ear = document.body.appendChild(document.createElement("i"));
  ear.addEventListener("click", () => { heard = true; });
  ear.dispatchEvent(new Event("click"));
  ear.remove();
  return heard;
}"""


def drag(person: Person, thing: Locator, target: Locator) -> None:
    """Take a thing by its middle and let it go over the middle of another."""
    mouse = person.page.mouse
    # It stands still and nothing lies over it.
    thing.hover()
    x, y = middle_of(thing)
    mouse.down()
    # The first few pixels tell a drag from a click; the target is measured once it has begun.
    mouse.move(x + 12, y, steps=4)
    expect(thing).to_have_attribute("data-dragging", "true")
    mouse.move(*middle_of(target), steps=8)
    # A place may still tell of a thing that has left it: what counts is the place under the pointer.
    place = target.locator("xpath=ancestor-or-self::*[@data-over][1]")
    expect(place).to_have_attribute("data-over", "true")
    mouse.up()
    # For a moment after it the page hears no click, which would be the drag's own.
    person.page.wait_for_function(HEARS_CLICKS)


def order_bar(person: Person) -> Locator:
    return person.page.get_by_role("region", name="Order, best first")


def chip(person: Person, label: str) -> Locator:
    """The small stand-in for a candidate in the order bar."""
    return order_bar(person).get_by_role("button", name=f"Candidate {label}", exact=True)


def gap(person: Person, number: int) -> Locator:
    """The place between two tiers, from 0 before the best to -1 after the worst."""
    return order_bar(person).get_by_role("button", name=re.compile("^Draw the line")).nth(number)


def tier(person: Person, number: int) -> Locator:
    return order_bar(person).get_by_role("group", name=f"tier {number}", exact=True)


def tray(person: Person) -> Locator:
    """Where candidates lie that are in no tier."""
    return order_bar(person).get_by_text(re.compile("^(To place|All placed)$"))


def read_to_the_end(person: Person, card: Locator) -> None:
    unread = card.get_by_text("read to the end")
    card.get_by_test_id("candidate-text").hover()
    for _ in range(PAGES_OF_A_CARD):
        if unread.is_hidden():
            break
        person.page.mouse.wheel(0, SCROLL_PIXELS)
    expect(unread).to_be_hidden()


def read_all(person: Person) -> int:
    """Scroll every card of the ranking to its end; how many there are."""
    cards = cards_of(person)
    n = cards.count()
    for number in range(n):
        cards.nth(number).scroll_into_view_if_needed()
        read_to_the_end(person, cards.nth(number))
    return n


def rank(trainer: Person) -> None:
    """The next ranking: B before A and C as equals, the rest one below the other, the line after B."""
    trainer.start_by_mouse("Rank replies")
    n = read_all(trainer)
    drag(trainer, chip(trainer, "A"), gap(trainer, -1))
    drag(trainer, chip(trainer, "B"), gap(trainer, 0))
    if n > 2:
        drag(trainer, chip(trainer, "C"), tier(trainer, 2))
    for label in "DEFGHI"[: max(0, n - 3)]:
        drag(trainer, chip(trainer, label), gap(trainer, -1))
    gap(trainer, 1).click()
    expect(order_bar(trainer).get_by_text("fit to send")).to_be_visible()
    trainer.submit_by_mouse()


def draw(manager: Person, n_wanted: int) -> None:
    page = manager.page
    page.goto("/projects/demo/progress")
    page.get_by_role("button", name="Sample comparisons").click()
    page.get_by_label("How many messages").fill(str(n_wanted))
    page.get_by_role("button", name="Pick and sample").click()
    expect(page.get_by_text(re.compile("picked; (its|their)")).first).to_be_visible()


def export(manager: Person, path: Path) -> None:
    """Conversations, in the format that the form proposes, into `path`."""
    page = manager.page
    page.goto("/projects/demo/datasets")
    new = page.get_by_role("button", name=re.compile("^New export"))
    expect(new).to_be_visible()
    new.click()
    with page.expect_response(is_new_export) as asked:
        page.get_by_role("dialog").get_by_role("button", name="Export", exact=True).click()
    link = download_of(asked.value)
    with page.expect_download() as download:
        link.click()
    download.value.save_as(path)
