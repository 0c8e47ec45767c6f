"""Starts the processes of labelhub on one machine, sees that they are well, and ends them all.

Nothing here knows Django: `manage.py demo` gives it the programs to run.
"""

import contextlib
import http.client
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from labelhub import lifeline
from labelhub.restarts import Restarts

_START_PATIENCE_SECONDS = 180.0
_STOP_PATIENCE_SECONDS = 10.0
_LOOK_EVERY_SECONDS = 0.1
_TRIES_AT_START = 2
_LAST_LOG_LINES = 15
_LARGEST_LOG_BYTES = 10_000_000
_N_PORTS_TO_TRY = 100


class StepError(Exception):
    """A step of the start failed; the message names the step, the cause and the cure."""


@contextlib.contextmanager
def step(title: str) -> Iterator[None]:
    """Show that a step began, and how long it took or that it failed."""
    began = time.monotonic()
    print(f"  {title:<42}", end="", flush=True)
    try:
        yield
    except BaseException:
        print("failed", flush=True)
        raise
    print(f"{time.monotonic() - began:6.1f} s", flush=True)


@dataclass(frozen=True)
class Program:
    """What to run, how to know that it is ready, and what to try where it does not start."""

    name: str
    command: Sequence[str]
    is_ready: Callable[[], bool]
    cure: str
    environment: Mapping[str, str] = field(default_factory=dict)
    # Open files the program takes over by number, such as the web socket.
    files: Sequence[int] = ()


@dataclass
class _Child:
    program: Program
    log: Path
    process: subprocess.Popen[bytes] | None = None
    restarts: Restarts = field(default_factory=Restarts)
    was_ready: bool = False
    n_failed_starts: int = 0

    def start(self) -> None:
        self.restarts.started()
        tied_to_us = (sys.executable, "-S", "-E", lifeline.__file__, str(os.getpid()))
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                (*tied_to_us, *self.program.command),
                env=os.environ | self.program.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=self.program.files,
                # Ctrl-C reaches the supervisor only, which ends its children in order.
                process_group=0,
            )

    def bury(self) -> int | None:
        """The exit status where the process ended since the last look; its group ends with it."""
        if self.process is None or (status := self.process.poll()) is None:
            return None
        self.signal(signal.SIGKILL)
        self.process = None
        self.restarts.died()
        self.n_failed_starts += not self.was_ready
        return status

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process and to those it started."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)


class Supervisor:
    """Runs programs until SIGINT or SIGTERM arrives; to be used from the main thread, once.

    Where the supervisor itself is killed, the kernel ends the programs.
    """

    def __init__(self, programs: Sequence[Program], log_folder: Path) -> None:
        log_folder.mkdir(parents=True, exist_ok=True)
        self._children = [_Child(p, log_folder / f"{p.name}.log") for p in programs]
        self._asked_to_end = False

    def run(self, when_ready: Callable[[], None]) -> None:
        """Start all, call `when_ready` once each is ready, keep them running, end them when asked.

        Raises StepError where one does not start; all have ended when this returns or raises.
        """
        with _woken_by(signal.SIGINT, signal.SIGTERM, signal.SIGCHLD) as wake:
            try:
                self._start_all(wake)
                if not self._asked_to_end:
                    when_ready()
                while not self._asked_to_end:
                    self._revive()
                    self._wait(wake)
            finally:
                self._stop_all(wake)

    def _wait(self, wake: socket.socket) -> None:
        ready, _, _ = select.select([wake], [], [], _LOOK_EVERY_SECONDS)
        if ready and set(wake.recv(4096)) & {signal.SIGINT, signal.SIGTERM}:
            self._asked_to_end = True

    def _start_all(self, wake: socket.socket) -> None:
        deadline = time.monotonic() + _START_PATIENCE_SECONDS
        for child in self._children:
            _rotate(child.log)
            child.start()
        for child in self._children:
            with step(f"Starting {child.program.name}"):
                while not (self._asked_to_end or child.program.is_ready()):
                    self._revive()
                    if child.n_failed_starts >= _TRIES_AT_START:
                        raise self._start_error(child, "ends before it is ready")
                    if time.monotonic() > deadline:
                        raise self._start_error(child, "is not ready in time")
                    self._wait(wake)
            child.was_ready = True

    def _start_error(self, child: _Child, what: str) -> StepError:
        last_words = child.log.read_text(errors="replace").splitlines()[-_LAST_LOG_LINES:]
        lines = "\n".join(f"  {line}" for line in last_words)
        return StepError(
            f"Starting {child.program.name} failed: it {what}. Its last words ({child.log}):\n"
            f"{lines}\n{child.program.cure}"
        )

    def _revive(self) -> None:
        for child in self._children:
            status = child.bury()
            if status is not None and child.was_ready:
                cause = f"signal {-status}" if status < 0 else f"exit status {status}"
                words = (
                    f"{child.program.name} ended ({cause}) and is started again; see {child.log}"
                )
                print(words, flush=True)
            if child.process is None and child.restarts.is_due():
                child.start()

    def _stop_all(self, wake: socket.socket) -> None:
        """Ask all to end; end by force what has not after the patience, or at a second request."""
        self._asked_to_end = False
        deadline = time.monotonic() + _STOP_PATIENCE_SECONDS
        with step("Stopping " + ", ".join(c.program.name for c in self._children)):
            for child in self._children:
                child.signal(signal.SIGTERM)
            while any(child.process is not None for child in self._children):
                if self._asked_to_end or time.monotonic() > deadline:
                    for child in self._children:
                        child.signal(signal.SIGKILL)
                self._wait(wake)
                for child in self._children:
                    child.bury()


@contextlib.contextmanager
def _woken_by(*signals: signal.Signals) -> Iterator[socket.socket]:
    """A socket that becomes readable when one of the signals arrives, with its number to read."""
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    earlier = {number: signal.signal(number, lambda *_: None) for number in signals}
    earlier_wake = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
    try:
        yield reader
    finally:
        signal.set_wakeup_fd(earlier_wake)
        for number, action in earlier.items():
            signal.signal(number, action)
        reader.close()
        writer.close()


def _rotate(log: Path) -> None:
    if log.exists() and log.stat().st_size > _LARGEST_LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))


def listen(host: str, port: int) -> socket.socket:
    """A listening socket on the port, or on the next free one, saying so.

    The supervisor keeps it open: while the web processes restart, requests wait instead of failing.
    """
    for candidate in range(port, port + _N_PORTS_TO_TRY):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # uvicorn takes an inherited socket for a local one and leaves this to us; connections have it
        # from the listener. Without it the body of each answer waits 40 ms for the head's receipt.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            listener.bind((host, candidate))
        except OSError as exc:
            listener.close()
            print(f"  Port {candidate} cannot be used ({exc.strerror}).", flush=True)
        else:
            listener.listen(1024)
            return listener
    raise StepError(
        f"Opening the port failed: none of {port} to {port + _N_PORTS_TO_TRY - 1} on {host} is free. "
        "Choose another with --port."
    )


def answers(listener: socket.socket, path: str, site: str) -> bool:
    """Whether a web process that accepts from `listener` answers `path` of the site with 200."""
    host, port = listener.getsockname()[:2]
    # "Any address" is a place to listen on, not to connect to.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", path, headers={"Host": site})
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
