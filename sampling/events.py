"""The event route's inside: one reader of Redis and one look at PostgreSQL, for all open responses.

A web process has one Hub. Every open response is a Watcher with a bounded backlog; pieces come
from Redis as they are written, the end always from PostgreSQL, whole.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from weakref import WeakKeyDictionary

import orjson
import redis.asyncio
from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections
from redis.backoff import NoBackoff
from redis.retry import Retry

from sampling import selectors
from sampling.models import Generation
from sampling.stream import stream_key

logger = logging.getLogger(__name__)

BEAT_SECONDS = 10.0
# Somebody may lose their place while a response is open.
ASK_AGAIN_SECONDS = 30.0
BEAT = b": beat\n\n"
# So that an operator finds it in CLIENT LIST: one a web process that has streams open.
READER_NAME = "labelhub-events"
# How long a new response may wait for the reader to take up its streams.
BLOCK_MILLISECONDS = 100
ENTRIES_AT_ONCE = 500
ROWS_SECONDS = 1.0
REDIS_PAUSE_SECONDS = 1.0
# A client that reads slower than this many events is cut off; it resumes where it stopped.
BACKLOG = 2_000

# A place in a stream, in the order in which Redis gives them out.
Place = tuple[int, int]
START: Place = (0, 0)

# PostgreSQL is asked on one thread with one connection, however many responses are open.
_rows_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="events")
_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def parse_place(text: str) -> Place:
    """A stream id "milliseconds-sequence"; raises ValueError."""
    milliseconds, _, sequence = text.partition("-")
    return (int(milliseconds), int(sequence))


def written(place: Place) -> str:
    return f"{place[0]}-{place[1]}"


class Watcher:
    """One open response: where it is in each stream that has not ended, and what it has to send."""

    def __init__(self, places: Mapping[int, Place]) -> None:
        self.places = dict(places)
        self.backlog: asyncio.Queue[bytes] = asyncio.Queue(BACKLOG)
        self.overrun = False

    def put(self, frame: bytes) -> None:
        try:
            self.backlog.put_nowait(frame)
        except asyncio.QueueFull:
            self.overrun = True


class Hub:
    """Feeds the watchers of one event loop; its tasks live only while there are any."""

    def __init__(self) -> None:
        self._watchers: dict[int, set[Watcher]] = {}
        self._places: dict[int, Place] = {}
        self._look = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def join(self, watcher: Watcher) -> None:
        for generation_id, place in watcher.places.items():
            self._watchers.setdefault(generation_id, set()).add(watcher)
            # The reader steps back for the newcomer; the others skip what they have had.
            self._places[generation_id] = min(place, self._places.get(generation_id, place))
        self._look.set()
        if not self._tasks:
            self._tasks = [
                asyncio.create_task(self._read_streams()),
                asyncio.create_task(self._read_rows()),
            ]

    def leave(self, watcher: Watcher) -> None:
        for generation_id in watcher.places:
            self._watchers[generation_id].discard(watcher)
            if not self._watchers[generation_id]:
                self._forget(generation_id)
        if not self._watchers:
            for task in self._tasks:
                task.cancel()
            self._tasks = []

    def _forget(self, generation_id: int) -> None:
        del self._watchers[generation_id]
        del self._places[generation_id]

    async def _read_streams(self) -> None:
        client = redis.asyncio.Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=1.0,
            socket_connect_timeout=1.0,
            retry=Retry(NoBackoff(), 0),  # type: ignore[arg-type]
            decode_responses=True,
            client_name=READER_NAME,
            protocol=2,
        )
        try:
            while True:
                try:
                    await self._read_streams_once(client)
                except (redis.RedisError, OSError) as error:
                    logger.warning("Redis does not answer (%s); streams pause", error)
                    await asyncio.sleep(REDIS_PAUSE_SECONDS)
        finally:
            await client.aclose()

    async def _read_streams_once(self, client: redis.asyncio.Redis) -> None:
        if not self._places:
            # All that is watched has ended, and the responses are about to close.
            await asyncio.sleep(BLOCK_MILLISECONDS / 1000)
            return
        by_key = {stream_key(generation_id): generation_id for generation_id in self._places}
        after: dict[Any, Any] = {
            key: written(self._places[generation_id]) for key, generation_id in by_key.items()
        }
        answer: Any = await client.xread(after, count=ENTRIES_AT_ONCE, block=BLOCK_MILLISECONDS)
        for key, entries in answer or []:
            generation_id = by_key[key]
            for entry_id, entry in entries:
                self._pass_on(generation_id, parse_place(entry_id), entry)
            # Whoever joined meanwhile may have asked for an earlier place than was just read to.
            if self._places.get(generation_id) == parse_place(after[key]):
                self._places[generation_id] = parse_place(entries[-1][0])

    def _pass_on(self, generation_id: int, place: Place, entry: Mapping[str, str]) -> None:
        if "end" in entry:
            self._look.set()
            return
        frame = delta_frame(generation_id, place, entry)
        for watcher in self._watchers.get(generation_id, ()):
            if place > watcher.places[generation_id]:
                watcher.places[generation_id] = place
                watcher.put(frame)

    async def _read_rows(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._look.clear()
            watched = list(self._watchers)
            try:
                ended = await loop.run_in_executor(_rows_thread, _ended_frames, watched)
            except (DatabaseError, InterfaceError) as error:
                logger.warning("PostgreSQL does not answer (%s); ends are told later", error)
                ended = {}
            for generation_id, frame in ended.items():
                self._end(generation_id, frame)
            try:
                await asyncio.wait_for(self._look.wait(), ROWS_SECONDS)
            except TimeoutError:
                continue

    def _end(self, generation_id: int, frame: bytes) -> None:
        watchers = self._watchers.get(generation_id)
        if watchers is None:
            return
        for watcher in watchers:
            del watcher.places[generation_id]
            watcher.put(frame)
        self._forget(generation_id)


async def frames(
    places: Mapping[int, Place], may_follow: Callable[[], bool] = lambda: True
) -> AsyncIterator[bytes]:
    """The response body for the generations in `places`, each from its place on, until all ended.

    It ends early once `may_follow`, asked now and then on the thread that holds the connection,
    says no; whoever resumes is then refused as anybody else.
    """
    loop = asyncio.get_running_loop()
    ask_again_at = loop.time() + ASK_AGAIN_SECONDS
    hub = _hubs.setdefault(loop, Hub())
    watcher = Watcher(places)
    hub.join(watcher)
    try:
        # The first bytes go out at once, so that the client knows it is connected.
        yield BEAT
        while not watcher.overrun and (watcher.places or not watcher.backlog.empty()):
            try:
                yield await asyncio.wait_for(watcher.backlog.get(), BEAT_SECONDS)
            except TimeoutError:
                yield BEAT
            if loop.time() >= ask_again_at:
                if not await loop.run_in_executor(_rows_thread, _asked, may_follow):
                    break
                ask_again_at = loop.time() + ASK_AGAIN_SECONDS
    finally:
        hub.leave(watcher)


def _asked(may_follow: Callable[[], bool]) -> bool:
    close_old_connections()
    try:
        return may_follow()
    except (DatabaseError, InterfaceError):
        # While PostgreSQL is away there is no end to tell either; it is asked again later.
        return True


def delta_frame(generation_id: int, place: Place, entry: Mapping[str, str]) -> bytes:
    body = {
        "generation": generation_id,
        "attempt": int(entry["attempt"]),
        "index": int(entry["index"]),
        "offset": int(entry["offset"]),
        "text": entry["text"],
    }
    head = f"event: delta\nid: {generation_id}:{written(place)}\n"
    return head.encode() + b"data: " + orjson.dumps(body) + b"\n\n"


def end_frame(generation: Generation) -> bytes:
    body = {
        "generation": generation.pk,
        "attempt": generation.attempt,
        "state": generation.state,
        "error": error_of(generation),
        "completions": [
            {"index": each.index, "text": each.text, "finish_reason": each.finish_reason}
            for each in generation.completions.all()
        ],
    }
    return b"event: end\ndata: " + orjson.dumps(body) + b"\n\n"


def error_of(generation: Generation) -> dict[str, str] | None:
    if not generation.error_code:
        return None
    return {"code": generation.error_code, "detail": generation.error_detail}


def _ended_frames(generation_ids: Collection[int]) -> dict[int, bytes]:
    close_old_connections()
    ended = selectors.ended_generations(generation_ids=generation_ids)
    return {generation.pk: end_frame(generation) for generation in ended}
