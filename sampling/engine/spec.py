"""Where a policy lives: a folder, a Hugging Face id or a chat server. Loads no torch.

A spec reads "path/to/folder", "organisation/name" or "openai:BASE_URL#MODEL". The hub's client is
imported where it is used: it takes half a second, and a process with local policies needs none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from sampling.engine.protocol import EngineError, UnsupportedPolicy

SERVER_PREFIX = "openai:"
TEXT_FILES = ("*.json", "*.jinja")
WEIGHT_FILES = ("*.safetensors",)
READ_BYTES = 2**20


class PolicyUnavailable(EngineError):
    """The hub did not answer, or the files are not here and downloads are off."""

    code = "policy_unavailable"
    retryable = True


class HostNotAllowed(UnsupportedPolicy):
    """The operator's list of hosts does not name the server's."""

    code = "host_not_allowed"


@dataclass(frozen=True, slots=True)
class Server:
    """One model of an OpenAI-compatible server."""

    base_url: str
    model: str


@dataclass(frozen=True, slots=True)
class HubId:
    """A repository of the Hugging Face hub."""

    repository: str


def parse(spec: str) -> Server | HubId | Path:
    """Return what `spec` names; raises UnsupportedPolicy where it names nothing."""
    if spec.startswith(SERVER_PREFIX):
        return _parse_server(spec)
    folder = folder_at(spec)
    if folder is not None:
        return folder
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

    try:
        validate_repo_id(spec)
    except HFValidationError as error:
        raise UnsupportedPolicy(
            f"{spec!r} is neither a folder here nor a Hugging Face id nor openai:BASE_URL#MODEL"
        ) from error
    return HubId(spec)


def folder_at(spec: str) -> Path | None:
    """Return the folder of this name; None where there is none, or none that we may look at."""
    try:
        folder = Path(spec).expanduser()
        return folder if spec and folder.is_dir() else None
    except (OSError, RuntimeError):
        # Longer than a name may be, in a folder that is closed to us, or the home of nobody.
        return None


def fetch(place: HubId | Path, *, revision: str | None, weights: bool) -> Path:
    """Return the folder with the policy's files, downloading what the cache lacks.

    Without `weights` only tokenizer, template and configurations are fetched. Raises
    UnsupportedPolicy where the hub has no such repository or revision, PolicyUnavailable where
    it cannot be reached.
    """
    if isinstance(place, Path):
        return place
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    patterns = [*TEXT_FILES, *(WEIGHT_FILES if weights else ())]
    try:
        return Path(snapshot_download(place.repository, revision=revision, allow_patterns=patterns))
    except (GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError) as error:
        raise UnsupportedPolicy(f"{place.repository} at {revision or 'main'}: {error}") from error
    except OSError as error:
        raise PolicyUnavailable(f"{place.repository} at {revision or 'main'}: {error}") from error


def check_host(server: Server, allowed: Collection[str]) -> None:
    """Raise HostNotAllowed unless `allowed` names the server's host, or its host and port."""
    parts = urlsplit(server.base_url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if host not in allowed and f"{host}:{port}" not in allowed:
        raise HostNotAllowed(
            f"Policies may not point at {host}:{port}; an operator can add it to POLICY_HOSTS."
        )


def weights_sha256(folder: Path) -> str:
    """Return one hash over all safetensors files, by name."""
    whole = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        one = hashlib.sha256()
        with path.open("rb") as file:
            while block := file.read(READ_BYTES):
                one.update(block)
        whole.update(f"{path.name} {one.hexdigest()}\n".encode())
    return whole.hexdigest()


def _parse_server(spec: str) -> Server:
    base_url, _, model = spec.removeprefix(SERVER_PREFIX).partition("#")
    malformed = UnsupportedPolicy(
        f"{spec!r} must read openai:BASE_URL#MODEL with an http or https address, "
        "like openai:http://127.0.0.1:8000/v1#qwen3-8b"
    )
    try:
        parts = urlsplit(base_url)
        # Read for its refusal: a port that is none shows only when it is asked for.
        _ = parts.port
    except ValueError as error:
        raise malformed from error
    if parts.scheme not in ("http", "https") or not parts.hostname or not model:
        raise malformed
    if parts.username or parts.password:
        raise UnsupportedPolicy("put no credentials in the address; name a key's variable instead")
    return Server(base_url=base_url, model=model)
