"""Work that was acknowledged is there, whatever is killed or hangs while people write."""

import os
import signal
import uuid
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx2
import pytest

from tests.demo import Demo, running_demo
from tests.processes import kill, wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]

_PATIENCE_SECONDS = 120.0


class Writer:
    """A trainer at work on one demonstration; closed when done."""

    def __init__(self, demo: Demo, username: str) -> None:
        self._client = httpx2.Client(
            base_url=f"{demo.address}/api/v1/", timeout=_PATIENCE_SECONDS, trust_env=False
        )
        self.ask("GET", "auth/session/")
        self.ask("POST", "auth/login/", username=username, password=f"demo-{username}")
        consent = self.ask("GET", "consent/")
        self.ask("POST", "consent/", version=consent["version"], purposes=consent["purposes"])
        self.assignment: int = self.ask("POST", "projects/demo/claims/", kind="demonstration")["id"]

    def ask(self, method: str, path: str, **body: object) -> Any:
        """The answer. Raises httpx2.HTTPError where there is none, or none that is wanted."""
        answer = self._client.request(
            method,
            path,
            json=body or None,
            headers={"X-CSRFToken": self._client.cookies.get("csrftoken") or ""},
        )
        assert answer.status_code < 400 or answer.status_code >= 500, answer.text
        answer.raise_for_status()
        return answer.json()

    def close(self) -> None:
        self._client.close()

    def thread(self) -> dict[str, Any]:
        conversation: dict[str, Any] = self.ask("GET", f"assignments/{self.assignment}/")[
            "conversation"
        ]
        return conversation

    def write(self, *texts: str) -> list[str]:
        """Save a dialogue of these turns; those that the server says it has."""
        roles = ("user", "assistant")
        turns = [{"role": role, "content": text} for role, text in zip(roles, texts, strict=False)]
        path = f"assignments/{self.assignment}/thread/"
        saved = self.ask("PUT", path, version=self.thread()["version"], turns=turns)
        return [message["content"] for message in saved["messages"]]

    def written(self) -> list[str] | None:
        """The turns that the server has, or None while it does not answer."""
        try:
            return [message["content"] for message in self.thread()["messages"]]
        except httpx2.HTTPError:
            return None

    def hand_in(self) -> dict[str, Any]:
        path = f"assignments/{self.assignment}/demonstration/"
        version = self.thread()["version"]
        answer: dict[str, Any] = self.ask("POST", path, key=str(uuid.uuid4()), version=version)
        return answer


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    """Its supervisor is killed at the end, and must leave nothing."""
    with running_demo() as demo:
        yield demo


@pytest.mark.parametrize("part", ["uvicorn", "postgres -D", "labelhub.embedded"])
def test_what_was_saved_outlives_a_kill(demo: Demo, part: str) -> None:
    with closing(Writer(demo, "trainer1")) as writer:
        kept = writer.write("Why is the wall grey?", f"Said before {part} was killed.")

        for pid in demo.running(part):
            kill(pid)

        assert wait_until(writer.written, f"an answer after {part} was killed") == kept


def test_what_was_handed_in_outlives_a_killed_postgresql(demo: Demo) -> None:
    with closing(Writer(demo, "trainer2")) as writer:
        writer.write("Why is the wall grey?", "It is stone.")
        assert writer.hand_in()["state"] == "submitted"

        kill(demo.running("postgres -D")[0])

        wait_until(writer.written, "an answer after PostgreSQL was killed")
        assert writer.ask("GET", f"assignments/{writer.assignment}/")["state"] == "submitted"


def test_a_redis_that_hangs_holds_nobody_up(demo: Demo) -> None:
    with closing(Writer(demo, "trainer3")) as writer:
        (redis,) = demo.running("redis-server")
        os.kill(redis, signal.SIGSTOP)
        try:
            writer.write("Why is the wall grey?")
            path = f"assignments/{writer.assignment}/drafts/"
            drafts = writer.ask("POST", path, version=writer.thread()["version"])["drafts"]
            generation = f"generations/{drafts[0]['generation']}/"
            wait_until(
                lambda: writer.ask("GET", generation)["state"] == "done",
                "a draft that nobody was woken for",
            )
            writer.write("Why is the wall grey?", "It is stone.")
            assert writer.hand_in()["state"] == "submitted"
        finally:
            os.kill(redis, signal.SIGCONT)
