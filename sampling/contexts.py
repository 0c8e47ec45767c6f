"""Storing contexts many at a time, for comparisons that are made or imported in bulk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sampling import selectors
from sampling.models import Context


def store_contexts(*, contexts: Sequence[Sequence[Mapping[str, str]]]) -> list[Context]:
    """The stored context of each list of messages, in the order given; two statements, however many.

    A context that is there already, or twice among those given, is stored once.
    """
    by_hash = {selectors.context_hash(messages): messages for messages in contexts}
    Context.objects.bulk_create(
        [
            Context(
                sha256=sha256,
                messages=[{"role": turn["role"], "content": turn["content"]} for turn in messages],
            )
            for sha256, messages in by_hash.items()
        ],
        ignore_conflicts=True,
    )
    stored = Context.objects.in_bulk(by_hash, field_name="sha256")
    return [stored[selectors.context_hash(messages)] for messages in contexts]
