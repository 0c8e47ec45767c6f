"""Where the embedded servers live and how to reach them: paths, keys and the home folder."""

import contextlib
import hashlib
import os
import re
import secrets
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from labelhub import keyfile
from labelhub.embedded.account import is_reachable, server_account
from labelhub.embedded.exceptions import EmbeddedServerError

ROLE = "labelhub"
DATABASE = "labelhub"
SUPERUSER = "postgres"

# A socket address holds 107 bytes; PostgreSQL adds `/.s.PGSQL.5432` and its lock file's `.lock`.
_MAX_SOCKET_FOLDER_BYTES = 85
# Spaces, commas and quotes in a folder's name would need another escape in every configuration.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")
# Where root keeps the home when the servers' account cannot walk down to the data folder.
_ROOTS_STATE_FOLDER = Path("/var/lib")


@dataclass(frozen=True)
class Addresses:
    """How to reach the two servers of a folder."""

    database_url: str  # for psycopg and Django: postgresql://…?host=<socket folder>
    redis_url: str  # for redis-py: unix://…


@dataclass(frozen=True)
class Places:
    """What lies where in a home: the servers own postgres, redis and sockets, labelhub the rest."""

    home: Path

    @property
    def postgres(self) -> Path:
        return self.home / "postgres"

    @property
    def redis(self) -> Path:
        return self.home / "redis"

    @property
    def binaries(self) -> Path:
        """Copies, where the account of the servers cannot read the installed ones."""
        return self.home / "binaries"

    @property
    def problem(self) -> Path:
        """Written by the keeper when the servers cannot run: cause and cure in words."""
        return self.home / "problem"

    @property
    def users_lock(self) -> Path:
        """Held shared by every process that uses the servers, exclusively by a keeper that ends."""
        return self.home / "users.lock"

    @property
    def keeper_lock(self) -> Path:
        """Held exclusively by the one keeper for as long as it lives."""
        return self.home / "keeper.lock"

    @property
    def spawn_lock(self) -> Path:
        """Held exclusively while looking whether there is a keeper, and starting one."""
        return self.home / "spawn.lock"

    def log(self, name: str) -> Path:
        return self.home / "log" / f"{name}.log"

    @property
    def sockets(self) -> Path:
        """A folder only the servers' account can enter, with a path short enough for a socket."""
        inside = self.home / "sockets"
        if _PLAIN_PATH.fullmatch(str(inside)) and len(str(inside)) <= _MAX_SOCKET_FOLDER_BYTES:
            return inside
        digest = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]
        # Not $TMPDIR: every process must come to the same folder, whatever its environment.
        return Path("/tmp") / f"labelhub-{digest}"  # noqa: S108 (its owner is checked before use)

    @property
    def redis_socket(self) -> Path:
        return self.sockets / "redis"

    def key(self, name: str) -> str:
        """The password called `name`, made on first use."""
        return keyfile.read_or_make(self.home / "keys" / name, lambda: secrets.token_hex(24))

    def addresses(self) -> Addresses:
        redis = f":{self.key('redis')}@{self.redis_socket}"
        return Addresses(
            database_url=(
                f"postgresql://{ROLE}:{self.key(ROLE)}@/{DATABASE}?host={self.sockets}&port=5432"
            ),
            redis_url=f"unix://{redis}?db=0",
        )


def addresses(folder: Path) -> Addresses:
    """Where the servers of `folder` will answer; starts nothing, makes the keys on first use.

    Raises EmbeddedServerError where the folder cannot be used.
    """
    with refusing(folder):
        return places_of(folder).addresses()


@contextlib.contextmanager
def refusing(folder: Path) -> Iterator[None]:
    """Turn what the operating system refuses to do in the folder into words."""
    try:
        yield
    except OSError as exc:
        raise EmbeddedServerError(
            f"The embedded servers cannot use the folder {folder.absolute()}: {exc}. "
            "Run as the user who made it, set VAR_DIR to a folder of your own, or free some space."
        ) from exc


def places_of(folder: Path) -> Places:
    """The home of the servers of `folder`: `folder/servers`, made on first use.

    As root the servers run as another account. Where that account cannot walk down to the folder
    (a checkout under /root), the home is a new folder under /var/lib and `servers` a link to it.
    """
    servers = folder.absolute() / "servers"
    if not servers.exists():
        folder.mkdir(parents=True, exist_ok=True)
        if server_account() is None or is_reachable(folder.absolute()):
            servers.mkdir(mode=0o755, exist_ok=True)
            servers.chmod(0o755)
        else:
            _link_to_new_home(servers)
    return Places(servers.resolve(strict=True))


def _link_to_new_home(servers: Path) -> None:
    home = Path(tempfile.mkdtemp(prefix="labelhub-", dir=_ROOTS_STATE_FOLDER))
    home.chmod(0o755)
    try:
        servers.symlink_to(home)
    except FileExistsError:
        # Another process was first; all use the home it made.
        home.rmdir()
