"""GET generations/{id}/ and POST generations/{id}/cancel/."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from labelhub.accounts.models import User
from sampling import runner
from sampling.models import Generation, Policy
from sampling.runner import Worker
from tests.factories import UserFactory
from tests.sampling.asking import ask, refreshed

Purpose = Generation.Purpose


@pytest.fixture
def me(db: None) -> User:
    user: User = UserFactory()
    return user


@pytest.fixture
def client(me: User) -> APIClient:
    client = APIClient()
    client.force_login(me)
    return client


def test_a_generation_from_queued_to_done(
    client: APIClient, me: User, policy: Policy, worker: Worker
) -> None:
    generation = ask(policy, requested_by=me, n=2, max_tokens=2, temperature=0)
    address = f"/api/v1/generations/{generation.pk}/"
    queued = {"id": generation.pk, "state": "queued", "attempt": 0, "error": None}
    assert client.get(address).json() == queued | {"completions": []}
    runner.run_next()
    said = [{"index": i, "text": "0 1 ", "finish_reason": "length"} for i in (0, 1)]
    assert client.get(address).json() == queued | {
        "state": "done",
        "attempt": 1,
        "completions": said,
    }


def test_a_failure_says_why(client: APIClient, me: User, policy: Policy, worker: Worker) -> None:
    generation = ask(policy, requested_by=me)
    Policy.objects.update(tokenizer_source="/nowhere/to/be/found")
    runner.run_next()
    answer = client.get(f"/api/v1/generations/{generation.pk}/").json()
    assert answer["state"] == "failed"
    assert answer["error"]["code"] == "unsupported_policy"


def test_cancelling(client: APIClient, me: User, policy: Policy) -> None:
    generation = ask(policy, requested_by=me)
    address = f"/api/v1/generations/{generation.pk}/"
    assert client.post(f"{address}cancel/").status_code == 204
    assert client.post(f"{address}cancel/").status_code == 204
    assert client.get(address).json()["state"] == "cancelled"


@pytest.mark.parametrize("purpose", [Purpose.CANDIDATE, Purpose.CHAT])
def test_what_is_not_mine_to_see_is_not_there(
    client: APIClient, me: User, policy: Policy, purpose: Generation.Purpose
) -> None:
    hidden = ask(
        policy, purpose, requested_by=me if purpose == Purpose.CANDIDATE else UserFactory()
    )
    for generation_id in (hidden.pk, 10**9):
        address = f"/api/v1/generations/{generation_id}/"
        for answer in (client.get(address), client.post(f"{address}cancel/")):
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert refreshed(hidden).state == Generation.State.QUEUED


def test_nobody_is_let_in_without_signing_in(policy: Policy) -> None:
    generation = ask(policy)
    answer = APIClient().get(f"/api/v1/generations/{generation.pk}/")
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
