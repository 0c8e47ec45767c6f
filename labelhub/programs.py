"""The processes labelhub consists of, as command lines; `docs/ARCHITECTURE.md` says what each does."""

import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from labelhub.supervisor import Program, answers

_CELERY = (sys.executable, "-m", "celery", "-A", "labelhub.celery")
# The chatter between workers that labelhub does not use costs a second at start and Redis traffic.
_QUIET = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel=INFO")
_WORKER_THREADS = 4
_SETTINGS_CURE = "Look at the settings it names (docs/SETTINGS.md) and start again."


def web(listener: socket.socket, *, site: str, n_processes: int) -> Program:
    """The web processes, which accept from `listener` and answer to the host name `site`."""
    return Program(
        name="web",
        command=(
            *(sys.executable, "-m", "uvicorn", "labelhub.asgi:application"),
            *("--fd", str(listener.fileno()), "--workers", str(n_processes)),
            *("--loop", "uvloop", "--http", "httptools", "--lifespan", "off", "--ws", "none"),
            *("--no-access-log", "--no-server-header", "--timeout-graceful-shutdown", "5"),
            # Its default of 5 s ends a process that still imports on a busy machine, over and over.
            *("--timeout-worker-healthcheck", "60"),
        ),
        is_ready=lambda: answers(listener, "/readyz", site),
        cure=_SETTINGS_CURE,
        files=(listener.fileno(),),
    )


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
    ready_file = run_folder / f"{name}.ready"
    ready_file.unlink(missing_ok=True)
    node = ("-n", f"{name}@%h") if arguments[0] == "worker" else ()
    return Program(
        name=name,
        command=(*_CELERY, *arguments, *node),
        is_ready=ready_file.exists,
        cure=_SETTINGS_CURE,
        environment={"LABELHUB_READY_FILE": str(ready_file), **environment},
    )
