"""One error shape for everything under /api/, whatever is sent."""

import contextlib
import json
from base64 import b64encode
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import get_resolver
from hypothesis import given
from hypothesis import strategies as st
from rest_framework import serializers
from rest_framework.test import APIClient

from labelhub import exceptions
from labelhub.accounts.models import Membership
from labelhub.api import parse_json
from tests.factories import MembershipFactory, UserFactory

CONSENT = "/api/v1/consent/"


@pytest.fixture
def browser(db: None) -> Client:
    browser = Client()
    browser.force_login(UserFactory())
    return browser


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"",
        b"[]",
        b'"text"',
        b"null",
        b'{"version": NaN, "purposes": []}',
        b'{"version": 1, "purposes": ["\\ud800"]}',
        b'{"version": 1, "purposes": ["a\\u0000b"]}',
        b'{"version": 1, "purposes": ["a\x00b"]}',
        b'{"version": 1, "purposes": ["\xff"]}',
        b"[" * 200_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    ],
    ids=[
        "open",
        "empty",
        "array",
        "string",
        "null",
        "NaN",
        "surrogate",
        "escaped NUL",
        "NUL",
        "not UTF-8",
        "200,000 brackets",
        "100,000 objects",
    ],
)
def test_a_malformed_body_is_refused_with_a_sentence(browser: Client, body: bytes) -> None:
    answer = browser.post(CONSENT, data=body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["code"] in {"malformed", "invalid"}
    assert answer.json()["detail"]


def test_code_that_names_a_nul_is_text_like_any_other() -> None:
    code = r"if (line[n] == '\u0000') break; // or \\u0000"
    assert parse_json(json.dumps({"content": code}).encode()) == {"content": code}
    with pytest.raises(exceptions.MalformedBody, match="NUL"):
        parse_json(json.dumps({"content": "\\\0"}).encode())


def test_a_body_of_countless_values_is_refused_before_any_is_looked_at(browser: Client) -> None:
    many = ",".join(["[]"] * 100_001)
    body = f'{{"version": 1, "purposes": [{many}]}}'
    answer = browser.post(CONSENT, data=body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert "100,000 values" in answer.json()["detail"]
    # Commas in a text are none.
    assert parse_json(json.dumps({"content": "," * 200_000}).encode())


def test_a_body_over_the_limit_is_refused_with_413(browser: Client) -> None:
    body = json.dumps({"version": 1, "purposes": ["x" * (5 * 1024 * 1024)]})
    answer = browser.post(CONSENT, data=body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_another_media_type_is_refused(browser: Client) -> None:
    answer = browser.post(
        CONSENT, data="version=1", content_type="application/x-www-form-urlencoded"
    )
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert set(answer.json()) == {"code", "detail"}


def test_another_kind_of_answer_is_refused(browser: Client) -> None:
    answer = browser.get(CONSENT, headers={"accept": "application/xml"})
    assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")


def test_another_method_is_told_those_that_there_are(browser: Client) -> None:
    answer = browser.delete(CONSENT)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer["Allow"] == "GET, POST, HEAD, OPTIONS"


def test_fields_are_named(browser: Client) -> None:
    answer = browser.post(
        CONSENT, data=b'{"version": "x", "purposes": [{}]}', content_type="application/json"
    )
    assert answer.json()["code"] == "invalid"
    assert set(answer.json()["fields"]) == {"version", "purposes.0"}


@pytest.mark.django_db
def test_an_option_that_nobody_reads_is_refused_and_the_nearest_named() -> None:
    manager = MembershipFactory(role=Membership.Role.MANAGER)
    browser = Client()
    browser.force_login(manager.user)
    quota = {"kind": "demonstration", "category": "chat", "targt": 3}
    answer = browser.put(
        f"/api/v1/projects/{manager.project.slug}/prompt-plan/",
        data={"max_per_author": None, "quotas": [quota], "colour": "red"},
        content_type="application/json",
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert answer.json()["fields"] == {
        "quotas.0.targt": ["There is no such field. Do you mean target?"],
        "colour": ["There is no such field. Leave it out."],
    }


def test_of_countless_options_that_nobody_reads_some_are_named(browser: Client) -> None:
    body = json.dumps({f"{n:0900}": n for n in range(1_000)})
    answer = browser.post(CONSENT, data=body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert len(answer.json()["fields"]) <= 20
    assert len(answer.content) < 5_000


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("get", "/api/v1/nothing-here/", 404),
        ("get", "/api/v2/", 404),
        ("get", "/api/v1/assignments/99999999999999999999/", 404),
        ("get", "/api/v1/projects/none/home/", 404),
        ("delete", "/api/v1/consent/", 405),
    ],
)
def test_djangos_own_refusals_have_the_shape(
    browser: Client, method: str, path: str, status: int
) -> None:
    answer = getattr(browser, method)(path)
    assert answer.status_code == status
    assert set(answer.json()) == {"code", "detail"}


@pytest.mark.parametrize(
    "position", ["p=abc", "p=99999999999999999999999", "p=%C2%B2", "o=-1", "r=x"]
)
def test_a_cursor_that_was_never_given_out_leads_nowhere(browser: Client, position: str) -> None:
    manager = MembershipFactory(role=Membership.Role.MANAGER)
    browser.force_login(manager.user)
    cursor = b64encode(position.encode()).decode()
    answer = browser.get(f"/api/v1/projects/{manager.project.slug}/flags/", {"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def inputs() -> list[type[serializers.Serializer[Any]]]:
    """Every serializer that reads what somebody sends."""
    assert get_resolver().url_patterns
    found, waiting = set(), [serializers.Serializer]
    while waiting:
        for kind in waiting.pop().__subclasses__():
            waiting.append(kind)
            if kind.__name__.endswith(("Input", "Query")) and not kind.__module__.startswith(
                "rest"
            ):
                found.add(kind)
    return sorted(found, key=lambda kind: kind.__name__)


def unbounded(field: serializers.Field[Any, Any, Any, Any], name: str) -> list[str]:
    if isinstance(field, serializers.ListField | serializers.DictField):
        return unbounded(field.child, f"{name}[]")
    is_open = isinstance(field, serializers.IntegerField) and field.max_value is None
    return [name] if is_open else []


def test_no_number_is_read_that_the_database_cannot_hold() -> None:
    """PostgreSQL answers a larger one with an error, which would be a fault of ours."""
    assert [
        f"{kind.__name__}.{found}"
        for kind in inputs()
        for name, field in kind().fields.items()
        for found in unbounded(field, name)
    ] == []


def test_a_database_that_is_away_is_not_described_to_strangers(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Away:
        def cursor(self) -> None:
            raise OperationalError("connection to server at db.internal, user labelhub, failed")

    monkeypatch.setattr("labelhub.health.connection", Away())
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "no database"})
    assert "db.internal" in caplog.text


def test_nobody_signed_in_gets_401_with_the_shape(db: None) -> None:
    answer = APIClient().get("/api/v1/me/")
    assert answer.status_code == 401
    assert answer.json() == {"code": "not_signed_in", "detail": "Sign in first."}


def test_a_fault_of_ours_answers_500_in_the_shape(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*args: object, **kwargs: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr("labelhub.accounts.views.me_of", fails)
    browser.raise_request_exception = False
    answer = browser.get("/api/v1/me/")
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal"


TEXTS = st.text() | st.text(alphabet="\\u0\0", max_size=12)


def holds_a_nul(value: object) -> bool:
    if isinstance(value, dict):
        return any(holds_a_nul(each) for pair in value.items() for each in pair)
    if isinstance(value, list):
        return any(map(holds_a_nul, value))
    return isinstance(value, str) and "\0" in value


@given(
    st.recursive(
        st.none() | st.booleans() | TEXTS | st.integers(-(2**53), 2**53),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_what_json_writes_is_read_back_or_refused_for_a_nul(value: object) -> None:
    body = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
    if holds_a_nul(value):
        with pytest.raises(exceptions.MalformedBody):
            parse_json(body)
    else:
        assert parse_json(body) == value


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_but_a_refusal(body: bytes) -> None:
    with contextlib.suppress(exceptions.MalformedBody):
        parse_json(body)
