"""The pipe between web processes and GPU workers: pieces of text one way, cancels the other.

Nothing here raises when Redis is away and nothing is kept here alone: the final text and every
cancel are in PostgreSQL. A stream is bounded and expires; its entries carry the attempt that wrote
them, so a reader forgets the text of an earlier attempt when a later one begins.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)
T = TypeVar("T")

TIMEOUT_SECONDS = 0.2
SUBSCRIBE_SECONDS = 5.0
# After a failure nobody tries again for this long: a save must not wait for a dead Redis.
BREAKER_SECONDS = 1.0
MAX_ENTRIES = 10_000
# Between two looks a reader sees no difference; fewer, larger entries leave the engine its turn.
COALESCE_SECONDS = 0.04


# Where workers hear which generations nobody wants any more.
CANCELS = "labelhub:cancels"


def stream_key(generation_id: int) -> str:
    return f"labelhub:generation:{generation_id}"


@dataclass(frozen=True, slots=True)
class Piece:
    """Text of one completion from character `offset` on."""

    index: int
    offset: int
    text: str


class Pipe:
    """A connection to Redis that may be dead: every method then does nothing, at once."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._closed_until = 0.0

    @cached_property
    def _redis(self) -> redis.Redis:
        return redis.Redis.from_url(
            self._url,
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
        )

    def publish(self, generation_id: int, attempt: int, pieces: Sequence[Piece]) -> bool:
        """Append the pieces to the generation's stream; False where they were not delivered."""

        def send(client: redis.Redis) -> bool:
            key = stream_key(generation_id)
            with client.pipeline(transaction=False) as batch:
                for piece in pieces:
                    entry: dict[str, str | int] = {
                        "attempt": attempt,
                        "index": piece.index,
                        "offset": piece.offset,
                        "text": piece.text,
                    }
                    batch.xadd(key, entry, maxlen=MAX_ENTRIES)  # type: ignore[arg-type]
                batch.expire(key, settings.STREAM_SECONDS)
                batch.execute()
            return True

        return self._try(send, instead=False)

    def announce_end(self, generation_id: int) -> None:
        """Tell readers to look into PostgreSQL now rather than a second later."""

        def send(client: redis.Redis) -> None:
            key = stream_key(generation_id)
            client.xadd(key, {"end": 1}, maxlen=MAX_ENTRIES)
            client.expire(key, settings.STREAM_SECONDS)

        self._try(send, instead=None)

    def announce_cancel(self, generation_id: int) -> None:
        """Tell GPU workers at once what they would else read in PostgreSQL a second later."""
        self._try(lambda client: client.publish(CANCELS, generation_id), instead=0)

    def _try(self, action: Callable[[redis.Redis], T], *, instead: T) -> T:
        if time.monotonic() < self._closed_until:
            return instead
        try:
            return action(self._redis)
        except (redis.RedisError, OSError) as error:
            self._closed_until = time.monotonic() + BREAKER_SECONDS
            logger.warning("Redis does not answer (%s); text will arrive late", error)
            return instead


class Cancels:
    """Hears what is cancelled. Used by one thread; what is missed stands in PostgreSQL."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._channel: redis.client.PubSub | None = None

    def wait(self, seconds: float) -> int | None:
        """The next generation that was cancelled; None when there was none for so long."""
        due = time.monotonic() + seconds
        try:
            channel = self._subscribed()
            while message := channel.get_message(timeout=max(0.0, due - time.monotonic())):
                # The client subscribes again by itself where it lost its connection.
                if message["type"] == "message":
                    return int(message["data"])
        except (redis.RedisError, OSError):
            self.close()
            time.sleep(seconds)
        return None

    def close(self) -> None:
        """Let go of the connection; a later wait makes another."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def _subscribed(self) -> redis.client.PubSub:
        if self._channel is None:
            client = redis.Redis.from_url(
                self._url,
                socket_connect_timeout=TIMEOUT_SECONDS,
                retry=Retry(NoBackoff(), 0),
                protocol=2,
            )
            self._channel = client.pubsub()  # type: ignore[no-untyped-call]
            self._channel.subscribe(CANCELS)
            # Once this is answered nothing is missed any more.
            if self._channel.get_message(timeout=SUBSCRIBE_SECONDS) is None:
                raise redis.TimeoutError("the subscription was not confirmed")
        return self._channel


class Publisher:
    """Sends one generation's text as it grows, coalesced. Used by one thread."""

    def __init__(self, pipe: Pipe, generation_id: int, attempt: int) -> None:
        self._pipe = pipe
        self._generation_id = generation_id
        self._attempt = attempt
        self._texts: dict[int, str] = {}
        self._sent: dict[int, int] = {}
        self._due = 0.0

    def add(self, index: int, text: str) -> None:
        """Take one more piece of completion `index`; sent with the next flush."""
        self._texts[index] = self._texts.get(index, "") + text

    def flush_when_due(self) -> None:
        """Send what has gathered, unless the last sending was a moment ago."""
        if time.monotonic() >= self._due:
            self.flush()

    def flush(self) -> None:
        """Send what has gathered. What is not delivered is sent again, from the beginning.

        From the beginning, because a Redis that comes back may have forgotten the rest.
        """
        pieces = [
            Piece(index, self._sent.get(index, 0), text[self._sent.get(index, 0) :])
            for index, text in self._texts.items()
            if len(text) > self._sent.get(index, 0)
        ]
        if not pieces:
            return
        self._due = time.monotonic() + COALESCE_SECONDS
        if self._pipe.publish(self._generation_id, self._attempt, pieces):
            self._sent = {index: len(text) for index, text in self._texts.items()}
        else:
            self._sent = {}


pipe = Pipe(settings.REDIS_URL)
