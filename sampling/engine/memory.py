"""How much memory a policy may take, before any of it is taken."""

from __future__ import annotations

import json
import math
import struct
from dataclasses import dataclass
from pathlib import Path

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
class Budget:
    """What may be held in all, and what of it is left for keys and values."""

    total_bytes: int
    cache_bytes: int


def free_bytes(device: torch.device) -> int:
    """Return the memory nobody uses: the device's, or what Linux would give without swapping."""
    if device.type == "cuda":
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


def budget(*, name: str, weights_bytes: int, logits_bytes: int, device: torch.device) -> Budget:
    """Return what a policy may take of the device's free memory.

    `logits_bytes` is one step's logits in float32. Raises PolicyTooLarge where nothing would be
    left for keys and values.
    """
    share, free = SHARE[device.type], free_bytes(device)
    total = int(free * share)
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
