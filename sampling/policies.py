"""Where a policy's files are on this machine, and what they hold. Loads no torch."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from django.conf import settings

from sampling import tokens
from sampling.engine import protocol, spec
from sampling.models import Policy


def place_of(source: str) -> str:
    """The source as an engine takes it: a folder inside the repository becomes absolute.

    So the demo's `fixtures/policy/demo` means the same in every process and every clone.
    """
    inside = spec.folder_at(str(settings.BASE_DIR / source))
    return source if inside is None else str(inside)


def is_server(source: str) -> bool:
    return source.startswith(spec.SERVER_PREFIX)


def chat_tokenizer(policy: Policy) -> tokens.ChatTokenizer | None:
    """The policy's tokenizer and template, read once per process; None for a server without one.

    Raises sampling.tokens.TokensError or sampling.engine.protocol.EngineError.
    """
    source = policy.tokenizer_source or policy.source
    return None if is_server(source) else tokens.load(text_folder(source, policy.revision))


@lru_cache(maxsize=64)
def text_folder(source: str, revision: str) -> Path:
    """The folder with tokenizer and template, fetched without weights where it is a hub id."""
    return spec.folder_at(place_of(source)) or fetch(source, revision, weights=False)


def fetch(source: str, revision: str, *, weights: bool) -> Path:
    """The folder of a policy that is no server; raises sampling.engine.protocol.EngineError."""
    place = spec.parse(place_of(source))
    if isinstance(place, spec.Server):
        raise protocol.UnsupportedPolicy(f"{source} is a server, whose files are not here")
    return spec.fetch(place, revision=revision or None, weights=weights)


def pinned_revision(source: str, revision: str, folder: Path) -> str:
    """The commit that was fetched; a folder's revision is whatever its owner calls it."""
    # A hub's snapshot folder is named after the commit it holds.
    return folder.name if spec.folder_at(place_of(source)) is None else revision


def kind_of(source: str) -> str:
    """Where the source is: "server", "folder" or "hub", told without asking anybody."""
    if is_server(source):
        return "server"
    is_folder = source.startswith(("/", "~", ".")) or spec.folder_at(place_of(source))
    return "folder" if is_folder else "hub"
