"""The HTTP client that servers are spoken to with: no redirects, no proxies, no endless lines."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import httpx2
from openai import AsyncOpenAI

from sampling.engine.protocol import UnsupportedPolicy
from sampling.engine.spec import Server

CONNECT_SECONDS = 10.0
# The longest honest line repeats a prompt's token ids; this holds a million of them.
LONGEST_LINE_BYTES = 8 * 2**20


class KeyMissing(UnsupportedPolicy):
    """The environment variable that should hold the server's key is not set."""

    code = "api_key_missing"


class LineTooLong(httpx2.RemoteProtocolError):
    """The server sends a line without end, which nobody should hold in memory."""


def client_for(
    server: Server,
    *,
    api_key: str | None,
    silence_seconds: float,
    longest_line_bytes: int = LONGEST_LINE_BYTES,
) -> AsyncOpenAI:
    """Return a client of one server that retries nothing by itself."""
    client = AsyncOpenAI(
        base_url=server.base_url,
        api_key=api_key or "none",
        max_retries=0,
        http_client=httpx2.AsyncClient(
            transport=_BoundedTransport(longest_line_bytes),
            timeout=httpx2.Timeout(silence_seconds, connect=CONNECT_SECONDS, pool=None),
            follow_redirects=False,
            trust_env=False,
        ),
    )
    # Whoever this environment names for OpenAI itself has no business with this server.
    client.organization = client.project = None
    return client


def api_key(variable: str | None) -> str | None:
    """Return the key that the named environment variable holds; raises KeyMissing."""
    if variable is None:
        return None
    key = os.environ.get(variable)
    if not key:
        raise KeyMissing(
            f"the policy takes its API key from the environment variable {variable}, which is not "
            "set here"
        )
    return key


class _BoundedTransport(httpx2.AsyncBaseTransport):
    """Ordinary HTTP whose answers must break their lines."""

    def __init__(self, longest_line_bytes: int) -> None:
        self._longest_line_bytes = longest_line_bytes
        self._inner = httpx2.AsyncHTTPTransport(
            trust_env=False, limits=httpx2.Limits(max_connections=None)
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await self._inner.handle_async_request(request)
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _BoundedLines(response.stream, self._longest_line_bytes)
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


class _BoundedLines(httpx2.AsyncByteStream):
    """Passes bytes on until one line has too many of them."""

    def __init__(self, inner: httpx2.AsyncByteStream, longest_line_bytes: int) -> None:
        self._inner = inner
        self._longest = longest_line_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        n_since_break = 0
        async for block in self._inner:
            position = block.rfind(b"\n")
            n_since_break = (
                len(block) - position - 1 if position >= 0 else n_since_break + len(block)
            )
            if n_since_break > self._longest:
                raise LineTooLong(f"a line of more than {self._longest} bytes")
            yield block

    async def aclose(self) -> None:
        await self._inner.aclose()
