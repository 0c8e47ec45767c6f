"""Real servers: one keeper a folder, gone with the last user, back after any kill."""

import concurrent.futures

import psycopg
import pytest
from kombu.connection import Connection

from labelhub.config import broker_url
from tests.embedded.conftest import Servers, answer
from tests.processes import DEADLINE_SECONDS, kill, wait_until


def test_users_that_come_at_once_share_one_keeper(servers: Servers) -> None:
    users = [servers.start_user() for _ in range(4)]

    assert [answer(user) for user in users] == ["held\n"] * 4
    assert servers.keeper()


def test_servers_end_with_the_last_user_however_it_dies(servers: Servers) -> None:
    first, second = servers.use(), servers.use()

    first.communicate()
    assert servers.query("SELECT 1") == [(1,)]
    kill(second.pid)

    servers.wait_until_stopped()


def test_a_throw_away_folder_goes_with_its_last_user(servers: Servers) -> None:
    user = servers.use("throw_away")
    sockets = servers.places.sockets

    kill(user.pid)

    servers.wait_until_stopped()
    wait_until(lambda: not servers.folder.exists(), "the folder to go")
    assert not sockets.exists()


def test_what_was_written_is_there_at_the_next_start(servers: Servers) -> None:
    servers.use()
    servers.query("CREATE TABLE kept AS SELECT 'work' AS word")
    servers.end_users_and_wait()

    servers.use()

    assert servers.query("SELECT word FROM kept") == [("work",)]


def test_a_killed_postgresql_comes_back_with_its_data(servers: Servers) -> None:
    servers.use()
    servers.query("CREATE TABLE kept AS SELECT 'work' AS word")
    killed = servers.postmaster_pid()

    kill(killed)

    assert servers.query_when_back("SELECT word FROM kept") == [("work",)]
    assert servers.postmaster_pid() != killed


def test_a_busy_backend_of_a_killed_postgresql_holds_nothing_up(servers: Servers) -> None:
    servers.use()
    # A backend in a long computation does not notice that its postmaster is gone.
    with (
        psycopg.connect(servers.addresses.database_url) as busy,
        concurrent.futures.ThreadPoolExecutor() as pool,
    ):
        computing = pool.submit(
            busy.execute,
            "SELECT sum(a * b) FROM generate_series(1, 200000) a, generate_series(1, 200000) b",
        )
        wait_until(
            lambda: servers.query(
                "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND pid = %s",
                busy.info.backend_pid,
            ),
            "the long query to run",
        )
        kill(servers.postmaster_pid())

        assert servers.query_when_back("SELECT 1") == [(1,)]
        with pytest.raises(psycopg.OperationalError):
            computing.result()


def test_a_killed_redis_comes_back(servers: Servers) -> None:
    servers.use()
    killed = servers.redis_pid_when_back()

    kill(killed)

    assert servers.redis_pid_when_back() != killed


def test_a_killed_keeper_takes_its_servers_along_and_users_see_to_a_new_one(
    servers: Servers,
) -> None:
    servers.use()
    servers.query("CREATE TABLE kept AS SELECT 'work' AS word")
    killed = servers.keeper()
    earlier = {servers.postmaster_pid(), servers.redis_pid_when_back()}

    kill(killed)
    wait_until(lambda: not earlier & servers.processes(), "the end of the earlier servers")

    assert servers.query_when_back("SELECT word FROM kept") == [("work",)]
    assert servers.redis_pid_when_back() not in earlier
    assert servers.keeper() != killed


def test_everything_killed_at_once_comes_back(servers: Servers) -> None:
    servers.use()
    servers.query("CREATE TABLE kept AS SELECT 'work' AS word")

    for pid in [servers.keeper(), servers.postmaster_pid(), servers.redis_pid_when_back()]:
        kill(pid)

    assert servers.query_when_back("SELECT word FROM kept") == [("work",)]
    assert servers.redis_pid_when_back()


def test_the_database_is_what_the_schema_relies_on(servers: Servers) -> None:
    servers.use()

    assert servers.query("SHOW max_connections") == [("200",)]
    assert servers.query("SHOW synchronous_commit") == [("on",)]
    assert servers.query("SHOW listen_addresses") == [("",)]
    assert servers.query(
        "SELECT datlocprovider, datlocale, pg_encoding_to_char(encoding), version() ~ ' 18'"
        " FROM pg_database WHERE datname = current_database()"
    ) == [("b", "C.UTF-8", "UTF8", True)]
    assert servers.query("SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = user") == [
        (False, True)
    ]


def test_only_the_key_opens_the_servers(servers: Servers) -> None:
    servers.use()
    address = servers.addresses

    with pytest.raises(psycopg.OperationalError, match="authentication failed"):
        psycopg.connect(address.database_url.replace(servers.places.key("labelhub"), "guess"))
    assert servers.places.sockets.stat().st_mode & 0o777 == 0o700


def test_celery_reads_the_broker_address(servers: Servers) -> None:
    servers.use()

    with Connection(broker_url(servers.addresses.redis_url)) as connection:  # type: ignore[no-untyped-call]
        queue = connection.SimpleQueue("bell")
        queue.put("ring")
        assert queue.get(timeout=DEADLINE_SECONDS).payload == "ring"
