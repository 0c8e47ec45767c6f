"""The demo's fixtures, as the people in it meet them."""

from io import StringIO

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from pytest_django import Settings
from rest_framework.test import APIClient

from annotation.models import (
    Candidate,
    Comparison,
    Conversation,
    Guideline,
    Message,
    Prompt,
    RoundPolicy,
    Task,
    TaskKind,
)
from annotation.services import demo
from labelhub.accounts.models import Membership, User
from sampling.models import Policy

pytestmark = pytest.mark.django_db


def seed() -> str:
    out = StringIO()
    call_command("seed_demo", stdout=out)
    return out.getvalue()


def rows() -> dict[str, int]:
    """How many rows every table holds."""
    return {model._meta.label: model.objects.count() for model in apps.get_models()}


def browser_of(username: str, *, consents: bool = True) -> APIClient:
    browser = APIClient()
    body = {"username": username, "password": f"demo-{username}"}
    assert browser.post("/api/v1/auth/login/", body).status_code == 200
    if consents:
        browser.post("/api/v1/consent/", {"version": 1, "purposes": ["training"]})
    return browser


def test_it_is_there_once_however_often_it_is_loaded() -> None:
    said = seed()
    first = rows()
    assert seed() == said
    assert rows() == first
    for login in demo.LOGINS:
        assert login.password in said
    assert User.objects.filter(is_superuser=True).count() == 1
    assert Guideline.objects.count() == len(TaskKind)
    assert Conversation.objects.filter(kind="imported").count() >= 200


def test_each_role_finds_work_and_must_consent_first() -> None:
    seed()
    trainer = browser_of("trainer1", consents=False)
    refused = trainer.post("/api/v1/projects/demo/claims/", {"kind": "ranking"})
    assert (refused.status_code, refused.json()["code"]) == (403, "consent_needed")
    document = trainer.get("/api/v1/consent/").json()
    trainer.post("/api/v1/consent/", {"version": 1, "purposes": document["purposes"]})

    home = trainer.get("/api/v1/projects/demo/home/").json()
    available = {queue["kind"]: queue["available"] for queue in home["queues"]}
    assert available == {"demonstration": 100, "chat": 96, "ranking": 14}
    for kind in ("demonstration", "chat", "ranking"):
        claimed = trainer.post("/api/v1/projects/demo/claims/", {"kind": kind})
        assert claimed.status_code == 200, claimed.content
        assert claimed.json()["guideline"]["version"] == 1
        if kind != "ranking":
            # What the small policy knows comes first.
            assert Message.objects.filter(
                origin="imported", position=0, content=claimed.json()["prompt"]["text"]
            ).exists()

    assert Membership.objects.get(user__username="reviewer").skills == ["lead"]
    kinds = browser_of("reviewer").get("/api/v1/projects/demo/home/").json()["queues"]
    assert [queue["kind"] for queue in kinds][-1] == "review"
    progress = browser_of("manager").get("/api/v1/projects/demo/progress/").json()
    assert progress["tiles"]["comparisons"]["ready"] == 14
    assert len(progress["people"]) == len(demo.LOGINS)
    assert browser_of("admin").get("/admin/").status_code == 200


def test_the_policy_serves_every_use_and_every_prompt_has_its_task() -> None:
    seed()
    policy = Policy.objects.get()
    assert set(RoundPolicy.objects.values_list("use", flat=True)) == set(RoundPolicy.Use.values)
    assert policy.source == "fixtures/policy/demo"
    assert policy.weights_sha256
    assert Prompt.objects.filter(tasks=None).count() == 0
    assert Task.objects.filter(batch=None).exclude(kind="ranking").count() == 0


def test_comparisons_are_four_different_replies_each() -> None:
    seed()
    for comparison in Comparison.objects.prefetch_related("candidates"):
        contents = [row.content for row in comparison.candidates.all()]
        assert len(set(contents)) == 4
        assert comparison.context.messages[-1]["role"] == "user"
    assert set(Candidate.objects.values_list("origin", flat=True)) == {"imported"}


def test_what_people_changed_stays() -> None:
    seed()
    manager = User.objects.get(username="manager")
    manager.set_password("mine alone")
    manager.save()
    manager.memberships.update(role="trainer")
    seed()
    manager.refresh_from_db()
    assert manager.check_password("mine alone")
    assert manager.memberships.get().role == "trainer"


def test_production_refuses_it(settings: Settings) -> None:
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="not for production"):
        seed()
    assert not User.objects.exists()
