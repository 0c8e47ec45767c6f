"""Prompts: writing and pasting them, those that are alike, quotas, handing out."""

from __future__ import annotations

from typing import Any

import pytest

from annotation import jobs, pick
from annotation.models import Assignment, Prompt, Round, Task, TaskKind
from annotation.services import prompts as services
from labelhub import clock
from labelhub.accounts.models import AuditEvent, Membership, Project
from tests.factories import PromptFactory, RoundFactory
from tests.writing import DEMONSTRATION, Person, conversation_of

pytestmark = pytest.mark.django_db

WEATHER = "What is the difference between weather and climate?"


@pytest.fixture
def manager() -> Person:
    return Person(RoundFactory().project, Membership.Role.MANAGER)


def path(person: Person, what: str) -> str:
    return f"projects/{person.project.slug}/{what}/"


def add(person: Person, *prompts: dict[str, Any]) -> dict[str, Any]:
    answer = person.post(path(person, "prompts"), {"prompts": list(prompts), "licence": "CC0-1.0"})
    assert answer.status_code == 201, answer.json()
    return dict(answer.json())


def rows(person: Person, **query: str) -> list[dict[str, Any]]:
    answer = person.client.get(f"/api/v1/{path(person, 'prompts')}", query)
    assert answer.status_code == 200, answer.json()
    return list(answer.json()["results"])


def prompt(text: str, **more: Any) -> dict[str, Any]:
    return {"kind": "prompt", "text": text} | more


def hand_out(person: Person, n: int, kind: str = "demonstration") -> dict[str, Any]:
    answer = person.post(path(person, "prompt-plan"), {"kind": kind, "n": n})
    assert answer.status_code == 201, answer.json()
    return dict(answer.json())


def plan(person: Person, *quotas: tuple[str, int], cap: int | None = None) -> dict[str, Any]:
    body = {
        "max_per_author": cap,
        "quotas": [
            {"kind": "demonstration", "category": category, "target": target}
            for category, target in quotas
        ],
    }
    answer = person.put(path(person, "prompt-plan"), body)
    assert answer.status_code == 200, answer.json()
    return dict(answer.json())


class TestAdding:
    def test_each_is_added_once_in_the_managers_name(self, manager: Person) -> None:
        first = add(manager, prompt(WEATHER, category="open_qa", language="en-GB"))
        assert first == {"n_added": 1, "n_known": 0, "n_alike": 0}
        again = add(
            manager, prompt(f" {WEATHER} "), prompt("Write a haiku."), prompt("Write a haiku.")
        )
        assert again == {"n_added": 1, "n_known": 2, "n_alike": 0}
        newest, oldest = rows(manager)
        assert (newest["text"], oldest["text"]) == ("Write a haiku.", WEATHER)
        assert (oldest["category"], oldest["language"]) == ("open_qa", "en-GB")
        assert oldest["author"] == str(manager.member.user)
        assert Prompt.objects.get(pk=oldest["id"]).licence == "CC0-1.0"
        assert AuditEvent.objects.filter(verb="prompts added").count() == 2

    def test_an_empty_one_is_named_and_nothing_is_added(self, manager: Person) -> None:
        body = {"prompts": [prompt(WEATHER), prompt(" \n")]}
        answer = manager.post(path(manager, "prompts"), body)
        assert (answer.status_code, answer.json()["code"]) == (400, "nothing_written")
        assert list(answer.json()["fields"]) == ["prompts.1.text"]
        assert rows(manager) == []

    def test_a_language_is_a_language_tag(self, manager: Person) -> None:
        body = {"prompts": [prompt(WEATHER, language="English, mostly")]}
        assert manager.post(path(manager, "prompts"), body).status_code == 400


class TestAlike:
    def test_what_nearly_repeats_another_is_flagged_until_it_may_stay(
        self, manager: Person
    ) -> None:
        add(manager, prompt(WEATHER), prompt("Write a poem about autumn rain."))
        assert add(manager, prompt(WEATHER.replace("is the", "'s the")))["n_alike"] == 1
        (flagged,) = rows(manager, show="alike")
        assert flagged["alike_to"]["text"] == WEATHER
        assert hand_out(manager, 10) == {
            "n_made": 2,
            "left_out": {"quota": 0, "author": 0, "alike": 1},
        }
        assert manager.patch(f"prompts/{flagged['id']}/", {"keep": True}).status_code == 204
        assert rows(manager, show="alike") == []
        assert hand_out(manager, 10)["n_made"] == 1

    def test_another_projects_prompts_are_no_matter(self, manager: Person) -> None:
        PromptFactory(text=WEATHER)
        while services.compare_new():
            pass
        assert add(manager, prompt(WEATHER))["n_alike"] == 0

    def test_imported_ones_are_compared_by_the_sweep(
        self, manager: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        older = PromptFactory(project=manager.project, text=WEATHER)
        newer = PromptFactory(project=manager.project, text=WEATHER + " Tell me.")
        rung: list[str] = []
        monkeypatch.setattr(services, "ring", rung.append)
        services.ring_uncompared()
        assert rung == [services.COMPARE_JOB]
        jobs.compare_prompts()
        newer.refresh_from_db()
        assert newer.alike_to == older
        services.ring_uncompared()
        assert rung == [services.COMPARE_JOB]


class TestHandingOut:
    def test_a_prompt_becomes_one_task_of_a_kind_in_its_language(self, manager: Person) -> None:
        add(manager, prompt(WEATHER, language="en"), prompt("Was ist Wetter?", language="de"))
        assert hand_out(manager, 10)["n_made"] == 2
        assert hand_out(manager, 10)["n_made"] == 0
        assert hand_out(manager, 1, kind="chat")["n_made"] == 1
        german = Person(manager.project)
        Membership.objects.filter(pk=german.member.pk).update(languages=["de"])
        assert german.claim(DEMONSTRATION).task.prompt.text == "Was ist Wetter?"

    def test_of_many_those_are_taken_that_were_drawn_first(
        self, manager: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(services, "CHUNK", 3)
        made = PromptFactory.create_batch(11, project=manager.project)
        assert hand_out(manager, 7)["n_made"] == 7
        drawn = sorted(
            (pick.order_key(manager.project.pk, row.pk, draw="prompts"), row.pk) for row in made
        )
        taken = Task.objects.values_list("prompt", flat=True)
        assert set(taken) == {pk for _, pk in drawn[:7]}

    def test_quotas_bound_a_category_and_show_how_far_it_is(self, manager: Person) -> None:
        add(manager, *(prompt(f"Question {n}: {'?' * n}", category="qa") for n in range(4)))
        add(manager, prompt("Make something up about boats.", category="fun"))
        Prompt.objects.update(alike_to=None)
        plan(manager, ("qa", 2))
        assert hand_out(manager, 10) == {
            "n_made": 3,
            "left_out": {"quota": 2, "author": 0, "alike": 0},
        }
        fun, qa = manager.client.get(f"/api/v1/{path(manager, 'prompt-plan')}").json()["categories"]
        assert (fun["name"], fun["wanted"][0]["target"], fun["wanted"][0]["made"]) == (
            "fun",
            None,
            1,
        )
        assert (qa["name"], qa["n_prompts"]) == ("qa", 4)
        assert qa["wanted"][0] == {"kind": "demonstration", "target": 2, "made": 2, "done": 0}

    def test_nobodys_prompts_flood_a_round(self, manager: Person) -> None:
        colleague = Person(manager.project, Membership.Role.MANAGER)
        texts = ("About boats.", "On the moon and the tides.", "Why do cats purr at night?")
        add(manager, *(prompt(text) for text in texts))
        add(colleague, prompt("How is bread made?"))
        plan(manager, cap=2)
        assert hand_out(manager, 10) == {
            "n_made": 3,
            "left_out": {"quota": 0, "author": 1, "alike": 0},
        }

    def test_a_free_one_fills_its_quota_and_every_invention_is_its_own(
        self, manager: Person
    ) -> None:
        add(manager, {"kind": "free", "text": "Invent a joke.", "category": "fun"})
        assert hand_out(manager, 10)["n_made"] == 0
        plan(manager, ("fun", 2))
        assert hand_out(manager, 10)["n_made"] == 2
        one, other = Person(manager.project), Person(manager.project)
        mine, theirs = (
            conversation_of(one.claim(DEMONSTRATION)),
            conversation_of(other.claim(DEMONSTRATION)),
        )
        assert (mine.category, mine.messages.count()) == ("fun", 0)
        assert mine.origin_key != theirs.origin_key

    def test_free_ones_keep_to_the_cap_of_their_author(self, manager: Person) -> None:
        add(manager, {"kind": "free", "text": "Invent a joke.", "category": "fun"})
        plan(manager, ("fun", 5), cap=2)
        left_out = {"quota": 0, "author": 0, "alike": 0}
        assert hand_out(manager, 10) == {"n_made": 2, "left_out": left_out}
        colleague = Person(manager.project, Membership.Role.MANAGER)
        add(colleague, {"kind": "free", "text": "Invent a riddle.", "category": "fun"})
        assert hand_out(manager, 1) == {"n_made": 1, "left_out": left_out | {"author": 1}}
        assert hand_out(manager, 10)["n_made"] == 1

    def test_what_was_set_aside_stays_where_it_is(self, manager: Person) -> None:
        add(manager, prompt(WEATHER))
        (row,) = rows(manager)
        manager.patch(f"prompts/{row['id']}/", {"set_aside": True})
        assert hand_out(manager, 5)["n_made"] == 0
        assert [found["id"] for found in rows(manager, show="set_aside")] == [row["id"]]
        manager.patch(f"prompts/{row['id']}/", {"set_aside": False, "category": "qa"})
        assert [found["category"] for found in rows(manager, show="unused")] == ["qa"]
        assert hand_out(manager, 5)["n_made"] == 1

    def test_a_category_has_one_quota_of_a_kind(self, manager: Person) -> None:
        quota = {"kind": "chat", "category": "qa", "target": 1}
        body = {"max_per_author": None, "quotas": [quota, quota]}
        answer = manager.put(path(manager, "prompt-plan"), body)
        assert (answer.status_code, list(answer.json()["fields"])) == (400, ["quotas"])

    def test_sensitive_ones_go_to_those_who_opted_in(self, manager: Person) -> None:
        add(manager, prompt(WEATHER, sensitivity=["violence"]))
        hand_out(manager, 1)
        task = Task.objects.get(kind=TaskKind.DEMONSTRATION)
        assert task.pool.sensitivity == ["violence"]


def test_a_round_begins_its_count_of_authors_anew(manager: Person) -> None:
    add(manager, prompt("About boats."), prompt("Why do cats purr at night?"))
    plan(manager, cap=1)
    assert hand_out(manager, 10)["n_made"] == 1
    manager.project.rounds.update(closed_at=clock.now())
    RoundFactory(project=manager.project, number=2)
    assert hand_out(manager, 10)["n_made"] == 1
    assert Project.objects.get(pk=manager.project.pk).max_prompts_per_author == 1
    assert Assignment.objects.count() == 0


def test_handing_out_needs_a_round(manager: Person) -> None:
    Round.objects.update(closed_at=clock.now())
    answer = manager.post(path(manager, "prompt-plan"), {"kind": "demonstration", "n": 1})
    assert (answer.status_code, answer.json()["code"]) == (409, "no_open_round")


def test_a_prompt_sent_twice_at_once_is_added_once(
    manager: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = Prompt.objects.bulk_create

    def create_after_another(rows: list[Prompt], **how: Any) -> list[Prompt]:
        monkeypatch.setattr(Prompt.objects, "bulk_create", create)
        assert add(manager, prompt(WEATHER))["n_added"] == 1
        return create(rows, **how)

    monkeypatch.setattr(Prompt.objects, "bulk_create", create_after_another)
    add(manager, prompt(WEATHER), prompt("Why is the sky blue?"))
    assert {row.text for row in Prompt.objects.all()} == {WEATHER, "Why is the sky blue?"}
