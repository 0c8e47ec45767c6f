"""A chat server on the loopback that says exactly what a test scripts."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

STREAM_HEADERS = {"Content-Type": "text/event-stream"}


@dataclass
class Answer:
    """One scripted response; `hold` waits after the body until the client hangs up."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: dict(STREAM_HEADERS))
    hold: bool = False


@dataclass
class Server:
    base_url: str
    requests: list[dict[str, Any]] = field(default_factory=list)
    request_headers: list[dict[str, str]] = field(default_factory=list)
    hung_up: threading.Event = field(default_factory=threading.Event)


Script = Callable[[dict[str, Any], int], Answer]


def event(payload: object) -> bytes:
    return b"data: " + json.dumps(payload).encode() + b"\n\n"


def chunk(text: str | None = None, *, finish: str | None = None, **more: Any) -> bytes:
    """One event of a chat."""
    choice: dict[str, Any] = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return event({"id": "1", "object": "chat.completion.chunk", "choices": [choice | more]})


def piece(text: str, ids: list[int], *, finish: str | None = None, **more: Any) -> bytes:
    """One event of a plain completion whose tokens are told."""
    logprobs = {"token_logprobs": [-0.5] * len(ids), "tokens": [str(each) for each in ids]}
    choice = {"index": 0, "text": text, "finish_reason": finish, "token_ids": ids}
    return event({"id": "1", "choices": [choice | {"logprobs": logprobs} | more]})


def counted(n_prompt: int, n_completion: int, *, n_cached: int = 0) -> bytes:
    usage = {
        "prompt_tokens": n_prompt,
        "completion_tokens": n_completion,
        "total_tokens": n_prompt + n_completion,
        "prompt_tokens_details": {"cached_tokens": n_cached},
    }
    return event({"id": "1", "choices": [], "usage": usage, "system_fingerprint": "fp-1"})


DONE = b"data: [DONE]\n\n"


def answer(*texts: str, finish: str = "stop", **more: Any) -> Answer:
    parts = [chunk(text) for text in texts]
    return Answer(b"".join([*parts, chunk(finish=finish, **more), counted(5, len(texts)), DONE]))


def refusal(status: int, message: str = "no", *, retry_after: str | None = None) -> Answer:
    body = json.dumps({"error": {"message": message}}).encode()
    headers = {"Content-Type": "application/json"}
    return Answer(body, status, headers | ({"Retry-After": retry_after} if retry_after else {}))


def whole(answer: object) -> Answer:
    """One JSON answer, as probes get it."""
    return Answer(json.dumps(answer).encode(), 200, {"Content-Type": "application/json"})


@contextmanager
def serve(script: Script) -> Iterator[Server]:
    """Serve `script`: it gets each request's body and path, and its number, counted from 0."""
    lock = threading.Lock()

    class Requests(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({"path": self.path})

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            self._answer(json.loads(self.rfile.read(length)) | {"path": self.path})

        def _answer(self, body: dict[str, Any]) -> None:
            with lock:
                number = len(server.requests)
                server.requests.append(body)
                server.request_headers.append({k.lower(): v for k, v in self.headers.items()})
            scripted = script(body, number)
            self.send_response(scripted.status)
            for name, value in scripted.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(scripted.body)
            self.wfile.flush()
            if scripted.hold and self.rfile.read(1) == b"":
                server.hung_up.set()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Say nothing: tests assert, they do not log."""

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Requests)
    listener.daemon_threads = True
    server = Server(f"http://127.0.0.1:{listener.server_port}/v1")
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()
