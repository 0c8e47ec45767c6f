"""CPU time and memory of process trees, from /proc."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str]:
    # The command name may hold spaces and brackets; everything after its last bracket is fixed.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def tree_of(roots: list[int]) -> set[int]:
    """The pids of `roots` and of all they started that still live."""
    children = defaultdict(list)
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                children[int(_stat(int(entry.name))[1])].append(int(entry.name))
            except (FileNotFoundError, ProcessLookupError):
                continue
    found: set[int] = set()
    waiting = list(roots)
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found.add(pid)
            waiting += children[pid]
    return found


def cpu_seconds(roots: list[int]) -> float:
    """User and system time of the trees of `roots`, reaped children included."""
    total = 0
    for pid in tree_of(roots):
        try:
            # utime, stime, cutime, cstime: fields 14 to 17 of proc(5).
            total += sum(int(value) for value in _stat(pid)[11:15])
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total / _TICKS_PER_SECOND


def memory_bytes(pid: int) -> int:
    """Proportional set size: shared pages count once over all who share them."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def with_argument(text: str) -> list[int]:
    """Pids of processes one of whose arguments is `text`."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                arguments = (entry / "cmdline").read_bytes().decode(errors="replace").split("\0")
            except (FileNotFoundError, ProcessLookupError):
                continue
            if text in arguments:
                found.append(int(entry.name))
    return found
