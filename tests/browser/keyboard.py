"""Each workflow by keyboard alone. Nothing here clicks, and a person signed in with `keyboard_only`
complains of any pointer event."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Locator, Response, expect

from tests.browser.person import Person

# More than any card has.
PAGES_OF_A_CARD = 30


def write_a_demonstration(writer: Person, question: str, project: str = "demo") -> None:
    """Both roles, the assistant's turn from a streamed draft."""
    page = writer.page
    writer.start("Write a conversation", project)
    composer = page.get_by_role("textbox", name=re.compile("Write as User"))
    assistant = page.get_by_role("textbox", name=re.compile("Write as Assistant"))
    # A literal prompt stands there as the first turn already.
    expect(composer.or_(assistant).first).to_be_visible()
    if composer.is_visible():
        expect(composer).to_be_focused()
        page.keyboard.press("Control+a")
        page.keyboard.type(question)
        page.keyboard.press("Alt+Enter")
    expect(assistant).to_be_focused()
    page.keyboard.press("Alt+j")
    drafts = page.get_by_role("region", name="Drafts for the next turn")
    expect(drafts.get_by_text("Drafts are ready").first).to_be_visible()
    for name in ("Draft 1", "Draft 2"):
        expect(drafts.get_by_text(name, exact=True)).to_be_visible()
    page.keyboard.press("Alt+i")
    expect(assistant).not_to_have_value("")
    expect(assistant).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.press("Alt+Enter")
    expect(page.get_by_role("textbox", name=re.compile("Write as User"))).to_have_value("")
    writer.submit_by_key()


def approve(reviewer: Person, project: str) -> None:
    reviewer.start("Review", project)
    page = reviewer.page
    expect(page.get_by_role("button", name=re.compile("^Approve")).first).to_be_enabled()
    with reviewer.leaving():
        page.keyboard.press("a")


def hold_a_chat(writer: Person, messages: list[str], project: str) -> None:
    """As many exchanges with the policy as there are messages, streamed; then the chat's end."""
    page = writer.page
    writer.start("Chat with the assistant", project)
    for n_replies, message in enumerate(messages, start=1):
        composer = page.get_by_role("textbox", name=re.compile("Your message"))
        expect(composer).to_be_focused()
        page.keyboard.press("Control+a")
        page.keyboard.type(message)
        page.keyboard.press("Enter")
        # Only a reply that is part of the conversation can be judged.
        expect(page.get_by_role("button", name="Good reply")).to_have_count(n_replies)
    writer.submit_by_key()


def cards_of(person: Person) -> Locator:
    """The candidates of the ranking on the page, once they are there."""
    cards = person.page.get_by_role("group", name=re.compile("^Candidate [A-I], "))
    expect(cards.first).to_be_visible()
    return cards


def read_to_the_end(person: Person, card: Locator) -> None:
    """The focused card's text, page by page."""
    unread = card.get_by_text("read to the end")
    for _ in range(PAGES_OF_A_CARD):
        if unread.is_hidden():
            break
        person.page.keyboard.press("PageDown")
    expect(unread).to_be_hidden()


def place_all(person: Person, tiers: list[int]) -> None:
    """Read each card and press its tier's digit, from A on."""
    page = person.page
    cards = cards_of(person)
    expect(cards).to_have_count(len(tiers))
    person.go_to(cards.first)
    for number, tier in enumerate(tiers):
        card = cards.nth(number)
        expect(card).to_be_focused()
        read_to_the_end(person, card)
        page.keyboard.press(f"Digit{tier}")
        expect(card).to_have_accessible_name(re.compile(r", tier \d"))
        page.keyboard.press("ArrowRight")


def rank(trainer: Person, project: str) -> None:
    """The next ranking: the first two apart, all others tied below."""
    trainer.start("Rank replies", project)
    n = cards_of(trainer).count()
    assert 2 <= n <= 9
    expect(trainer.page.get_by_text(f"{n} candidates still to place").first).to_be_visible()
    place_all(trainer, [min(number, 3) for number in range(1, n + 1)])
    trainer.submit_by_key()


def draw(manager: Person, n_wanted: int, project: str) -> None:
    """Pick messages from finished chats and have alternatives sampled."""
    page = manager.page
    page.goto(f"/projects/{project}/progress")
    sample = page.get_by_role("button", name="Sample comparisons")
    expect(sample).to_be_visible()
    manager.go_to(sample)
    page.keyboard.press("Enter")
    how_many = page.get_by_label("How many messages")
    expect(how_many).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type(str(n_wanted))
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile("picked; (its|their)")).first).to_be_visible()


def is_new_export(answer: Response) -> bool:
    return answer.request.method == "POST" and answer.url.endswith("/exports/")


def download_of(asked: Response) -> Locator:
    """Where the page offers the file of the export that was asked for, once it is whole."""
    page = asked.frame.page
    link = page.locator(f"a[href$='/exports/{asked.json()['id']}/download/']")
    expect(link).to_be_visible()
    return link


def export(manager: Person, path: Path, project: str) -> None:
    """Conversations, in the format that the form proposes, into `path`."""
    page = manager.page
    page.goto(f"/projects/{project}/datasets")
    expect(page.get_by_role("button", name=re.compile("^New export"))).to_be_visible()
    page.keyboard.press("e")
    ask = page.get_by_role("dialog").get_by_role("button", name="Export", exact=True)
    expect(ask).to_be_enabled()
    manager.go_to(ask)
    with page.expect_response(is_new_export) as asked:
        page.keyboard.press("Enter")
    manager.go_to(download_of(asked.value))
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    download.value.save_as(path)
