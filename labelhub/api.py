"""What every endpoint shares: the strict JSON parser, the one error shape, input parsing, pagination."""

from __future__ import annotations

import codecs
import logging
import math
import re
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from itertools import islice
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, ValidationError
from django.db import IntegrityError
from django.http import Http404
from rest_framework import exceptions as drf
from rest_framework import pagination, parsers, renderers, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from labelhub import exceptions

logger = logging.getLogger(__name__)

# Behind an odd number of backslashes more these are letters only: code that names a NUL.
_ESCAPED_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")

# Enough to mend a body by; a hostile one names thousands, as long as it likes.
_MOST_STRAYS, _LONGEST_NAME = 20, 100


def too_deep(body: bytes, limit: int) -> bool:
    """Whether brackets outside strings nest deeper than `limit`; linear, and safe on any bytes."""
    depth = 0
    in_string = escaped = False
    for byte in body:
        if in_string:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                in_string = False
        elif byte == 0x22:
            in_string = True
        elif byte in b"[{":
            depth += 1
            if depth > limit:
                return True
        elif byte in b"]}":
            depth -= 1
    return False


def _n_values(parsed: Any, most: int) -> int:
    """How many values lists and objects hold in all; counting ends past `most`."""
    n_values = 0
    waiting = [parsed]
    while waiting and n_values <= most:
        container = waiting.pop()
        n_values += len(container)
        held = container.values() if isinstance(container, dict) else container
        waiting += [value for value in held if isinstance(value, dict | list)]
    return n_values


def parse_json(body: bytes) -> Any:
    """Strict JSON: UTF-8, no NaN, no lone surrogate, no NUL, depth ≤ MAX_JSON_DEPTH, at most MAX_JSON_VALUES.

    Raises MalformedBody.
    """
    # Few bodies hold that many brackets at all; only those are walked byte by byte.
    n_opening = body.count(b"[") + body.count(b"{")
    if n_opening > settings.MAX_JSON_DEPTH and too_deep(body, settings.MAX_JSON_DEPTH):
        raise exceptions.MalformedBody(
            f"The body nests deeper than {settings.MAX_JSON_DEPTH} levels; send a flatter one."
        )
    if b"\x00" in body or (b"\\u0000" in body and _ESCAPED_NUL.search(body)):
        raise exceptions.MalformedBody("The body holds a NUL character; remove it and send again.")
    try:
        # orjson refuses NaN, Infinity, lone surrogates and bytes that are not UTF-8.
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        raise exceptions.MalformedBody(f"The body is not valid JSON: {exc}.") from exc
    # Serializers look at each value before they count them, at a thousand times what reading one takes.
    most = settings.MAX_JSON_VALUES
    if (
        body.count(b",") >= most
        and isinstance(parsed, dict | list)
        and _n_values(parsed, most) > most
    ):
        raise exceptions.MalformedBody(
            f"The body holds more than {most:,} values; send fewer at once."
        )
    return parsed


class StrictJSONParser(parsers.BaseParser):
    """`application/json` only, by `parse_json`; larger than MAX_JSON_BYTES is refused with 413."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        body = stream.read(settings.MAX_JSON_BYTES + 1)
        if len(body) > settings.MAX_JSON_BYTES:
            raise exceptions.BodyTooLarge(
                f"The body is larger than {settings.MAX_JSON_BYTES} bytes; send less at once."
            )
        return parse_json(body.removeprefix(codecs.BOM_UTF8)) if body else {}


class JSONRenderer(renderers.BaseRenderer):
    """Compact UTF-8 JSON by orjson."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self, data: Any, accepted_media_type: Any = None, renderer_context: Any = None
    ) -> bytes:
        return b"" if data is None else orjson.dumps(data, default=str, option=orjson.OPT_UTC_Z)


def parse(serializer_class: type[serializers.Serializer[Any]], request: Request) -> Any:
    """The validated body of a request as the serializer's plain values.

    Raises InvalidInput naming fields that are wrong, or that nobody would read: a misspelt option is
    not taken for one that was left out.
    """
    if not isinstance(request.data, dict):
        raise exceptions.MalformedBody("The body must be a JSON object.")
    serializer = _shared(serializer_class)
    strays = dict(islice(_strays(serializer, request.data), _MOST_STRAYS))
    if strays:
        raise exceptions.InvalidInput(fields=strays)
    return serializer.run_validation(request.data)


def _strays(field: Any, value: Any, path: str = "") -> Iterator[tuple[str, list[str]]]:
    """Each key of the value, at any depth, that no serializer reads, with a sentence."""
    if isinstance(field, serializers.ListSerializer | serializers.ListField) and isinstance(
        value, list
    ):
        for index, item in enumerate(value):
            yield from _strays(field.child, item, f"{path}{index}.")
    elif isinstance(field, serializers.Serializer) and isinstance(value, dict):
        for name, inner in value.items():
            known = field.fields.get(name)
            if known is None:
                alike = get_close_matches(name[:_LONGEST_NAME], field.fields, n=1)
                advice = f"Do you mean {alike[0]}?" if alike else "Leave it out."
                yield f"{path}{name[:_LONGEST_NAME]}", [f"There is no such field. {advice}"]
            else:
                yield from _strays(known, inner, f"{path}{name}.")


def represent(serializer_class: type[serializers.Serializer[Any]], subject: Any) -> Any:
    """What `serializer_class` shows of the subject, as plain values."""
    return _shared(serializer_class).to_representation(subject)


@cache
def _shared(serializer_class: type[serializers.Serializer[Any]]) -> serializers.Serializer[Any]:
    """One instance for all requests: making one copies every field, which costs more than using them.

    Nothing here keeps a request's values on it; validation and representation are methods that a
    nested serializer serves many values with, too.
    """
    return serializer_class()


def _flatten(detail: Any, path: str = "") -> dict[str, list[str]]:
    """DRF's nested error detail as {"turns.0.content": [sentence]}."""
    if isinstance(detail, dict):
        found: dict[str, list[str]] = {}
        for name, inner in detail.items():
            found |= _flatten(inner, f"{path}.{name}" if path else str(name))
        return found
    if isinstance(detail, list) and any(isinstance(item, dict | list) for item in detail):
        found = {}
        for index, inner in enumerate(detail):
            found |= _flatten(inner, f"{path}.{index}" if path else str(index))
        return found
    items = detail if isinstance(detail, list) else [detail]
    return {path or "body": [str(item) for item in items]} if items else {}


def as_labelhub_error(exc: Exception) -> exceptions.LabelhubError | None:
    """The refusal that an exception of Django or DRF stands for; None where it is a fault of ours."""
    if isinstance(exc, exceptions.LabelhubError):
        return exc
    if isinstance(exc, drf.ValidationError):
        return exceptions.InvalidInput(fields=_flatten(exc.detail))
    if isinstance(exc, ValidationError):
        return exceptions.InvalidInput(
            fields=exc.message_dict if hasattr(exc, "error_dict") else {"body": exc.messages}
        )
    if isinstance(exc, drf.NotAuthenticated | drf.AuthenticationFailed):
        return exceptions.NotSignedIn(
            str(exc.detail) if isinstance(exc, drf.AuthenticationFailed) else None
        )
    if isinstance(exc, drf.PermissionDenied):
        return exceptions.NotAllowed(str(exc.detail))
    if isinstance(exc, PermissionDenied):
        return exceptions.NotAllowed()
    if isinstance(exc, Http404 | drf.NotFound):
        return exceptions.NotFound()
    if isinstance(exc, RequestDataTooBig):
        return exceptions.BodyTooLarge()
    if isinstance(exc, drf.Throttled):
        return exceptions.Throttled()
    if isinstance(exc, drf.MethodNotAllowed):
        return exceptions.MethodNotAllowed()
    if isinstance(exc, drf.NotAcceptable):
        return exceptions.NotAcceptable()
    if isinstance(exc, drf.UnsupportedMediaType):
        return exceptions.UnsupportedMediaType()
    return None


def error_body(refusal: exceptions.LabelhubError) -> dict[str, Any]:
    body: dict[str, Any] = {"code": refusal.code, "detail": refusal.detail}
    if refusal.fields:
        body["fields"] = refusal.fields
    return body | refusal.extra


def exception_to_response(exc: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception hook. Faults of ours go on to Django, which logs them and answers 500."""
    refusal = as_labelhub_error(exc)
    if refusal is None:
        if isinstance(exc, IntegrityError):
            logger.exception("a constraint that no service foresaw")
        return None
    response = Response(error_body(refusal), status=refusal.status)
    if refusal.status == 401:
        response["WWW-Authenticate"] = "Bearer"
    wait_seconds = getattr(exc, "wait", None) if isinstance(exc, drf.Throttled) else None
    if wait_seconds is not None:
        response["Retry-After"] = str(math.ceil(wait_seconds))
    return response


class RowId(serializers.IntegerField):
    """The id of a row; a number that PostgreSQL could hold in none is refused like any wrong value."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=2**63 - 1, **options)


class RowVersion(serializers.IntegerField):
    """The version of a row that a page knows; 0 for none."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=0, max_value=2**31 - 1, **options)


class ErrorOutput(serializers.Serializer[Any]):
    """The one error shape, for the schema."""

    code = serializers.CharField()
    detail = serializers.CharField()
    fields = serializers.DictField(  # type: ignore[assignment]
        child=serializers.ListField(child=serializers.CharField()), required=False
    )


class NewestFirst(pagination.CursorPagination):
    """Cursor pages of 50, newest first, without a count."""

    page_size = 50
    ordering = "-id"

    def decode_cursor(self, request: Request) -> pagination.Cursor | None:
        """Where the page begins. Raises NotFound for a cursor that no page of ours gave out."""
        cursor = super().decode_cursor(request)
        if cursor is not None and not re.fullmatch(r"[0-9]{1,19}", str(cursor.position or 0)):
            raise drf.NotFound
        return cursor

    def get_paginated_response(self, data: Any) -> Response:
        link = self.get_next_link()
        cursor = None
        if link:
            cursor = parse_qs(urlsplit(link).query)[self.cursor_query_param][0]
        return Response({"next": cursor, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["next", "results"],
            "properties": {
                "next": {"type": "string", "nullable": True},
                "results": schema,
            },
        }


class OldestFirst(NewestFirst):
    """The same pages in the order in which the rows were made."""

    ordering = "id"
