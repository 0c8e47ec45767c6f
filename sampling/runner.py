"""Runs generations: claims one from PostgreSQL, streams it, stores it, claims the next.

A claim is a 60 s lease. Whoever holds it writes; a runner that lost it writes nothing, because
every write asks for the lease's owner and the attempt's number.
"""

from __future__ import annotations

import logging
import threading
import uuid

from django.conf import settings

from labelhub import clock
from sampling import checks, policies
from sampling.claiming import claim, claim_check
from sampling.engine import protocol
from sampling.engines import Engines, load
from sampling.models import Generation
from sampling.running import Running
from sampling.selectors import VISIBLE_PURPOSES, expected_policy
from sampling.settling import let_go_of_connection, persist, settle, storable, wait_for_room
from sampling.stream import COALESCE_SECONDS, Publisher, pipe
from sampling.tokens import TokensError

logger = logging.getLogger(__name__)
Priority = Generation.Priority

# Beyond these something is stuck; the engine ends what is unfinished.
DEADLINE_SECONDS = {Priority.INTERACTIVE: 300.0, Priority.BATCH: 1800.0}


class Worker:
    """What the threads of one GPU worker process share: its id, its engines, what runs.

    Of `n_threads` generations at most `n_threads - n_reserved` are batch, so that a draft or a
    reply never waits for candidates to end.
    """

    def __init__(self, *, engines: Engines, n_threads: int, n_reserved: int) -> None:
        self.id = uuid.uuid4()
        self.engines = engines
        self.n_threads = n_threads
        self._n_reserved = n_reserved
        self._claiming = threading.Lock()
        self._checking = threading.Lock()
        self._running: dict[tuple[int, int], Running] = {}
        self._stopping = False

    def take_threads(self, n_threads: int) -> None:
        """Run on this many threads, as the pool has them. Raises ValueError where all are reserved."""
        if n_threads <= self._n_reserved:
            raise ValueError(
                f"{n_threads} threads are too few: {self._n_reserved} are reserved for drafts and "
                "replies (GPU_THREADS_RESERVED), and candidates need one more"
            )
        self.n_threads = n_threads

    def run_next(self) -> None:
        """Run what may be claimed, one after the other, until nothing is left for this thread."""
        try:
            while (running := self._claim()) is not None:
                try:
                    self._run(running)
                finally:
                    del self._running[running.key]
        finally:
            let_go_of_connection()

    def check_next(self) -> None:
        """Check the policies that wait for it, unless this process is at it already.

        It takes a thread of its own: those of generations are counted.
        """
        if not self._checking.acquire(blocking=False):
            return
        try:
            while not self._stopping and (check := claim_check(owner=self.id)) is not None:
                let_go_of_connection()
                checks.run(check, self.engines)
        finally:
            self._checking.release()
            let_go_of_connection()

    def warm_up(self) -> None:
        """Build the engine that is most likely asked for, before somebody waits for it."""
        try:
            policy = expected_policy()
            let_go_of_connection()
            if policy is not None:
                with self.engines.engine_for(policy):
                    logger.info("the engine of %s is ready", policy.name)
        except Exception:
            # Whoever asks for the policy is told why it cannot serve; nobody has asked yet.
            logger.exception("no engine was warmed up")
            raise

    def running(self) -> list[Running]:
        return list(self._running.values())

    def n_idle(self) -> int:
        return 0 if self._stopping else self.n_threads - len(self._running)

    def stop(self) -> None:
        """Claim nothing any more. Safe in a signal handler."""
        self._stopping = True

    @property
    def stopping(self) -> bool:
        return self._stopping

    def _claim(self) -> Running | None:
        # One claim at a time in a process, so that two threads never share the last batch place.
        with self._claiming:
            if self.n_idle() <= 0:
                return None
            n_batch = sum(each.generation.priority == Priority.BATCH for each in self.running())
            batch_too = n_batch < self.n_threads - self._n_reserved
            generation = claim(
                owner=self.id, least_urgent=Priority.BATCH if batch_too else Priority.INTERACTIVE
            )
            if generation is None:
                return None
            running = Running(generation)
            self._running[running.key] = running
            return running

    def _run(self, running: Running) -> None:
        # The threads of a GPU worker are many and mostly wait: they hold no connection meanwhile.
        let_go_of_connection()
        try:
            self._generate(running)
        except protocol.EngineBusy as busy:
            turned_away = busy
            persist(lambda: wait_for_room(running, turned_away))
        except (protocol.EngineError, TokensError) as error:
            retryable = isinstance(error, protocol.EngineError) and error.retryable
            failure = protocol.Failure(error.code, str(error), retryable)
            persist(lambda: settle(running, failure))
        except Exception as error:
            detail = f"{type(error).__name__}: {error}"
            failure = protocol.Failure("internal", detail, True)
            persist(lambda: settle(running, failure))
            raise
        else:
            persist(lambda: settle(running))

    def _generate(self, running: Running) -> None:
        generation = running.generation
        with self.engines.engine_for(generation.policy) as engine:
            if running.unwanted:
                return
            handle = engine.submit(engine_request(generation))
            running.attach(handle)
            publisher = Publisher(pipe, generation.pk, generation.attempt)
            while not handle.finished:
                event = handle.next_event(COALESCE_SECONDS)
                if event is not None:
                    running.first_token_at = running.first_token_at or clock.now()
                    if event.result is not None:
                        running.results.append(event.result)
                    if generation.purpose in VISIBLE_PURPOSES:
                        publisher.add(event.index, storable(event.text))
                publisher.flush_when_due()
            publisher.flush()


def engine_request(generation: Generation) -> protocol.GenerationRequest:
    """The request as engines take it; raises sampling.tokens.TokensError."""
    messages = generation.context.messages
    continues = generation.continues_id is not None
    chat = policies.chat_tokenizer(generation.policy)
    request_id = f"generation-{generation.pk}"
    return protocol.GenerationRequest(
        request_id=request_id,
        params=generation.params,
        seeds=tuple(
            protocol.seed_for(generation.base_seed, request_id, index)
            for index in range(generation.n_completions)
        ),
        priority=protocol.Priority(generation.priority),
        prompt_token_ids=tuple(chat.encode(messages, continues=continues)) if chat else (),
        messages=tuple(protocol.Message(turn["role"], turn["content"]) for turn in messages),
        continues=continues,
        deadline_seconds=DEADLINE_SECONDS[Priority(generation.priority)],
    )


worker = Worker(
    engines=Engines(load),
    n_threads=settings.GPU_THREADS,
    n_reserved=settings.GPU_THREADS_RESERVED,
)


def run_next() -> None:
    """Run what may be claimed in this process; a second call finds what the first one left."""
    worker.run_next()
