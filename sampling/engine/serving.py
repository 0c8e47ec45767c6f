"""Loads a policy and answers for it over HTTP: what `manage.py serve_policy` does, without Django."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from pathlib import Path

from sampling import tokens
from sampling.engine import endpoint, load, memory, server_connection, spec
from sampling.engine.protocol import EngineError


class EndpointUnprotected(EngineError):
    """Other machines could reach the endpoint, and it would ask nobody for a key."""

    code = "endpoint_unprotected"


def serve_policy(
    policy: str,
    *,
    host: str,
    port: int,
    announce: Callable[[str], None],
    revision: str | None = None,
    name: str | None = None,
    api_key_variable: str | None = None,
    device: str | None = None,
    allowance: memory.Allowance,
    queue_limit: int,
    n_threads: int | None = None,
) -> None:
    """Serve a folder or hub id until told to end; `announce` is called with the base URL.

    Raises EndpointUnprotected, KeyMissing, UnsupportedPolicy, PolicyUnavailable, TokensError, or
    OSError where the address cannot be had.
    """
    key = server_connection.api_key(api_key_variable)
    if key is None and not _is_loopback(host):
        raise EndpointUnprotected(
            f"{host} can be reached from other machines; name the variable of a key that they "
            "must send, or serve on 127.0.0.1"
        )
    place = spec.parse(policy)
    engine = load.load_engine(
        policy,
        revision=revision,
        device=device,
        allowance=allowance,
        queue_limit=queue_limit,
        n_threads=n_threads,
    )
    try:
        assert not isinstance(place, spec.Server)  # load_engine has refused it
        folder = spec.fetch(place, revision=revision, weights=False)
        served = endpoint.Endpoint(
            engine,
            tokens.load(folder),
            name=name or (place.name if isinstance(place, Path) else place.repository),
            context_tokens=engine.limits.context_tokens,
            api_key=key,
        )
        endpoint.serve(served, host=host, port=port, announce=announce)
    finally:
        engine.close()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
