"""Turns that PostgreSQL writes as JSON are what orjson would write."""

from __future__ import annotations

import orjson
import pytest

from annotation.datasets import formats
from annotation.datasets.formats import CannotWriteError, Options
from annotation.models import Conversation
from annotation.selectors import datasets as selectors
from tests.datasets.strategies import PLANES
from tests.factories import ProjectFactory
from tests.importing import dialogue, said, take_in

pytestmark = pytest.mark.django_db

TEXTS = [
    # U+0000 is the one character that PostgreSQL does not hold.
    "".join(map(chr, range(1, 0x100))),
    "".join(PLANES),
    "\u2028\u2029\ufeff\ufffe\uffff\U0010ffff",
    '"quoted" \\ / </script> \\u0041',
    "e\u0301 \u0627\u200f \r\n\t",
]


def test_the_same_bytes_as_from_the_turns() -> None:
    project = ProjectFactory()
    take_in(project, *(dialogue(text, text[::-1], "And?", text) for text in TEXTS))
    take_in(project, {"messages": [said("system", TEXTS[0]), *dialogue("a", "b")["messages"]]})
    ids = list(Conversation.objects.order_by("pk").values_list("pk", flat=True))
    read = selectors.dialogues(ids, metadata=True)
    rendered = selectors.rendered_dialogues(ids, metadata=True)
    assert len(read) == len(TEXTS) + 1
    for options in (Options(), Options(metadata=True)):
        for slow, fast in zip(read, rendered, strict=True):
            (expected,) = formats.messages_lines(slow, options)
            (line,) = formats.rendered_messages_lines(fast, options)
            assert orjson.dumps(line) == orjson.dumps(expected)


def test_the_same_rows_are_left_out() -> None:
    project = ProjectFactory()
    weights = [(1, 1), (0, 1), (0, 0)]
    for number, given in enumerate(weights):
        turns = dialogue(f"{number}?", "A.", "And?", "B.")["messages"]
        for turn, weight in zip(turns[1::2], given, strict=True):
            turn["weight"] = weight
        take_in(project, {"messages": turns})
    ids = list(Conversation.objects.order_by("pk").values_list("pk", flat=True))

    def outcome(write, dialogue):
        try:
            return len(write(dialogue, Options()))
        except CannotWriteError as error:
            return error.reason.value

    read = [
        outcome(formats.messages_lines, one) for one in selectors.dialogues(ids, metadata=False)
    ]
    rendered = [
        outcome(formats.rendered_messages_lines, one)
        for one in selectors.rendered_dialogues(ids, metadata=False)
    ]
    assert rendered == read == [1, "untrainable_turn", "no_trainable_turn"]
