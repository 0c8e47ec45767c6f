"""What looks like personal data, and what only seems to."""

import orjson
import phonenumbers
import pytest

from annotation.personal_data import find, may_hold


def kinds(text: str, language: str = "en") -> list[tuple[str, str]]:
    return [(span.kind, text[span.start : span.end]) for span in find(text, language=language)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Write to ada.l+x@mail.co.uk today.", [("email", "ada.l+x@mail.co.uk")]),
        ("Ring +44 20 7946 0018 at noon.", [("phone", "+44 20 7946 0018")]),
        ("Call (212) 736-5000, please.", [("phone", "(212) 736-5000")]),
        ("Card 4111 1111 1111 1234? No: 4539 1488 0343 6467.", [("card", "4539 1488 0343 6467")]),
        ("Pay to DE89 3704 0044 0532 0130 00 now", [("iban", "DE89 3704 0044 0532 0130 00")]),
        ("The host 8.8.8.8 answered.", [("ip", "8.8.8.8")]),
        ("The host 2001:4860:4860::8888 answered.", [("ip", "2001:4860:4860::8888")]),
    ],
)
def test_what_can_be_checked_is_found(text: str, found: list[tuple[str, str]]) -> None:
    assert kinds(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "me@example.com and you@shop.test are made up.",
        "Version 1.2.3 of 2019-2021, pages 100-200, 3.1415926535.",
        "10.0.0.1, 127.0.0.1 and 192.168.1.1 lead to nobody.",
        "The numbers 1111 1111 1111 1111 and 1234 5678 9012 3456.",
        "DE00 3704 0044 0532 0130 00 has the wrong check digits.",
        "std::vector<int> a::b::c and 12:30:45",
    ],
)
def test_what_belongs_to_nobody_is_left_alone(text: str) -> None:
    assert kinds(text) == []


def test_national_numbers_are_read_by_the_language() -> None:
    text = "Ruf mich unter 030 23125 050 an."
    assert kinds(text, "de") == [("phone", "030 23125 050")]


def test_a_long_text_is_looked_through_to_its_end() -> None:
    assert kinds("Basil wants light and water. " * 2000 + "a@b.de") == [("email", "a@b.de")]


@pytest.mark.parametrize("text", [":" * 50_000 + "g", "a:" * 25_000 + "g", "a@" + "a." * 25_000])
def test_what_resembles_an_address_without_end_is_soon_done_with(text: str) -> None:
    """A detector that tries every way to divide such a text would take minutes."""
    assert kinds(text) == []


def test_a_text_of_nothing_but_addresses_is_soon_done_with() -> None:
    """Compared each with each they would take minutes."""
    n_addresses = 100_000
    assert len(find("ab@cd.co " * n_addresses)) == n_addresses


def test_of_two_readings_of_the_same_signs_the_first_counts() -> None:
    text = "4539 1488 0343 6467 and a@b.de, +44 20 7946 0018, c@d.de"
    assert [kind for kind, _ in kinds(text)] == ["card", "email", "phone", "email"]


@pytest.mark.parametrize("digits", ["٤٥٣٩ ١٤٨٨ ٠٣٤٣ ٦٤٦٧", "４５３９ １４８８ ０３４３ ６４６７"])
def test_digits_of_other_scripts_are_digits(digits: str) -> None:
    assert kinds(f"Karte {digits}, bitte") == [("card", digits)]


def test_numbers_with_an_extension_are_found() -> None:
    assert kinds("2127365000 ext. 5") == [("phone", "2127365000 ext. 5")]


def test_every_country_s_numbers_are_worth_a_look() -> None:
    """Also as JSON writes them, after a line break that it escapes."""
    n_numbers = 0
    for region in phonenumbers.SUPPORTED_REGIONS:
        for sort in range(11):
            number = phonenumbers.example_number_for_type(region, sort)
            if number is None:
                continue
            n_numbers += 1
            for form in (
                phonenumbers.PhoneNumberFormat.E164,
                phonenumbers.PhoneNumberFormat.INTERNATIONAL,
            ):
                text = f"\n{phonenumbers.format_number(number, form)}"
                assert may_hold(text.encode()), text
                assert may_hold(orjson.dumps([text])), text
    assert n_numbers > 1000


@pytest.mark.parametrize(
    "text",
    ["", "In 1984, and 1985.", "(1984)", "12 of 34", "3 + 4 = 7", "MP3 or H2O", "数据 “a” é"],
)
def test_most_texts_are_not(text: str) -> None:
    assert not may_hold(text.encode())
