"""A card has words for everything that it may have to tell."""

from __future__ import annotations

import re

from annotation.datasets import card_words
from annotation.datasets.comparison_formats import COMPARISON_FORMATS
from annotation.datasets.formats import SFT_FORMATS, Exclusion
from annotation.datasets.mixtures import Origins
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
