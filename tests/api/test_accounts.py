"""Signing in and out, consent and tokens, over the API."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from pytest_django import Settings
from rest_framework.test import APIClient

from labelhub import clock
from labelhub.accounts.models import ApiToken, AuditEvent, Consent, ConsentDocument, User
from labelhub.celery import app
from tests.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_earlier_attempts() -> None:
    cache.clear()


@pytest.fixture
def document() -> ConsentDocument:
    return ConsentDocument.objects.create(
        version=3,
        title="Consent",
        markdown="We keep what you write.",
        purposes=["training", "eval"],
    )


def test_a_browser_signs_in_works_and_signs_out() -> None:
    member = MembershipFactory()
    browser = APIClient(enforce_csrf_checks=True)
    assert browser.get("/api/v1/auth/session/").json() == {"user": None}
    csrf = {"HTTP_X_CSRFTOKEN": browser.cookies["csrftoken"].value}
    answer = browser.post(
        "/api/v1/auth/login/",
        {"username": member.user.username, "password": "correct horse"},
        **csrf,
    )
    assert answer.status_code == 200
    assert answer.json()["memberships"] == [
        {
            "project": {"slug": member.project.slug, "name": member.project.name},
            "role": "trainer",
            "languages": ["en"],
        }
    ]
    assert browser.get("/api/v1/me/").json()["username"] == member.user.username
    csrf = {"HTTP_X_CSRFTOKEN": browser.cookies["csrftoken"].value}
    assert browser.post("/api/v1/auth/logout/", **csrf).status_code == 204
    assert browser.get("/api/v1/me/").json()["code"] == "not_signed_in"


def test_a_session_that_ran_out_is_forgotten_and_no_other() -> None:
    browsers = [APIClient() for _ in range(2)]
    for browser in browsers:
        browser.force_login(UserFactory())
    late, live = (browser.cookies["sessionid"].value for browser in browsers)
    Session.objects.filter(session_key=late).update(expire_date=clock.now() - timedelta(hours=1))
    (rung,) = (job["task"] for job in app.conf.beat_schedule.values() if "session" in job["task"])
    app.loader.import_default_modules()
    app.tasks[rung]()
    assert list(Session.objects.values_list("session_key", flat=True)) == [live]


def test_a_login_without_the_csrf_token_is_refused() -> None:
    user = UserFactory()
    answer = APIClient(enforce_csrf_checks=True).post(
        "/api/v1/auth/login/", {"username": user.username, "password": "correct horse"}
    )
    assert answer.status_code == 403
    assert answer.json()["code"] == "not_allowed"


@pytest.mark.parametrize(
    ("username", "password"),
    [("nobody", "correct horse"), ("known", "wrong"), ("idle", "correct horse")],
)
def test_wrong_credentials_say_no_more_than_that(username: str, password: str) -> None:
    UserFactory(username="known")
    UserFactory(username="idle", is_active=False)
    answer = APIClient().post("/api/v1/auth/login/", {"username": username, "password": password})
    assert (answer.status_code, answer.json()["code"]) == (400, "wrong_credentials")


def test_the_twenty_first_login_of_a_minute_is_throttled() -> None:
    browser = APIClient()
    body = {"username": "nobody", "password": "wrong"}
    answers = [browser.post("/api/v1/auth/login/", body) for _ in range(21)]
    codes = [answer.json()["code"] for answer in answers]
    assert codes == ["wrong_credentials"] * 20 + ["throttled"]
    assert 0 < int(answers[-1]["Retry-After"]) <= 60


def test_neither_a_header_of_ones_own_nor_a_session_starts_the_count_anew() -> None:
    browser = APIClient()
    browser.force_login(UserFactory())
    body = {"username": "nobody", "password": "wrong"}
    answers = [
        browser.post("/api/v1/auth/login/", body, HTTP_X_FORWARDED_FOR=f"10.0.0.{n}")
        for n in range(21)
    ]
    assert answers[-1].json()["code"] == "throttled"


def test_behind_a_proxy_each_address_has_its_own_tries(settings: Settings) -> None:
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {"NUM_PROXIES": 1}
    browser = APIClient()
    body = {"username": "nobody", "password": "wrong"}

    def code(forwarded: str) -> str:
        answer = browser.post("/api/v1/auth/login/", body, HTTP_X_FORWARDED_FOR=forwarded)
        return str(answer.json()["code"])

    # Only the last address is the proxy's word.
    codes = [code(f"192.0.2.{n}, 198.51.100.7") for n in range(21)]
    assert codes[-1] == "throttled"
    assert code("198.51.100.8") == "wrong_credentials"


def test_the_admins_own_way_in_is_throttled_too() -> None:
    browser = APIClient()
    form = {"username": "nobody", "password": "wrong"}
    statuses = [
        browser.post("/admin/login/", form, format="multipart").status_code for _ in range(21)
    ]
    assert statuses == [200] * 20 + [429]
    assert browser.get("/admin/login/").status_code == 200


def test_consent_is_given_to_the_current_document_only(document: ConsentDocument) -> None:
    user = UserFactory()
    browser = APIClient()
    browser.force_login(user)
    assert browser.get("/api/v1/me/").json()["consent"] == {"version": 3, "given": False}
    old = browser.post("/api/v1/consent/", {"version": 2, "purposes": ["training"]})
    assert (old.status_code, old.json()["code"]) == (409, "consent_outdated")
    for _ in range(2):
        answer = browser.post("/api/v1/consent/", {"version": 3, "purposes": ["training", "x"]})
        assert answer.json()["consent"] == {"version": 3, "given": True}
    assert Consent.objects.get().purposes == ["training"]


def test_a_token_is_shown_once_works_within_its_scopes_and_can_be_deleted() -> None:
    user = UserFactory()
    browser = APIClient()
    browser.force_login(user)
    made = browser.post(
        "/api/v1/tokens/", {"name": "nightly", "scopes": ["read"], "days": 1}
    ).json()
    secret = made["token"]
    assert secret not in str(browser.get("/api/v1/tokens/").json())
    assert not ApiToken.objects.filter(digest=secret).exists()

    program = APIClient()
    program.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    assert program.get("/api/v1/me/").json()["username"] == user.username
    refused = program.post("/api/v1/tokens/", {"name": "more", "scopes": ["write"], "days": 1})
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")

    assert browser.delete(f"/api/v1/tokens/{made['id']}/").status_code == 204
    assert program.get("/api/v1/me/").status_code == 401
    assert list(AuditEvent.objects.order_by("pk").values_list("verb", flat=True)) == [
        "token made",
        "token deleted",
    ]


def test_an_expired_token_is_refused() -> None:
    user = UserFactory()
    token, secret = ApiToken.objects.create(user=user, scopes=["read"], expiry=timedelta(days=1))
    ApiToken.objects.filter(pk=token.pk).update(expiry=clock.now() - timedelta(seconds=1))
    program = APIClient()
    program.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
    assert program.get("/api/v1/me/").json()["code"] == "not_signed_in"


def test_another_persons_token_cannot_be_deleted() -> None:
    token, _ = ApiToken.objects.create(user=UserFactory(), scopes=["read"])
    browser = APIClient()
    browser.force_login(UserFactory())
    answer = browser.delete(f"/api/v1/tokens/{token.token_key}/")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert User.objects.count() == 2
