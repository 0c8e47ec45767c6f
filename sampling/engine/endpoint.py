"""An OpenAI-compatible endpoint over one engine: the way out of this process for a policy."""

from __future__ import annotations

import json
import math
import secrets
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from functools import partial

import anyio
import uvicorn
from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from sampling import tokens
from sampling.engine import endpoint_answers as answers
from sampling.engine import endpoint_wire as wire
from sampling.engine.protocol import (
    CompletionResult,
    Engine,
    EngineBusy,
    EngineError,
    Event,
    Handle,
    InvalidRequest,
)

# Long enough to cost nothing, short enough that whoever hangs up is noticed.
LOOK_SECONDS = 0.25
# Answers that are open at once wait on a thread each; the engine's own queue refuses before this.
MOST_OPEN = 512
LARGEST_BODY_BYTES = 16 * 2**20
# What is being written when the process is told to end may take this long.
DRAIN_SECONDS = 10
UNAUTHORISED, NOT_FOUND, TOO_LARGE = 401, 404, 413


class Endpoint:
    """Answers HTTP with one engine's completions."""

    def __init__(
        self,
        engine: Engine,
        chat: tokens.ChatTokenizer,
        *,
        name: str,
        context_tokens: int,
        api_key: str | None = None,
    ) -> None:
        """Serve `engine` under `name`, to holders of `api_key` where there is one."""
        self._engine = engine
        self._chat = chat
        self._name = name
        self._context_tokens = context_tokens
        self._api_key = api_key
        self._created = int(time.time())
        self._threads = CapacityLimiter(MOST_OPEN)
        chat_route = partial(self._answer, wire.ChatBody, answers.ChatReply)
        completion_route = partial(self._answer, wire.CompletionBody, answers.CompletionReply)
        self.app = Starlette(
            routes=[
                Route("/health", self._health),
                Route("/v1/models", self._models),
                Route("/v1/models/{name:path}", self._model),
                Route("/v1/chat/completions", chat_route, methods=["POST"]),
                Route("/v1/completions", completion_route, methods=["POST"]),
            ],
            exception_handlers={
                EngineError: _refuse_for_engine,
                tokens.TokensError: _refuse_for_tokens,
                HTTPException: _refuse_for_http,
            },
            lifespan=self._lifespan,
        )

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        yield
        await to_thread.run_sync(self._engine.close)

    async def _health(self, request: Request) -> Response:
        health = self._engine.health()
        body = {
            "status": "ok" if health.alive else "closed",
            "n_queued": health.n_queued,
            "n_running": health.n_running,
            "n_prompt_tokens": health.n_prompt_tokens,
            "n_sampled_tokens": health.n_sampled_tokens,
        }
        return JSONResponse(body, status_code=200 if health.alive else 503)

    async def _models(self, request: Request) -> Response:
        self._check_key(request)
        return JSONResponse({"object": "list", "data": [self._card()]})

    async def _model(self, request: Request) -> Response:
        self._check_key(request)
        self._check_name(request.path_params["name"])
        return JSONResponse(self._card())

    def _card(self) -> answers.Json:
        return {
            "id": self._name,
            "object": "model",
            "created": self._created,
            "owned_by": "labelhub",
            "max_model_len": self._context_tokens,
            # Where the files lie here is nobody's concern there.
            "provenance": asdict(self._engine.provenance) | {"model": self._name},
        }

    async def _answer(
        self,
        body_kind: type[wire.ChatBody | wire.CompletionBody],
        reply_kind: type[answers.Reply],
        request: Request,
    ) -> Response:
        self._check_key(request)
        body = wire.parse(body_kind, await _content(request))
        self._check_name(body.model)
        reply_id = f"{reply_kind.prefix}-{secrets.token_hex(12)}"
        reply = reply_kind(
            body,
            wants_logprobs=body.wants_logprobs,
            chat=self._chat,
            reply_id=reply_id,
            created=int(time.time()),
            fingerprint=f"labelhub-{(self._engine.provenance.weights_sha256 or '')[:16]}",
        )
        # Rendering and tokenising a long dialogue takes a while; others' streams go on.
        to_request = partial(body.to_request, reply_id, self._chat, self._context_tokens)
        asked = await to_thread.run_sync(to_request, limiter=self._threads)
        handle = self._engine.submit(asked)
        if body.stream:
            return _Followed(handle, self._stream(handle, reply))
        return await self._whole(request, handle, reply)

    async def _stream(self, handle: Handle, reply: answers.Reply) -> AsyncIterator[bytes]:
        for piece in reply.opening():
            yield _event(piece)
        results: list[CompletionResult] = []
        async for events in self._batches(handle):
            for piece in reply.pieces(events):
                yield _event(piece)
            results += _results(events)
        for piece in reply.closing(results):
            yield _event(piece)
        yield b"data: [DONE]\n\n"

    async def _whole(self, request: Request, handle: Handle, reply: answers.Reply) -> Response:
        results: list[CompletionResult] = []
        try:
            async for events in self._batches(handle):
                results += _results(events)
                if await request.is_disconnected():
                    break
        finally:
            handle.cancel()
        failure = answers.common_failure(results)
        if failure is not None:
            retryable = any(result.failure and result.failure.retryable for result in results)
            return JSONResponse(failure, status_code=503 if retryable else 500)
        return JSONResponse(reply.whole(results))

    async def _batches(self, handle: Handle) -> AsyncIterator[list[Event]]:
        """Yield what has come since the last look, perhaps nothing, until all has ended."""
        while not handle.finished:
            yield await to_thread.run_sync(
                _take, handle, limiter=self._threads, abandon_on_cancel=True
            )

    def _check_key(self, request: Request) -> None:
        if self._api_key is None:
            return
        given = request.headers.get("authorization", "")
        if not secrets.compare_digest(given.encode(), f"Bearer {self._api_key}".encode()):
            raise HTTPException(UNAUTHORISED, "the API key is missing or wrong")

    def _check_name(self, name: str) -> None:
        if name != self._name:
            raise HTTPException(NOT_FOUND, f"this server has {self._name}, not {name:.80}")


class _Followed(StreamingResponse):
    """A stream of pieces of work that ends with it, whoever hung up, and however early.

    The pieces themselves would not do to end it: of a generator that was never begun nothing runs.
    """

    def __init__(self, handle: Handle, pieces: AsyncIterator[bytes]) -> None:
        super().__init__(pieces, media_type="text/event-stream")
        self._handle = handle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            # What has ended does not mind.
            self._handle.cancel()


def serve(
    endpoint: Endpoint,
    *,
    host: str,
    port: int,
    announce: Callable[[str], None],
) -> None:
    """Answer on host and port (0: any free one) until told to end, then close the engine.

    `announce` is called with the base URL once connections are taken. Raises OSError where the
    address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family, backlog=1024) as listener:
        shown = f"[{host}]" if family is socket.AF_INET6 else host
        announce(f"http://{shown}:{listener.getsockname()[1]}/v1")
        config = uvicorn.Config(
            endpoint.app,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
        # By then everybody has been answered, and Ctrl-C is how one ends it.
        with suppress(KeyboardInterrupt):
            anyio.run(partial(uvicorn.Server(config).serve, sockets=[listener]))


def _take(handle: Handle) -> list[Event]:
    """Wait a little for an event, then take all that are there."""
    events = []
    event = handle.next_event(LOOK_SECONDS)
    while event is not None:
        events.append(event)
        event = handle.next_event(0)
    return events


def _results(events: list[Event]) -> list[CompletionResult]:
    return [event.result for event in events if event.result is not None]


def _event(piece: answers.Json) -> bytes:
    return b"data: " + json.dumps(piece, ensure_ascii=False).encode() + b"\n\n"


async def _content(request: Request) -> bytes:
    content = bytearray()
    async for block in request.stream():
        content += block
        if len(content) > LARGEST_BODY_BYTES:
            raise HTTPException(TOO_LARGE, f"a request may have {LARGEST_BODY_BYTES} bytes")
    return bytes(content)


async def _refuse_for_engine(request: Request, error: Exception) -> Response:
    assert isinstance(error, EngineError)
    if isinstance(error, InvalidRequest):
        return JSONResponse(answers.refusal(error.detail, code=error.code), status_code=400)
    kind = "rate_limit_error" if isinstance(error, EngineBusy) else "server_error"
    body = answers.refusal(error.detail, code=error.code, kind=kind)
    if isinstance(error, EngineBusy):
        wait = {"Retry-After": str(math.ceil(error.retry_after_seconds))}
        return JSONResponse(body, status_code=429, headers=wait)
    return JSONResponse(body, status_code=503 if error.retryable else 500)


async def _refuse_for_tokens(request: Request, error: Exception) -> Response:
    assert isinstance(error, tokens.TokensError)
    return JSONResponse(answers.refusal(str(error), code=error.code), status_code=400)


async def _refuse_for_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = {
        UNAUTHORISED: "unauthorised",
        NOT_FOUND: "not_found",
        TOO_LARGE: "request_too_large",
    }.get(error.status_code, "method_not_allowed")
    body = answers.refusal(error.detail, code=code)
    return JSONResponse(body, status_code=error.status_code, headers=error.headers)
