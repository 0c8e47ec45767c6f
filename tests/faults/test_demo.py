"""The whole of labelhub under its supervisor, with real kills."""

import re
import signal
import socket
from collections.abc import Iterator

import pytest
import redis

from labelhub.embedded.places import places_of
from tests.demo import Demo, running_demo
from tests.processes import kill, wait_until

# A start of everything and seven restarts on a busy machine.
pytestmark = [pytest.mark.faults, pytest.mark.timeout(900)]


@pytest.fixture
def demo() -> Iterator[Demo]:
    """A demo that found its port busy."""
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        running_demo("--no-fixtures", port=taken.getsockname()[1]) as demo,
    ):
        yield demo


def n_waiting_workers(demo: Demo) -> int:
    """How many workers wait at Redis for messages."""
    try:
        with redis.Redis.from_url(places_of(demo.var).addresses().redis_url) as client:
            return sum(row["cmd"] == "brpop" for row in client.client_list())
    except redis.ConnectionError:
        return 0


def test_any_kill_is_survived_and_ctrl_c_leaves_nothing(demo: Demo) -> None:
    assert re.search(r"Port \d+ cannot be used \(Address already in use\)", demo.words)
    assert demo.is_ready()
    assert wait_until(lambda: n_waiting_workers(demo) == 2, "both workers")

    parts = ("uvicorn", "-Q default", "-Q gpu", " beat ")
    for part, n in {part: len(demo.running(part)) for part in parts}.items():
        _kill_the_first(demo, part, n)
    wait_until(lambda: n_waiting_workers(demo) == 2, "both workers after they were killed")

    home = places_of(demo.var)
    kill(int((home.postgres / "postmaster.pid").read_text().split()[0]))
    wait_until(demo.is_ready, "an answer after PostgreSQL was killed")

    (redis_server,) = demo.running("redis-server")
    kill(redis_server)
    wait_until(lambda: n_waiting_workers(demo) == 2, "both workers after Redis was killed")

    (keeper,) = demo.running("labelhub.embedded")
    kill(keeper)
    wait_until(lambda: demo.running("labelhub.embedded"), "a new keeper")
    wait_until(demo.is_ready, "an answer after the keeper was killed")
    wait_until(lambda: n_waiting_workers(demo) == 2, "both workers after the keeper was killed")

    demo.supervisor.send_signal(signal.SIGINT)
    assert demo.supervisor.wait() == 0
    assert demo.processes() == set()


def _kill_the_first(demo: Demo, part: str, n: int) -> None:
    """Kill -9 one of the `n` there are once all is well."""
    wait_until(lambda: len(demo.running(part)) == n, f"{n} of {part}")
    kill(demo.running(part)[0])
    wait_until(lambda: len(demo.running(part)) == n, f"another {part}")
    wait_until(demo.is_ready, f"an answer after {part} was killed")
