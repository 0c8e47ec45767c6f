"""Policies over the API: registering, editing, activating, retiring; and what serves a round."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest
from django.conf import settings
from pytest_django import Settings
from rest_framework.test import APIClient

from annotation.models import Round, RoundPolicy
from labelhub import clock
from labelhub.accounts.models import AuditEvent, Membership
from sampling.models import Policy, PolicyCheck
from tests.factories import MembershipFactory, PolicyFactory, RoundFactory, UserFactory
from tests.writing import UNUSUAL_PARAMS

SERVER = "openai:http://127.0.0.1:9/v1#swallow"


@pytest.fixture
def round_(db: None) -> Round:
    found: Round = RoundFactory()
    return found


@pytest.fixture
def client(round_: Round) -> APIClient:
    manager = MembershipFactory(project=round_.project, role=Membership.Role.MANAGER).user
    client = APIClient()
    client.force_login(manager)
    return client


def post(client: APIClient, **body: Any) -> Any:
    return client.post("/api/v1/policies/", body, format="json")


def test_a_policy_from_registered_to_retired(client: APIClient) -> None:
    parent = PolicyFactory(name="base")
    answer = post(
        client,
        name="swallow",
        source=SERVER,
        context_window_tokens=8192,
        parent=parent.pk,
        trained_on="export 7",
        output_licence="CC-BY-4.0",
    )
    assert answer.status_code == 201
    shown = answer.json()
    assert shown["state"] == "registered"
    assert shown["source_kind"] == "server"
    assert shown["parent"] == {"id": parent.pk, "name": "base"}
    assert shown["check_result"]["state"] == "queued"
    address = f"/api/v1/policies/{shown['id']}/"
    refused = client.post(f"{address}activate/")
    assert (refused.status_code, refused.json()["code"]) == (409, "policy_unchecked")
    PolicyCheck.objects.update(state="passed", finished_at=clock.now())
    assert client.post(f"{address}activate/").json()["state"] == "active"
    assert client.post(f"{address}activate/").json()["state"] == "active"
    assert client.post(f"{address}retire/").json()["state"] == "retired"
    assert client.post(f"{address}activate/").json()["state"] == "active"
    verbs = AuditEvent.objects.order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == [
        "policy_registered",
        "policy_activated",
        "policy_retired",
        "policy_activated",
    ]
    # The list tells the same, those that serve first.
    listed = client.get("/api/v1/policies/").json()
    assert [each["name"] for each in listed] == ["swallow", "base"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"name": "taken", "source": SERVER}, 409, "policy_name_taken"),
        ({"name": "a", "source": "openai:http://metadata/v1#x"}, 409, "host_not_allowed"),
        ({"name": "a", "source": "openai:ftp://127.0.0.1/#x"}, 409, "policy_unusable"),
        ({"name": "a", "source": "no such/place/at all"}, 409, "policy_unusable"),
        # Names that the file system itself refuses to look up.
        ({"name": "a", "source": "a" * 300}, 409, "policy_unusable"),
        ({"name": "a", "source": "~nobody-of-this-name/policy"}, 409, "policy_unusable"),
        ({"name": "a", "source": "/etc"}, 409, "folder_not_allowed"),
        ({"name": "a", "source": SERVER, "tokenizer_source": "/etc"}, 409, "folder_not_allowed"),
        ({"name": "a", "source": "fixtures/policy/../../labelhub"}, 409, "folder_not_allowed"),
        ({"name": "a", "source": SERVER, "parent": 10**9}, 404, "not_found"),
        ({"name": "a", "source": SERVER, "context_window_tokens": 8}, 400, "invalid"),
        ({"name": "a", "source": SERVER, "api_key_variable": "sk-my key"}, 400, "invalid"),
        (
            {"name": "a", "source": SERVER, "api_key_variable": "DATABASE_URL"},
            409,
            "key_not_allowed",
        ),
        ({"name": "a", "source": "openai:http://127.0.0.1:port/v1#x"}, 409, "policy_unusable"),
        ({"name": "a", "source": "openai:http://127.0.0.1:99999/v1#x"}, 409, "policy_unusable"),
        ({"name": "a", "source": "openai:http://[::1/v1#x"}, 409, "policy_unusable"),
        ({"name": "", "source": SERVER}, 400, "invalid"),
        ({"source": SERVER}, 400, "invalid"),
    ],
)
def test_what_cannot_be_registered(
    client: APIClient, body: dict[str, Any], status: int, code: str
) -> None:
    PolicyFactory(name="taken")
    answer = post(client, **body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert Policy.objects.count() == 1


def test_folders_are_opened_by_an_operator_and_all_are_open_to_admins(
    client: APIClient, settings: Settings
) -> None:
    demo = {"name": "demo", "source": "fixtures/policy/demo"}
    assert post(client, **demo).status_code == 201
    settings.POLICY_FOLDERS = ["/usr"]
    assert post(client, name="lib", source="/usr/lib").status_code == 201
    assert post(client, name="etc", source="/etc").status_code == 409
    admin = APIClient()
    admin.force_login(UserFactory(is_superuser=True))
    assert post(admin, name="etc", source="/etc").status_code == 201


def test_keys_are_opened_by_an_operator_and_all_are_open_to_admins(
    client: APIClient, settings: Settings
) -> None:
    admin = APIClient()
    admin.force_login(UserFactory(is_superuser=True))
    made = post(admin, name="theirs", source=SERVER, api_key_variable="THEIR_KEY")
    assert made.status_code == 201
    # Elsewhere the key is somebody else's to read.
    address = f"/api/v1/policies/{made.json()['id']}/"
    moved = client.patch(address, {"source": f"{SERVER}-2"}, format="json")
    assert (moved.status_code, moved.json()["code"]) == (409, "key_not_allowed")
    assert client.patch(address, {"trained_on": "export 8"}, format="json").status_code == 200
    settings.POLICY_KEYS = ["MY_KEY"]
    mine = {"name": "mine", "source": SERVER, "api_key_variable": "MY_KEY"}
    assert post(client, **mine).status_code == 201


def test_editing_is_audited_and_other_files_are_checked_anew(client: APIClient) -> None:
    policy = Policy.objects.get(pk=post(client, name="swallow", source=SERVER).json()["id"])
    PolicyCheck.objects.update(state="passed", finished_at=clock.now())
    address = f"/api/v1/policies/{policy.pk}/"
    changed = client.patch(address, {"trained_on": "export 8"}, format="json").json()
    assert (changed["trained_on"], changed["check_result"]["state"]) == ("export 8", "passed")
    event = AuditEvent.objects.get(verb="policy_changed")
    assert event.details == {"name": "swallow", "changes": {"trained_on": ["", "export 8"]}}
    other = client.patch(address, {"source": f"{SERVER}-2"}, format="json").json()
    assert other["check_result"]["state"] == "queued"
    assert client.patch(address, {}, format="json").status_code == 200
    assert AuditEvent.objects.filter(verb="policy_changed").count() == 2


def test_a_policy_that_served_keeps_its_files(client: APIClient) -> None:
    policy = PolicyFactory()
    address = f"/api/v1/policies/{policy.pk}/"
    refused = client.patch(address, {"source": f"{SERVER}-2"}, format="json")
    assert (refused.status_code, refused.json()["code"]) == (409, "policy_in_use")
    assert client.patch(address, {"name": "renamed"}, format="json").json()["name"] == "renamed"


def test_no_policy_descends_from_itself(client: APIClient) -> None:
    grandparent = PolicyFactory()
    parent = PolicyFactory(parent=grandparent)
    child = PolicyFactory(parent=parent)
    address = f"/api/v1/policies/{grandparent.pk}/"
    for descendant in (child, grandparent):
        refused = client.patch(address, {"parent": descendant.pk}, format="json")
        assert (refused.status_code, refused.json()["code"]) == (409, "policy_loop")


def test_the_demo_folder_is_open_by_default() -> None:
    assert settings.POLICY_FOLDERS[0].endswith("fixtures/policy")


# --- What serves the round ------------------------------------------------------------------------


def serve(client: APIClient, round_: Round, *served: dict[str, Any]) -> Any:
    address = f"/api/v1/projects/{round_.project.slug}/serving/"
    return client.put(address, {"served": list(served)}, format="json")


def test_all_that_serves_is_replaced_at_once(client: APIClient, round_: Round) -> None:
    old, new = PolicyFactory(name="old"), PolicyFactory(name="new")
    first = [
        {"policy": old.pk, "use": use, "weight": 2.0, "max_tokens": 64} for use in ("chat", "draft")
    ]
    assert serve(client, round_, *first).status_code == 200
    kept = RoundPolicy.objects.get(use="chat")
    answer = serve(
        client,
        round_,
        {"policy": old.pk, "use": "chat", "weight": 1.0, "temperature": 0.5},
        {"policy": new.pk, "use": "chat", "weight": 3.0},
    ).json()
    assert answer["round"] == round_.number
    assert [(each["policy_name"], each["use"], each["weight"]) for each in answer["served"]] == [
        ("new", "chat", 3.0),
        ("old", "chat", 1.0),
    ]
    assert RoundPolicy.objects.get(policy=old) == kept
    event = AuditEvent.objects.filter(verb="serving_changed").order_by("pk").last()
    assert event is not None
    assert [(each["use"], each["weight"]) for each in event.details["before"]] == [
        ("chat", 2.0),
        ("draft", 2.0),
    ]
    assert [each["policy"] for each in event.details["after"]] == ["old", "new"]


def test_a_round_says_how_each_policy_is_sampled(client: APIClient, round_: Round) -> None:
    policy = PolicyFactory()
    wanted = {"policy": policy.pk, "use": "chat", "weight": 1.0} | UNUSUAL_PARAMS
    (served,) = serve(client, round_, wanted).json()["served"]
    assert served == wanted | {"policy_name": policy.name}
    assert asdict(RoundPolicy.objects.get().params) == UNUSUAL_PARAMS | {
        "stop": ("\nuser:", " "),
        "stop_token_ids": (3,),
    }
    event = AuditEvent.objects.get(verb="serving_changed")
    assert event.details["after"] == [
        {"policy": policy.name, "use": "chat", "weight": 1.0} | UNUSUAL_PARAMS
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("temperature", value) for value in (-0.1, 5.1)),
        *(("top_p", value) for value in (0, 1.1)),
        *(("top_k", value) for value in (-1, 1.5)),
        *(("min_p", value) for value in (-0.1, 1.1)),
        *(("repetition_penalty", value) for value in (0, 11)),
        ("max_tokens", 0),
        *(("stop", value) for value in ([""], ["x" * 201], ["x"] * 17)),
        *(("stop_token_ids", value) for value in ([-1], ["x"])),
    ],
)
def test_params_out_of_bounds_are_named(
    client: APIClient, round_: Round, field: str, value: Any
) -> None:
    refused = serve(client, round_, {"policy": PolicyFactory().pk, "use": "chat", field: value})
    assert refused.status_code == 400
    assert field in str(refused.json()["fields"])


def test_half_of_it_never_serves(client: APIClient, round_: Round) -> None:
    good, idle = PolicyFactory(), PolicyFactory(activated_at=None)
    gone = PolicyFactory(retired_at=clock.now())
    assert serve(client, round_, {"policy": good.pk, "use": "chat"}).status_code == 200
    for bad, code in (
        (
            [{"policy": good.pk, "use": "draft"}, {"policy": idle.pk, "use": "chat"}],
            "policy_not_active",
        ),
        ([{"policy": gone.pk, "use": "chat"}], "policy_retired"),
        ([{"policy": 10**9, "use": "chat"}], "policy_not_active"),
        ([{"policy": good.pk, "use": "chat"}] * 2, "served_twice"),
        ([{"policy": good.pk, "use": "chat", "weight": 0}], "invalid"),
    ):
        refused = serve(client, round_, *bad)
        assert refused.json()["code"] == code
        assert list(RoundPolicy.objects.values_list("policy", "use")) == [(good.pk, "chat")]


def test_without_an_open_round_nothing_can_serve(client: APIClient, round_: Round) -> None:
    Round.objects.update(closed_at=clock.now())
    refused = serve(client, round_)
    assert (refused.status_code, refused.json()["code"]) == (409, "no_open_round")
    address = f"/api/v1/projects/{round_.project.slug}/serving/"
    assert client.get(address).json() == {"round": None, "served": []}
