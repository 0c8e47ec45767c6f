"""Django's synchronous path behind an ASGI server: a fixed number of threads, each with its connection.

Only whole things pass between the event loop and a thread: the request once its body has come, the
answer once it is made. Every such handover waits for the interpreter's lock, and a WSGI bridge has
six a request (docs/PERFORMANCE.md). Slow senders keep no thread, and neither does an answer that is
a coroutine's to stream: however many stay open, there are no more threads than before.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from tempfile import SpooledTemporaryFile
from typing import IO, Any, cast

from django.conf import settings
from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.handlers.base import BaseHandler
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import set_script_prefix


class ThreadedHandler(ASGIHandler):
    """Answers each request in one of `n_threads` threads, which outlive the request."""

    def __init__(self, n_threads: int) -> None:
        BaseHandler.__init__(self)
        self.load_middleware()
        self._threads = ThreadPoolExecutor(n_threads, "web")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        loop = asyncio.get_running_loop()
        response = await loop.run_in_executor(self._threads, self._answer, scope, body)
        if not isinstance(response, StreamingHttpResponse):
            await self.send_response(response, send)
            return
        if not response.is_async:
            response.streaming_content = self._read(iter(response.streaming_content))  # type: ignore[arg-type]
        try:
            await self._send_until_left(response, receive, send)
        finally:
            await loop.run_in_executor(self._threads, response.close)

    async def _send_until_left(self, response: HttpResponseBase, receive: Any, send: Any) -> None:
        """Send to the end, or until the client is gone."""
        sending = asyncio.create_task(self.send_response(response, send))
        listening = asyncio.create_task(self.listen_for_disconnect(receive))
        try:
            await asyncio.wait((sending, listening), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sending.cancel()
            listening.cancel()
            fault, _ = await asyncio.gather(sending, listening, return_exceptions=True)
        if isinstance(fault, Exception):
            raise fault

    async def read_body(self, receive: Any) -> IO[bytes]:
        """The body, or as much of it as shows that it is larger than anything we accept.

        Whoever sends without end fills neither memory nor disk: the parser refuses what is too
        large by its first byte past the limit.
        """
        body = SpooledTemporaryFile(max_size=settings.FILE_UPLOAD_MAX_MEMORY_SIZE)  # noqa: SIM115
        n_wanted = settings.MAX_JSON_BYTES + 1
        while n_wanted > 0:
            message = await receive()
            if message["type"] == "http.disconnect":
                body.close()
                raise RequestAborted
            n_wanted -= body.write(message.get("body", b"")[:n_wanted])
            if not message.get("more_body", False):
                break
        body.seek(0)
        return body

    def _answer(self, scope: Any, body: Any) -> HttpResponse | StreamingHttpResponse:
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=type(self), scope=scope)
        request, refusal = self.create_request(scope, body)
        response: Any = self.get_response(request) if request else refusal
        response._handler_class = type(self)
        if not response.streaming:
            response.close()
        return cast(HttpResponse | StreamingHttpResponse, response)

    async def _read(self, parts: Iterator[bytes]) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        while part := await loop.run_in_executor(self._threads, next, parts, b""):
            yield part
