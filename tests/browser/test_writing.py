"""Conversations: six turns with drafts, one that came back, and a chat that is stopped, tried again and edited."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import policy, projects
from tests.browser.conftest import SignIn
from tests.browser.person import Person
from tests.demo import Demo

WHOLE_REPLY = re.compile(r"^Reply \d+ says a few plain words\.$")
HANDS = pytest.mark.parametrize("hands", ["mouse", "keyboard"])
WRITE, CHAT, REVIEW = "Write a conversation", "Chat with the assistant", "Review"


def composer(page: Page, role: str) -> Locator:
    return page.get_by_role("textbox", name=f"Write as {role}")


def add_turn(writer: Person, role: str, text: str = "") -> None:
    """Write the next turn, or take what the composer holds, and add it."""
    page = writer.page
    expect(composer(page, role)).to_be_visible()
    if text:
        writer.write(composer(page, role), text)
    n_turns = page.get_by_role("article").count()
    writer.use(page.get_by_role("button", name="Add turn"))
    expect(page.get_by_role("article")).to_have_count(n_turns + 1)


def ask_for_drafts(writer: Person) -> Locator:
    page = writer.page
    writer.use(page.get_by_role("button", name="Drafts", exact=True))
    drafts = page.get_by_role("region", name="Drafts for the next turn")
    expect(drafts.get_by_text("Drafts are ready").first).to_be_visible()
    return drafts


def first_reply(drafts: Locator) -> str:
    """The first draft, whole: its text may come to the page a moment after the word that it is ready."""
    draft = drafts.locator("[data-draft='0']")
    expect(draft).to_have_text(WHOLE_REPLY)
    return draft.inner_text().strip()


def live_turns(site: Demo, conversation: int) -> list[tuple[str, str, str, bool]]:
    """Role, content, origin and whether a draft was used, of each turn."""
    return site.query(
        "SELECT role, content, origin, EXISTS (SELECT 1 FROM annotation_draft d WHERE d.message_id = m.id)"
        " FROM annotation_message m WHERE conversation_id = %s AND is_live ORDER BY position",
        conversation,
    )


def open_for_review(reviewer: Person, words: str) -> None:
    """Approve what comes to review until the conversation with these words is on the desk."""
    desk = reviewer.page
    reviewer.begin(REVIEW, projects.WRITING)
    while True:
        expect(desk.get_by_role("article").first).to_be_visible()
        if desk.get_by_text(words, exact=True).count() > 0:
            return
        with reviewer.leaving():
            reviewer.use(desk.get_by_role("button", name=re.compile("^Approve")))


def conversation_with(site: Demo, words: str, state: str) -> int:
    """The newest conversation in this state that has a turn of these words."""
    ((found,),) = site.query(
        "SELECT max(c.id) FROM annotation_conversation c JOIN annotation_message m"
        " ON m.conversation_id = c.id WHERE m.is_live AND m.content = %s AND c.state = %s",
        words,
        state,
    )
    return int(found)


@HANDS
def test_six_turns_with_a_whole_and_a_partial_insert(
    person: SignIn, site: Demo, hands: str
) -> None:
    writer = person("trainer1", keyboard_only=hands == "keyboard")
    page = writer.page
    writer.begin(WRITE, projects.WRITING)
    add_turn(writer, "User", "What grows in the shade?")

    drafts = ask_for_drafts(writer)
    whole = first_reply(drafts)
    writer.use(drafts.get_by_role("button", name="Insert").first)
    expect(composer(page, "Assistant")).to_have_value(whole)
    add_turn(writer, "Assistant")
    add_turn(writer, "User", "And in the sun?")

    drafts = ask_for_drafts(writer)
    words = first_reply(drafts).split(" ")
    if hands == "keyboard":
        # Word by word: the Tab key takes the next one of the chosen draft.
        writer.go_to(composer(page, "Assistant"))
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        taken = " ".join(words[:2])
    else:
        taken = words[0]
        drafts.locator("[data-draft='0'] p").dblclick(position={"x": 12, "y": 10})
        writer.use(drafts.get_by_role("button", name="Insert").first)
    expect(composer(page, "Assistant")).to_have_value(taken)
    expect(composer(page, "Assistant")).to_be_focused()
    page.keyboard.press("Control+End")
    page.keyboard.type(" is mine from here: beans and corn.")
    add_turn(writer, "Assistant")
    add_turn(writer, "User", "When do I sow them?")
    add_turn(writer, "Assistant", "After the last frost.")
    writer.submit()

    turns = live_turns(site, conversation_with(site, "After the last frost.", "submitted"))
    assert [(role, content) for role, content, _, _ in turns] == [
        ("user", "What grows in the shade?"),
        ("assistant", whole),
        ("user", "And in the sun?"),
        ("assistant", f"{taken} is mine from here: beans and corn."),
        ("user", "When do I sow them?"),
        ("assistant", "After the last frost."),
    ]
    assert [used for _, _, _, used in turns] == [False, True, False, True, False, False]
    assert turns[1][2] != turns[3][2] != turns[5][2]


@HANDS
def test_a_returned_demonstration_is_mended_and_goes_through(
    person: SignIn, site: Demo, hands: str
) -> None:
    writer = person("trainer2", keyboard_only=hands == "keyboard")
    page = writer.page
    writer.begin(WRITE, projects.WRITING)
    add_turn(writer, "User", "How hot is the sun?")
    add_turn(writer, "Assistant", "Six degrees.")
    writer.submit()
    first = conversation_with(site, "Six degrees.", "submitted")

    reviewer = person("reviewer", keyboard_only=hands == "keyboard")
    desk = reviewer.page
    open_for_review(reviewer, "Six degrees.")
    answer = desk.get_by_role("article").last
    if hands == "keyboard":
        desk.keyboard.press("ArrowUp")
        desk.keyboard.press("ArrowDown")
        desk.keyboard.press("ArrowDown")
        desk.keyboard.press("c")
    else:
        answer.hover()
        answer.get_by_role("button", name="Comment").click()
    reviewer.write(desk.get_by_label("Comment on this turn"), "Thousands, surely.")
    if hands == "keyboard":
        desk.keyboard.press("Escape")
    reviewer.use(desk.get_by_role("button", name=re.compile("^Return")))
    verdict = desk.get_by_role("dialog")
    reviewer.write(verdict.get_by_role("textbox"), "The figure is wrong.")
    with reviewer.leaving():
        reviewer.use(verdict.get_by_role("button", name=re.compile("^Return")))

    # The task after it is in hand already; given back, the returned one comes next. The server knows
    # of the page that shows it before that page is left.
    with page.expect_response(re.compile(r"/beat/$")):
        writer.skip()
    page.goto(f"/projects/{projects.WRITING}")
    back = page.get_by_role("region", name=re.compile("^Returned to you"))
    expect(back.get_by_text("The figure is wrong.")).to_be_visible()
    writer.begin(WRITE, projects.WRITING)
    notice = page.get_by_role("alert").filter(has_text="The figure is wrong.")
    expect(notice.get_by_text("Thousands, surely.")).to_be_visible()
    turn = page.get_by_role("article", name="Assistant")
    writer.use(turn.get_by_role("button", name="Edit"))
    writer.write(
        page.get_by_role("textbox", name=re.compile("^Rewrite this turn")), "Six thousand degrees."
    )
    writer.use(page.get_by_role("article").get_by_role("button", name="Save"))
    expect(page.get_by_text("Six thousand degrees.", exact=True)).to_be_visible()
    writer.use(notice.get_by_role("button", name="Show what changed since"))
    expect(notice.locator("ins")).to_contain_text("thousand")
    writer.submit()

    second = conversation_with(site, "Six thousand degrees.", "submitted")
    assert second != first
    assert [content for _, content, _, _ in live_turns(site, second)] == [
        "How hot is the sun?",
        "Six thousand degrees.",
    ]
    assert site.query("SELECT state FROM annotation_conversation WHERE id = %s", first) == [
        ("returned",)
    ]


@HANDS
def test_a_chat_is_stopped_tried_again_and_edited(person: SignIn, site: Demo, hands: str) -> None:
    writer = person("trainer3", keyboard_only=hands == "keyboard")
    page = writer.page
    writer.begin(CHAT, projects.WRITING)
    message = page.get_by_role("textbox", name="Your message")
    writer.write(message, f"Tell me {policy.ENDLESS} about rain.")
    writer.use(page.get_by_role("button", name="Send"))
    expect(page.get_by_text(policy.BEGINNING)).to_be_visible()
    # While there is nothing to write in, the reply that grows has the focus.
    expect(page.get_by_role("article", name="Assistant")).to_be_focused()
    writer.use(page.get_by_role("button", name="Stop"))
    good = page.get_by_role("button", name="Good reply")
    expect(good).to_have_count(1)
    expect(page.get_by_text(policy.BEGINNING)).to_be_visible()

    # Another message in the place of the first: its branch stays and can be gone back to.
    question = page.get_by_role("article", name="User")
    writer.use(question.get_by_role("button", name="Edit"))
    writer.write(
        page.get_by_role("textbox", name=re.compile("^Rewrite this turn")), "Tell me about rain."
    )
    writer.use(page.get_by_role("button", name="Send again"))
    expect(page.get_by_text(policy.BEGINNING)).to_have_count(0)
    expect(good).to_have_count(1)
    reply = page.get_by_role("article", name="Assistant").get_by_text(re.compile("^Reply"))
    expect(reply).to_have_text(WHOLE_REPLY)
    first_try = reply.inner_text()

    writer.use(page.get_by_role("button", name="Try again"))
    before = page.get_by_role("article", name="Assistant").get_by_role(
        "button", name="The try before"
    )
    expect(before).to_be_enabled()
    expect(reply).not_to_have_text(first_try)
    expect(reply).to_have_text(WHOLE_REPLY)
    writer.use(before)
    expect(reply).to_have_text(first_try)
    expect(before).to_be_focused()
    writer.submit()

    chat = conversation_with(site, first_try, "finished")
    turns = [(role, content) for role, content, _, _ in live_turns(site, chat)]
    assert turns == [("user", "Tell me about rain."), ("assistant", first_try)]
    ((n_kept,),) = site.query(
        "SELECT count(*) FROM annotation_message WHERE conversation_id = %s AND NOT is_live", chat
    )
    assert n_kept == 3

    page.goto(f"/projects/{projects.WRITING}/conversations")
    # Whole, however fast it is typed.
    writer.write(page.get_by_role("searchbox"), first_try)
    page.wait_for_url("**search=*")
    expect(page.get_by_role("searchbox")).to_have_value(first_try)
