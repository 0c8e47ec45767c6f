"""The admin pages of sampling: to look at, and to retire."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from labelhub.accounts.models import AuditEvent
from sampling import runner
from sampling.models import Policy
from sampling.runner import Worker
from tests.factories import UserFactory
from tests.sampling.asking import ask

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def admin(db: None) -> Client:
    client = Client()
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


def test_generations_can_be_looked_at_and_not_changed(
    admin: Client, policy: Policy, worker: Worker
) -> None:
    generation = ask(policy, temperature=0, max_tokens=2)
    runner.run_next()
    assert b"done" in admin.get("/admin/sampling/generation/").content
    page = admin.get(f"/admin/sampling/generation/{generation.pk}/change/").content
    assert b"0 1 " in page
    assert b"Save" not in page
    assert admin.get("/admin/sampling/generation/add/").status_code == 403


def test_a_policy_is_retired_with_an_audit_row(admin: Client, policy: Policy) -> None:
    chosen = {"action": "retire", "_selected_action": [policy.pk]}
    assert admin.post("/admin/sampling/policy/", chosen).status_code == 302
    policy.refresh_from_db()
    assert policy.retired_at is not None
    assert AuditEvent.objects.get().verb == "policy_retired"
    assert admin.get("/admin/sampling/runner/").status_code == 200


def test_a_policy_is_registered_checked_and_activated(
    admin: Client, tokenizer_folder: Path, worker: Worker
) -> None:
    fields = dict.fromkeys(
        (*("revision", "tokenizer_source", "api_key_variable", "output_licence", "trained_on"),), ""
    )
    fields |= {"checks-TOTAL_FORMS": "0", "checks-INITIAL_FORMS": "0"}
    server = "openai:http://127.0.0.1:9/v1#swallow"
    body = fields | {"name": "swallow", "source": server, "context_window_tokens": "512"}
    refused = admin.post("/admin/sampling/policy/add/", body | {"source": "no such/place/at all"})
    assert b"neither a folder here nor" in refused.content
    assert not Policy.objects.exists()
    assert admin.post("/admin/sampling/policy/add/", body).status_code == 302
    policy = Policy.objects.get()
    chosen = {"action": "activate", "_selected_action": [policy.pk]}
    page = admin.post("/admin/sampling/policy/", chosen, follow=True)
    assert b"have it checked first" in page.content
    change = f"/admin/sampling/policy/{policy.pk}/change/"
    words = {"tokenizer_source": str(tokenizer_folder), "trained_on": "export 7"}
    assert admin.post(change, body | words).status_code == 302
    worker.check_next()
    assert b"Asked to say hello" in admin.get(change).content
    assert b"takes requests" in admin.post("/admin/sampling/policy/", chosen, follow=True).content
    # From here on its files are fixed.
    assert b'name="source"' not in admin.get(change).content
    verbs = list(AuditEvent.objects.order_by("pk").values_list("verb", flat=True))
    assert verbs == [
        "policy_registered",
        "policy_changed",
        "policy_checked",
        "policy_activated",
    ]


def test_staff_who_may_only_look_cannot_retire(policy: Policy) -> None:
    onlooker = UserFactory(is_staff=True)
    onlooker.user_permissions.add(Permission.objects.get(codename="view_policy"))
    client = Client()
    client.force_login(onlooker)
    client.post("/admin/sampling/policy/", {"action": "retire", "_selected_action": [policy.pk]})
    policy.refresh_from_db()
    assert policy.retired_at is None
