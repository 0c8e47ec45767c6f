"""GET events/ over the real ASGI application: open it, read on, go away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson
from asgiref.sync import async_to_sync

from labelhub.threads import ThreadedHandler
from tests.processes import DEADLINE_SECONDS


@cache
def web() -> ThreadedHandler:
    """The application as a web process has it, with one thread."""
    return ThreadedHandler(1)


@dataclass
class Answer:
    """What came over the wire, and a way to go away."""

    status: int
    content_type: str
    pieces: AsyncIterator[bytes]
    leave: Callable[[], None]

    async def all(self) -> bytes:
        return b"".join([piece async for piece in self.pieces])

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        async for piece in self.pieces:
            for frame in parsed(piece):
                yield frame


def parsed(body: bytes) -> list[dict[str, Any]]:
    """The events of whole frames, comments left out."""
    found = []
    for frame in body.decode().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in frame.split("\n") if ": " in line[1:])
        lines.pop("", None)
        if lines:
            found.append(orjson.loads(lines.pop("data")) | lines)
    return found


@asynccontextmanager
async def opened(query: str, *headers: tuple[bytes, bytes]) -> AsyncIterator[Answer]:
    """One request to the application."""
    left = asyncio.Event()
    sent: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
    first = True

    async def receive() -> dict[str, Any]:
        nonlocal first
        if first:
            first = False
            return {"type": "http.request", "body": b"", "more_body": False}
        await left.wait()
        return {"type": "http.disconnect"}

    async def run() -> None:
        try:
            await web()(scope, receive, sent.put)
        finally:
            await sent.put(None)

    async def pieces() -> AsyncIterator[bytes]:
        while (message := await sent.get()) is not None:
            if message["type"] == "http.response.body" and message.get("body"):
                yield message["body"]

    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "path": "/api/v1/events/",
        "query_string": query.encode(),
        "headers": [(b"host", b"localhost"), *headers],
        "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 40000),
    }
    async with asyncio.timeout(DEADLINE_SECONDS):
        task = asyncio.create_task(run())
        try:
            start = await sent.get()
            assert start is not None
            names = {name.lower(): value for name, value in start["headers"]}
            yield Answer(start["status"], names[b"content-type"].decode(), pieces(), left.set)
        finally:
            left.set()
            await task


def over_asgi(test: Callable[[], Awaitable[None]]) -> None:
    async_to_sync(test)()
