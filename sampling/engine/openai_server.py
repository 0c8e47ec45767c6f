"""Completions from any OpenAI-compatible server (vLLM, SGLang, llama.cpp, Ollama, our own).

One event loop in one thread holds all streams. What the server can do is probed at the start, and
again after it was away. Where it takes token ids it is given the rendered prompt, else messages.
Completions have seeds of their own, so each is a request of its own unless the server takes a list
of seeds; the first goes ahead, that the others find its prompt in the server's prefix cache.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

import openai
from openai import AsyncStream

from sampling import tokens
from sampling.engine import chat_wire as wire
from sampling.engine import server_connection, server_probe, server_refusals, spec
from sampling.engine.breaker import CircuitBreaker
from sampling.engine.chat_wire import Ending, ServerFault
from sampling.engine.handle import EventStream
from sampling.engine.loop import CLOSED
from sampling.engine.protocol import (
    EngineBusy,
    EngineClosed,
    EngineError,
    Failure,
    FinishReason,
    GenerationRequest,
    Health,
    Priority,
    Provenance,
    Reproducible,
)
from sampling.engine.server_call import ServerCall
from sampling.engine.server_probe import Capabilities, ServerRefused, ServerUnavailable
from sampling.engine.server_retry import Pause, retrying

CONNECTIONS: Mapping[Priority, int] = {Priority.INTERACTIVE: 16, Priority.BATCH: 32}


def connect(
    server: spec.Server,
    *,
    allowed_hosts: Collection[str],
    chat: tokens.ChatTokenizer | None = None,
    api_key_variable: str | None = None,
) -> OpenAIEngine:
    """Return a running engine over `server`, which the operator's `allowed_hosts` must name.

    Raises HostNotAllowed, KeyMissing, ServerRefused or ServerUnavailable.
    """
    spec.check_host(server, allowed_hosts)
    return OpenAIEngine(server, chat=chat, api_key_variable=api_key_variable)


class OpenAIEngine:
    """An Engine whose device is somebody else's server."""

    def __init__(
        self,
        server: spec.Server,
        *,
        chat: tokens.ChatTokenizer | None = None,
        api_key_variable: str | None = None,
        capabilities: Capabilities | None = None,
        connections: Mapping[Priority, int] = CONNECTIONS,
        queue_limit: int = 256,
        max_retries: int = 2,
        first_token_seconds: float = 300.0,
        silence_seconds: float = 60.0,
        breaker: CircuitBreaker | None = None,
        pause: Pause = asyncio.sleep,
    ) -> None:
        """Connect, and ask the server what it can do unless `capabilities` says it.

        `chat` is the policy's own tokenizer and template, without which prompts are messages.
        `queue_limit` bounds the waiting completions of each priority; `silence_seconds` is how
        long a stream may pause between tokens. Raises KeyMissing, ServerRefused or
        ServerUnavailable.
        """
        self._server = server
        self._chat = chat
        self._key = server_connection.api_key(api_key_variable)
        self._client = server_connection.client_for(
            server, api_key=self._key, silence_seconds=first_token_seconds
        )
        self._connections = {each: asyncio.Semaphore(connections[each]) for each in Priority}
        self._queue_limit = queue_limit
        self._max_retries = max_retries
        self._first_token_seconds = first_token_seconds
        self._silence_seconds = silence_seconds
        self._breaker = breaker or CircuitBreaker()
        self._pause = pause
        self._lock = threading.Lock()
        self._n_waiting = dict.fromkeys(Priority, 0)
        self._n_running = 0
        self._n_prompt_tokens = 0
        self._n_sampled_tokens = 0
        self._n_answered = 0
        self._answer_seconds = 0.0
        self._closing = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._probing = asyncio.Lock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="openai-engine", daemon=True
        )
        self._thread.start()
        self._fixed = capabilities is not None
        self._stale = not self._fixed
        self._capabilities = capabilities or Capabilities()
        if not self._fixed:
            self._probe_at_start()

    @property
    def capabilities(self) -> Capabilities:
        """What the server was last found to do."""
        return self._capabilities

    @property
    def provenance(self) -> Provenance:
        """Say what answers; of weights and arithmetic only another labelhub tells."""
        found = self._capabilities
        kind = found.kind if found.version is None else f"{found.kind} {found.version}"
        told = {
            name: found.provenance.get(name)
            for name in ("revision", "weights_sha256", "dtype", "device", "attention")
        }
        words = {
            "tokenizer_sha256": found.provenance.get("tokenizer_sha256"),
            "template_sha256": found.provenance.get("template_sha256"),
        }
        if found.token_prompts and self._chat is not None:
            words = {
                "tokenizer_sha256": self._chat.tokenizer_sha256,
                "template_sha256": self._chat.template_sha256,
            }
        reproducible = found.provenance.get("reproducible") or (
            Reproducible.BEST_EFFORT if found.seeded else Reproducible.NONE
        )
        return Provenance(
            engine="openai",
            engine_version=f"{kind} (openai-{openai.__version__})",
            model=f"{self._server.base_url}#{self._server.model}",
            reproducible=Reproducible(reproducible),
            left_to_server=found.unsaid,
            **told,
            **words,
        )

    def submit(self, request: GenerationRequest) -> EventStream:
        """Queue one request; raises InvalidRequest, EngineBusy, EngineClosed, ServerUnavailable."""
        server_refusals.check_request(
            request, self._capabilities, chat=self._chat, most_completions=self._queue_limit
        )
        n_completions = len(request.seeds)
        tasks: list[asyncio.Task[None]] = []
        stream = EventStream(n_completions, partial(self._cancel, tasks))
        with self._lock:
            if self._closing:
                raise EngineClosed("the engine is closed")
            if (seconds := self._breaker.seconds_left) > 0:
                raise ServerUnavailable(
                    f"{self._server.base_url} did not answer; it is tried again in {seconds:.0f} s"
                )
            n_waiting = self._n_waiting[request.priority]
            if n_waiting + n_completions > self._queue_limit:
                seconds = self._answer_seconds / max(1, self._n_answered)
                raise EngineBusy(n_queued=n_waiting, retry_after_seconds=max(1.0, seconds))
            self._n_waiting[request.priority] += n_completions
            self._loop.call_soon_threadsafe(self._start, request, stream, tasks)
        return stream

    def health(self) -> Health:
        """Return a snapshot; asks nothing of the server."""
        return Health(
            alive=not self._closing and self._thread.is_alive(),
            n_queued=sum(self._n_waiting.values()),
            n_running=self._n_running,
            n_prompt_tokens=self._n_prompt_tokens,
            n_sampled_tokens=self._n_sampled_tokens,
            provenance=self.provenance,
            unavailable_seconds=self._breaker.seconds_left,
        )

    def close(self) -> None:
        """Close all streams; what is unfinished ends with a retryable failure."""
        with self._lock:
            if self._closing:
                return
            self._closing = True
        asyncio.run_coroutine_threadsafe(self._shut_down(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _probe_at_start(self) -> None:
        probing = asyncio.run_coroutine_threadsafe(self._refreshed(), self._loop)
        try:
            probing.result()
        except ServerFault as fault:
            self.close()
            if fault.failure.retryable:
                raise ServerUnavailable(fault.failure.detail) from fault
            raise ServerRefused(fault.failure.detail) from fault
        except BaseException:
            self.close()
            raise

    async def _refreshed(self) -> Capabilities:
        """Return what the server can do, asked anew where it may have changed."""
        async with self._probing:
            if self._stale:
                try:
                    self._capabilities = await server_probe.probe(
                        self._client, self._server.model, self._chat
                    )
                except EngineError:
                    raise
                except Exception as error:
                    raise self._fault(error) from error
                self._stale = False
            return self._capabilities

    def _cancel(self, tasks: list[asyncio.Task[None]]) -> None:
        with self._lock:
            if not self._closing:
                self._loop.call_soon_threadsafe(_cancel_all, tasks)

    async def _shut_down(self) -> None:
        tasks = list(self._tasks)
        _cancel_all(tasks)
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._client.close()
        await self._loop.shutdown_asyncgens()

    def _start(
        self,
        request: GenerationRequest,
        stream: EventStream,
        tasks: list[asyncio.Task[None]],
    ) -> None:
        submitted_at = self._loop.time()
        indexes = range(len(request.seeds))
        together = self._capabilities.seed_lists
        groups: list[Sequence[int]] = [indexes] if together else [[index] for index in indexes]
        leader_began = asyncio.Event()
        for number, group in enumerate(groups):
            call = ServerCall(request, group, stream, lambda: self._loop.time() - submitted_at)
            task = self._loop.create_task(self._complete(call, leader_began, leads=number == 0))
            tasks.append(task)
            self._tasks.add(task)
            # A task cancelled before its first step runs none of its own code; a callback always
            # runs, and the last event with it.
            task.add_done_callback(partial(self._ended, call, submitted_at))
        tasks[0].add_done_callback(lambda _: leader_began.set())
        if stream.cancelled or self._closing:
            _cancel_all(tasks)

    async def _complete(
        self, call: ServerCall, leader_began: asyncio.Event, *, leads: bool
    ) -> None:
        async with asyncio.timeout(call.request.deadline_seconds):
            if not leads:
                await leader_began.wait()
            async with self._connections[call.request.priority]:
                self._count_in(call)
                try:
                    attempts = retrying(
                        lambda: call.begun, max_retries=self._max_retries, pause=self._pause
                    )
                    await attempts(self._attempt, call, leader_began)
                finally:
                    self._n_running -= len(call.indexes)

    async def _attempt(self, call: ServerCall, leader_began: asyncio.Event) -> None:
        if not self._breaker.admit():
            detail = f"{self._server.base_url} did not answer a moment ago and is left alone"
            raise ServerFault(
                Failure(ServerUnavailable.code, detail, True),
                infrastructure=False,
                after_seconds=self._breaker.seconds_left or None,
            )
        try:
            found = await self._refreshed()
            server_refusals.refuse_unsupported(call.request, found)
            await self._stream(call, found, leader_began)
        except Exception as error:
            fault = self._fault(error)
            if fault.infrastructure:
                self._breaker.failed()
                # Whatever answers next may be another server.
                self._stale = not self._fixed
            else:
                self._breaker.succeeded()
            raise fault from error
        except BaseException:
            self._breaker.left()
            raise
        self._breaker.succeeded()

    def _fault(self, error: Exception) -> ServerFault:
        fault = wire.fault_of(error)
        fault.failure = wire.without_key(fault.failure, self._key)
        return fault

    async def _stream(
        self, call: ServerCall, found: Capabilities, leader_began: asyncio.Event
    ) -> None:
        path, body = wire.body_of(
            call.request,
            call.indexes,
            model=self._server.model,
            capabilities=found,
            end_of_turn_ids=self._chat.stop_ids if self._chat else frozenset(),
        )
        call.prompt_was_ids = "prompt" in body
        async with await self._open(path, body) as stream:
            chunks = aiter(stream)
            while not call.cut_short:
                limit = self._silence_seconds if call.begun else self._first_token_seconds
                try:
                    async with asyncio.timeout(limit):
                        chunk = await anext(chunks)
                except StopAsyncIteration:
                    break
                except Exception as error:
                    # After the last word only the counts are missing, and they are no reason to
                    # throw a whole answer away.
                    if call.ended:
                        break
                    if isinstance(error, TimeoutError):
                        raise wire.silent(limit) from error
                    raise
                call.take(wire.Chunk.model_validate(chunk))
                if call.begun:
                    leader_began.set()
        if not call.ended:
            raise ServerFault(call.missing(), infrastructure=True)

    async def _open(self, path: str, body: dict[str, Any]) -> AsyncStream[object]:
        try:
            async with asyncio.timeout(self._first_token_seconds):
                stream = await self._client.post(
                    path,
                    cast_to=object,
                    body=body,
                    stream=True,
                    stream_cls=AsyncStream[object],
                )
        except TimeoutError as error:
            raise wire.silent(self._first_token_seconds) from error
        content_type = stream.response.headers.get("content-type", "none")
        if not content_type.startswith("text/event-stream"):
            await stream.close()
            raise wire.MalformedStream(f"the server answers with {content_type:.80}, not a stream")
        return stream

    def _ended(self, call: ServerCall, submitted_at: float, task: asyncio.Task[None]) -> None:
        """Send the last events, however the task ended."""
        self._tasks.discard(task)
        if call.t_queue is None:
            self._count_in(call)
            self._n_running -= len(call.indexes)
        call.end(self._ending_of_task(task), self.provenance)
        self._n_prompt_tokens += call.n_prompt
        self._n_sampled_tokens += call.n_sampled
        self._n_answered += len(call.indexes)
        self._answer_seconds += self._loop.time() - submitted_at

    def _ending_of_task(self, task: asyncio.Task[None]) -> Ending:
        """Return how completions end that the server did not end."""
        if task.cancelled():
            return wire.failed(CLOSED) if self._closing else Ending(FinishReason.CANCELLED)
        match task.exception():
            case TimeoutError():
                return wire.too_late()
            case Exception() as error:
                return wire.failed(self._fault(error).failure)
            case _:
                return wire.failed(Failure("engine_failed", "The stream was not finished.", True))

    def _count_in(self, call: ServerCall) -> None:
        """Count a call's completions as running rather than waiting."""
        call.mark_started()
        self._n_running += len(call.indexes)
        with self._lock:
            self._n_waiting[call.request.priority] -= len(call.indexes)


def _cancel_all(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
