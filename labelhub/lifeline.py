"""Ties a process to its parent: the kernel ends it when the other is gone, even by kill -9."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36

# Loaded at import: after fork() nothing but the system call itself may run.
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(parent_pid: int, death_signal: signal.Signals = signal.SIGKILL) -> None:
    """Make the kernel send `death_signal` to this process when the one with `parent_pid` ends.

    To be called in the child, after any change of user (which clears the wish). Ends this process
    at once where the parent is gone already.
    """
    _prctl(_PR_SET_PDEATHSIG, death_signal)
    if os.getppid() != parent_pid:
        os._exit(1)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def _prctl(option: int, value: int) -> None:
    if _libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option}) failed")


if __name__ == "__main__":
    # `lifeline.py PARENT_PID PROGRAM ARGUMENT…` becomes PROGRAM, tied to the parent: for parents
    # with threads, in which no Python code may run between fork() and exec().
    die_with_parent(int(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 (there is no shell to be had in between)
