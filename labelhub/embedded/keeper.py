"""The keeper: the one process of a home that runs PostgreSQL and Redis as its own children.

It starts them, starts them again when they die, and stops them once nobody uses them. It has one
thread and waits in one place, so that every event is seen in order.
"""

import contextlib
import fcntl
import os
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path

from labelhub import lifeline
from labelhub.embedded import setup
from labelhub.embedded.account import Account, server_account
from labelhub.embedded.binaries import find_binaries
from labelhub.embedded.exceptions import EmbeddedServerError
from labelhub.embedded.places import Places
from labelhub.restarts import Restarts

_LOOK_FOR_USERS_EVERY_SECONDS = 0.25
_WAKING_SIGNALS = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT}
_TRIES_BEFORE_PROBLEM = 5


@dataclass
class Server:
    """One server program and what became of its starts."""

    name: str
    command: list[str]
    log: Path
    # What ends it, softest first, each with the seconds after which it is sent.
    stop_signals: tuple[tuple[float, signal.Signals], ...]
    # Sent by the kernel when the keeper is killed.
    death_signal: signal.Signals
    pid: int | None = None
    restarts: Restarts = field(default_factory=Restarts)
    n_stop_signals_sent: int = 0

    def start(self, account: Account | None) -> None:
        self.restarts.started()
        self.pid = setup.spawn(self.command, account, self.death_signal, self.log)

    def is_well(self) -> bool:
        return self.pid is not None and self.restarts.lived_well()

    def died(self) -> None:
        self.restarts.died()
        self.pid = None

    def press_to_stop(self, seconds_since_asked: float) -> None:
        """Send every stop signal that is due and was not sent."""
        if self.pid is None:
            return
        for after_seconds, stop_signal in self.stop_signals[self.n_stop_signals_sent :]:
            if seconds_since_asked >= after_seconds:
                os.kill(self.pid, stop_signal)
                self.n_stop_signals_sent += 1


def keep(places: Places, users_lock: int, *, fsync: bool) -> None:
    """Run both servers until no user is left, or until asked to end by SIGTERM or SIGINT.

    `users_lock` is an open file of places.users_lock. Where the servers cannot run, cause and cure
    are written to places.problem.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, _WAKING_SIGNALS)
    lifeline.adopt_orphans()
    try:
        servers = _servers(places, fsync=fsync)
    except (EmbeddedServerError, OSError) as exc:
        _report(places, str(exc))
        return
    account = server_account()
    while True:
        for server in servers:
            if server.pid is None and server.restarts.is_due():
                server.start(account)
        wakened_by = signal.sigtimedwait(_WAKING_SIGNALS, _LOOK_FOR_USERS_EVERY_SECONDS)
        _bury_the_dead(servers, places)
        asked_to_end = wakened_by is not None and wakened_by.si_signo != signal.SIGCHLD
        if asked_to_end or _nobody_uses(users_lock):
            break
    _stop(servers)


def _servers(places: Places, *, fsync: bool) -> list[Server]:
    binaries = find_binaries(places)
    account = server_account()
    setup.prepare_folders(places, account)
    setup.prepare_postgres(places, binaries, account, fsync=fsync)
    redis_settings = setup.write_redis_settings(places, account)
    for name in ("postgres", "redis"):
        setup.rotate(places.log(name))
    return [
        Server(
            "PostgreSQL",
            [
                str(binaries.postgres),
                *("-D", str(places.postgres)),
                *("-c", "listen_addresses="),
                *("-c", f"unix_socket_directories={places.sockets}"),
                *("-c", f"fsync={'on' if fsync else 'off'}"),
            ],
            log=places.log("postgres"),
            stop_signals=(
                (0, signal.SIGINT),
                (20, signal.SIGQUIT),
                (25, signal.SIGKILL),
            ),
            death_signal=signal.SIGINT,
        ),
        Server(
            "Redis",
            [str(binaries.redis_server), str(redis_settings)],
            log=places.log("redis"),
            stop_signals=((0, signal.SIGTERM), (5, signal.SIGKILL)),
            # Redis that ends in order removes its socket, which may be its successor's by then.
            death_signal=signal.SIGKILL,
        ),
    ]


def _bury_the_dead(servers: list[Server], places: Places) -> None:
    for pid in _reap():
        for server in servers:
            if server.pid == pid:
                server.died()
                _end_orphans(servers)
                if server.restarts.n_short_lives == _TRIES_BEFORE_PROBLEM:
                    _report(places, setup.explain(server.name, server.log, places))
    if places.problem.exists() and all(server.is_well() for server in servers):
        places.problem.unlink()


def _report(places: Places, words: str) -> None:
    # On a full disk an empty file is all that can be written; who reads it knows what that means.
    with contextlib.suppress(OSError):
        places.problem.write_text(words)


def _reap() -> list[int]:
    pids: list[int] = []
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return pids
        if pid == 0:
            return pids
        pids.append(pid)


def _end_orphans(servers: list[Server]) -> None:
    """End the backends that a killed postmaster left to us: no new one starts while they live."""
    ours = {server.pid for server in servers}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            # The name, in brackets, may hold anything; the parent is the second field after it.
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and int(entry.name) not in ours:
                os.kill(int(entry.name), signal.SIGKILL)
        except (FileNotFoundError, ProcessLookupError):
            continue


def _nobody_uses(users_lock: int) -> bool:
    """Whether no process holds the lock; if so it is ours, and the next user waits for our end."""
    try:
        fcntl.flock(users_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _stop(servers: list[Server]) -> None:
    """End every server, each by its own signals, and return when the last is gone."""
    asked_at = time.monotonic()
    while any(server.pid is not None for server in servers):
        for server in servers:
            server.press_to_stop(time.monotonic() - asked_at)
        signal.sigtimedwait({signal.SIGCHLD}, _LOOK_FOR_USERS_EVERY_SECONDS)
        ended = _reap()
        for server in servers:
            if server.pid in ended:
                server.pid = None
