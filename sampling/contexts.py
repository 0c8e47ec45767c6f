"""Storing contexts many at a time, for comparisons that are made or imported in bulk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256

import orjson
from django.db import connection

from labelhub import clock
from sampling import selectors


def store_contexts(*, contexts: Sequence[Sequence[Mapping[str, str]]]) -> list[int]:
    """The id of each list of messages' stored context, in the order given; two statements, however many.

    A context that is there already, or twice among those given, is stored once.
    """
    canonical = [selectors.canonical_messages(messages) for messages in contexts]
    hashes = [sha256(messages).hexdigest() for messages in canonical]
    texts = dict(zip(hashes, canonical, strict=True))
    with connection.cursor() as cursor:
        # In one order everywhere, so that two of these never wait for each other's rows. As one text:
        # the driver takes longer over an array of many than PostgreSQL.
        given = orjson.dumps([[key, orjson.Fragment(texts[key])] for key in sorted(texts)])
        cursor.execute(_ADD, [clock.now(), given.decode()])
        cursor.execute(_FIND, ["{" + ",".join(texts) + "}"])
        ids = dict(cursor.fetchall())
    return [ids[key] for key in hashes]


_ADD = """
INSERT INTO sampling_context (sha256, messages, created_at)
SELECT given ->> 0, given -> 1, %s FROM jsonb_array_elements(%s::jsonb) AS given
ON CONFLICT (sha256) DO NOTHING
"""
_FIND = "SELECT sha256, id FROM sampling_context WHERE sha256 = ANY(%s::text[])"
