"""A card has words for everything that it may have to tell."""

from __future__ import annotations

import re
from pathlib import Path

from annotation.datasets import card_words
from annotation.datasets.comparison_formats import COMPARISON_FORMATS
from annotation.datasets.formats import SFT_FORMATS, Exclusion
from annotation.datasets.mixtures import Origins
from annotation.datasets.records import LeftOutCode, RejectCode
from annotation.models import Conversation, Recipe
from annotation.services import mixing
from annotation.services.dataset_rows import NAMED_SOURCES, ROWS


def test_every_reason_to_leave_a_row_out_has_words() -> None:
    statements = [
        *(ROWS[kind] for kind in Recipe.Kind.values),
        *NAMED_SOURCES.values(),
        mixing._CUT,
    ]
    named = {
        reason
        for statement in statements
        for reason in re.findall(r"(?:THEN|reason =) '(\w+)'", statement)
    }
    assert {"use_not_allowed", "disputed", "over_quota"} <= named
    states = {Conversation.State.RETURNED.value, Conversation.State.REJECTED.value}
    assert card_words.REASONS.keys() == named | states | {*Exclusion} | {"near_duplicate"}


def test_every_source_and_format_has_words() -> None:
    assert card_words.TAKEN.keys() == {*Origins}
    assert card_words.LINES.keys() == SFT_FORMATS.keys() | COMPARISON_FORMATS.keys()


def test_pages_say_the_same_of_reasons_and_have_words_for_every_code() -> None:
    catalogue = Path(__file__).parents[2] / "frontend/src/locales/en/reasons.ts"
    _, rows, lines, parts = re.split(r"\n  (?:rows|lines|parts): {\n", catalogue.read_text())
    rows_said, lines_said, parts_said = (
        dict(re.findall(r'(\w+):\s+"(.+)",\n', part)) for part in (rows, lines, parts)
    )
    assert rows_said == card_words.REASONS
    assert lines_said.keys() == {*RejectCode}
    assert parts_said.keys() == {*LeftOutCode}
