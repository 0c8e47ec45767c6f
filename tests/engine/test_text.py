"""Stop strings are found wherever tokens are cut."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sampling.engine.protocol import seed_for
from sampling.engine.text import StopScanner

few_letters = st.text("ab", max_size=12)


@given(st.lists(few_letters), st.lists(st.text("ab", min_size=1, max_size=4), max_size=3))
def test_shown_text_is_what_came_before_the_first_stop(pieces: list[str], stop: list[str]) -> None:
    scanner = StopScanner(tuple(stop))
    shown, seen = "", ""
    for piece in pieces:
        shown += scanner.push(piece)
        seen += piece
        if scanner.matched is not None:
            break
    shown += scanner.flush()

    if scanner.matched is None:
        assert shown == seen
        assert not any(text in seen for text in stop)
    else:
        start = min(seen.find(text) for text in stop if text in seen)
        assert shown == seen[:start]
        assert seen[start:].startswith(scanner.matched)


@given(st.lists(few_letters))
def test_nothing_is_held_that_cannot_begin_a_stop(pieces: list[str]) -> None:
    scanner = StopScanner(("aab",))
    for piece in pieces:
        scanner.push(piece)
        if scanner.matched is not None:
            break
        assert scanner._held in ("", "a", "aa")


def test_seeds_differ_by_everything_and_are_stable() -> None:
    seeds = {
        seed_for(base, name, index) for base in (0, 1) for name in ("a", "b") for index in range(9)
    }

    assert len(seeds) == 36
    assert all(0 <= seed < 2**63 for seed in seeds)
    # Stored completions are replayed from these: the function may never change.
    assert seed_for(1, "request", 2) == 401137055780069269
