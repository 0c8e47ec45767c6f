"""A policy on a server, which says what the last user turn asks it to say."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.engine import scripted_server as scripted
from tests.engine.test_server_probe import Kind

# Asked with this word it begins a reply and never ends it.
ENDLESS = "endlessly"
# Asked with this it says the rest word for word.
ECHO = "Say this: "
BEGINNING = "It begins well"


@dataclass(frozen=True)
class Policy:
    address: str


def reply_number(number: int) -> str:
    """What it says otherwise, each time another."""
    return f"Reply {number} says a few plain words."


@contextmanager
def serving_policy() -> Iterator[Policy]:
    replies = itertools.count(1)
    probed = Kind("tests", takes_token_ids=False, n_rendered=5)

    def script(body: dict[str, Any], number: int) -> scripted.Answer:
        if not body.get("stream"):
            return probed(body, number)
        asked = body["messages"][-1]["content"]
        if ENDLESS in asked:
            return scripted.Answer(scripted.chunk(BEGINNING), hold=True)
        if asked.startswith(ECHO):
            return scripted.answer(asked.removeprefix(ECHO))
        words = reply_number(next(replies)).split(" ")
        return scripted.answer(*(f" {word}" if place else word for place, word in enumerate(words)))

    with scripted.serve(script) as server:
        yield Policy(server.base_url)
