"""Throw-away folders with real servers, and processes that use them."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
import redis

from labelhub.embedded import Addresses
from labelhub.embedded.places import Places, places_of
from tests.processes import command_lines, wait_until

_PROJECT = Path(__file__).resolve().parents[2]
_USER = """
import sys
from pathlib import Path
from labelhub import embedded
try:
    embedded.hold(Path(sys.argv[1]), fsync=False, throw_away="throw_away" in sys.argv)
except embedded.EmbeddedServerError as exc:
    print("refused", exc, flush=True)
else:
    print("held", flush=True)
    sys.stdin.read()
"""


@dataclass(frozen=True)
class Servers:
    """The servers of one throw-away folder, seen from outside."""

    folder: Path
    places: Places
    users: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def addresses(self) -> Addresses:
        return self.places.addresses()

    def start_user(self, *options: str) -> subprocess.Popen[str]:
        """A process that asks for the servers; what it got it prints in one line."""
        command = [sys.executable, "-c", _USER, str(self.folder), *options]
        pipe = subprocess.PIPE
        user = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=_PROJECT)
        self.users.append(user)
        return user

    def use(self, *options: str) -> subprocess.Popen[str]:
        """A process that holds the servers, once it does."""
        user = self.start_user(*options)
        assert answer(user) == "held\n"
        return user

    def query(self, statement: str, *parameters: object) -> list[tuple[object, ...]]:
        with psycopg.connect(self.addresses.database_url, autocommit=True) as connection:
            cursor = connection.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def query_when_back(self, statement: str) -> list[tuple[object, ...]]:
        def attempt() -> list[tuple[object, ...]] | None:
            try:
                return self.query(statement)
            except psycopg.OperationalError:
                return None

        return wait_until(attempt, "an answer from PostgreSQL")

    def redis(self) -> "redis.Redis":
        return redis.Redis.from_url(self.addresses.redis_url)

    def redis_pid_when_back(self) -> int:
        def attempt() -> int | None:
            try:
                with self.redis() as client:
                    return int(client.info("server")["process_id"])
            except redis.ConnectionError:
                return None

        return wait_until(attempt, "an answer from Redis")

    def postmaster_pid(self) -> int:
        return int((self.places.postgres / "postmaster.pid").read_text().split()[0])

    def keeper(self) -> int:
        """The one keeper, once there is no more than one."""

        def attempt() -> int | None:
            # A keeper that detaches itself, or finds another in office, is two for a moment.
            return next(iter(found)) if len(found := self.keepers()) == 1 else None

        return wait_until(attempt, "one keeper")

    def keepers(self) -> set[int]:
        return {
            pid
            for pid, line in command_lines().items()
            if "-m labelhub.embedded" in line and str(self.folder) in line
        }

    def processes(self) -> set[int]:
        """Everything that runs for this folder, apart from users."""
        home = str(self.places.home)
        return self.keepers() | {pid for pid, line in command_lines().items() if home in line}

    def end_users_and_wait(self) -> None:
        for user in self.users:
            user.communicate()
        self.wait_until_stopped()

    def wait_until_stopped(self) -> None:
        wait_until(lambda: not self.processes(), "the end of the servers")


def answer(user: subprocess.Popen[str]) -> str:
    assert user.stdout is not None
    return user.stdout.readline()


@pytest.fixture
def servers() -> Iterator[Servers]:
    # Not tmp_path: as root that is a folder the servers' own account cannot enter.
    folder = Path(tempfile.mkdtemp(prefix="labelhub-test-"))
    folder.chmod(0o755)
    yield from _servers_in(folder)


@pytest.fixture
def awkward_servers() -> Iterator[Servers]:
    """Servers of a folder whose name is long and needs quotes everywhere."""
    folder = Path(tempfile.mkdtemp(prefix=f"labelhub-test, it's {'long ' * 20}"))
    folder.chmod(0o755)
    yield from _servers_in(folder)


@pytest.fixture
def hidden_servers(tmp_path: Path) -> Iterator[Servers]:
    """Servers of a folder below one that only its owner can enter."""
    hidden = tmp_path / "hidden"
    hidden.mkdir(mode=0o700)
    yield from _servers_in(hidden / "var")


def _servers_in(folder: Path) -> Iterator[Servers]:
    servers = Servers(folder, places_of(folder))
    try:
        yield servers
    finally:
        servers.end_users_and_wait()
        for made in (servers.places.sockets, servers.places.home, folder):
            shutil.rmtree(made, ignore_errors=True)
