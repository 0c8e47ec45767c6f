"""The ranking bench: four and nine candidates, ties, the line, two by strength, two steps, going on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from playwright.sync_api import APIResponse, Route, expect

from tests.browser import keyboard, mouse, projects
from tests.browser.axe import faults_of
from tests.browser.conftest import SignIn
from tests.browser.pages import Look
from tests.browser.person import Person
from tests.demo import Demo

KIND = "Rank replies"
# Fields that hold what people read, in which any word may stand.
AS_WRITTEN = "[class*=prose] > [class*=plain]"
TEXTS = {"content", "text", "markdown", "description", "help"}
# What would tell where a candidate came from, wherever in an answer it stood.
TELLTALES = re.compile(
    r"origin|fresh|imported|reference|completion|policy|seed|temperature|candidate_id|near_identical"
    r"|cut_by_length|finish_reason|provenance|external|rater"
)


def newest_ranking(site: Demo, project: str) -> dict[str, Any]:
    """The project's last ranking, its tiers as the contents' first words."""
    ((row_id, acceptable, grade, scale, rewrite, comment),) = site.query(
        "SELECT r.id, acceptable_tier, strength_grade, strength_scale, rewrite, comment"
        " FROM annotation_ranking r JOIN accounts_project p ON p.id = r.project_id"
        " WHERE p.slug = %s AND assignment_id IS NOT NULL ORDER BY r.id DESC LIMIT 1",
        project,
    )
    tiers = site.query(
        "SELECT array_agg(c.content ORDER BY c.content) FROM annotation_placement p"
        " JOIN annotation_candidate c ON c.id = p.candidate_id WHERE p.ranking_id = %s"
        " GROUP BY p.tier ORDER BY p.tier",
        row_id,
    )
    return {
        "tiers": [sorted(tier) for (tier,) in tiers],
        "acceptable": acceptable,
        "strength": (grade, scale),
        "rewrite": rewrite,
        "comment": comment,
    }


def texts_of(person: Person) -> dict[str, str]:
    """What each card says, by its letter, word for word as it is stored."""
    shown: dict[str, str] = {}
    # Until what reads Markdown is loaded the texts stand there as they were written.
    expect(keyboard.cards_of(person).locator(AS_WRITTEN)).to_have_count(0)
    for card in keyboard.cards_of(person).all():
        label = re.match(r"Candidate (\w)", card.get_attribute("aria-label") or "")
        assert label is not None
        shown[label[1]] = card.get_by_test_id("candidate-text").inner_text().strip()
    return shown


def in_words(texts: dict[str, str], *tiers: str) -> list[list[str]]:
    return [sorted(texts[label] for label in tier) for tier in tiers]


def stripped(tiers: list[list[str]]) -> list[list[str]]:
    return [[text.strip() for text in tier] for tier in tiers]


def test_nine_are_ranked_by_keyboard_alone_with_ties_and_none_acceptable(
    person: SignIn, site: Demo
) -> None:
    trainer = person("trainer1", keyboard_only=True)
    trainer.start(KIND, projects.NINE)
    texts = texts_of(trainer)
    assert len(texts) == 9
    keyboard.place_all(trainer, [1, 2, 3, 1, 4, 2, 5, 5, 6])
    page = trainer.page
    # The last one, I, up above H's tier, then tied with it; then none of them is fit to send.
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("status").get_by_text("E > I > G = H")).to_be_attached()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("status").get_by_text("E > G = H = I")).to_be_attached()
    page.keyboard.press("n")
    trainer.submit_by_key()
    ranking = newest_ranking(site, projects.NINE)
    assert stripped(ranking["tiers"]) == in_words(texts, "AD", "BF", "C", "E", "GHI")
    assert ranking["acceptable"] == 0


def test_nine_are_ranked_by_mouse(person: SignIn, site: Demo) -> None:
    trainer = person("trainer2")
    trainer.start_by_mouse(KIND, projects.NINE)
    texts = texts_of(trainer)
    assert mouse.read_all(trainer) == 9
    for label in "ABCDEFGH":
        mouse.drag(trainer, mouse.chip(trainer, label), mouse.gap(trainer, -1))
    # Onto the best, which ties them; and that one back to where nothing is decided, and in again.
    mouse.drag(trainer, mouse.chip(trainer, "I"), mouse.tier(trainer, 1))
    mouse.drag(trainer, mouse.chip(trainer, "D"), mouse.tray(trainer))
    expect(trainer.page.get_by_text("1 candidate still to place")).to_be_visible()
    mouse.drag(trainer, mouse.chip(trainer, "D"), mouse.gap(trainer, 0))
    trainer.submit_by_mouse()
    ranking = newest_ranking(site, projects.NINE)
    assert stripped(ranking["tiers"]) == in_words(texts, "D", "AI", "B", "C", "E", "F", "G", "H")
    assert ranking["acceptable"] is None


def test_a_half_made_ranking_goes_on_elsewhere_and_a_better_reply_is_written(
    person: SignIn, site: Demo
) -> None:
    begun = person("trainer3", keyboard_only=True)
    begun.start(KIND)
    texts = texts_of(begun)
    begun.go_to(keyboard.cards_of(begun).first)
    keyboard.read_to_the_end(begun, keyboard.cards_of(begun).first)
    begun.page.keyboard.press("Digit1")
    begun.page.keyboard.press("c")
    begun.page.keyboard.type("A is plain.")
    expect(begun.page.get_by_text("Saved", exact=True)).to_be_visible()

    goes_on = person("trainer3", keyboard_only=True)
    goes_on.start(KIND)
    assert texts_of(goes_on) == texts
    page = goes_on.page
    expect(page.get_by_role("group", name="Candidate A, tier 1")).to_be_visible()
    expect(page.get_by_role("textbox", name="Comment")).to_have_value("A is plain.")
    keyboard.place_all(goes_on, [1, 2, 2, 3])
    page.keyboard.press("w")
    better = page.get_by_role("textbox", name="A better reply")
    expect(better).to_be_focused()
    expect(better).not_to_have_value("")
    page.keyboard.press("Control+End")
    page.keyboard.type(" And that is all.")
    goes_on.submit_by_key()
    ranking = newest_ranking(site, "demo")
    assert ranking["comment"] == "A is plain."
    assert ranking["rewrite"].endswith(" And that is all.")
    assert [len(tier) for tier in ranking["tiers"]] == [1, 2, 1]


def test_two_are_graded_in_one_key(person: SignIn, site: Demo) -> None:
    trainer = person("trainer1", keyboard_only=True)
    trainer.start(KIND, projects.GRADES)
    cards = trainer.page.get_by_role("group", name=re.compile("^Candidate [AB]$"))
    expect(cards).to_have_count(2)
    faults = faults_of(trainer.page, Look("two in four grades"))
    contents = [card.get_by_test_id("candidate-text").inner_text().strip() for card in cards.all()]
    trainer.page.keyboard.press("Digit7")
    chosen = trainer.page.get_by_role("radio", name="B is better: Clearly")
    expect(chosen).to_be_checked()
    trainer.submit_by_key()
    ranking = newest_ranking(site, projects.GRADES)
    assert ranking["strength"] == (2, "four-grades")
    assert stripped(ranking["tiers"]) == [[contents[1]], [contents[0]]]
    assert not faults, "\n".join(faults)


def test_in_a_second_tab_a_ranking_is_only_read_or_goes_on(person: SignIn) -> None:
    trainer = person("trainer3")
    first = trainer.page
    trainer.start_by_mouse(KIND, projects.GRADES)
    first.get_by_role("radio", name="B is better: Clearly").click()
    expect(first.get_by_text("Saved", exact=True)).to_be_visible()

    second = trainer.another_tab(first.url)
    choice = second.get_by_role("alert").filter(has_text="open somewhere else")
    choice.get_by_role("button", name="Only read here").click()
    expect(second.get_by_text("Candidate B, tier 1")).to_be_visible()
    expect(second.get_by_role("radio")).to_have_count(0)
    second.get_by_role("button", name="Continue here").click()
    expect(second.get_by_role("radio", name="B is better: Clearly")).to_be_checked()


def test_two_are_equal_by_mouse_and_both_fit_to_send(person: SignIn, site: Demo) -> None:
    trainer = person("trainer2")
    trainer.start_by_mouse(KIND, projects.STEPS)
    trainer.page.get_by_role("radio", name="Equal").click()
    trainer.page.get_by_text("Both", exact=True).click()
    trainer.submit_by_mouse()
    ranking = newest_ranking(site, projects.STEPS)
    assert ranking["strength"] == (0, "minus-3-to-3")
    assert [len(tier) for tier in ranking["tiers"]] == [2]
    assert ranking["acceptable"] == 1


def test_three_are_rated_first_and_a_contradiction_is_pointed_out(
    person: SignIn, site: Demo
) -> None:
    trainer = person("trainer1", keyboard_only=True)
    trainer.start(KIND, projects.TWO_STEPS)
    page = trainer.page
    cards = keyboard.cards_of(trainer)
    trainer.go_to(cards.first)
    for number, rating in enumerate((2, 6, 4)):
        expect(cards.nth(number)).to_be_focused()
        page.keyboard.press(f"Shift+Digit{rating}")
        expect(cards.nth(number)).to_have_accessible_name(re.compile(f", rated {rating}$"))
        page.keyboard.press("ArrowRight")
    faults = faults_of(page, Look("rating first"))
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("region", name="Order, best first")).to_be_visible()
    keyboard.place_all(trainer, [1, 2, 3])
    expect(page.get_by_text("A stands above B but is rated lower (2 and 6)")).to_be_visible()
    faults += faults_of(page, Look("then ordering"))
    trainer.submit_by_key()
    assert [len(tier) for tier in newest_ranking(site, projects.TWO_STEPS)["tiers"]] == [1] * 3
    assert not faults, "\n".join(faults)


def names_and_words(value: Any) -> Iterator[str]:
    """Every field's name and every word of an answer; texts that people read are not its words."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield name
            if name not in TEXTS:
                yield from names_and_words(part)
    elif isinstance(value, list):
        for part in value:
            yield from names_and_words(part)
    else:
        yield str(value)


def test_nothing_the_page_receives_tells_where_a_candidate_came_from(person: SignIn) -> None:
    """All that the server sends while a ranking is claimed, made and submitted: bodies and headers."""
    trainer = person("reviewer", keyboard_only=True)
    answers: list[APIResponse] = []

    def pass_on(route: Route) -> None:
        # Read here: Chromium keeps no body of what the page has left behind.
        answer = route.fetch()
        answers.append(answer)
        route.fulfill(response=answer)

    trainer.page.route(re.compile("/api/v1/.*(assignments|claims)/"), pass_on)
    trainer.start(KIND)
    shown = texts_of(trainer)
    keyboard.place_all(trainer, [1, 2, 3, 3][: len(shown)])
    expect(trainer.page.get_by_text("Saved", exact=True)).to_be_visible()
    trainer.submit_by_key()
    trainer.page.unroute_all(behavior="wait")
    assert len(answers) >= 3
    for answer in answers:
        headers = [f"{name}: {said}" for name, said in answer.headers.items()]
        body = answer.json() if answer.body() else None
        words = [
            *(header for header in headers if "policy:" not in header),
            *names_and_words(body),
        ]
        found = [word for word in words if TELLTALES.search(word)]
        assert not found, (answer.url, found)
