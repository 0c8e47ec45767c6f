"""`manage.py demo` from the command to every process ready: first start, later starts, idle memory.

Measured: seconds from the command to "ready" on a new data folder (cold: database made, migrated,
fixtures loaded) and on the one it left (warm), seconds from Ctrl-C to the end of the last process,
and the memory of the idle processes by kind (proportional set size, in MB: shared pages are divided
among those who share them). Against: the aims of 20 s cold and 10 s warm on an idle machine.

Run with `python -m benchmarks.start [--quick]`. Exits 1 where a start fails or leaves a process.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from benchmarks import processes
from benchmarks.report import ROOT, print_figures, print_header, spread
from labelhub.embedded.places import places_of

# What each kind of process has in its command line; the first that fits names it.
KINDS = {
    "postgres": "PostgreSQL",
    "redis-server": "Redis",
    "labelhub.embedded": "keeper",
    "manage.py demo": "supervisor",
    "-Q default": "worker",
    "-Q gpu": "GPU worker",
    " beat ": "beat",
    "uvicorn": "web",
}

REST_PATIENCE_SECONDS, REST_WINDOW_SECONDS, REST_CPU_SECONDS = 60.0, 2.0, 0.3


def start(var: Path) -> tuple[subprocess.Popen[str], float]:
    """A demo on the folder that is ready, and the seconds until it was. Raises RuntimeError."""
    began = time.monotonic()
    demo = subprocess.Popen(
        [sys.executable, "manage.py", "demo", "--port", "8900"],
        cwd=ROOT,
        env=os.environ | {"VAR_DIR": str(var), "DATABASE_URL": "", "REDIS_URL": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    words = ""
    for line in demo.stdout or ():
        words += line
        if "labelhub is ready at" in line:
            return demo, time.monotonic() - began
    raise RuntimeError(f"The demo ended with {demo.wait()}:\n{words}")


def stop(demo: subprocess.Popen[str], var: Path) -> float:
    """Seconds from Ctrl-C to the end. Raises RuntimeError where a process is left."""
    of_demo = everything(demo, var)
    began = time.monotonic()
    demo.send_signal(signal.SIGINT)
    demo.communicate()
    seconds = time.monotonic() - began
    left = {pid for pid in of_demo if command_line(pid)}
    if demo.returncode != 0 or left:
        raise RuntimeError(f"The demo ended with {demo.returncode}, and left {left}.")
    return seconds


def everything(demo: subprocess.Popen[str], var: Path) -> set[int]:
    """The supervisor's processes and the keeper's."""
    postmaster = int((places_of(var).postgres / "postmaster.pid").read_text().split()[0])
    keeper = int(Path(f"/proc/{postmaster}/stat").read_text().rpartition(")")[2].split()[1])
    return processes.tree_of([demo.pid, keeper])


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def wait_until_at_rest(demo: subprocess.Popen[str], var: Path) -> None:
    """Until the GPU worker has loaded its policy and all have nothing to do."""
    roots = list(everything(demo, var))
    deadline = time.monotonic() + REST_PATIENCE_SECONDS
    while time.monotonic() < deadline:
        before = processes.cpu_seconds(roots)
        time.sleep(REST_WINDOW_SECONDS)
        if processes.cpu_seconds(roots) - before < REST_CPU_SECONDS:
            return
    raise RuntimeError(f"The demo is still busy after {REST_PATIENCE_SECONDS} s.")


def idle_megabytes(pids: set[int]) -> dict[str, float]:
    """Memory by kind of process. Raises RuntimeError where a process is of no known kind."""
    found: dict[str, float] = defaultdict(float)
    for pid in pids:
        line = command_line(pid)
        kind = next((kind for part, kind in KINDS.items() if part in line), None)
        if line and kind is None:
            raise RuntimeError(f"Process {pid} is of no known kind: {line}")
        if kind is not None:
            found[kind] += processes.memory_bytes(pid) / 1e6
    return dict(found)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="one cold and one warm start")
    quick = parser.parse_args().quick
    print_header("Start of the demo, seconds; memory at rest, MB")
    cold, warm, stops = [], [], []
    megabytes: dict[str, float] = {}
    for _ in range(1 if quick else 3):
        # Under /tmp and open to all, so that the servers' own account can enter when run as root.
        var = Path(tempfile.mkdtemp(prefix="labelhub-bench-"))
        var.chmod(0o755)
        try:
            demo, seconds = start(var)
            cold.append(seconds)
            stops.append(stop(demo, var))
            for _ in range(1 if quick else 3):
                demo, seconds = start(var)
                warm.append(seconds)
                wait_until_at_rest(demo, var)
                megabytes = idle_megabytes(everything(demo, var))
                stops.append(stop(demo, var))
        except RuntimeError as exc:
            print(exc)
            return 1
        finally:
            shutil.rmtree(places_of(var).home, ignore_errors=True)
            shutil.rmtree(var, ignore_errors=True)
    print(
        f"  cold start  {spread(cold)}\n  warm start  {spread(warm)}\n  stop        {spread(stops)}"
    )
    for kind, size in sorted(megabytes.items(), key=lambda item: -item[1]):
        print(f"  {kind:<12}{size:10.1f} MB")
    print_figures(
        {
            "cold_start_seconds": round(statistics.median(cold), 2),
            "warm_start_seconds": round(statistics.median(warm), 2),
            "stop_seconds": round(statistics.median(stops), 2),
            "idle_megabytes": {kind: round(size, 1) for kind, size in megabytes.items()},
            "idle_megabytes_total": round(sum(megabytes.values()), 1),
        }
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
