"""The managers' sampling page over the API: figures, gate, drain, test prompts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient

from labelhub import clock
from labelhub.accounts.models import AuditEvent, Membership, Project
from sampling import runner
from sampling.engine.protocol import EngineBusy
from sampling.models import Fault, Generation, Policy, Runner
from sampling.runner import Worker
from sampling.upkeep import Upkeep
from tests.factories import MembershipFactory, ProjectFactory
from tests.sampling.asking import ask, refreshed

pytestmark = pytest.mark.django_db(transaction=True)
Purpose = Generation.Purpose
State = Generation.State


@pytest.fixture
def project(db: None) -> Project:
    found: Project = ProjectFactory()
    return found


@pytest.fixture
def client(project: Project) -> APIClient:
    client = APIClient()
    client.force_login(MembershipFactory(project=project, role=Membership.Role.MANAGER).user)
    return client


def figures(client: APIClient, project: Project) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/api/v1/projects/{project.slug}/sampling/figures/").json()
    return found


def test_an_installation_that_has_done_nothing_has_figures_too(
    client: APIClient, project: Project
) -> None:
    found = figures(client, project)
    assert found["state"] == "down"
    assert found["gate"] == {"mode": "open", "changed_by": None, "changed_at": None}
    assert found["first_token"] == {"n": 0, "p50_seconds": None, "p95_seconds": None}
    assert found["tokens_by_minute"] == [0] * 60
    assert (found["runners"], found["policies"], found["faults"]) == ([], [], [])
    assert [line["n_waiting"] for line in found["lines"]] == [0, 0]


def test_what_ran_is_in_the_figures(
    client: APIClient, project: Project, policy: Policy, worker: Worker
) -> None:
    for _ in range(3):
        ask(policy, Purpose.DRAFT, n=2, max_tokens=4, project=project)
    ask(policy, Purpose.CANDIDATE, max_tokens=4, project=project)
    runner.run_next()
    waiting = ask(policy, Purpose.CANDIDATE, project=project)
    upkeep = Upkeep(worker, worker.run_next)
    upkeep.report()
    with clock.held_at(waiting.created_at + timedelta(seconds=7)):
        found = figures(client, project)
    interactive, batch = found["lines"]
    assert (interactive["priority"], interactive["n_waiting"]) == ("interactive", 0)
    assert (batch["n_waiting"], batch["oldest_seconds"]) == (1, 7.0)
    assert found["first_token"]["n"] == 3
    assert 0 < found["first_token"]["p50_seconds"] <= found["first_token"]["p95_seconds"]
    assert sum(found["tokens_by_minute"]) == 7 * 4
    (one,) = found["policies"]
    assert one["policy"] == {"id": policy.pk, "name": policy.name}
    assert (one["n_done"], one["n_completions"], one["n_tokens"]) == (4, 7, 28)
    assert (one["mean_tokens"], one["cut_share"]) == (4.0, 1.0)
    (process,) = found["runners"]
    assert process["policies"] == [policy.name]
    assert process["n_threads"] == worker.n_threads
    assert process["sampled_tokens_per_second"] > 0
    assert not process["draining"]


def test_only_this_projects_failures_are_told(
    client: APIClient, project: Project, policy: Policy
) -> None:
    mine, other = ask(policy, project=project), ask(policy)
    now = clock.now()
    for generation, code, final, at in (
        (mine, "engine_busy", False, now - timedelta(minutes=2)),
        (mine, "worker_lost", False, now - timedelta(minutes=1)),
        (mine, "worker_lost", True, now),
        (mine, "too_old", True, now - timedelta(days=2)),
        (other, "unsupported_policy", True, now),
    ):
        Fault.objects.create(
            generation=generation,
            attempt=1,
            code=code,
            detail=f"{code} {final}",
            final=final,
            at=at,
        )
    found = figures(client, project)["faults"]
    assert [(each["code"], each["n"], each["n_final"], each["detail"]) for each in found] == [
        ("worker_lost", 2, 1, "worker_lost True"),
        ("engine_busy", 1, 0, "engine_busy False"),
    ]


def test_the_page_costs_a_bounded_number_of_queries(
    client: APIClient,
    project: Project,
    policy: Policy,
    worker: Worker,
    django_assert_max_num_queries: Any,
) -> None:
    for _ in range(10):
        ask(policy, n=2, project=project)
    runner.run_next()
    with django_assert_max_num_queries(22):
        figures(client, project)


def test_candidates_wait_while_only_people_are_served(
    client: APIClient, project: Project, policy: Policy, worker: Worker
) -> None:
    draft, candidates = ask(policy, Purpose.DRAFT), ask(policy, Purpose.CANDIDATE)
    address = f"/api/v1/projects/{project.slug}/sampling/gate/"
    answer = client.put(address, {"mode": "people_only"}, format="json")
    assert answer.json()["mode"] == "people_only"
    runner.run_next()
    assert refreshed(draft).state == State.DONE
    assert refreshed(candidates).state == State.QUEUED
    late = ask(policy, Purpose.DRAFT)
    assert client.put(address, {"mode": "closed"}, format="json").status_code == 200
    runner.run_next()
    assert refreshed(late).state == State.QUEUED
    assert client.put(address, {"mode": "open"}, format="json").status_code == 200
    assert client.put(address, {"mode": "open"}, format="json").status_code == 200
    runner.run_next()
    assert {refreshed(late).state, refreshed(candidates).state} == {State.DONE}
    events = AuditEvent.objects.order_by("pk").values_list("verb", "details")
    assert list(events) == [
        ("sampling_gate_set", {"before": before, "after": after})
        for before, after in (
            ("open", "people_only"),
            ("people_only", "closed"),
            ("closed", "open"),
        )
    ]


def test_a_drained_worker_claims_nothing_and_others_go_on(
    client: APIClient, project: Project, policy: Policy, worker: Worker
) -> None:
    from tests.counting import counting_worker

    other = counting_worker()
    for each in (worker, other):
        Upkeep(each, each.run_next).report()
    generation = ask(policy)
    address = f"/api/v1/projects/{project.slug}/sampling/runners/{worker.id}/"
    assert client.put(address, {"draining": True}, format="json").json()["draining"]
    worker.run_next()
    assert refreshed(generation).state == State.QUEUED
    # Its next report does not undo it.
    Upkeep(worker, worker.run_next).report()
    worker.run_next()
    assert refreshed(generation).state == State.QUEUED
    other.run_next()
    assert refreshed(generation).state == State.DONE
    second = ask(policy)
    assert not client.put(address, {"draining": False}, format="json").json()["draining"]
    worker.run_next()
    assert refreshed(second).state == State.DONE
    Runner.objects.all().delete()
    gone = client.put(address, {"draining": True}, format="json")
    assert (gone.status_code, gone.json()["code"]) == (404, "not_found")
    other.engines.close()


def test_a_test_prompt_is_answered_and_becomes_part_of_nothing(
    client: APIClient, project: Project, policy: Policy, worker: Worker
) -> None:
    address = f"/api/v1/projects/{project.slug}/sampling/probes/"
    body = {
        "policy": policy.pk,
        "system": "Be brief.",
        "prompt": "Where do swallows go?",
        "n": 2,
        "temperature": 0,
        "max_tokens": 3,
    }
    answer = client.post(address, body, format="json")
    assert (answer.status_code, answer.json()["state"]) == (201, "queued")
    runner.run_next()
    shown = client.get(f"/api/v1/generations/{answer.json()['id']}/").json()
    assert [each["text"] for each in shown["completions"]] == ["0 1 2 ", "0 1 2 "]
    stored = Generation.objects.get()
    assert stored.purpose == Purpose.PROBE
    assert [turn["role"] for turn in stored.context.messages] == ["system", "user"]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"prompt": ""}, 400, "invalid"),
        ({"n": 10}, 400, "invalid"),
        ({"temperature": -1}, 400, "invalid"),
        ({"policy": 10**9}, 404, "not_found"),
        ({"prompt": "x" * 5000}, 409, "context_too_long"),
    ],
)
def test_a_test_prompt_that_cannot_be_run(
    client: APIClient,
    project: Project,
    policy: Policy,
    change: dict[str, Any],
    status: int,
    code: str,
) -> None:
    address = f"/api/v1/projects/{project.slug}/sampling/probes/"
    body = {"policy": policy.pk, "prompt": "Hello."} | change
    answer = client.post(address, body, format="json")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_busy_engine_is_asked_again_and_no_attempt_is_counted(
    policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sampling.engine.fake import FakeEngine
    from sampling.engines import Engines

    class FullEngine(FakeEngine):
        def submit(self, request: Any) -> Any:
            raise EngineBusy(n_queued=64, retry_after_seconds=9.0)

    engine = FullEngine()
    full = Worker(engines=Engines(lambda policy: engine), n_threads=2, n_reserved=1)
    generation = ask(policy)
    moment = clock.now()
    for attempt in range(1, 6):
        with clock.held_at(moment):
            full.run_next()
        back = refreshed(generation)
        # Far more often than a fault of its own would be forgiven.
        assert (back.state, back.attempt, back.max_attempts) == (State.QUEUED, attempt, 3 + attempt)
        assert back.not_before is not None
        waited = (back.not_before - moment).total_seconds()
        assert waited == max(9.0, min(2.0**attempt, 30.0))
        moment = back.not_before
    assert set(Fault.objects.values_list("code", "final")) == {("engine_busy", False)}
    engine.close()
