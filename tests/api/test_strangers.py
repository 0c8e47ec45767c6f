"""What anybody may ask without an account costs little and tells nothing."""

from __future__ import annotations

import logging

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import resolve

from labelhub.api_schema import OnceMadeGenerator
from labelhub.metrics import REQUEST_SECONDS
from labelhub.middleware import request_log


def test_the_schema_is_made_once(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    n_made = 0
    parse = OnceMadeGenerator.parse

    def counted(self: OnceMadeGenerator, *arguments: object) -> object:
        nonlocal n_made
        n_made += 1
        return parse(self, *arguments)

    monkeypatch.setattr(OnceMadeGenerator, "parse", counted)
    monkeypatch.setattr(OnceMadeGenerator, "made", None)
    first, second = (client.get("/api/schema/?format=json") for _ in range(2))
    assert "/api/v1/me/" in first.json()["paths"]
    assert (second.content, n_made) == (first.content, 1)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "key", ["\0" * 32, "\N{LATIN SMALL LETTER E WITH ACUTE}" * 32, "a" * 5000, "'"]
)
def test_a_session_cookie_that_can_be_none_is_nobody_s(client: Client, key: str) -> None:
    client.cookies["sessionid"] = key
    assert client.get("/api/v1/me/").json()["code"] == "not_signed_in"


def test_a_signed_link_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    request = RequestFactory().get("/files/secret:link/export.jsonl")
    request.resolver_match = resolve(request.path)
    with caplog.at_level(logging.WARNING, "labelhub.requests"):
        request_log(lambda _: HttpResponse(status=500))(request)
    (line,) = caplog.messages
    assert "/files/" in line
    assert "secret" not in line


def test_a_path_with_a_line_break_stays_on_its_line(caplog: pytest.LogCaptureFixture) -> None:
    request = RequestFactory().get("/api/v1/%0aWARNING all is lost")
    with caplog.at_level(logging.WARNING, "labelhub.requests"):
        request_log(lambda _: HttpResponse(status=500))(request)
    (line,) = caplog.messages
    assert "\n" not in line
    assert "/api/v1/%0AWARNING%20all%20is%20lost" in line


def test_methods_that_nobody_knows_are_counted_as_one() -> None:
    for number in range(3):
        request_log(lambda _: HttpResponse())(RequestFactory().generic(f"BREW{number}", "/"))
    methods = {
        sample.labels["method"] for family in REQUEST_SECONDS.collect() for sample in family.samples
    }
    assert "other" in methods
    assert not {method for method in methods if method.startswith("BREW")}
