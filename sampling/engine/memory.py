"""How much a policy may take of a device, decided here alone and before any of it is taken."""

from __future__ import annotations

import gc
import json
import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import torch

from sampling.engine.protocol import PolicyTooLarge

GIB = 2**30
# Of what is free; a GPU is the engine's own, a CPU's memory everybody's.
SHARE = {"cpu": 0.5, "cuda": 0.9}
# Kernels' workspaces and the activations of a prompt's chunk.
WORKING_BYTES = {"cpu": GIB // 4, "cuda": 2 * GIB}
# Copies of a step's logits, in float32, that sampling holds at once.
LOGITS_COPIES = 6


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the operator lets one policy take.

    It samples `n_slots` completions at once, `n_reserved` of them never batch, and keeps `n_kept`
    ended contexts for those that begin alike. Without `memory_bytes` it takes the device's usual
    share of what is free.
    """

    n_slots: int = 54
    n_reserved: int = 18
    n_kept: int = 8
    memory_bytes: int | None = None

    @classmethod
    def stated(cls, *, n_slots: int, memory_gib: float | None) -> Self:
        """Return what an operator stated; a third of the slots is for people."""
        memory_bytes = None if memory_gib is None else int(memory_gib * GIB)
        return cls(n_slots=n_slots, n_reserved=n_slots // 3, memory_bytes=memory_bytes)


@dataclass(frozen=True, slots=True)
class Budget:
    """What may be held in all, and what of it is left for keys and values."""

    total_bytes: int
    cache_bytes: int


def free_bytes(device: torch.device) -> int:
    """Return the memory nobody uses: the device's, or what Linux would give without swapping."""
    if device.type == "cuda":
        # An engine that was given up is freed by the collector, and torch keeps what it freed.
        gc.collect()
        torch.cuda.empty_cache()
        return torch.cuda.mem_get_info(device)[0]
    for line in Path("/proc/meminfo").read_text().splitlines():
        name, _, amount = line.partition(":")
        if name == "MemAvailable":
            return int(amount.split()[0]) * 1024
    raise OSError("/proc/meminfo does not say what is available")


def n_parameters(folder: Path) -> int:
    """Return how many numbers the safetensors files hold, read from their headers alone."""
    total = 0
    for path in folder.glob("*.safetensors"):
        with path.open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(length))
        total += sum(
            math.prod(tensor["shape"]) for name, tensor in header.items() if name != "__metadata__"
        )
    return total


def budget(
    *,
    name: str,
    weights_bytes: int,
    logits_bytes: int,
    device: torch.device,
    allowed_bytes: int | None = None,
) -> Budget:
    """Return what a policy may take of the device's free memory: `allowed_bytes`, or its share.

    `logits_bytes` is one step's logits in float32. Raises PolicyTooLarge where nothing would be
    left for keys and values.
    """
    free = free_bytes(device)
    total = int(free * SHARE[device.type]) if allowed_bytes is None else min(allowed_bytes, free)
    working = WORKING_BYTES[device.type] + LOGITS_COPIES * logits_bytes
    left = total - weights_bytes - working
    if left <= 0:
        raise PolicyTooLarge(
            f"{name} needs {(weights_bytes + working) / GIB:.1f} GiB before it has read a token; "
            f"of the {free / GIB:.1f} GiB free on this device it may take {total / GIB:.1f}. Serve "
            "it with an OpenAI-compatible server over several devices and register it as "
            "openai:BASE_URL#MODEL"
        )
    return Budget(total, left)
