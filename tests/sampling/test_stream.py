"""The pipe, alive and dead."""

from __future__ import annotations

import logging
from types import SimpleNamespace

import pytest
import redis
from django.conf import settings

from sampling import stream
from sampling.stream import CANCELS, Cancels, Pipe, Publisher, stream_key
from tests.processes import wait_until

NOWHERE = "redis://127.0.0.1:1/0"


def entries(client: redis.Redis, generation_id: int) -> list[tuple[int, int, str]]:
    found = client.xrange(stream_key(generation_id))
    return [
        (int(entry[b"index"]), int(entry[b"offset"]), entry[b"text"].decode()) for _, entry in found
    ]


def test_a_dead_pipe_does_nothing_and_is_tried_once(caplog: pytest.LogCaptureFixture) -> None:
    pipe = Pipe(NOWHERE)
    with caplog.at_level(logging.WARNING):
        assert not pipe.publish(1, 1, [stream.Piece(0, 0, "hello")])
        assert not pipe.publish(1, 1, [stream.Piece(0, 0, "hello")])
        pipe.announce_end(1)
        pipe.announce_cancel(1)
    # Had each of them tried, each would have waited and warned.
    assert len(caplog.records) == 1


def test_a_cancel_is_heard_by_everybody_who_listens(pipe_client: redis.Redis) -> None:
    pipe = Pipe(settings.REDIS_URL)
    listeners = [Cancels(settings.REDIS_URL), Cancels(settings.REDIS_URL)]
    for each in listeners:
        assert each.wait(0.0) is None
    pipe.announce_cancel(7)
    pipe.announce_cancel(8)
    for each in listeners:
        assert [each.wait(60.0), each.wait(60.0), each.wait(0.0)] == [7, 8, None]
        each.close()


def test_a_listener_outlives_a_redis_that_goes_away(pipe_client: redis.Redis) -> None:
    listener = Cancels(settings.REDIS_URL)
    assert listener.wait(0.0) is None
    pipe_client.client_kill_filter(_type="pubsub")
    # What is said from here on may be missed, until it has noticed and listens again.
    wait_until(
        lambda: (
            listener.wait(0.0) is None
            and dict(pipe_client.pubsub_numsub(CANCELS))[CANCELS.encode()] == 1
        ),
        "the second subscription",
    )
    Pipe(settings.REDIS_URL).announce_cancel(9)
    assert listener.wait(60.0) == 9
    listener.close()
    deaf = Cancels(NOWHERE)
    assert deaf.wait(0.0) is None


def test_pieces_gather_until_they_are_due(
    pipe_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = 100.0
    monkeypatch.setattr(stream, "time", SimpleNamespace(monotonic=lambda: moment))
    publisher = Publisher(Pipe(settings.REDIS_URL), generation_id=1, attempt=1)
    for text in ("Swallows ", "fly ", "to "):
        publisher.add(0, text)
        publisher.flush_when_due()
    assert entries(pipe_client, 1) == [(0, 0, "Swallows ")]
    moment += stream.COALESCE_SECONDS
    publisher.flush_when_due()
    publisher.add(0, "Africa.")
    publisher.flush()
    assert entries(pipe_client, 1)[1:] == [(0, 9, "fly to "), (0, 16, "Africa.")]


def test_a_stream_is_bounded_and_expires(
    pipe_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "MAX_ENTRIES", 10)
    pipe = Pipe(settings.REDIS_URL)
    for number in range(1000):
        pipe.publish(1, 1, [stream.Piece(0, number, "x")])
    # Redis cuts whole nodes of a hundred entries.
    assert pipe_client.xlen(stream_key(1)) <= 110
    assert 0 < pipe_client.ttl(stream_key(1)) <= settings.STREAM_SECONDS


def test_after_an_outage_all_text_is_sent_again(
    pipe_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = Pipe(settings.REDIS_URL)
    publisher = Publisher(pipe, generation_id=1, attempt=1)
    publisher.add(0, "Swallows ")
    publisher.flush()
    with monkeypatch.context() as outage:
        outage.setattr(pipe, "_redis", redis.Redis.from_url(NOWHERE))
        publisher.add(0, "fly ")
        publisher.flush()
    pipe_client.flushdb()
    monkeypatch.setattr(stream, "time", SimpleNamespace(monotonic=lambda: 1e9))
    publisher.add(0, "south.")
    publisher.flush()
    assert entries(pipe_client, 1) == [(0, 0, "Swallows fly south.")]
