"""The processes labelhub consists of, as command lines; `docs/ARCHITECTURE.md` says what each does."""

import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from labelhub.supervisor import Program, answers

_CELERY = (sys.executable, "-m", "celery", "-A", "labelhub.celery")
# The chatter between workers that labelhub does not use costs a second at start and Redis traffic.
_QUIET = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel=INFO")
_WORKER_THREADS = 4
_SETTINGS_CURE = "Look at the settings it names (docs/SETTINGS.md) and start again."


def web(run_folder: Path, listener: socket.socket, *, site: str, n_processes: int) -> list[Program]:
    """The web processes, all of which accept from `listener` and answer to the host name `site`."""
    # Each for itself rather than as uvicorn's workers: uvicorn asks its workers for a sign of life in
    # turn, and sees that one was killed meanwhile only when its patience with that one is over.
    command = (
        *(sys.executable, "-m", "uvicorn", "labelhub.asgi:application"),
        *("--fd", str(listener.fileno()), "--loop", "uvloop", "--http", "httptools"),
        *("--lifespan", "off", "--ws", "none", "--no-access-log", "--no-server-header"),
        *("--timeout-graceful-shutdown", "5"),
    )
    return [
        _program(
            f"web-{number}",
            run_folder,
            command,
            files=(listener.fileno(),),
            is_ready=lambda: answers(listener, "/readyz", site),
        )
        for number in range(1, n_processes + 1)
    ]


def worker(run_folder: Path) -> Program:
    """Imports, exports, statistics and sweeps."""
    command = ("worker", "-Q", "default", "-P", "threads", "-c", str(_WORKER_THREADS), *_QUIET)
    return _celery("worker", run_folder, *command)


def gpu_workers(run_folder: Path, *, n_threads: int, devices: Sequence[str]) -> list[Program]:
    """Sampling: a thread for each generation under way, and a process for each of the `devices`.

    A process uses one device. With none named, the one process sees whatever there is.
    """
    command = ("worker", "-Q", "gpu", "-P", "threads", "-c", str(n_threads), *_QUIET)
    if not devices:
        return [_celery("gpu-worker", run_folder, *command)]
    return [
        _celery(f"gpu-worker-{device}", run_folder, *command, CUDA_VISIBLE_DEVICES=device)
        for device in devices
    ]


def beat(run_folder: Path) -> Program:
    """The clock that asks for the sweeps."""
    schedule = str(run_folder / "beat-schedule")
    return _celery("beat", run_folder, "beat", "-s", schedule, "--pidfile=", "--loglevel=INFO")


def n_connections(
    *, n_web_processes: int, n_web_threads: int, n_gpu_threads: int, n_gpu_workers: int
) -> int:
    """The most connections to PostgreSQL that all of them hold together."""
    # Beside those of its threads a web process has one for all event streams, a job one for its
    # lease, and a GPU worker one for its leases and one for checks of policies.
    web = n_web_processes * (n_web_threads + 1)
    return web + 2 * _WORKER_THREADS + n_gpu_workers * (n_gpu_threads + 2)


def _celery(name: str, run_folder: Path, *arguments: str, **environment: str) -> Program:
    node = ("-n", f"{name}@%h") if arguments[0] == "worker" else ()
    return _program(name, run_folder, (*_CELERY, *arguments, *node), environment=environment)


def _program(
    name: str,
    run_folder: Path,
    command: Sequence[str],
    *,
    files: Sequence[int] = (),
    environment: Mapping[str, str] = MappingProxyType({}),
    is_ready: Callable[[], bool] = lambda: True,
) -> Program:
    """A program that is ready once it says so itself (`labelhub.health`) and `is_ready` is true."""
    ready_file = run_folder / f"{name}.ready"
    ready_file.unlink(missing_ok=True)
    return Program(
        name=name,
        command=command,
        is_ready=lambda: ready_file.exists() and is_ready(),
        cure=_SETTINGS_CURE,
        environment={"LABELHUB_READY_FILE": str(ready_file), **environment},
        files=files,
    )
