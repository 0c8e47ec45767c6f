"""Looking at, waiting for and ending real processes."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

_Found = TypeVar("_Found")

# Far beyond what any of it takes; a test that reaches it has failed.
DEADLINE_SECONDS = 150.0


def wait_until(
    look: Callable[[], _Found | None], what: str, *, seconds: float = DEADLINE_SECONDS
) -> _Found:
    """The first true value `look` gives. Fails, naming `what`, when it gives none for `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.02)


def command_lines() -> dict[int, str]:
    """The command line of every living process by its id; a zombie has none."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if line:
            found[int(entry.name)] = line
    return found


def marked(marker: str) -> set[int]:
    """The ids of living processes whose environment holds `marker`, this one apart."""
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if marker.encode() in (entry / "environ").read_bytes():
                found.add(int(entry.name))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return found - {os.getpid()}


def is_alive(pid: int) -> bool:
    return pid in command_lines()


def kill(pid: int) -> None:
    """Kill -9 and wait until it is dead; it may have died along with another that was killed."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_alive(pid), f"the death of process {pid}")
