"""The engine's thread: takes requests in, steps the device, sends events out.

Every backend runs under this one loop, so queueing, priority, cancel, deadlines, stop strings,
kept contexts and terminal events are the same for the fake and for a model on a device.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from sampling.engine import validation
from sampling.engine.backend import Backend, DeviceLost, Draw, RowInput
from sampling.engine.handle import EventStream
from sampling.engine.prefixes import FEWEST_TOKENS, KeptPrefixes, n_shared
from sampling.engine.protocol import (
    DEVICE_LOST,
    EngineBusy,
    EngineClosed,
    Failure,
    FinishReason,
    GenerationRequest,
    Health,
    Priority,
    Provenance,
)
from sampling.engine.schedule import Job, Move, Row, Schedule
from sampling.engine.telling import Teller
from sampling.engine.text import StopScanner

CLOSED = Failure("engine_closed", "The engine was closed before the completion ended.", True)
TOO_LATE = Failure("deadline_exceeded", "The request's deadline passed.", False)
# How much of what a completion goes on from its decoder is told: enough for a whole character.
CONTINUED_TOKENS = 16


def nothing() -> None:
    """Leave what follows a lost device to the owner."""


class EngineLoop:
    """An Engine over a Backend.

    `queue_limit` bounds the waiting requests of each priority. A step puts at most
    `prefill_chunk_tokens` of an interactive prompt through the model, or `batch_chunk_tokens` of a
    batch prompt: what a draft may have to wait for. After `on_device_lost` nothing more is served.
    With `threaded=False` nothing runs by itself and the owner calls `step`, which makes a run
    exact to the step.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        queue_limit: int = 64,
        prefill_chunk_tokens: int = 256,
        batch_chunk_tokens: int | None = None,
        batch_stride: int = 1,
        on_device_lost: Callable[[], None] = nothing,
        clock: Callable[[], float] = time.monotonic,
        threaded: bool = True,
    ) -> None:
        self._backend = backend
        self._queue_limit = queue_limit
        self._chunk = {
            Priority.INTERACTIVE: prefill_chunk_tokens,
            Priority.BATCH: batch_chunk_tokens or prefill_chunk_tokens,
        }
        self._on_device_lost = on_device_lost
        self._clock = clock
        self._schedule = Schedule(backend.limits, batch_stride)
        self._kept = KeptPrefixes(backend.layout.kept)
        self._teller = Teller(backend, clock)
        self._changed = threading.Condition()
        self._inbox: deque[Job] = deque()
        self._queued: dict[Priority, dict[int, Job]] = {priority: {} for priority in Priority}
        self._n_running = 0
        self._n_prompt_tokens = 0
        self._n_cached_tokens = 0
        self._n_sampled_tokens = 0
        self._busy_seconds = 0.0
        self._n_admitted = 0
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._threaded = threaded
        if threaded:
            self._thread.start()

    @property
    def provenance(self) -> Provenance:
        """Say what answers; each result repeats it."""
        return self._backend.provenance

    @property
    def limits(self) -> validation.Limits:
        """Say how much there is of everything."""
        return self._backend.limits

    def submit(self, request: GenerationRequest) -> EventStream:
        """Queue one request; raises InvalidRequest, EngineBusy or EngineClosed."""
        validation.check_against_limits(request, self._backend.limits)
        stream = EventStream(len(request.seeds))
        job = Job(request=request, stream=stream, submitted_at=self._clock())
        with self._changed:
            if self._closing:
                raise EngineClosed("the engine is closed")
            queued = self._queued[request.priority]
            if len(queued) >= self._queue_limit:
                raise EngineBusy(
                    n_queued=len(queued), retry_after_seconds=self._seconds_per_admission()
                )
            queued[id(job)] = job
            self._inbox.append(job)
            self._changed.notify()
        return stream

    def health(self) -> Health:
        """Return a snapshot; never waits for the device."""
        with self._changed:
            queued = [job for jobs in self._queued.values() for job in jobs.values()]
        oldest = min((job.submitted_at for job in queued), default=None)
        return Health(
            alive=not self._closing,
            n_queued=len(queued),
            n_running=self._n_running,
            n_prompt_tokens=self._n_prompt_tokens,
            n_sampled_tokens=self._n_sampled_tokens,
            provenance=self.provenance,
            n_slots=self._backend.layout.n_slots,
            n_cached_tokens=self._n_cached_tokens,
            oldest_queued_seconds=0.0 if oldest is None else self._clock() - oldest,
            busy_seconds=self._busy_seconds,
            memory_bytes=self._backend.memory_bytes,
            memory_budget_bytes=self._backend.memory_budget_bytes,
        )

    def forget_kept(self) -> None:
        """Let no later request begin from a context that is kept now."""
        with self._changed:
            self._kept = KeptPrefixes(self._backend.layout.kept)

    def close(self) -> None:
        """Stop after the current step; what is unfinished ends with a retryable failure."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._threaded:
            self._thread.join()
        else:
            self._end_all(CLOSED)

    def step(self) -> bool:
        """Advance everything by one step; False when there was nothing to do.

        Raises DeviceLost, after which nothing may be stepped.
        """
        started = self._clock()
        self._take_in()
        self._end_unwanted()
        for job in self._schedule.admit():
            self._admit(job)
        if not self._schedule.busy:
            self._n_running = 0
            return False
        with_batch = self._schedule.batch_takes_part()
        # The prompt goes first, so that what it begins is in the step that follows.
        prompt = self._schedule.prompt_to_prefill(with_batch=with_batch)
        if prompt is not None:
            self._advance_prompt(prompt)
        # Batch rows wait for the batch prompts that still fit beside them: nobody watches them, and
        # the more rows share a step the less each costs. They also wait for a draft that came
        # meanwhile, which has this prompt's chunk behind it.
        filling = prompt is not None and prompt.request.priority is Priority.BATCH
        with_batch = with_batch and not filling and not self._interactive_came()
        self._decode(self._schedule.rows_to_decode(with_batch=with_batch))
        self._n_running = len(self._schedule.slots.rows)
        self._busy_seconds += self._clock() - started
        return True

    def _run(self) -> None:
        failure = CLOSED
        try:
            while self._wait_for_work():
                self.step()
        except DeviceLost as error:
            failure = Failure(DEVICE_LOST, str(error), True)
        except Exception as error:
            # Nothing is left to serve with, but every reader still gets its last event.
            failure = Failure("engine_failed", f"{type(error).__name__}: {error}", True)
            raise
        finally:
            with self._changed:
                self._closing = True
            self._end_all(failure)
        if failure.code == DEVICE_LOST:
            self._on_device_lost()

    def _wait_for_work(self) -> bool:
        """Return True when there is something to step, False when the engine closes."""
        with self._changed:
            while not (self._closing or self._inbox or self._schedule.busy):
                self._changed.wait()
            return not self._closing

    def _take_in(self) -> None:
        with self._changed:
            while self._inbox:
                job = self._inbox.popleft()
                self._schedule.waiting[job.request.priority].append(job)

    def _interactive_came(self) -> bool:
        with self._changed:
            return any(job.request.priority is Priority.INTERACTIVE for job in self._inbox)

    def _admit(self, job: Job) -> None:
        """Begin a prompt in its lane with whatever of it lies in a kept context."""
        self._count_out(job)
        self._n_admitted += 1
        job.t_queue = self._clock() - job.submitted_at
        source, n_known = self._longest_shared(job.request.prompt_token_ids)
        if n_known:
            lane = self._backend.layout.lane(job.request.priority)
            self._backend.copy(source, lane, 0, n_known)
            job.n_prefilled = job.n_cached = n_known
            self._n_cached_tokens += n_known

    def _longest_shared(self, prompt: tuple[int, ...]) -> tuple[int, int]:
        """Return the row, kept or being sampled, that begins most like `prompt`, and by how much."""
        best = self._kept.longest(prompt)
        # Completions of one job have the same prompt: one of them stands for all.
        for row in {id(row.job): row for row in self._schedule.slots.rows}.values():
            length = n_shared(row.job.request.prompt_token_ids, prompt[:-1])
            if length > best[1] and length >= FEWEST_TOKENS:
                best = (row.slot, length)
        return best

    def _end_unwanted(self) -> None:
        for job in self._schedule.jobs():
            deadline = job.request.deadline_seconds
            if job.stream.cancelled:
                self._end_job(job, FinishReason.CANCELLED, None)
            elif deadline is not None and self._clock() - job.submitted_at >= deadline:
                self._end_job(job, FinishReason.ERROR, TOO_LATE)

    def _end_all(self, failure: Failure) -> None:
        self._take_in()
        for job in self._schedule.jobs():
            for row in self._schedule.rows_of(job) or self._rows_for(job):
                self._teller.end(row, FinishReason.ERROR, failure=failure)
        with self._changed:
            for jobs in self._queued.values():
                jobs.clear()
        self._schedule.clear()
        self._n_running = 0

    def _end_job(self, job: Job, reason: FinishReason, failure: Failure | None) -> None:
        if self._schedule.drop(job):
            self._count_out(job)
            rows = self._rows_for(job)
        else:
            rows = self._schedule.rows_of(job)
            self._release(rows)
        for row in rows:
            self._teller.end(row, reason, failure=failure)

    def _count_out(self, job: Job) -> None:
        with self._changed:
            self._queued[job.request.priority].pop(id(job), None)

    def _seconds_per_admission(self) -> float:
        """Estimate when one waiting request leaves the queue, from the pace so far."""
        return max(1.0, self._busy_seconds / self._n_admitted) if self._n_admitted else 1.0

    def _rows_for(self, job: Job, *, n_in_step: int = 0) -> list[Row]:
        request = job.request
        after = request.prompt_token_ids[-CONTINUED_TOKENS:] if request.continues else ()
        return [
            Row(
                job=job,
                index=index,
                seed=seed,
                decoder=self._backend.new_decoder(after),
                scanner=StopScanner(request.params.stop),
                n_in_step=n_in_step,
            )
            for index, seed in enumerate(request.seeds)
        ]

    def _advance_prompt(self, job: Job) -> None:
        lane = self._backend.layout.lane(job.request.priority)
        start = job.n_prefilled
        chunk = job.request.prompt_token_ids[start : start + self._chunk[job.request.priority]]
        rows = self._rows_for(job, n_in_step=len(self._schedule.slots.rows) + job.n_completions)
        try:
            self._backend.prefill(lane, chunk, start)
            job.n_prefilled += len(chunk)
            self._n_prompt_tokens += len(chunk)
            if job.n_prefilled < job.n_prompt:
                return
            drawn = self._backend.first(lane, [_draw(row) for row in rows])
        except DeviceLost:
            raise
        except Exception as error:  # noqa: BLE001
            # Whatever a device raises belongs to this prompt alone; others go on.
            self._end_job(job, FinishReason.ERROR, _failed_step(error))
            return
        self._schedule.drop(job)
        self._n_sampled_tokens += len(rows)
        for row, sampled in zip(rows, drawn, strict=True):
            if not self._teller.accept(row, sampled):
                self._apply(self._schedule.slots.insert(row))
                self._backend.copy(lane, row.slot, 0, job.n_prompt)

    def _decode(self, rows: list[Row]) -> None:
        if not rows:
            return
        inputs = [RowInput(row.token_ids[-1], row.length, _draw(row)) for row in rows]
        try:
            drawn = self._backend.decode(inputs)
        except DeviceLost:
            raise
        except Exception as error:  # noqa: BLE001
            # Whatever a device raises belongs to the rows of this step; others go on.
            failure = _failed_step(error)
            for row in rows:
                row.poisoned = True
                self._teller.end(row, FinishReason.ERROR, failure=failure)
            self._release(rows)
            return
        self._n_sampled_tokens += len(rows)
        # All tokens are taken before any slot moves: a move copies by the length it leaves.
        ended = [
            row
            for row, sampled in zip(rows, drawn, strict=True)
            if self._teller.accept(row, sampled)
        ]
        self._release(ended)

    def _release(self, rows: list[Row]) -> None:
        # Poison is cleared where it lies, before a move can spread it.
        for row in rows:
            if row.poisoned:
                self._backend.clear(row.slot)
            else:
                self._keep(row)
        for row in rows:
            self._apply(self._schedule.slots.remove(row))

    def _keep(self, row: Row) -> None:
        """Keep what an ended row has read and written for whoever continues from there."""
        job = row.job
        if job.request.priority is Priority.BATCH:
            # Nobody continues from a candidate before it is chosen; their prompt is one for all.
            if job.kept:
                return
            token_ids = job.request.prompt_token_ids
        else:
            token_ids = (*job.request.prompt_token_ids, *row.token_ids[:-1])
        job.kept = True
        keep = self._kept.keep(token_ids)
        if keep is not None:
            self._backend.copy(row.slot, keep.row, keep.start, keep.end)

    def _apply(self, moves: list[Move]) -> None:
        for move in moves:
            self._backend.copy(move.source, move.target, 0, move.row.length)


def _draw(row: Row) -> Draw:
    params = row.job.request.params
    penalised = params.repetition_penalty != 1
    seen = (*row.job.request.prompt_token_ids, *row.token_ids) if penalised else ()
    return Draw(params, row.seed, len(row.token_ids), seen)


def _failed_step(error: Exception) -> Failure:
    return Failure("step_failed", f"{type(error).__name__}: {error}", True)
