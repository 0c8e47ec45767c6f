"""Builds the in-process engine of a policy's files."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import torch
import transformers
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    GenerationConfig,
    PreTrainedConfig,
    PreTrainedModel,
)
from transformers.cache_utils import DynamicCache

from sampling import tokens
from sampling.engine import memory
from sampling.engine import spec as policy_spec
from sampling.engine.backend import Backend, DeviceLost
from sampling.engine.graphs import Capture, CudaCapture
from sampling.engine.loop import EngineLoop
from sampling.engine.protocol import (
    DEVICE_LOST,
    EngineError,
    PolicyTooLarge,
    Provenance,
    Reproducible,
    UnsupportedPolicy,
)
from sampling.engine.slots import (
    ELSEWHERE,
    TransformerBackend,
    refuse_unless_full_attention,
)

# Where a policy states no window, as those without learned or scaled positions may.
WINDOW_TOKENS = 4096
USUAL = memory.Allowance()


class DeviceGone(EngineError):
    """The device answers no more. This process was asked to end; another one has to try."""

    code = DEVICE_LOST
    retryable = True


def load_engine(
    spec: str,
    *,
    revision: str | None = None,
    queue_limit: int = 64,
    device: str | None = None,
    allowance: memory.Allowance = USUAL,
    n_threads: int | None = None,
) -> EngineLoop:
    """Return a running engine for the folder or hub id `spec` (see sampling.engine.spec).

    It takes what `allowance` says of the device; float32 on a CPU with `n_threads`, bfloat16
    elsewhere. Raises UnsupportedPolicy, PolicyUnavailable, sampling.tokens.TokensError, or
    DeviceGone after having asked this process to end.
    """
    place = policy_spec.parse(spec)
    if isinstance(place, policy_spec.Server):
        raise UnsupportedPolicy(f"{spec} is a server, which has its policy loaded already")
    if n_threads is not None:
        torch.set_num_threads(n_threads)
    chosen = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    folder = policy_spec.fetch(place, revision=revision, weights=True)
    try:
        backend = load_backend(
            folder,
            name=spec,
            revision=revision if isinstance(place, Path) else folder.name,
            device=chosen,
            allowance=allowance,
        )
    except (DeviceLost, torch.AcceleratorError) as error:
        end_process()
        raise DeviceGone(f"the device failed while {spec} was loaded: {error}") from error
    except torch.OutOfMemoryError as error:
        raise PolicyTooLarge(f"{spec} does not fit the device: {error}; {ELSEWHERE}") from error
    return start_loop(backend, chosen.type, queue_limit=queue_limit)


def start_loop(backend: Backend, device_type: str, **options: Any) -> EngineLoop:
    """Return the loop over a backend as this kind of device is best driven.

    A CPU's step costs more with more rows and with every token of a prompt, so a live draft leaves
    batch rows out of three steps in four, and a batch prompt goes by short chunks, which is what a
    draft may have to wait for. On a GPU rows are nearly free and calls are not.
    """
    if device_type == "cpu":
        chosen = {"batch_stride": 4, "prefill_chunk_tokens": 256, "batch_chunk_tokens": 128}
    else:
        chosen = {"batch_stride": 1, "prefill_chunk_tokens": 1024, "batch_chunk_tokens": 512}
    return EngineLoop(backend, **({"on_device_lost": end_process} | chosen | options))


def end_process() -> None:
    """Ask this process to end: its device answers no more, and who supervises it starts another."""
    os.kill(os.getpid(), signal.SIGTERM)


def load_backend(
    folder: Path,
    *,
    name: str,
    revision: str | None,
    device: torch.device,
    allowance: memory.Allowance,
    capture: Capture | None = None,
) -> TransformerBackend:
    """Load a folder's tokenizer, template and weights; raises UnsupportedPolicy or TokensError."""
    chat = tokens.load(folder)
    dtype = torch.float32 if device.type == "cpu" else torch.bfloat16
    config = load_config(folder, name=name)
    room = memory.budget(
        name=name,
        weights_bytes=memory.n_parameters(folder) * dtype.itemsize,
        logits_bytes=allowance.n_slots * config.get_text_config().vocab_size * 4,
        device=device,
        allowed_bytes=allowance.memory_bytes,
    )
    model = load_model(folder, config, name=name, dtype=dtype, device=device)
    exact = device.type == "cpu" and dtype is torch.float32
    provenance = Provenance(
        engine="slots",
        engine_version=f"transformers-{transformers.__version__} torch-{torch.__version__}",
        model=name,
        revision=revision,
        weights_sha256=policy_spec.weights_sha256(folder),
        tokenizer_sha256=chat.tokenizer_sha256,
        template_sha256=chat.template_sha256,
        dtype=str(dtype).removeprefix("torch."),
        device=torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        attention=model.config._attn_implementation,
        reproducible=Reproducible.EXACT if exact else Reproducible.BEST_EFFORT,
    )
    return TransformerBackend(
        model,
        chat.tokenizer,
        provenance=provenance,
        stop_ids=chat.stop_ids | _configured_stop_ids(model),
        n_slots=allowance.n_slots,
        n_reserved=allowance.n_reserved,
        n_kept=allowance.n_kept,
        window_tokens=chat.context_tokens or WINDOW_TOKENS,
        cache_bytes=room.cache_bytes,
        budget_bytes=room.total_bytes,
        capture=CudaCapture(device) if capture is None and device.type == "cuda" else capture,
    )


def load_config(folder: Path, *, name: str) -> PreTrainedConfig:
    """Return a folder's configuration without running any of its code.

    Raises UnsupportedPolicy where its weights cannot be loaded, or a slot cache cannot hold the
    architecture.
    """
    if not any(folder.glob("*.safetensors")):
        raise UnsupportedPolicy(
            f"{name} has no safetensors weights; other formats can run code when read"
        )
    try:
        config: PreTrainedConfig = AutoConfig.from_pretrained(folder, trust_remote_code=False)
        if config.is_encoder_decoder:
            raise UnsupportedPolicy(
                f"{config.model_type} is an encoder-decoder, which slots do not hold; {ELSEWHERE}"
            )
        refuse_unless_full_attention(DynamicCache(config=config), config.model_type)
    except (ValueError, OSError) as error:
        raise UnsupportedPolicy(f"transformers cannot load {name}: {error}") from error
    return config


def load_model(
    folder: Path, config: PreTrainedConfig, *, name: str, dtype: torch.dtype, device: torch.device
) -> PreTrainedModel:
    """Load safetensors weights; raises UnsupportedPolicy where they do not fit the configuration."""
    try:
        model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
            folder,
            config=config,
            dtype=dtype,
            attn_implementation="sdpa",
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
        )
    except (ValueError, OSError) as error:
        raise UnsupportedPolicy(
            f"transformers cannot load {name}, a {config.model_type}: {error}. Where its files are "
            f"whole, {ELSEWHERE}"
        ) from error
    model.eval()  # type: ignore[no-untyped-call]
    model.to(device)  # type: ignore[arg-type]
    return model


def _configured_stop_ids(model: PreTrainedModel) -> frozenset[int]:
    """Return the end-of-sequence ids that the generation and model configurations name."""
    generation: GenerationConfig = model.generation_config
    ids: set[int] = set()
    for configured in (generation.eos_token_id, model.config.get_text_config().eos_token_id):
        if configured is not None:
            ids |= set(configured) if isinstance(configured, list) else {configured}
    return frozenset(ids)
