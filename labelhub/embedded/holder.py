"""How a process uses the embedded servers: it holds a lock while it lives, and sees to a keeper."""

import contextlib
import fcntl
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from labelhub.embedded.exceptions import EmbeddedServerError
from labelhub.embedded.places import Addresses, Places, places_of, refusing

_PATIENCE_SECONDS = 60.0
_LOOK_EVERY_SECONDS = 0.02
_KEEPER_START_SECONDS = 15.0
_REVIVAL_PAUSE_SECONDS = 2.0
_OPEN_LOCK = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
_log = logging.getLogger(__name__)
_PROJECT = Path(__file__).resolve().parents[2]

# The homes this process holds. Their locks stay open until the process ends: the kernel drops them
# on any death, so that nobody keeps lists of processes.
_held: dict[Path, int] = {}
_holding = threading.Lock()


def hold(folder: Path, *, fsync: bool = True, throw_away: bool = False) -> Addresses:
    """Keep the servers of `folder` running while this process lives; returns once both answer.

    Child processes do not inherit the hold: each that outlives its parent calls this itself. With
    `fsync=False` a power cut loses data, which only tests may accept; with `throw_away` the folder
    goes when its last user does. Raises EmbeddedServerError with cause and cure where the servers
    cannot run.
    """
    with refusing(folder):
        return _hold(places_of(folder), folder, fsync=fsync, throw_away=throw_away)


def _hold(places: Places, folder: Path, *, fsync: bool, throw_away: bool) -> Addresses:
    command = [sys.executable, "-m", "labelhub.embedded", str(folder.absolute())]
    command += ["--throw-away"] * throw_away + ["--no-fsync"] * (not fsync)
    with _holding:
        newly_held = places.home not in _held
        if newly_held:
            _held[places.home] = os.open(places.users_lock, _OPEN_LOCK, 0o600)
        try:
            fcntl.flock(_held[places.home], fcntl.LOCK_SH)
            _wait_until_both_answer(places, command)
        except BaseException:
            if newly_held:
                os.close(_held.pop(places.home))
            raise
    if newly_held:
        threading.Thread(target=_revive_keepers, args=(places, command), daemon=True).start()
    return places.addresses()


def release(folder: Path) -> None:
    """Stop holding the servers of `folder`; returns when they have ended, or other users hold them.

    A process that ends without this is as good: the servers then end a moment after it.
    """
    places = places_of(folder)
    with _holding:
        os.close(_held.pop(places.home))
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while _keeper_lives(places) and not _others_use(places) and time.monotonic() < deadline:
        time.sleep(_LOOK_EVERY_SECONDS)


def _others_use(places: Places) -> bool:
    """Whether other processes share the lock: it is neither free nor held by a keeper that ends."""
    with _opened(places.users_lock) as lock:
        return _take(lock, fcntl.LOCK_SH) and not _take(lock, fcntl.LOCK_EX)


def _wait_until_both_answer(places: Places, command: list[str]) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    _ensure_keeper(places, command)
    while (refusal := _refusal(places)) is not None:
        if places.problem.exists():
            raise EmbeddedServerError(
                places.problem.read_text()
                or f"The disk that holds {places.home} is full: free some."
            )
        if time.monotonic() > deadline:
            raise EmbeddedServerError(
                f"The embedded servers do not answer after {_PATIENCE_SECONDS:.0f} s: {refusal} "
                f"See {places.log('postgres').parent}."
            )
        time.sleep(_LOOK_EVERY_SECONDS)
        # The keeper we saw may have been on its way out.
        _ensure_keeper(places, command)


def _refusal(places: Places) -> str | None:
    """Why one of the servers does not answer yet; None where both do."""
    # Imported here because the keeper, which imports this package, shall stay small.
    import psycopg
    import redis

    if not (places.redis_socket.exists() and places.postgres.exists()):
        return "Their sockets are not there yet."
    addresses = places.addresses()
    try:
        with redis.Redis.from_url(addresses.redis_url, socket_timeout=2.0) as client:
            client.ping()
        with psycopg.connect(addresses.database_url, connect_timeout=2):
            pass
    except psycopg.OperationalError as exc:
        if "password authentication failed" in str(exc):
            raise EmbeddedServerError(
                f"The key in {places.home}/keys is not the one {places.postgres} was made with. "
                "Put the keys back from a copy, or move both away to start anew."
            ) from exc
        return str(exc)
    except redis.RedisError as exc:
        return str(exc)
    return None


def _ensure_keeper(places: Places, command: list[str]) -> None:
    with _opened(places.spawn_lock) as spawning:
        fcntl.flock(spawning, fcntl.LOCK_EX)
        if not _keeper_lives(places):
            _start_keeper(places, command)


def _keeper_lives(places: Places) -> bool:
    with _opened(places.keeper_lock) as lock:
        return not _take(lock, fcntl.LOCK_SH)


def _start_keeper(places: Places, command: list[str]) -> None:
    log = places.log("keeper")
    log.parent.mkdir(mode=0o755, exist_ok=True)
    with log.open("ab") as output:
        # It detaches itself and ends when the keeper is in office, hence nothing is left to reap.
        finished = subprocess.run(
            command,
            cwd=_PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            timeout=_KEEPER_START_SECONDS,
        )
    if finished.returncode != 0:
        last_words = log.read_text(errors="replace")[-1000:]
        raise EmbeddedServerError(
            f"The keeper of {places.home} does not start ({log}):\n{last_words}"
        )


def _revive_keepers(places: Places, command: list[str]) -> None:
    """Wait for the death of each keeper and see to a new one, for as long as the home is held."""
    while True:
        with _opened(places.keeper_lock) as lock:
            # Granted when the keeper's own lock is gone, hence the keeper.
            fcntl.flock(lock, fcntl.LOCK_SH)
        if places.home not in _held:
            return
        try:
            _ensure_keeper(places, command)
        except (EmbeddedServerError, OSError, subprocess.TimeoutExpired) as exc:
            _log.error("%s", exc)
        # A keeper that cannot run ends at once; this bounds how often it is tried.
        time.sleep(_REVIVAL_PAUSE_SECONDS)


def _take(lock: int, operation: int) -> bool:
    """Take the lock unless another process is in the way; whether it was taken."""
    try:
        fcntl.flock(lock, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    lock = os.open(path, _OPEN_LOCK, 0o600)
    try:
        yield lock
    finally:
        os.close(lock)
