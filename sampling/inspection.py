"""What a policy's folder holds and whether it could serve, without loading it. No Django, no torch."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from sampling.engine.protocol import Provenance, Reproducible
from sampling.tokens import ChatTemplateFailed, ChatTokenizer

OTHER_WEIGHTS = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.msgpack", "*.h5", "*.gguf")
# A safetensors file begins with the length of its JSON header: little-endian, 8 bytes.
HEADER_BYTES = 8
LONGEST_HEADER_BYTES = 100_000_000
QUESTION = {"role": "user", "content": "Say hello."}


class Verdict(StrEnum):
    GOOD = "good"
    REMARK = "remark"  # worth knowing, keeps nothing from serving
    BAD = "bad"  # the policy cannot serve like this


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `code` is stable, `detail` is for people."""

    code: str
    verdict: Verdict
    detail: str


@dataclass(frozen=True, slots=True)
class Weights:
    """What the headers of the safetensors files say."""

    n_files: int
    n_parameters: int
    n_bytes: int
    dtypes: tuple[str, ...]


class UnreadableWeights(ValueError):
    """A file is not safetensors, whatever its name says."""


def inspect_weights(folder: Path) -> Iterator[Finding]:
    """Whether there are safetensors weights, what else lies there, and what memory they need."""
    others = sorted(path.name for pattern in OTHER_WEIGHTS for path in folder.glob(pattern))
    try:
        weights = read_weights(folder)
    except UnreadableWeights as error:
        yield Finding("weights", Verdict.BAD, str(error))
        return
    if weights.n_files == 0:
        instead = f"; {', '.join(others[:3])} can run code when read" if others else ""
        yield Finding("weights", Verdict.BAD, f"There are no safetensors weights{instead}.")
        return
    yield Finding(
        "weights",
        Verdict.GOOD,
        f"{weights.n_files} safetensors file{'s' if weights.n_files > 1 else ''}, "
        f"{in_units(weights.n_parameters)} parameters, {in_units(weights.n_bytes)}B as "
        f"{', '.join(weights.dtypes)}.",
    )
    if others:
        yield Finding(
            "other_weights",
            Verdict.REMARK,
            f"Not read: {', '.join(others[:5])} (safetensors only).",
        )
    configuration = _read_json(folder / "config.json")
    if "auto_map" in configuration:
        yield Finding(
            "own_code", Verdict.REMARK, "It brings code of its own, which labelhub never runs."
        )
    yield _memory(weights, configuration.get("text_config", configuration))


def inspect_words(chat: ChatTokenizer, folder: Path) -> Iterator[Finding]:
    """Whether tokenizer, chat template and special tokens make sense together."""
    yield Finding("tokenizer", Verdict.GOOD, f"{chat.vocab_size:,} tokens.")
    configuration = _read_json(folder / "config.json")
    size = configuration.get("text_config", configuration).get("vocab_size")
    if isinstance(size, int) and size < chat.vocab_size:
        yield Finding(
            "vocabulary",
            Verdict.BAD,
            f"The tokenizer knows {chat.vocab_size:,} tokens and the weights only {size:,}; "
            "they do not belong together.",
        )
    template = _template(chat)
    yield template
    if template.verdict is not Verdict.BAD:
        yield from _special_tokens(chat)


def inspect_server(found: Provenance) -> Iterator[Finding]:
    """What a server leaves out that files here would tell or take."""
    if found.left_to_server:
        fields = ", ".join(found.left_to_server)
        yield Finding(
            "server_defaults",
            Verdict.REMARK,
            f"The server does not take {fields}: its own defaults apply, and a request that sets "
            "them is refused.",
        )
    if found.template_sha256 is None:
        yield Finding(
            "server_template",
            Verdict.REMARK,
            "The server renders the conversation with a chat template of its own, so the tokens "
            "that it read are not recorded.",
        )
    if found.reproducible is Reproducible.NONE:
        yield Finding(
            "server_seeds",
            Verdict.REMARK,
            "It is not known to honour seeds: the same request may give another text.",
        )


def read_weights(folder: Path) -> Weights:
    """Add up the headers of all safetensors files. Raises UnreadableWeights."""
    paths = sorted(folder.glob("*.safetensors"))
    n_parameters = n_bytes = 0
    dtypes: set[str] = set()
    for path in paths:
        for tensor in _header(path).values():
            n_parameters += math.prod(tensor["shape"])
            begin, end = tensor["data_offsets"]
            n_bytes += end - begin
            dtypes.add(str(tensor["dtype"]))
    return Weights(len(paths), n_parameters, n_bytes, tuple(sorted(dtypes)))


def kv_bytes_per_token(configuration: dict[str, Any], bytes_per_number: int) -> int | None:
    """Keys and values of one token in all layers; None where the configuration does not tell."""

    def first(*names: str) -> int | None:
        return next(
            (value for name in names if isinstance(value := configuration.get(name), int)), None
        )

    n_layers = first("num_hidden_layers", "n_layer", "num_layers")
    n_heads = first("num_attention_heads", "n_head", "num_heads")
    width = first("hidden_size", "n_embd", "d_model")
    if n_layers is None or n_heads is None or width is None:
        return None
    n_kv_heads = first("num_key_value_heads") or n_heads
    head_width = first("head_dim") or width // n_heads
    return 2 * n_layers * n_kv_heads * head_width * bytes_per_number


def in_units(number: float) -> str:
    """8030261248 as "8.03 G"; a B behind it makes it bytes."""
    for factor, unit in ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= factor:
            return f"{number / factor:.3g} {unit}"
    return f"{number:.0f} "


def _memory(weights: Weights, configuration: dict[str, Any]) -> Finding:
    estimates = []
    for where, size in (("on a GPU (bfloat16)", 2), ("on a CPU (float32)", 4)):
        estimate = f"{in_units(weights.n_parameters * size)}B of weights {where}"
        per_token = kv_bytes_per_token(configuration, size)
        if per_token is not None:
            estimate += f" and {in_units(1000 * per_token)}B for each 1,000 tokens of context"
        estimates.append(estimate)
    return Finding("memory", Verdict.GOOD, f"{'; '.join(estimates)}.")


def _template(chat: ChatTokenizer) -> Finding:
    answer = {"role": "assistant", "content": "Hello, reader."}
    try:
        rendered = chat.render([QUESTION, answer, QUESTION])
    except ChatTemplateFailed as error:
        return Finding("template", Verdict.BAD, f"{str(error).capitalize()}.")
    if QUESTION["content"] not in rendered or answer["content"] not in rendered:
        return Finding("template", Verdict.BAD, "The chat template leaves out what was said.")
    opening = chat.render([QUESTION])
    if not opening.startswith(chat.render([QUESTION], add_generation_prompt=False)):
        return Finding("template", Verdict.BAD, "The chat template opens no turn for the reply.")
    try:
        chat.render([{"role": "system", "content": "Be brief."}, QUESTION])
    except ChatTemplateFailed:
        return Finding(
            "template", Verdict.REMARK, "It renders user and assistant turns, but no system turn."
        )
    return Finding("template", Verdict.GOOD, "It renders system, user and assistant turns.")


def _special_tokens(chat: ChatTokenizer) -> Iterator[Finding]:
    names = sorted(filter(None, (chat.tokenizer.id_to_token(each) for each in chat.stop_ids)))
    if not names:
        yield Finding(
            "special_tokens",
            Verdict.BAD,
            "No token ends a turn: set eos_token in tokenizer_config.json, or let the template "
            "write a special token after the reply.",
        )
        return
    ids = chat.encode([QUESTION])
    first = chat.special_tokens.get("bos_token")
    first_id = None if first is None else chat.tokenizer.token_to_id(first)
    if first_id is not None and ids[:2] == [first_id, first_id]:
        yield Finding(
            "special_tokens", Verdict.BAD, f"The chat template writes {first} twice in a row."
        )
        return
    yield Finding("special_tokens", Verdict.GOOD, f"A reply ends with {' or '.join(names)}.")


def _header(path: Path) -> dict[str, dict[str, Any]]:
    with path.open("rb") as file:
        length = int.from_bytes(file.read(HEADER_BYTES), "little")
        if not 2 <= length <= min(LONGEST_HEADER_BYTES, path.stat().st_size):
            raise UnreadableWeights(f"{path.name} is not a safetensors file.")
        try:
            header = json.loads(file.read(length))
            header.pop("__metadata__", None)
            if all({"shape", "dtype", "data_offsets"} <= each.keys() for each in header.values()):
                return dict(header)
        except (ValueError, AttributeError) as error:
            raise UnreadableWeights(f"{path.name} is not a safetensors file.") from error
    raise UnreadableWeights(f"{path.name} is not a safetensors file.")


def _read_json(path: Path) -> dict[str, Any]:
    content = json.loads(path.read_bytes()) if path.is_file() else {}
    return content if isinstance(content, dict) else {}
