"""The engine's thread: takes requests in, steps the device, sends events out.

Every backend runs under this one loop, so queueing, priority, cancel, deadlines, stop strings
and terminal events are the same for the fake and for a model on a device.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable

from sampling.engine import validation
from sampling.engine.backend import Backend, Draw, RowInput, Sampled
from sampling.engine.handle import EventStream
from sampling.engine.protocol import (
    CompletionResult,
    EngineBusy,
    EngineClosed,
    Event,
    Failure,
    FinishReason,
    GenerationRequest,
    Health,
    Priority,
    Provenance,
)
from sampling.engine.schedule import Job, Move, Row, Schedule
from sampling.engine.text import StopScanner

CLOSED = Failure("engine_closed", "The engine was closed before the completion ended.", True)
TOO_LATE = Failure("deadline_exceeded", "The request's deadline passed.", False)
NOT_FINITE = Failure(
    "non_finite_logits",
    "The policy's logits for this completion are not finite.",
    False,
)


class EngineLoop:
    """An Engine over a Backend.

    `queue_limit` bounds the waiting requests of each priority. With `threaded=False` nothing runs
    by itself and the owner calls `step`, which makes a run exact to the step.
    """

    def __init__(
        self,
        backend: Backend,
        *,
        queue_limit: int = 64,
        prefill_chunk_tokens: int = 256,
        batch_stride: int = 1,
        clock: Callable[[], float] = time.monotonic,
        threaded: bool = True,
    ) -> None:
        self._backend = backend
        self._queue_limit = queue_limit
        self._chunk = prefill_chunk_tokens
        self._clock = clock
        self._schedule = Schedule(backend.limits, batch_stride)
        self._changed = threading.Condition()
        self._inbox: deque[Job] = deque()
        self._n_queued = dict.fromkeys(Priority, 0)
        self._n_running = 0
        self._n_prompt_tokens = 0
        self._n_sampled_tokens = 0
        self._busy_seconds = 0.0
        self._n_answered = 0
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._threaded = threaded
        if threaded:
            self._thread.start()

    @property
    def provenance(self) -> Provenance:
        """Say what answers; each result repeats it."""
        return self._backend.provenance

    def submit(self, request: GenerationRequest) -> EventStream:
        """Queue one request; raises InvalidRequest, EngineBusy or EngineClosed."""
        validation.check_against_limits(request, self._backend.limits)
        stream = EventStream(len(request.seeds))
        job = Job(request=request, stream=stream, submitted_at=self._clock())
        with self._changed:
            if self._closing:
                raise EngineClosed("the engine is closed")
            n_queued = self._n_queued[request.priority]
            if n_queued >= self._queue_limit:
                raise EngineBusy(n_queued=n_queued, retry_after_seconds=self._seconds_per_request())
            self._n_queued[request.priority] += 1
            self._inbox.append(job)
            self._changed.notify()
        return stream

    def health(self) -> Health:
        """Return a snapshot; never waits for the device."""
        return Health(
            alive=not self._closing,
            n_queued=sum(self._n_queued.values()),
            n_running=self._n_running,
            n_prompt_tokens=self._n_prompt_tokens,
            n_sampled_tokens=self._n_sampled_tokens,
            provenance=self.provenance,
        )

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
        """Advance everything by one step; False when there was nothing to do."""
        started = self._clock()
        self._take_in()
        self._end_unwanted()
        for job in self._schedule.admit():
            self._count_out(job)
            job.t_queue = self._clock() - job.submitted_at
        if not self._schedule.busy:
            return False
        with_batch = self._schedule.batch_takes_part()
        # The prompt goes first, so that what it begins is in the step that follows.
        prompt = self._schedule.prompt_to_prefill(with_batch=with_batch)
        if prompt is not None:
            self._advance_prompt(prompt)
        self._decode(self._schedule.rows_to_decode(with_batch=with_batch))
        self._n_running = len(self._schedule.slots.rows)
        self._busy_seconds += self._clock() - started
        return True

    def _run(self) -> None:
        failure = CLOSED
        try:
            while self._wait_for_work():
                self.step()
        except Exception as error:
            # Nothing is left to serve with, but every reader still gets its last event.
            failure = Failure("engine_failed", f"{type(error).__name__}: {error}", True)
            raise
        finally:
            with self._changed:
                self._closing = True
            self._end_all(failure)

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
            self._end_job(job, FinishReason.ERROR, failure)
        self._n_running = 0

    def _end_job(self, job: Job, reason: FinishReason, failure: Failure | None) -> None:
        waiting = job in self._schedule.waiting[job.request.priority]
        if self._schedule.drop(job):
            if waiting:
                self._count_out(job)
            for row in self._rows_for(job):
                self._finish(row, reason, failure=failure)
            return
        rows = self._schedule.rows_of(job)
        self._release(rows)
        for row in rows:
            self._finish(row, reason, failure=failure)

    def _count_out(self, job: Job) -> None:
        with self._changed:
            self._n_queued[job.request.priority] -= 1

    def _seconds_per_request(self) -> float:
        """Estimate when one waiting request leaves the queue, from the pace so far."""
        return max(1.0, self._busy_seconds / self._n_answered) if self._n_answered else 1.0

    def _rows_for(self, job: Job, *, n_in_step: int = 0) -> list[Row]:
        return [
            Row(
                job=job,
                index=index,
                seed=seed,
                decoder=self._backend.new_decoder(),
                scanner=StopScanner(job.request.params.stop),
                n_in_step=n_in_step,
            )
            for index, seed in enumerate(job.request.seeds)
        ]

    def _advance_prompt(self, job: Job) -> None:
        lane = job.request.priority
        start = job.n_prefilled
        chunk = job.request.prompt_token_ids[start : start + self._chunk]
        try:
            self._backend.prefill(lane, chunk, start)
            job.n_prefilled += len(chunk)
            self._n_prompt_tokens += len(chunk)
            if job.n_prefilled < job.n_prompt:
                return
            params = job.request.params
            drawn = self._backend.first(lane, [Draw(params, seed, 0) for seed in job.request.seeds])
        except Exception as error:  # noqa: BLE001
            # Whatever a device raises belongs to this prompt alone; others go on.
            self._end_job(job, FinishReason.ERROR, _failed_step(error))
            return
        n_in_step = len(self._schedule.slots.rows) + job.n_completions
        rows = self._rows_for(job, n_in_step=n_in_step)
        self._n_answered += 1
        self._schedule.drop(job)
        for row, sampled in zip(rows, drawn, strict=True):
            if not self._accept(row, sampled):
                self._apply(self._schedule.slots.insert(row))
                self._backend.place(lane, row.slot, job.n_prompt)

    def _decode(self, rows: list[Row]) -> None:
        if not rows:
            return
        inputs = [
            RowInput(
                token_id=row.token_ids[-1],
                position=row.length,
                draw=Draw(row.job.request.params, row.seed, len(row.token_ids)),
            )
            for row in rows
        ]
        try:
            drawn = self._backend.decode(inputs)
        except Exception as error:  # noqa: BLE001
            # Whatever a device raises belongs to the rows of this step; others go on.
            failure = _failed_step(error)
            for row in rows:
                row.poisoned = True
                self._finish(row, FinishReason.ERROR, failure=failure)
            self._release(rows)
            return
        # All tokens are taken before any slot moves: a move copies by the length it leaves.
        ended = [
            row for row, sampled in zip(rows, drawn, strict=True) if self._accept(row, sampled)
        ]
        self._release(ended)

    def _release(self, rows: list[Row]) -> None:
        # Poison is cleared where it lies, before a move can spread it.
        for row in rows:
            if row.poisoned:
                self._backend.clear(row.slot)
        for row in rows:
            self._apply(self._schedule.slots.remove(row))

    def _apply(self, moves: list[Move]) -> None:
        for move in moves:
            self._backend.move(move.source, move.target, move.row.length)

    def _accept(self, row: Row, sampled: Sampled) -> bool:
        """Add a token to its row and send it; True when the completion ended with it."""
        if not math.isfinite(sampled.logprob):
            row.poisoned = True
            self._finish(row, FinishReason.ERROR, failure=NOT_FINITE)
            return True
        row.token_ids.append(sampled.token_id)
        row.logprobs.append(sampled.logprob)
        row.t_last = self._clock() - row.job.submitted_at
        row.t_first = row.t_last if row.t_first is None else row.t_first
        self._n_sampled_tokens += 1
        params = row.job.request.params
        if sampled.token_id in params.stop_token_ids:
            self._finish(row, FinishReason.STOP, sampled, stop_matched=sampled.token_id)
            return True
        if sampled.token_id in self._backend.stop_ids:
            self._finish(row, FinishReason.STOP, sampled)
            return True
        try:
            text = row.scanner.push(row.decoder.step(sampled.token_id))
        except Exception as error:  # noqa: BLE001
            # The tokenizer's decoder raises bare exceptions; one row's text is no other's concern.
            failure = Failure("undecodable_token", f"token {sampled.token_id}: {error}", False)
            self._finish(row, FinishReason.ERROR, sampled, failure=failure)
            return True
        if row.scanner.matched is not None:
            stop = row.scanner.matched
            self._finish(row, FinishReason.STOP_STRING, sampled, text=text, stop_matched=stop)
            return True
        if len(row.token_ids) == params.max_tokens:
            self._finish(row, FinishReason.LENGTH, sampled, text=text)
            return True
        self._send(row, sampled, text, None)
        return False

    def _finish(
        self,
        row: Row,
        reason: FinishReason,
        sampled: Sampled | None = None,
        *,
        text: str = "",
        stop_matched: str | int | None = None,
        failure: Failure | None = None,
    ) -> None:
        """Send the row's last event, with whatever text was held back."""
        text += row.scanner.flush()
        job = row.job
        result = CompletionResult(
            index=row.index,
            seed=row.seed,
            token_ids=tuple(row.token_ids),
            logprobs=tuple(row.logprobs),
            text="".join([*row.texts, text]),
            finish_reason=reason,
            stop_matched=stop_matched,
            failure=failure,
            n_prompt=job.n_prompt,
            n_cached=0,
            n_completion=len(row.token_ids),
            n_in_step=row.n_in_step,
            t_queue=job.t_queue,
            t_first=row.t_first,
            t_last=row.t_last,
            provenance=self.provenance,
        )
        self._send(row, sampled, text, result)

    def _send(
        self,
        row: Row,
        sampled: Sampled | None,
        text: str,
        result: CompletionResult | None,
    ) -> None:
        row.job.stream.put(
            Event(
                index=row.index,
                token_id=None if sampled is None else sampled.token_id,
                logprob=None if sampled is None else sampled.logprob,
                text=text,
                offset=row.n_characters,
                t=self._clock() - row.job.submitted_at,
                result=result,
            )
        )
        row.texts.append(text)
        row.n_characters += len(text)


def _failed_step(error: Exception) -> Failure:
    return Failure("step_failed", f"{type(error).__name__}: {error}", True)
