"""Django behind the event loop: whole requests in, whole or streamed answers out."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import override_settings
from django.urls import path

from labelhub.threads import ThreadedHandler


def echo(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.body, headers={"X-Method": request.method or ""})


def streamed(request: HttpRequest) -> StreamingHttpResponse:
    def parts() -> Iterator[bytes]:
        for number in range(3):
            yield b"part %d " % number

    response = StreamingHttpResponse(parts())
    response._resource_closers.append(lambda: closed.append("streamed"))  # type: ignore[attr-defined]
    return response


def endless(request: HttpRequest) -> StreamingHttpResponse:
    async def parts() -> AsyncIterator[bytes]:
        try:
            yield b"here"
            await asyncio.Event().wait()
        finally:
            closed.append("parts")

    response = StreamingHttpResponse(parts())
    response._resource_closers.append(lambda: closed.append("endless"))  # type: ignore[attr-defined]
    return response


def cut_short(request: HttpRequest) -> StreamingHttpResponse:
    async def parts() -> AsyncIterator[bytes]:
        yield b"here"
        raise RuntimeError("on purpose")

    return StreamingHttpResponse(parts())


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("on purpose")


closed: list[str] = []
# Once something of the answer has come.
LEAVES_LATER = {"type": "http.disconnect", "late": True}
urlpatterns = [
    path(f"{view.__name__}/", view) for view in (echo, streamed, endless, cut_short, broken)
]


def ask(path: str, *received: dict[str, Any]) -> list[dict[str, Any]]:
    """The messages that the handler sends for a POST whose body comes in these messages."""
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "headers": [(b"host", b"testserver")],
        "http_version": "1.1",
    }
    waiting, sent = list(received), []

    something_sent = asyncio.Event()

    async def receive() -> dict[str, Any]:
        if not waiting:
            await asyncio.Event().wait()
        if waiting[0] == LEAVES_LATER:
            await something_sent.wait()
        return waiting.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)
        if message.get("body"):
            something_sent.set()

    with override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=[]):
        asyncio.run(ThreadedHandler(2)(scope, receive, send))
    return sent


def part(body: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


def test_a_body_that_comes_in_parts_is_whole_for_the_view() -> None:
    start, *bodies = ask("/echo/", part(b"one ", more=True), part(b"two"))
    assert start["status"] == 200
    assert (b"X-Method", b"POST") in start["headers"]
    assert b"".join(message["body"] for message in bodies) == b"one two"
    assert [message["more_body"] for message in bodies] == [False]


def test_a_streamed_answer_goes_part_by_part_and_is_closed() -> None:
    closed.clear()
    start, *bodies = ask("/streamed/", part(b""))
    assert start["status"] == 200
    assert [message.get("body", b"") for message in bodies] == [
        b"part 0 ",
        b"part 1 ",
        b"part 2 ",
        b"",
    ]
    assert closed == ["streamed"]


def test_an_answer_that_never_ends_is_closed_when_its_reader_leaves() -> None:
    closed.clear()
    start, *bodies = ask("/endless/", part(b""), LEAVES_LATER)
    assert start["status"] == 200
    assert [message["body"] for message in bodies] == [b"here"]
    assert closed == ["parts", "endless"]


def test_a_fault_while_streaming_reaches_the_server() -> None:
    with pytest.raises(RuntimeError, match="on purpose"):
        ask("/cut_short/", part(b""), LEAVES_LATER)


def test_a_sender_who_leaves_is_answered_nothing() -> None:
    assert ask("/echo/", part(b"half", more=True), {"type": "http.disconnect"}) == []


def test_a_fault_is_a_500(caplog: pytest.LogCaptureFixture) -> None:
    start, *_ = ask("/broken/", part(b""))
    assert start["status"] == 500
    assert "on purpose" in caplog.text


def test_a_body_without_end_is_read_no_further_than_shows_its_size() -> None:
    chunk = part(b"x" * 2**20, more=True)
    with override_settings(MAX_JSON_BYTES=3 * 2**20):
        # A fifth chunk is never asked for: there is none, so that asking would fail.
        sent = ask("/echo/", *[chunk] * 4)
    assert sum(len(message.get("body", b"")) for message in sent) == 3 * 2**20 + 1
