"""Who may call what: a matrix over every route of the API, so that an unlisted endpoint fails."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver

from annotation.models import (
    Assignment,
)
from labelhub import clock
from labelhub.accounts.models import Membership
from tests.roles import ACTORS, World, new_world

EVERYBODY = frozenset(ACTORS)
SIGNED_IN = EVERYBODY - {"nobody"}
MEMBERS = frozenset({"colleague", "owner", "reviewer", "manager", "admin"})
# An admin who is no member sees a project's pages as its manager, but does nobody's work.
WORKERS = MEMBERS - {"admin"}
MANAGERS = frozenset({"manager", "admin"})
LEADS = MANAGERS | {"reviewer"}
OWNER = frozenset({"owner"})
REVIEWER = frozenset({"reviewer"})

# Route → method → who is not refused. A refusal is 401, 403 not_allowed or 404 not_found.
ACCESS: dict[str, dict[str, frozenset[str]]] = {
    "auth/session/": {"get": EVERYBODY},
    "auth/login/": {"post": EVERYBODY},
    "auth/logout/": {"post": SIGNED_IN},
    "me/": {"get": SIGNED_IN},
    "consent/": {"get": frozenset(), "post": SIGNED_IN},
    "tokens/": {"get": SIGNED_IN, "post": SIGNED_IN},
    "tokens/<str:token_id>/": {"delete": OWNER},
    "projects/<slug:slug>/home/": {"get": MEMBERS},
    "projects/<slug:slug>/sampling/": {"get": MEMBERS},
    "projects/<slug:slug>/claims/": {"post": WORKERS},
    "projects/<slug:slug>/progress/": {"get": MANAGERS},
    "projects/<slug:slug>/pick-runs/": {"get": MANAGERS, "post": MANAGERS},
    "projects/<slug:slug>/comparisons/": {"get": MANAGERS},
    "projects/<slug:slug>/comparisons/retry/": {"post": MANAGERS},
    "projects/<slug:slug>/comparison-settings/": {"get": MANAGERS, "patch": MANAGERS},
    "projects/<slug:slug>/rating-schemas/": {"get": MANAGERS, "post": MANAGERS},
    "projects/<slug:slug>/making/": {"get": MANAGERS},
    "pick-runs/<int:run_id>/cancel/": {"post": MANAGERS},
    "comparisons/<int:comparison_id>/retry/": {"post": MANAGERS},
    "comparisons/<int:comparison_id>/resample/": {"post": MANAGERS},
    "projects/<slug:slug>/flags/": {"get": MANAGERS},
    "flags/<int:flag_id>/settlement/": {"post": frozenset({"manager"})},
    "assignments/<int:assignment_id>/flags/": {"post": OWNER},
    "projects/<slug:slug>/figures/": {"get": MANAGERS, "post": MANAGERS},
    "projects/<slug:slug>/figures/mine/": {"get": MEMBERS},
    "projects/<slug:slug>/exam/": {"post": WORKERS},
    "comparisons/<int:comparison_id>/": {"get": MANAGERS},
    "comparisons/<int:comparison_id>/gold/": {"post": frozenset({"manager"})},
    "projects/<slug:slug>/exports/": {"get": MANAGERS, "post": MANAGERS},
    "projects/<slug:slug>/exports/preview/": {"post": MANAGERS},
    "projects/<slug:slug>/export-formats/": {"get": MANAGERS},
    "projects/<slug:slug>/serving/": {"get": MANAGERS, "put": MANAGERS},
    "projects/<slug:slug>/sampling/figures/": {"get": MANAGERS},
    "projects/<slug:slug>/sampling/gate/": {"put": MANAGERS},
    "projects/<slug:slug>/sampling/probes/": {"post": MANAGERS},
    "projects/<slug:slug>/sampling/runners/<uuid:runner_id>/": {"put": MANAGERS},
    # Policies serve the installation: whoever manages any project sees to them.
    "policies/": {"get": MANAGERS | {"outsider"}, "post": MANAGERS | {"outsider"}},
    "policies/<int:policy_id>/": {
        "get": MANAGERS | {"outsider"},
        "patch": MANAGERS | {"outsider"},
    },
    "policies/<int:policy_id>/check/": {"post": MANAGERS | {"outsider"}},
    "policies/<int:policy_id>/activate/": {"post": MANAGERS | {"outsider"}},
    "policies/<int:policy_id>/retire/": {"post": MANAGERS | {"outsider"}},
    "projects/<slug:slug>/personal-data/": {"get": MANAGERS},
    "personal-data/<int:hold_id>/decision/": {"post": MANAGERS},
    "projects/<slug:slug>/uploads/": {"get": MANAGERS, "post": MANAGERS},
    "uploads/<int:upload_id>/": {"get": MANAGERS},
    "uploads/<int:upload_id>/parts/<int:number>/": {"put": MANAGERS},
    "uploads/<int:upload_id>/cancel/": {"post": MANAGERS},
    "uploads/<int:upload_id>/rejects/": {"get": MANAGERS},
    "uploads/<int:upload_id>/rejects-file/": {"get": MANAGERS},
    "exports/<int:export_id>/": {"get": MANAGERS},
    "exports/<int:export_id>/cancel/": {"post": MANAGERS},
    "exports/<int:export_id>/download/": {"get": MANAGERS},
    "projects/<slug:slug>/recipes/": {"get": MANAGERS, "post": MANAGERS},
    "recipes/<int:recipe_id>/": {"get": MANAGERS, "put": MANAGERS},
    "recipes/<int:recipe_id>/freezings/": {"post": MANAGERS},
    "freezings/<int:freezing_id>/": {"get": MANAGERS},
    "freezings/<int:freezing_id>/cancel/": {"post": MANAGERS},
    "projects/<slug:slug>/benchmarks/": {"get": MANAGERS, "post": MANAGERS},
    "projects/<slug:slug>/versions/": {"get": MANAGERS},
    "versions/<int:version_id>/": {"get": MANAGERS},
    "versions/<int:version_id>/manifest/": {"get": MANAGERS},
    "versions/<int:version_id>/download/": {"get": MANAGERS},
    "versions/<int:version_id>/withdraw/": {"post": MANAGERS},
    "versions/<int:version_id>/diff/": {"get": MANAGERS},
    "guidelines/<int:guideline_id>/": {"get": MEMBERS},
    "guidelines/<int:guideline_id>/acknowledgement/": {"post": MEMBERS},
    "assignments/<int:assignment_id>/": {"get": OWNER},
    "assignments/<int:assignment_id>/beat/": {"post": OWNER},
    "assignments/<int:assignment_id>/leave/": {"post": OWNER},
    "assignments/<int:assignment_id>/autosaves/<int:turn>/": {"put": OWNER},
    "assignments/<int:assignment_id>/skip/": {"post": OWNER},
    "assignments/<int:assignment_id>/thread/": {"put": OWNER},
    "assignments/<int:assignment_id>/demonstration/": {"post": OWNER},
    "assignments/<int:assignment_id>/drafts/": {"post": OWNER},
    "assignments/<int:assignment_id>/turns/": {"post": OWNER},
    "assignments/<int:assignment_id>/regenerate/": {"post": OWNER},
    "assignments/<int:assignment_id>/continue/": {"post": OWNER},
    "assignments/<int:assignment_id>/chat/": {"post": OWNER},
    "assignments/<int:assignment_id>/ranking/": {"post": OWNER},
    "assignments/<int:assignment_id>/review/": {"post": REVIEWER},
    "assignments/<int:assignment_id>/branch/": {"post": OWNER},
    "assignments/<int:assignment_id>/lengths/": {"post": OWNER},
    "assignments/<int:assignment_id>/amend/": {"post": OWNER},
    "assignments/<int:assignment_id>/questions/": {"get": OWNER, "post": OWNER},
    "projects/<slug:slug>/questions/": {"get": LEADS},
    "questions/<int:question_id>/answer/": {"post": LEADS},
    "projects/<slug:slug>/withdrawn/": {"get": LEADS},
    "tasks/<int:task_id>/put-back/": {"post": LEADS},
    "tasks/<int:task_id>/drop/": {"post": LEADS},
    "projects/<slug:slug>/conversations/": {"get": MEMBERS},
    "conversations/<int:conversation_id>/": {"get": OWNER | MANAGERS},
    "projects/<slug:slug>/declaration/": {"get": MEMBERS, "put": MEMBERS},
    "projects/<slug:slug>/prompts/": {"get": MANAGERS, "post": MANAGERS},
    "prompts/<int:prompt_id>/": {"patch": MANAGERS},
    "projects/<slug:slug>/prompt-plan/": {"get": MANAGERS, "put": MANAGERS, "post": MANAGERS},
    "projects/<slug:slug>/draft-trial/": {"get": MANAGERS},
    "projects/<slug:slug>/time/": {"get": MEMBERS, "post": MEMBERS},
    "projects/<slug:slug>/time-contests/": {"get": MANAGERS},
    "projects/<slug:slug>/time-export/": {"get": MANAGERS},
    "time-contests/<int:contest_id>/decision/": {"post": MANAGERS},
    "drafts/<int:draft_id>/": {"patch": OWNER},
    "messages/<int:message_id>/feedback/": {"post": OWNER},
    "generations/<int:generation_id>/": {"get": OWNER},
    "generations/<int:generation_id>/cancel/": {"post": OWNER},
    # The route's own tests say more: it answers as a stream (test_events.py).
    "events/": {"get": OWNER},
}
# Bodies without which a route answers that values are missing before it looks whose they are.
BODIES: dict[str, dict[str, object]] = {
    "projects/<slug:slug>/claims/": {"kind": "ranking"},
    "projects/<slug:slug>/sampling/gate/": {"mode": "people_only"},
    "projects/<slug:slug>/sampling/runners/<uuid:runner_id>/": {"draining": True},
    "flags/<int:flag_id>/settlement/": {"outcome": "noted"},
    "assignments/<int:assignment_id>/flags/": {"text": "Look at this."},
    "comparisons/<int:comparison_id>/gold/": {"use": "gold", "pairs": [[1, 2]]},
    "assignments/<int:assignment_id>/ranking/": {
        "key": "0b7f7c0e-5f0c-4c55-8c3b-6f1d6c6f2f10",
        "tiers": [["A"], ["B", "C", "D"]],
        "open_milliseconds": {"A": 1, "B": 1, "C": 1, "D": 1},
    },
}


def routes_of_the_api() -> Iterator[tuple[str, set[str]]]:
    """Every route under /api/v1/ with the methods that its view answers."""

    def walk(
        patterns: list[URLPattern | URLResolver], prefix: str
    ) -> Iterator[tuple[str, set[str]]]:
        for pattern in patterns:
            route = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, route)
            elif route.startswith("api/v1/"):
                view = getattr(pattern.callback, "view_class", None)
                methods = {"get", "post", "put", "patch", "delete"}
                yield (
                    route.removeprefix("api/v1/"),
                    {name for name in methods if view is None or hasattr(view, name)},
                )

    yield from walk(get_resolver().url_patterns, "")


@pytest.fixture
def world(db: None) -> World:
    return new_world()


def test_every_route_and_method_is_in_the_matrix_and_no_other() -> None:
    found = {
        (route, method)
        for route, methods in routes_of_the_api()
        for method in (methods if route != "events/" else {"get"})
    }
    assert found == {(route, method) for route, row in ACCESS.items() for method in row}


@pytest.mark.parametrize("actor", ACTORS)
def test_who_is_refused_and_who_is_not(world: World, subtests: pytest.Subtests, actor: str) -> None:
    for route, row in ACCESS.items():
        for method in row if route != "events/" else ():
            with subtests.test(f"{method} {route}"):
                # What one call changes shall not change the next one's answer.
                before = transaction.savepoint()
                client = world.client(actor)
                body = BODIES.get(route, {})
                answer = getattr(client, method)(world.path(route), body, format="json")
                transaction.savepoint_rollback(before)
                code = answer.json().get("code") if answer.status_code >= 400 else None
                refused = code in {"not_allowed", "not_found", "not_signed_in"}
                assert answer.status_code < 500
                assert refused == (actor not in row[method]), answer.content


@pytest.mark.parametrize("actor", sorted(set(ACTORS) - {"admin"}))
def test_what_is_not_theirs_looks_like_what_is_not_there(
    world: World, subtests: pytest.Subtests, actor: str
) -> None:
    """An admin apart, who sees every row in the admin pages."""
    client = world.client(actor)
    for route, row in ACCESS.items():
        for method in row if "<int:" in route else ():
            if actor in row[method]:
                continue
            with subtests.test(f"{method} {route}"):
                body = BODIES.get(route, {})
                there = world.path(route)
                absent = re.sub(r"(?<=/)[0-9]+(?=/)", str(2**62), there)
                assert there != absent
                answers = [
                    getattr(client, method)(path, body, format="json") for path in (there, absent)
                ]
                assert answers[0].status_code == answers[1].status_code
                assert answers[0].content == answers[1].content


# What a person who left keeps: their account, and stopping or seeing the end of what they asked for.
STILL_THEIRS = {
    "auth/logout/", "me/", "consent/", "tokens/", "tokens/<str:token_id>/", "events/",
    "generations/<int:generation_id>/", "generations/<int:generation_id>/cancel/",
}  # fmt: skip


def test_a_deactivated_member_is_an_outsider(world: World, subtests: pytest.Subtests) -> None:
    Membership.objects.filter(user=world.users["owner"]).update(deactivated_at=clock.now())
    client = world.client("owner")
    for route, row in ACCESS.items():
        for method, allowed in row.items() if route not in STILL_THEIRS else ():
            if "owner" not in allowed or "nobody" in allowed:
                continue
            with subtests.test(f"{method} {route}"):
                body = BODIES.get(route, {})
                answer = getattr(client, method)(world.path(route), body, format="json")
                assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_no_assignment_of_the_matrix_was_given_to_another(world: World) -> None:
    assert Assignment.objects.count() == len(world.assignments)
