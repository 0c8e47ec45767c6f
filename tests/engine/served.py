"""A policy served over HTTP by a process of its own, as an operator would serve it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sampling import tokens
from sampling.engine import server_probe, spec
from tests.engine import tiny

ROOT = Path(__file__).resolve().parents[2]
# So long that whatever a test does to a running completion happens long before its end.
LONG_CONTEXT_TOKENS = 8192
N_SLOTS = 13
END_SECONDS = 60


def save_long_policy(folder: Path) -> None:
    """Write a whole policy with a window that takes it seconds to fill."""
    tiny.save_policy(folder, "llama")
    path = folder / "config.json"
    config = json.loads(path.read_text())
    path.write_text(json.dumps(config | {"max_position_embeddings": LONG_CONTEXT_TOKENS}))


@dataclass(frozen=True)
class Served:
    """A served policy and what the engine's own probe finds there."""

    server: spec.Server
    chat: tokens.ChatTokenizer
    capabilities: server_probe.Capabilities


@contextmanager
def serving(
    policy: str, *options: str, environment: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Run `manage.py serve_policy` on any free port; yield the base URL it announces."""
    command = [sys.executable, "manage.py", "serve_policy", policy, "--port", "0", *options]
    # Nothing of it may need a database: an address that nobody listens at says so at once.
    nowhere = {"DATABASE_URL": "postgresql://127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1"}
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **nowhere, **(environment or {})},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line.startswith("Serving at "), line
        yield line.removeprefix("Serving at ").strip()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(END_SECONDS)
        process.stdout.close()
