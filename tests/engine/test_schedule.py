"""Slots stay without holes, interactive rows in front, whatever comes and goes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sampling.engine.handle import EventStream
from sampling.engine.protocol import Priority
from sampling.engine.schedule import Job, Row, SlotTable
from sampling.engine.text import StopScanner
from tests.engine.driving import request


class Silent:
    def step(self, token_id: int) -> str:
        return ""


def row(priority: Priority) -> Row:
    job = Job(request((1, 2), priority=priority), EventStream(1), submitted_at=0.0)
    return Row(job, 0, 0, decoder=Silent(), scanner=StopScanner(()), n_in_step=1)


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(Priority), st.integers(0, 99))))
def test_moves_keep_contents_with_their_rows(
    changes: list[tuple[bool, Priority, int]],
) -> None:
    table = SlotTable()
    contents: dict[int, Row] = {}
    for arrives, priority, choice in changes:
        if arrives:
            new = row(priority)
            for move in table.insert(new):
                contents[move.target] = contents[move.source]
            contents[new.slot] = new
        elif table.rows:
            for move in table.remove(table.rows[choice % len(table.rows)]):
                contents[move.target] = contents[move.source]

        n_rows = len(table.rows)
        assert [contents[slot] for slot in range(n_rows)] == table.rows
        assert [held.slot for held in table.rows] == list(range(n_rows))
        interactive = [held.interactive for held in table.rows]
        assert interactive == sorted(interactive, reverse=True)
        assert table.n_interactive == sum(interactive)
