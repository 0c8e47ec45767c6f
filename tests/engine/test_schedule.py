"""Slots stay without holes, interactive rows in front, whatever comes and goes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sampling.engine.handle import EventStream
from sampling.engine.protocol import Priority
from sampling.engine.schedule import PATIENCE, Job, Row, Schedule, SlotTable
from sampling.engine.text import StopScanner
from sampling.engine.validation import Limits
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


def waiting_job(priority: Priority, n: int = 1) -> Job:
    asked = request((1, 2), priority=priority, seeds=tuple(range(n)))
    return Job(asked, EventStream(n), submitted_at=0.0)


def seat(schedule: Schedule, job: Job) -> None:
    """Take a prompt out of its lane and give its completions slots."""
    schedule.drop(job)
    for index in range(job.n_completions):
        schedule.slots.insert(Row(job, index, 0, Silent(), StopScanner(()), n_in_step=1))


def test_batch_gets_slots_however_many_drafts_come() -> None:
    limits = Limits(vocab_size=9, context_tokens=9, n_interactive=4, n_batch=4)
    schedule = Schedule(limits, batch_stride=1)
    for _ in range(2):
        seat(schedule, waiting_job(Priority.INTERACTIVE))
    batch = waiting_job(Priority.BATCH, 3)
    schedule.waiting[Priority.BATCH].append(batch)
    n_overtaken = 0
    for _ in range(100):
        # A draft ends whenever another has come: never are three slots free by themselves.
        schedule.waiting[Priority.INTERACTIVE].append(waiting_job(Priority.INTERACTIVE))
        for job in schedule.admit():
            if job is batch:
                assert n_overtaken <= PATIENCE
                return
            n_overtaken += 1
            seat(schedule, job)
        schedule.slots.remove(schedule.slots.rows[0])
    raise AssertionError("batch starved")


def test_a_batch_prompt_advances_however_many_drafts_come() -> None:
    limits = Limits(vocab_size=9, context_tokens=9, n_interactive=4, n_batch=4)
    schedule = Schedule(limits, batch_stride=1)
    batch, draft = waiting_job(Priority.BATCH), waiting_job(Priority.INTERACTIVE)
    schedule.lanes = {Priority.INTERACTIVE: draft, Priority.BATCH: batch}
    advanced = [schedule.prompt_to_prefill(with_batch=True) for _ in range(3 * (PATIENCE + 1))]

    assert advanced == ([draft] * PATIENCE + [batch]) * 3
