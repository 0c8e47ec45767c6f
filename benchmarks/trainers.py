"""Trainers without think time: each claims a ranking, submits it, and claims the next.

One thread drives all of them over kept connections and looks at an answer only as far as the next
request needs it, so that the driver takes little of the cores it shares with what is measured.
"""

from __future__ import annotations

import selectors
import socket
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson

_PATIENCE_SECONDS = 60.0
_CSRF = "a" * 32


@dataclass
class Load:
    """What a set of trainers saw. Times in seconds."""

    claims: list[float] = field(default_factory=list)
    submits: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0
    driver_cpu_seconds: float = 0.0


class Trainer:
    """One browser: a kept connection and a session. It waits for one answer at a time."""

    def __init__(self, port: int, session_key: str, slug: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self._head = (
            " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Cookie: sessionid={session_key}; csrftoken={_CSRF}\r\nX-CSRFToken: {_CSRF}\r\n"
            "Content-Length: "
        )
        self._claim_path = f"projects/{slug}/claims/"
        self._answer = b""
        self.claims = True
        self.asked_at = 0.0

    def claim(self) -> None:
        self.claims = True
        self._post(self._claim_path, {"kind": "ranking"})

    def submit(self, assignment: dict[str, object]) -> None:
        self.claims = False
        body = judgement([card["label"] for card in assignment["comparison"]["candidates"]])  # type: ignore[index]
        self._post(f"assignments/{assignment['id']}/ranking/", body)

    def _post(self, path: str, body: object) -> None:
        content = orjson.dumps(body)
        head = f"POST /api/v1/{path}{self._head}{len(content)}\r\n\r\n"
        self._answer = b""
        self.asked_at = time.perf_counter()
        self.socket.sendall(head.encode() + content)

    def receive(self) -> tuple[int, bytes] | None:
        """Status and body once the answer is whole, else None. Raises ConnectionError."""
        part = self.socket.recv(65536)
        if not part:
            raise ConnectionError("the server closed the connection")
        self._answer += part
        head, separator, body = self._answer.partition(b"\r\n\r\n")
        if not separator:
            return None
        length = int(head.lower().partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0])
        return (int(head[9:12]), body) if len(body) == length else None


def judgement(labels: Sequence[str]) -> dict[str, object]:
    """A ranking with a tie; the page's other fields as it sends them."""
    return {
        "key": str(uuid.uuid4()),
        "cannot_judge": False,
        "tiers": [[labels[0]], list(labels[1:3]), list(labels[3:])],
        "acceptable_tier": None,
        "ratings": {},
        "flags": {},
        "comment": "",
        "rewrite": "",
        "open_milliseconds": dict.fromkeys(labels, 1000),
    }


def drive(port: int, session_keys: Sequence[str], slug: str, seconds: float) -> Load:
    """All trainers at once, each in a closed loop, for `seconds`; a trainer that fails stops."""
    load = Load()
    began, cpu_before = time.perf_counter(), time.process_time()
    with selectors.DefaultSelector() as waiting:
        for key in session_keys:
            trainer = Trainer(port, key, slug)
            waiting.register(trainer.socket, selectors.EVENT_READ, trainer)
            trainer.claim()
        while waiting.get_map():
            ready = waiting.select(_PATIENCE_SECONDS)
            if not ready:
                load.failures.append(f"no answer within {_PATIENCE_SECONDS} s")
                break
            for key, _ in ready:
                if not _go_on(key.data, load, is_over=time.perf_counter() - began >= seconds):
                    waiting.unregister(key.data.socket)
                    key.data.socket.close()
    load.seconds = time.perf_counter() - began
    load.driver_cpu_seconds = time.process_time() - cpu_before
    return load


def _go_on(trainer: Trainer, load: Load, *, is_over: bool) -> bool:
    """Take what the trainer was sent and ask the next; whether there is a next."""
    try:
        answer = trainer.receive()
    except (OSError, ValueError) as exc:
        load.failures.append(repr(exc))
        return False
    if answer is None:
        return True
    (status, body), seconds = answer, time.perf_counter() - trainer.asked_at
    if status != (200 if trainer.claims else 201):
        load.failures.append(f"{'claim' if trainer.claims else 'submit'} {status} {body[:300]!r}")
        return False
    (load.claims if trainer.claims else load.submits).append(seconds)
    if trainer.claims:
        # What was claimed is submitted, so that the next run finds nobody with work in hand.
        trainer.submit(orjson.loads(body))
        return True
    if not is_over:
        trainer.claim()
    return not is_over
