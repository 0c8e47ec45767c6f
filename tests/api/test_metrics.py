"""GET /metrics: what Prometheus is told of sampling."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from rest_framework.test import APIClient

from labelhub import clock
from labelhub.accounts.models import Membership
from sampling import runner
from sampling.models import Fault, Generation, Policy
from sampling.runner import Worker
from sampling.upkeep import Upkeep
from tests.factories import MembershipFactory, PolicyFactory
from tests.sampling.asking import ask

pytestmark = pytest.mark.django_db(transaction=True)


def scraped() -> dict[str, dict[frozenset[str], float]]:
    """Values by name and label values."""
    answer = Client().get("/metrics")
    assert answer.status_code == 200
    return {
        family.name: {frozenset(each.labels.values()): each.value for each in family.samples}
        for family in text_string_to_metric_families(answer.content.decode())
    }


def test_an_idle_installation_can_be_scraped(db: None) -> None:
    found = scraped()
    assert found["labelhub_generations_waiting"] == {
        frozenset({"interactive"}): 0.0,
        frozenset({"batch"}): 0.0,
    }
    assert found["labelhub_sampling_gate"][frozenset({"open"})] == 1.0
    assert found["labelhub_worker_running"] == {}


def test_what_ran_and_what_waits_is_told(policy: Policy, worker: Worker) -> None:
    ask(policy, n=2, max_tokens=4)
    runner.run_next()
    ask(policy, Generation.Purpose.CANDIDATE)
    Upkeep(worker, worker.run_next).report()
    found = scraped()
    assert found["labelhub_generations_waiting"][frozenset({"batch"})] == 1.0
    assert found["labelhub_generations_oldest_seconds"][frozenset({"batch"})] > 0.0
    assert found["labelhub_generations_ended"][frozenset({policy.name, "done"})] == 1.0
    assert found["labelhub_completion_tokens"] == {frozenset({policy.name}): 8.0}
    assert found["labelhub_first_token_seconds"][frozenset({policy.name, "0.95"})] > 0.0
    (written,) = found["labelhub_worker_sampled_tokens"].values()
    assert written == 8.0


def test_prometheus_is_told_what_managers_see(policy: Policy, worker: Worker) -> None:
    manager = MembershipFactory(role=Membership.Role.MANAGER)
    asked = {"project": manager.project, "max_tokens": 4}
    for _ in range(3):
        ask(policy, Generation.Purpose.DRAFT, n=2, **asked)
    runner.run_next()
    waiting = ask(policy, Generation.Purpose.CANDIDATE, **asked)
    Upkeep(worker, worker.run_next).report()
    client = APIClient()
    client.force_login(manager.user)
    with clock.held_at(waiting.created_at + timedelta(seconds=7)):
        page = client.get(f"/api/v1/projects/{manager.project.slug}/sampling/figures/").json()
        found = scraped()
    for line in page["lines"]:
        label = frozenset({line["priority"]})
        assert found["labelhub_generations_waiting"][label] == line["n_waiting"]
        assert found["labelhub_generations_running"][label] == line["n_running"]
        assert found["labelhub_generations_oldest_seconds"][label] == (line["oldest_seconds"] or 0)
    (process,) = page["runners"]
    for field, name in (
        ("n_threads", "labelhub_worker_threads"),
        ("n_running", "labelhub_worker_running"),
        ("prompt_tokens_per_second", "labelhub_worker_prompt_tokens_per_second"),
        ("sampled_tokens_per_second", "labelhub_worker_sampled_tokens_per_second"),
        ("utilisation", "labelhub_worker_utilisation"),
    ):
        assert list(found[name].values()) == [process[field]], field
    (one,) = page["policies"]
    for share, field in (("0.5", "p50_seconds"), ("0.95", "p95_seconds")):
        seconds = found["labelhub_first_token_seconds"][frozenset({policy.name, share})]
        assert seconds == one["first_token"][field] == page["first_token"][field]
    assert found["labelhub_completion_tokens"][frozenset({policy.name})] == one["n_tokens"]
    assert found["labelhub_generations_ended"][frozenset({policy.name, "done"})] == one["n_done"]
    assert found["labelhub_sampling_gate"][frozenset({page["gate"]["mode"]})] == 1.0


def test_failures_are_told_by_policy_and_reason(policy: Policy) -> None:
    other = PolicyFactory()
    for asked, code, final in (
        (ask(policy), "engine_busy", False),
        (ask(policy), "worker_lost", False),
        (ask(policy), "worker_lost", True),
        (ask(other), "worker_lost", True),
    ):
        Fault.objects.create(
            generation=asked, attempt=1, code=code, detail="-", final=final, at=clock.now()
        )
    assert scraped()["labelhub_generation_faults"] == {
        frozenset({policy.name, "engine_busy", "false"}): 1.0,
        frozenset({policy.name, "engine_busy", "true"}): 0.0,
        frozenset({policy.name, "worker_lost", "false"}): 1.0,
        frozenset({policy.name, "worker_lost", "true"}): 1.0,
        frozenset({other.name, "worker_lost", "false"}): 0.0,
        frozenset({other.name, "worker_lost", "true"}): 1.0,
    }


def test_whoever_asks_through_a_proxy_of_this_machine_is_a_stranger(db: None) -> None:
    answer = Client().get("/metrics", headers={"X-Forwarded-Proto": "https"})
    assert answer.status_code == 403


def test_strangers_are_not_told(db: None) -> None:
    assert Client(REMOTE_ADDR="203.0.113.9").get("/metrics").status_code == 403
