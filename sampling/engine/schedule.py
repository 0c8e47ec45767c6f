"""Who is served at each step: pure decisions, no device.

Rows hold the slots [0, n) without holes, interactive rows in front, so that a step over all rows
or over the interactive ones alone is a view of the cache and never a copy.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from sampling.engine.handle import EventStream
from sampling.engine.protocol import GenerationRequest, Priority
from sampling.engine.text import StopScanner, TokenDecoder
from sampling.engine.validation import Limits


@dataclass(eq=False, slots=True)
class Job:
    """A request on its way through the engine."""

    request: GenerationRequest
    stream: EventStream
    submitted_at: float
    n_prefilled: int = 0
    n_cached: int = 0  # of them copied from a kept context
    kept: bool = False  # whether one of its rows was kept
    t_queue: float | None = None

    @property
    def n_completions(self) -> int:
        return len(self.request.seeds)

    @property
    def n_prompt(self) -> int:
        return len(self.request.prompt_token_ids)


@dataclass(eq=False, slots=True)
class Row:
    """One completion being sampled."""

    job: Job
    index: int
    seed: int
    decoder: TokenDecoder
    scanner: StopScanner
    n_in_step: int
    slot: int = -1
    token_ids: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    n_characters: int = 0
    t_first: float | None = None
    t_last: float | None = None
    poisoned: bool = False  # its slot may hold values that are not finite

    @property
    def interactive(self) -> bool:
        return self.job.request.priority is Priority.INTERACTIVE

    @property
    def length(self) -> int:
        """Positions in the cache: the prompt and all tokens but the newest."""
        return self.job.n_prompt + len(self.token_ids) - 1


@dataclass(frozen=True, slots=True)
class Move:
    """A row that changed its slot."""

    row: Row
    source: int
    target: int


class SlotTable:
    """Which row holds which slot."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.n_interactive = 0

    def insert(self, row: Row) -> list[Move]:
        """Give `row` a slot; return the moves that make room for it, in order."""
        end = len(self.rows)
        self.rows.append(row)
        row.slot = end
        if not row.interactive:
            return []
        front = self.n_interactive
        self.n_interactive += 1
        if front == end:
            return []
        displaced = self.rows[front]
        self.rows[front], self.rows[end] = row, displaced
        row.slot, displaced.slot = front, end
        return [Move(displaced, front, end)]

    def remove(self, row: Row) -> list[Move]:
        """Free the row's slot; return the moves that close the hole, in order."""
        hole, moves = row.slot, []
        if row.interactive:
            self.n_interactive -= 1
            moves += self._fill(hole, self.n_interactive)
            hole = self.n_interactive
        moves += self._fill(hole, len(self.rows) - 1)
        self.rows.pop()
        return moves

    def _fill(self, hole: int, source: int) -> list[Move]:
        if source == hole:
            return []
        row = self.rows[source]
        self.rows[hole] = row
        row.slot = hole
        return [Move(row, source, hole)]


# How often batch is passed over, by prompts' chunks and by admissions, before it is its turn.
PATIENCE = 8


class Schedule:
    """Requests that wait, one prompt per priority being taken up, and the rows being sampled.

    While anything interactive is live, batch work takes part in one step of `batch_stride`: 1
    shares every step, larger values keep drafts fast where a step costs more with more rows.
    Interactive prompts and requests overtake batch, but at most PATIENCE times in a row.
    """

    def __init__(self, limits: Limits, batch_stride: int) -> None:
        self._limits = limits
        self._batch_stride = batch_stride
        self._n_steps_without_batch = 0
        self._n_prompts_over_batch = 0
        self._n_admitted_over_batch = 0
        self.waiting: dict[Priority, deque[Job]] = {priority: deque() for priority in Priority}
        self.lanes: dict[Priority, Job] = {}
        self.slots = SlotTable()

    @property
    def busy(self) -> bool:
        return bool(self.slots.rows or self.lanes or any(self.waiting.values()))

    def jobs(self) -> list[Job]:
        """Return every live job once, in no promised order."""
        waiting = [job for queue in self.waiting.values() for job in queue]
        running = {id(row.job): row.job for row in self.slots.rows}
        return [*waiting, *self.lanes.values(), *running.values()]

    def rows_of(self, job: Job) -> list[Row]:
        return [row for row in self.slots.rows if row.job is job]

    def drop(self, job: Job) -> bool:
        """Take a job out before its first token; False when it is already being sampled."""
        priority = job.request.priority
        if self.lanes.get(priority) is job:
            del self.lanes[priority]
            return True
        if job in self.waiting[priority]:
            self.waiting[priority].remove(job)
            return True
        return False

    def clear(self) -> None:
        """Forget every job."""
        for queue in self.waiting.values():
            queue.clear()
        self.lanes.clear()
        self.slots = SlotTable()

    def admit(self) -> list[Job]:
        """Move what fits from waiting into its priority's lane; return those moved."""
        batch_waits = bool(self.waiting[Priority.BATCH]) and Priority.BATCH not in self.lanes
        batch_first = batch_waits and self._n_admitted_over_batch >= PATIENCE
        admitted = []
        # Batch that was overtaken often enough gets the slots that come free.
        for priority in [Priority.BATCH] if batch_first else Priority:
            queue = self.waiting[priority]
            if priority not in self.lanes and queue and self._fits(queue[0]):
                self.lanes[priority] = queue.popleft()
                admitted.append(self.lanes[priority])
        if Priority.BATCH in self.lanes or not batch_waits:
            self._n_admitted_over_batch = 0
        else:
            self._n_admitted_over_batch += len(admitted)
        return admitted

    def batch_takes_part(self) -> bool:
        """Decide, once per step, whether batch work has a share in it."""
        interactive = Priority.INTERACTIVE in self.lanes or self.slots.n_interactive > 0
        if not interactive or self._n_steps_without_batch >= self._batch_stride - 1:
            self._n_steps_without_batch = 0
            return True
        self._n_steps_without_batch += 1
        return False

    def prompt_to_prefill(self, *, with_batch: bool) -> Job | None:
        """Return the one prompt that advances in this step."""
        interactive, batch = (self.lanes.get(priority) for priority in Priority)
        if interactive is None:
            self._n_prompts_over_batch = 0
            return batch if with_batch else None
        if batch is not None and with_batch and self._n_prompts_over_batch >= PATIENCE:
            self._n_prompts_over_batch = 0
            return batch
        self._n_prompts_over_batch += batch is not None
        return interactive

    def rows_to_decode(self, *, with_batch: bool) -> list[Row]:
        """Return the rows of this step, which hold the first slots in this order."""
        return self.slots.rows[:] if with_batch else self.slots.rows[: self.slots.n_interactive]

    def _fits(self, job: Job) -> bool:
        # A prompt in a lane already owns the slots that its completions will need.
        in_lanes = {priority: lane.n_completions for priority, lane in self.lanes.items()}
        n_total = len(self.slots.rows) + sum(in_lanes.values()) + job.n_completions
        if n_total > self._limits.n_interactive:
            return False
        if job.request.priority is Priority.INTERACTIVE:
            return True
        n_batch_rows = len(self.slots.rows) - self.slots.n_interactive
        return n_batch_rows + job.n_completions <= self._limits.n_batch
