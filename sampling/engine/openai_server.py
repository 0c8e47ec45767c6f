"""Completions from any OpenAI-compatible chat server (vLLM, SGLang, llama.cpp, Ollama).

One event loop in one thread holds all streams; each completion is a request of its own, because
each has its own seed. The server renders the template, so requests carry messages. It tells no
token ids, hence results have text and counts but no ids or log-probabilities.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

import httpx2
import openai
from openai import AsyncOpenAI
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam

from sampling.engine import chat_wire, spec, validation
from sampling.engine.chat_wire import Ending, MalformedStream
from sampling.engine.handle import EventStream
from sampling.engine.loop import CLOSED
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
    PromptMissing,
    Provenance,
)
from sampling.engine.text import StopScanner

CONNECTIONS: Mapping[Priority, int] = {Priority.INTERACTIVE: 16, Priority.BATCH: 32}
CONNECT_SECONDS = 10.0
# llama.cpp keeps seeds in 32 bits.
SEED_END = 2**31


@dataclass(eq=False, slots=True)
class Completion:
    """One stream and what it has given so far."""

    request: GenerationRequest
    events: EventStream
    index: int
    submitted_at: float
    scanner: StopScanner
    texts: list[str] = field(default_factory=list)
    n_characters: int = 0
    n_prompt: int = 0
    n_cached: int = 0
    n_completion: int = 0
    t_queue: float | None = None
    t_first: float | None = None
    t_last: float | None = None
    system_fingerprint: str | None = None


class OpenAIEngine:
    """An Engine whose device is somebody else's server."""

    def __init__(
        self,
        server: spec.Server,
        *,
        api_key_variable: str | None = None,
        connections: Mapping[Priority, int] = CONNECTIONS,
        queue_limit: int = 256,
        max_retries: int = 2,
        silence_seconds: float = 60.0,
    ) -> None:
        """Prepare the client; nothing is sent before the first request.

        `queue_limit` bounds the waiting completions of each priority, `silence_seconds` the wait
        for the server's next byte. Raises UnsupportedPolicy where the key's variable is not set.
        """
        self._server = server
        self._queue_limit = queue_limit
        self.provenance = Provenance(
            engine="openai",
            engine_version=f"openai-{openai.__version__}",
            model=f"{server.base_url}#{server.model}",
        )
        self._client = AsyncOpenAI(
            base_url=server.base_url,
            api_key=chat_wire.api_key(api_key_variable),
            max_retries=max_retries,
            http_client=httpx2.AsyncClient(
                timeout=httpx2.Timeout(silence_seconds, connect=CONNECT_SECONDS, pool=None),
                limits=httpx2.Limits(max_connections=None),
                follow_redirects=False,
                trust_env=False,
            ),
        )
        # Whoever this environment names for OpenAI itself has no business with this server.
        self._client.organization = self._client.project = None
        self._connections = {each: asyncio.Semaphore(connections[each]) for each in Priority}
        self._lock = threading.Lock()
        self._n_waiting = dict.fromkeys(Priority, 0)
        self._n_running = 0
        self._n_prompt_tokens = 0
        self._n_sampled_tokens = 0
        self._n_answered = 0
        self._answer_seconds = 0.0
        self._takes_extensions = True
        self._closing = False
        self._tasks: set[asyncio.Task[Ending]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="openai-engine", daemon=True
        )
        self._thread.start()

    def submit(self, request: GenerationRequest) -> EventStream:
        """Queue one request; raises InvalidRequest, EngineBusy or EngineClosed."""
        validation.check_request(request)
        if not request.messages:
            raise PromptMissing("messages is empty; a chat server needs at least 1")
        tasks: list[asyncio.Task[Ending]] = []
        stream = EventStream(
            len(request.seeds),
            partial(self._cancel, tasks),
        )
        with self._lock:
            if self._closing:
                raise EngineClosed("the engine is closed")
            n_waiting = self._n_waiting[request.priority]
            if n_waiting and n_waiting + len(request.seeds) > self._queue_limit:
                seconds = self._answer_seconds / max(1, self._n_answered)
                raise EngineBusy(n_queued=n_waiting, retry_after_seconds=max(1.0, seconds))
            self._n_waiting[request.priority] += len(request.seeds)
            self._loop.call_soon_threadsafe(self._start, request, stream, tasks)
        return stream

    def health(self) -> Health:
        """Return a snapshot; asks nothing of the server."""
        return Health(
            alive=not self._closing,
            n_queued=sum(self._n_waiting.values()),
            n_running=self._n_running,
            n_prompt_tokens=self._n_prompt_tokens,
            n_sampled_tokens=self._n_sampled_tokens,
            provenance=self.provenance,
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

    def _cancel(self, tasks: list[asyncio.Task[Ending]]) -> None:
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
        tasks: list[asyncio.Task[Ending]],
    ) -> None:
        for index in range(len(request.seeds)):
            scanner = StopScanner(request.params.stop)
            completion = Completion(request, stream, index, self._loop.time(), scanner)
            task = self._loop.create_task(self._complete(completion))
            tasks.append(task)
            self._tasks.add(task)
            # A task cancelled before its first step runs none of its own code; a callback always
            # runs, and the last event with it.
            task.add_done_callback(partial(self._ended, completion))
        if stream.cancelled or self._closing:
            _cancel_all(tasks)

    async def _complete(self, completion: Completion) -> Ending:
        async with asyncio.timeout(completion.request.deadline_seconds):
            async with self._connections[completion.request.priority]:
                self._count_waiting(completion)
                self._n_running += 1
                try:
                    return await self._stream(completion)
                finally:
                    self._n_running -= 1

    async def _stream(self, completion: Completion) -> Ending:
        async with await self._open(completion) as chunks:
            async for chunk in chunks:
                ending = self._take(completion, chunk)
                if ending is not None and ending.reason is FinishReason.STOP_STRING:
                    # The text is complete whatever the server would still send.
                    return ending
                if ending is not None:
                    await self._take_usage(completion, chunks)
                    return ending
        failure = Failure("stream_ended_early", "The server closed the stream mid-answer.", True)
        return Ending(FinishReason.ERROR, failure=failure)

    async def _open(self, completion: Completion) -> openai.AsyncStream[ChatCompletionChunk]:
        params = completion.request.params
        if self._takes_extensions or not chat_wire.needs_no_extensions(params):
            try:
                return await self._create(completion, chat_wire.extensions(params))
            except openai.BadRequestError:
                if not chat_wire.needs_no_extensions(params):
                    raise
        # Servers that know only OpenAI's own fields refuse the rest; neutral values say no more
        # than their absence does there.
        stream = await self._create(completion, None)
        self._takes_extensions = False
        return stream

    async def _create(
        self, completion: Completion, extensions: dict[str, Any] | None
    ) -> openai.AsyncStream[ChatCompletionChunk]:
        request, params = completion.request, completion.request.params
        messages = [{"role": each.role, "content": each.content} for each in request.messages]
        return await self._client.chat.completions.create(
            model=self._server.model,
            messages=cast(list[ChatCompletionMessageParam], messages),
            stream=True,
            stream_options={"include_usage": True},
            seed=request.seeds[completion.index] % SEED_END,
            temperature=params.temperature,
            top_p=params.top_p,
            max_tokens=params.max_tokens,
            stop=list(params.stop) or openai.omit,
            extra_body=extensions,
        )

    def _take(self, completion: Completion, chunk: ChatCompletionChunk) -> Ending | None:
        """Send on what one chunk adds; return how the completion ended, if it did."""
        self._note(completion, chunk)
        if not isinstance(chunk.choices, list):
            raise MalformedStream("an event without choices")
        if not chunk.choices:
            return None
        choice = chunk.choices[0]
        text = choice.delta.content if choice.delta else None
        if text is not None and not isinstance(text, str):
            raise MalformedStream("content that is no text")
        if text:
            self._send(completion, completion.scanner.push(text))
            if completion.scanner.matched is not None:
                return Ending(FinishReason.STOP_STRING, completion.scanner.matched)
        return chat_wire.ending_of(
            choice.finish_reason, choice.model_extra, completion.request.params
        )

    async def _take_usage(
        self, completion: Completion, chunks: openai.AsyncStream[ChatCompletionChunk]
    ) -> None:
        """Read on to the counts, which come after the last word."""
        async for chunk in chunks:
            self._note(completion, chunk)

    def _note(self, completion: Completion, chunk: ChatCompletionChunk) -> None:
        """Keep what a chunk says beside its text."""
        completion.system_fingerprint = chunk.system_fingerprint or completion.system_fingerprint
        usage = chunk.usage
        if usage is None:
            return
        completion.n_prompt = usage.prompt_tokens
        completion.n_completion = usage.completion_tokens
        if usage.prompt_tokens_details is not None:
            completion.n_cached = usage.prompt_tokens_details.cached_tokens or 0

    def _send(self, completion: Completion, text: str) -> None:
        """Send one delta, its text perhaps held back, which counts as a token all the same."""
        now = self._loop.time() - completion.submitted_at
        completion.t_first = now if completion.t_first is None else completion.t_first
        completion.t_last = now
        if text:
            self._put(completion, text, None)

    def _put(self, completion: Completion, text: str, result: CompletionResult | None) -> None:
        completion.events.put(
            Event(
                index=completion.index,
                token_id=None,
                logprob=None,
                text=text,
                offset=completion.n_characters,
                t=self._loop.time() - completion.submitted_at,
                result=result,
            )
        )
        completion.texts.append(text)
        completion.n_characters += len(text)

    def _ended(self, completion: Completion, task: asyncio.Task[Ending]) -> None:
        """Send the last event, however the task ended."""
        self._tasks.discard(task)
        if completion.t_queue is None:
            self._count_waiting(completion)
        ending = self._ending_of_task(task)
        self._n_prompt_tokens += completion.n_prompt
        self._n_sampled_tokens += completion.n_completion
        self._n_answered += 1
        self._answer_seconds += self._loop.time() - completion.submitted_at
        text = completion.scanner.flush()
        result = CompletionResult(
            index=completion.index,
            seed=completion.request.seeds[completion.index],
            prompt_token_ids=(),
            params=completion.request.params,
            token_ids=(),
            logprobs=(),
            text="".join([*completion.texts, text]),
            finish_reason=ending.reason,
            stop_matched=ending.stop_matched,
            failure=ending.failure,
            n_prompt=completion.n_prompt,
            n_cached=completion.n_cached,
            n_completion=completion.n_completion,
            n_in_step=0,
            t_queue=completion.t_queue,
            t_first=completion.t_first,
            t_last=completion.t_last,
            provenance=self.provenance,
            system_fingerprint=completion.system_fingerprint,
        )
        self._put(completion, text, result)

    def _ending_of_task(self, task: asyncio.Task[Ending]) -> Ending:
        if task.cancelled():
            if self._closing:
                return Ending(FinishReason.ERROR, failure=CLOSED)
            return Ending(FinishReason.CANCELLED)
        error = task.exception()
        return (
            task.result()
            if error is None
            else Ending(FinishReason.ERROR, failure=chat_wire.failure_of(error))
        )

    def _count_waiting(self, completion: Completion) -> None:
        completion.t_queue = self._loop.time() - completion.submitted_at
        with self._lock:
            self._n_waiting[completion.request.priority] -= 1


def _cancel_all(tasks: list[asyncio.Task[Ending]]) -> None:
    for task in tasks:
        task.cancel()
