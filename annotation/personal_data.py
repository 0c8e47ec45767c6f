"""Finding what looks like personal data: detectors that check what they find, so that few are false.

Light on purpose. A recogniser of names (presidio, spaCy) is a model of hundreds of megabytes in the web
process and flags every character of a story; what can be checked by its own digits is found here.
"""

from __future__ import annotations

import ipaddress
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

import phonenumbers
import regex

EMAIL, PHONE, CARD, IBAN, IP = "email", "phone", "card", "iban", "ip"

# Addresses set aside for examples (RFC 2606, RFC 6761) belong to nobody.
_EXAMPLE_DOMAINS = regex.compile(
    r"(?:^|\.)(?:example(?:\.(?:com|net|org))?|test|invalid|localhost)$", regex.IGNORECASE
)
_EMAIL = regex.compile(
    r"(?<![\w.+-])[\w.+-]{1,64}@((?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.)+[\p{L}]{2,24})(?![\w-])"
)
_CARD = regex.compile(r"(?<![\d.,-])\d(?:[ -]?\d){12,18}(?![\d-])")
_IBAN = regex.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}(?![A-Za-z0-9])")
_IP = regex.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}"
    r"|(?=[0-9a-fA-F]{0,4}:[0-9a-fA-F]{0,4}:[0-9a-fA-F:])[0-9a-fA-F:]{3,39}+)(?![\w:]|\.\d)"
)
# What a text must hold for a detector to find anything, so that most are not looked through.
_DIGIT = re.compile(r"\d")
_DOTTED = re.compile(r"\d\.\d")
_COLONS = re.compile(rb":[0-9a-fA-F]{0,4}:")
# A sign of being called before a number or within it, extensions included.
_CALLABLE = re.compile(r"[+(]\D{0,10}\d|\d\D{1,40}\d")
# Digits this near are read as one number; so near before it stands its “+” or “(”, behind it its extension.
_GAP, _LEAD, _EXTENSION = 4, 10, 80
# The shortest of phone numbers that can be told from amounts, of those with an extension, and of cards.
_PHONE_DIGITS, _EXTENDED_DIGITS, _CARD_DIGITS = 5, 7, 13
_ADDRESS_NUMBERS = 4
# UTF-8 with one byte for a character: “0” a digit, “A” a capital, “+” what stands before a phone number,
# “?” a character of those among which scripts have digits of their own.
_SIGNS = bytes(
    ord(
        "0" if sign in "0123456789" else "A" if "A" <= sign <= "Z" else "+" if sign in "+(" else " "
    )
    for sign in map(chr, range(128))
) + bytes(
    ord("?" if first in {0xD9, 0xDB, 0xDF, 0xE0, 0xE1, 0xEA, 0xEF, 0xF0} else " ")
    for first in range(128, 256)
)
_FOLLOWING_BYTES = bytes(range(0x80, 0xC0))
_NUMBER = re.compile(b"00*")
# Without any of these no digit of a text means anything; they are sooner looked for than each number.
_NEAR, _LED = re.compile(b"0[^0]{1,4}0"), re.compile(rb"\+[^0]{0,9}0")
_LONG, _COUNTRY = b"0" * 7, b"AA00"
_OTHER_DIGIT = re.compile(r"(?![0-9])\d")
# A region of its own decides how national numbers are read; others are found with their + sign.
_REGIONS = {"en": "US", "de": "DE", "fr": "FR", "es": "ES", "it": "IT", "pt": "BR", "nl": "NL"}


@dataclass(frozen=True, order=True)
class Span:
    """Characters `start` up to but not including `end` of a text."""

    start: int
    end: int
    kind: str


def find(text: str, *, language: str = "en") -> list[Span]:
    """E-mail addresses, phone numbers, payment cards, IBANs and public IP addresses, by place.

    Cards and IBANs must pass their check digits, phone numbers their country's plan. Spans do not
    overlap: a card is no phone number too.
    """
    found: list[Span] = []
    if not may_hold(text.encode(errors="surrogatepass")):
        return found
    if "@" in text:
        _keep(found, _emails(text))
    if _DIGIT.search(text):
        _keep(found, _ibans(text))
        _keep(found, _cards(text))
    if text.count(":") > 1 or _DOTTED.search(text):
        _keep(found, _ips(text))
    if _CALLABLE.search(text):
        _keep(found, _phones(text, _REGIONS.get(language.split("-")[0].lower())))
    return found


def may_hold(text: bytes) -> bool:
    """Whether the text, in UTF-8, has any of the signs without which `find` finds nothing in it.

    JSON leaves those signs as they are, so that it may be asked of the texts in it all at once.
    """
    if b"@" in text or _COLONS.search(text):
        return True
    signs = text.translate(_SIGNS, _FOLLOWING_BYTES)
    if b"?" in signs and _OTHER_DIGIT.search(text.decode(errors="surrogatepass")):
        return True
    if not (_LONG in signs or _COUNTRY in signs or _NEAR.search(signs) or _LED.search(signs)):
        return False
    end, n_numbers, n_digits, led = -_GAP, 0, 0, False
    for number in _NUMBER.finditer(signs):
        start = number.start()
        if start - end > _GAP:
            if n_digits >= _EXTENDED_DIGITS and start - end <= _EXTENSION:
                return True
            n_numbers, n_digits = 0, 0
            led = b"+" in signs[max(start - _LEAD, 0) : start]
        end = number.end()
        n_numbers += 1
        n_digits += end - start
        if (
            n_digits >= _CARD_DIGITS
            or n_numbers >= _ADDRESS_NUMBERS
            or (n_digits >= _PHONE_DIGITS and (led or n_numbers > 1))
            or (end - start > 1 and signs.endswith(b"AA", 0, start))
        ):
            return True
    return False


def _keep(found: list[Span], spans: Iterator[Span]) -> None:
    """Add those of one detector that overlap nothing of the others'; `found` stays in order."""
    free = []
    for span in spans:
        place = bisect_left(found, span)
        is_behind = place == 0 or found[place - 1].end <= span.start
        if is_behind and (place == len(found) or span.end <= found[place].start):
            free.append(span)
    found += free
    found.sort()


def _emails(text: str) -> Iterator[Span]:
    for match in _EMAIL.finditer(text):
        if not _EXAMPLE_DOMAINS.search(match.group(1)):
            yield Span(match.start(), match.end(), EMAIL)


def _cards(text: str) -> Iterator[Span]:
    for match in _CARD.finditer(text):
        digits = [int(digit) for digit in match.group() if digit.isdigit()]
        # Runs of one digit pass the check by accident.
        if len(set(digits)) > 2 and _luhn(digits):
            yield Span(match.start(), match.end(), CARD)


def _luhn(digits: list[int]) -> bool:
    doubled = [sum(divmod(digit * 2, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _ibans(text: str) -> Iterator[Span]:
    for match in _IBAN.finditer(text):
        iban = match.group().replace(" ", "")
        if int("".join(str(int(sign, 36)) for sign in iban[4:] + iban[:4])) % 97 == 1:
            yield Span(match.start(), match.end(), IBAN)


def _ips(text: str) -> Iterator[Span]:
    for match in _IP.finditer(text):
        try:
            address = ipaddress.ip_address(match.group())
        except ValueError:
            continue
        # Private, loopback and documentation ranges lead to nobody.
        if address.is_global:
            yield Span(match.start(), match.end(), IP)


def _phones(text: str, region: str | None) -> Iterator[Span]:
    matcher = phonenumbers.PhoneNumberMatcher(
        text, region, leniency=phonenumbers.Leniency.VALID, max_tries=1000
    )
    for match in matcher:
        # Bare digits without a sign of being a number to call are amounts and years.
        if any(sign in match.raw_string for sign in "+() -/."):
            yield Span(match.start, match.end, PHONE)
