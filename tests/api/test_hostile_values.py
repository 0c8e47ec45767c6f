"""Whatever stands in one place of a body or a query that is else sound, no route fails over it.

make test sends a twelfth of them, make test-long all: 7,000.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from hypothesis import settings

from tests.api.test_permissions import ACCESS, BODIES
from tests.roles import ACTORS, World, new_world

pytestmark = pytest.mark.django_db

SCHEMA = json.loads((Path(__file__).parents[2] / "frontend" / "openapi.json").read_text())
# What no page of ours sends: other types, the ends of ranges, and text that is hard to hold.
TEXTS = (
    "",
    "NaN",
    "x" * 70_000,
    "\ufffe\u202e'\"%s{0}\\",
    "0001-01-01",
    "9999-12-31T23:59:59-14:00",
)
NUMBERS = (-1, 2**31, 2**63, 1e308)
LISTS = ([], [None], [-1, -1], [[["x"]]])
HOSTILE = (None, True, *NUMBERS, *TEXTS, *LISTS, {}, {"": None, "A": -1, "x": [2**63]})
SOUND = {
    "integer": 1,
    "number": 0.5,
    "boolean": True,
    "string": "text",
    "object": {},
    "uuid": "0b7f7c0e-5f0c-4c55-8c3b-6f1d6c6f2f10",
    "date": "2026-01-02",
    "date-time": "2026-01-02T03:04:05Z",
}


@dataclass(frozen=True)
class Operation:
    route: str
    method: str
    body: Any
    queries: list[str]

    @property
    def actor(self) -> str:
        """Somebody who is not refused before anybody looks at what they sent."""
        allowed = ACCESS[self.route][self.method]
        return next(actor for actor in reversed(ACTORS) if actor in allowed and actor != "admin")


def sound(schema: dict[str, Any]) -> Any:
    """A value that the schema allows, as far as it says what it allows."""
    if "$ref" in schema:
        return sound(SCHEMA["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    for choices in ("allOf", "oneOf"):
        if choices in schema:
            return sound(schema[choices][0])
    if "enum" in schema:
        return schema["enum"][0]
    if "properties" in schema:
        return {name: sound(each) for name, each in schema["properties"].items()}
    kind = schema.get("type", "object")
    if kind == "array":
        return [sound(schema["items"])]
    if kind in {"integer", "number"}:
        return max(SOUND[kind], schema.get("minimum", 0))
    return SOUND.get(schema.get("format", kind), SOUND[kind])


def operations() -> Iterator[Operation]:
    routes = {re.sub(r"<\w+:(\w+)>", r"{\1}", route): route for route in ACCESS}
    for path, methods in SCHEMA["paths"].items():
        for method, told in methods.items():
            route = routes[path.removeprefix("/api/v1/")]
            content = told.get("requestBody", {}).get("content", {}).get("application/json")
            body = sound(content["schema"]) if content else None
            queries = [each["name"] for each in told.get("parameters", ()) if each["in"] == "query"]
            # The one that streams has tests of its own.
            if (body or queries) and route != "events/" and ACCESS[route][method] - {"admin"}:
                yield Operation(route, method, body and body | BODIES.get(route, {}), queries)


def spoilt(value: Any) -> Iterator[Any]:
    """The value with each of its parts replaced by each hostile one, itself first."""
    yield from HOSTILE
    if isinstance(value, dict):
        for name, part in value.items():
            yield from (value | {name: other} for other in spoilt(part))
    elif isinstance(value, list):
        yield from ([other] for other in spoilt(value[0]))


def some(values: Iterator[Any]) -> Iterator[Any]:
    """Every twelfth, or each in the profile of make test-long."""
    return islice(values, 0, None, 1 if settings.get_current_profile_name() == "long" else 12)


@pytest.fixture
def world() -> World:
    return new_world()


@pytest.mark.parametrize("nth", range(4))
def test_no_route_fails_over_a_value(world: World, subtests: pytest.Subtests, nth: int) -> None:
    for operation in list(operations())[nth::4]:
        client = world.client(operation.actor)
        client.raise_request_exception = False
        ask = getattr(client, operation.method)
        path = world.path(operation.route)
        with subtests.test(f"{operation.method} {operation.route}"):
            failed = []
            for body in some(spoilt(operation.body)) if operation.body else ():
                before = transaction.savepoint()
                if ask(path, body, format="json").status_code >= 500:
                    failed.append(body)
                transaction.savepoint_rollback(before)
            failed += [
                {name: value}
                for name in operation.queries
                for value in (*NUMBERS, *TEXTS)
                if client.get(path, {name: value}).status_code >= 500
            ]
            assert [f"{body!s:.300}" for body in failed] == []
