"""What every benchmark prints: where it ran, medians with their spread, one JSON line at the end."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def print_header(title: str) -> None:
    git = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    print(
        f"{title}\n  commit {git.stdout.strip() or 'unknown'} · Python {platform.python_version()}"
        f" · {os.cpu_count()} cores · load {load} · reference work {reference_cpu_ms():.1f} ms"
    )


def reference_cpu_ms() -> float:
    """CPU of a fixed piece of Python work: what a millisecond is worth here at this moment.

    Other programs on the same cores raise it, by caches and clock; figures of two runs compare as
    far as this does.
    """
    began = time.thread_time()
    for _ in range(10):
        sum(number * number for number in range(20_000))
    return (time.thread_time() - began) * 1000


def spread(values: Sequence[float]) -> str:
    """Median, least and greatest of repeated measurements."""
    return f"{statistics.median(values):10.2f}   ({min(values):.2f} … {max(values):.2f}, n={len(values)})"


def quantile(values: Sequence[float], share: float) -> float:
    """The value that `share` of the values do not exceed. `values` is not empty."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def print_figures(figures: dict[str, object]) -> None:
    """The machine-readable last line."""
    print(json.dumps(figures))
