"""GET events/: the stream of what generations say, over the real ASGI application."""

from __future__ import annotations

import asyncio
import gc
import threading
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import orjson
import pytest
import redis
from asgiref.sync import sync_to_async
from django.db import connection
from django.test import Client
from pytest_django import Settings

from labelhub import clock
from labelhub.accounts.models import ApiToken, User
from sampling import events, runner, services
from sampling.models import Generation, Policy
from sampling.runner import Worker
from sampling.stream import Piece, pipe
from tests.factories import UserFactory
from tests.processes import DEADLINE_SECONDS
from tests.sampling.asking import ask
from tests.streams import opened, over_asgi, parsed, web

pytestmark = pytest.mark.django_db(transaction=True)
Purpose = Generation.Purpose


@pytest.fixture(autouse=True)
def _no_connection_stays(pipe_client: redis.Redis) -> Iterator[None]:
    yield
    for threads in (events._rows_thread, web()._threads):
        # `connection` is whatever connection the thread has that evaluates the name.
        threads.submit(lambda: connection.close()).result()


@pytest.fixture
def me() -> User:
    user: User = UserFactory()
    return user


@pytest.fixture
def cookie(me: User) -> bytes:
    client = Client()
    client.force_login(me)
    return f"sessionid={client.cookies['sessionid'].value}".encode()


def saying(generation: Generation, *texts: str, attempt: int = 1) -> None:
    """What a worker would have streamed so far."""
    offset = 0
    for text in texts:
        assert pipe.publish(generation.pk, attempt, [Piece(0, offset, text)])
        offset += len(text)


def end(generation: Generation) -> None:
    """As a worker that has stored nothing more."""
    Generation.objects.filter(pk=generation.pk).update(
        state="done", finished_at=clock.now(), lease_owner=None, lease_until=None
    )


def test_text_streams_and_ends_whole(
    me: User, cookie: bytes, policy: Policy, worker: Worker
) -> None:
    draft = ask(policy, Purpose.DRAFT, requested_by=me, n=2, temperature=0, max_tokens=3)
    reply = ask(policy, Purpose.CHAT, requested_by=me, temperature=0, max_tokens=2)

    async def test() -> None:
        query = f"generations={draft.pk},{reply.pk}"
        async with opened(query, (b"cookie", cookie)) as answer:
            assert (answer.status, answer.content_type) == (200, "text/event-stream")
            running = asyncio.create_task(asyncio.to_thread(runner.run_next))
            received = [event async for event in answer.events()]
            await running
        ends = {event["generation"]: event for event in received if event["event"] == "end"}
        assert ends[draft.pk]["completions"] == [
            {"index": index, "text": "0 1 2 ", "finish_reason": "length"} for index in (0, 1)
        ]
        assert ends[reply.pk] == {
            "event": "end",
            "generation": reply.pk,
            "attempt": 1,
            "state": "done",
            "error": None,
            "completions": [{"index": 0, "text": "0 1 ", "finish_reason": "length"}],
        }
        for event in received:
            if event["event"] == "delta":
                whole = "0 1 2 " if event["generation"] == draft.pk else "0 1 "
                assert whole[event["offset"] :].startswith(event["text"])
                assert event["id"].startswith(f"{event['generation']}:")

    over_asgi(test)


def test_pieces_arrive_in_order_and_resume_behind_the_last_seen(
    me: User, cookie: bytes, policy: Policy
) -> None:
    generation = ask(policy, requested_by=me)
    saying(generation, "Swallows ", "fly ")

    async def test() -> None:
        async with opened(f"generations={generation.pk}", (b"cookie", cookie)) as answer:
            stream = answer.events()
            first, second = await anext(stream), await anext(stream)
            assert (first["text"], first["offset"]) == ("Swallows ", 0)
            assert (second["text"], second["offset"]) == ("fly ", 9)
            # Written while the response is open; another reader begins behind the first piece.
            await sync_to_async(saying)(generation, "Gulls", attempt=2)
            query = f"generations={generation.pk}&after={first['id']}"
            async with opened(query, (b"cookie", cookie)) as resumed:
                others = resumed.events()
                assert [(await anext(others))["text"] for _ in range(2)] == ["fly ", "Gulls"]
                third = await anext(stream)
                assert (third["text"], third["attempt"], third["offset"]) == ("Gulls", 2, 0)
                await sync_to_async(end)(generation)
                await sync_to_async(pipe.announce_end)(generation.pk)
                assert [event["event"] async for event in stream] == ["end"]
                assert [event["event"] async for event in others] == ["end"]

    over_asgi(test)


def test_the_end_is_told_from_postgresql_when_the_stream_is_gone(
    me: User, cookie: bytes, policy: Policy, worker: Worker, pipe_client: redis.Redis
) -> None:
    generation = ask(policy, requested_by=me, temperature=0, max_tokens=2)
    runner.run_next()
    pipe_client.flushdb()

    async def test() -> None:
        async with opened(f"generations={generation.pk}", (b"cookie", cookie)) as answer:
            (event,) = parsed(await answer.all())
        assert (event["event"], event["completions"][0]["text"]) == ("end", "0 1 ")

    over_asgi(test)


def test_without_redis_the_end_comes_from_postgresql(
    me: User, cookie: bytes, policy: Policy, worker: Worker, settings: Settings
) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    generation = ask(policy, requested_by=me, temperature=0, max_tokens=2)

    async def test() -> None:
        async with opened(f"generations={generation.pk}", (b"cookie", cookie)) as answer:
            assert await anext(answer.pieces) == events.BEAT
            await asyncio.to_thread(runner.run_next)
            (event,) = parsed(await answer.all())
        assert (event["event"], event["state"]) == ("end", "done")

    over_asgi(test)


def test_a_failure_and_a_cancel_end_the_stream(me: User, cookie: bytes, policy: Policy) -> None:
    failed = ask(policy, requested_by=me)
    Generation.objects.filter(pk=failed.pk).update(
        state="failed", finished_at=clock.now(), error_code="worker_lost", error_detail="It died."
    )
    cancelled = ask(policy, requested_by=me)

    async def test() -> None:
        query = f"generations={failed.pk}&generations={cancelled.pk}"
        async with opened(query, (b"cookie", cookie)) as answer:
            stream = answer.events()
            event = await anext(stream)
            assert (event["state"], event["error"]) == (
                "failed",
                {"code": "worker_lost", "detail": "It died."},
            )
            await sync_to_async(services.cancel)(generation=cancelled)
            assert [event["state"] async for event in stream] == ["cancelled"]

    over_asgi(test)


def test_a_silent_stream_beats(
    me: User, cookie: bytes, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "BEAT_SECONDS", 0.01)
    generation = ask(policy, requested_by=me)

    async def test() -> None:
        async with opened(f"generations={generation.pk}", (b"cookie", cookie)) as answer:
            assert [await anext(answer.pieces) for _ in range(3)] == [events.BEAT] * 3

    over_asgi(test)


def test_many_readers_share_one_hub_and_leave_nothing_behind(
    me: User, cookie: bytes, policy: Policy, pipe_client: redis.Redis
) -> None:
    generations = [ask(policy, requested_by=me) for _ in range(3)]

    async def test() -> None:
        query = "generations=" + ",".join(str(each.pk) for each in generations)
        async with (
            opened(query, (b"cookie", cookie)) as one,
            opened(query, (b"cookie", cookie)) as other,
        ):
            await anext(one.pieces)
            await anext(other.pieces)
            hub = events._hubs[asyncio.get_running_loop()]
            assert len(hub._tasks) == 2
            assert {len(watchers) for watchers in hub._watchers.values()} == {2}
        assert (hub._watchers, hub._places, hub._tasks) == ({}, {}, [])

    over_asgi(test)


def test_two_hundred_open_streams_cost_one_reader_no_thread_and_no_growing_memory(
    me: User, cookie: bytes, policy: Policy, pipe_client: redis.Redis
) -> None:
    """Twice the streams' worth of text goes through; the second round leaves nothing more behind."""
    generations = [ask(policy, requested_by=me, max_tokens=8) for _ in range(20)]
    n_streams, piece = 200, "swallows fly south in winter " * 8

    async def one_round(bodies: list[AsyncIterator[bytes]], attempt: int) -> int:
        for generation in generations:
            await sync_to_async(saying)(generation, *[piece] * 10, attempt=attempt)
        for body in bodies:
            n_pieces = 0
            while n_pieces < 10:
                n_pieces += (await anext(body)).startswith(b"event: delta")
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    async def test() -> None:
        bodies: list[AsyncIterator[bytes]] = []
        n_threads: list[int] = []
        async with AsyncExitStack() as responses:
            for number in range(n_streams):
                query = f"generations={generations[number % 20].pk}"
                answer = await responses.enter_async_context(opened(query, (b"cookie", cookie)))
                assert await anext(answer.pieces) == events.BEAT
                bodies.append(answer.pieces)
                n_threads.append(threading.active_count())
            # The first few start what all of them share.
            assert n_threads[-1] == n_threads[10]
            hub = events._hubs[asyncio.get_running_loop()]
            tracemalloc.start()
            after = [await one_round(bodies, attempt) for attempt in (1, 2, 3)]
            tracemalloc.stop()
            assert len(hub._tasks) == 2
            clients = await asyncio.to_thread(pipe_client.client_list)
            readers = [each for each in clients if each["name"] == events.READER_NAME]
            # None while it waits for a Redis that was too slow for it.
            assert len(readers) <= 1
            # 200 readers were sent 450 kB of text a round, and keep none of it.
            assert after[2] - after[1] < 200_000
            assert all(
                watcher.backlog.empty() for each in hub._watchers.values() for watcher in each
            )
        assert (hub._watchers, hub._places, hub._tasks) == ({}, {}, [])

    over_asgi(test)


def test_a_reader_that_lags_is_cut_off_and_can_resume(
    policy: Policy, me: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "BACKLOG", 3)
    generation = ask(policy, requested_by=me)
    saying(generation, *"abcdefgh")

    async def test() -> None:
        body = events.frames({generation.pk: events.START})
        await anext(body)
        hub = events._hubs[asyncio.get_running_loop()]
        (watcher,) = hub._watchers[generation.pk]
        async with asyncio.timeout(DEADLINE_SECONDS):
            while not watcher.overrun:
                await asyncio.sleep(0)
        assert [piece async for piece in body] == []
        assert hub._watchers == {}

    over_asgi(test)


def test_a_token_opens_the_stream(me: User, policy: Policy) -> None:
    generation = ask(policy, requested_by=me)
    services.cancel(generation=generation)
    _, secret = ApiToken.objects.create(user=me, scopes=["read"])

    async def test() -> None:
        header = (b"authorization", f"Bearer {secret}".encode())
        accept = (b"accept", b"text/event-stream")
        async with opened(f"generations={generation.pk}", header, accept) as answer:
            assert [event["state"] async for event in answer.events()] == ["cancelled"]

    over_asgi(test)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "generations=",
        "generations=one",
        "generations=-1",
        "generations=99999999999999999999",
        "generations=" + ",".join(map(str, range(1, 60))),
        "generations=1&after=nonsense",
        "generations=1&after=1:1",
        "generations=1&after=1:9999999999999999999999-0",
        "generations=1%00",
    ],
)
def test_a_query_that_means_nothing_is_refused(me: User, cookie: bytes, query: str) -> None:
    async def test() -> None:
        async with opened(query, (b"cookie", cookie)) as answer:
            assert (answer.status, answer.content_type) == (400, "application/json")
            assert orjson.loads(await answer.all())["code"] == "invalid"

    over_asgi(test)


def test_what_is_not_mine_is_not_there(me: User, cookie: bytes, policy: Policy) -> None:
    mine = ask(policy, requested_by=me)
    hidden = [
        ask(policy, requested_by=UserFactory()).pk,
        ask(policy, Purpose.CANDIDATE, requested_by=me).pk,
        10**12,
    ]

    async def test() -> None:
        for generation_id in hidden:
            query = f"generations={mine.pk},{generation_id}"
            async with opened(query, (b"cookie", cookie)) as answer:
                assert (answer.status, answer.content_type) == (404, "application/json")
                assert orjson.loads(await answer.all())["code"] == "not_found"

    over_asgi(test)


def test_a_person_who_is_deactivated_is_cut_off(
    me: User, cookie: bytes, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "ASK_AGAIN_SECONDS", 0.0)
    monkeypatch.setattr(events, "BEAT_SECONDS", 0.01)
    generation = ask(policy, requested_by=me)

    async def test() -> None:
        async with opened(f"generations={generation.pk}", (b"cookie", cookie)) as answer:
            assert [await anext(answer.pieces) for _ in range(3)] == [events.BEAT] * 3
            await User.objects.filter(pk=me.pk).aupdate(is_active=False)
            # It ends though the generation has not.
            assert parsed(await answer.all()) == []

    over_asgi(test)


def test_a_stranger_is_turned_away(policy: Policy) -> None:
    generation = ask(policy)

    async def test() -> None:
        async with opened(f"generations={generation.pk}") as answer:
            assert answer.status == 401
            assert orjson.loads(await answer.all())["code"] == "not_signed_in"

    over_asgi(test)
