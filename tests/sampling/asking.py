"""Requests as tests make them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from labelhub.accounts.models import Project
from sampling import services
from sampling.engine.protocol import SamplingParams
from sampling.models import Generation, Policy
from tests.factories import ProjectFactory

QUESTION = ({"role": "user", "content": "Where do swallows go in winter?"},)
Purpose = Generation.Purpose


def ask(
    policy: Policy,
    purpose: Generation.Purpose = Purpose.CHAT,
    *,
    n: int = 1,
    project: Project | None = None,
    messages: Sequence[dict[str, str]] = QUESTION,
    max_tokens: int = 8,
    temperature: float = 1.0,
    on_done: str = "",
    **more: Any,
) -> Generation:
    """Queue a generation with the least to say."""
    return services.request_completions(
        project=project or ProjectFactory(),
        policy=policy,
        messages=messages,
        purpose=purpose,
        n=n,
        params=SamplingParams(max_tokens=max_tokens, temperature=temperature),
        on_done=on_done,
        **more,
    )


def refreshed(generation: Generation) -> Generation:
    return Generation.objects.get(pk=generation.pk)
