"""Rows held for personal data: listed, decided by a person, and what then leaves."""

from __future__ import annotations

import orjson
import pytest
from rest_framework.test import APIClient

from annotation.models import PersonalDataHold
from annotation.services import versions
from annotation.services.explanations import explain_line
from labelhub.accounts.models import AuditEvent, Membership
from tests.factories import MembershipFactory, ProjectFactory
from tests.freezing import counted, declared, files_of, frozen
from tests.importing import dialogue, lines_of, ranking, said, take_in, unlike, write_out

pytestmark = pytest.mark.django_db

MAIL = "ann@harbour-office.net"


@pytest.fixture
def project():
    project = ProjectFactory()
    take_in(
        project,
        dialogue("Whom do I ask?", f"Write to {MAIL}, she knows."),
        dialogue(unlike(1), "Nobody in here."),
    )
    return project


@pytest.fixture
def manager(project):
    client = APIClient()
    client.force_login(MembershipFactory(project=project, role=Membership.Role.MANAGER).user)
    return client


def listed(manager, project, **query):
    return manager.get(f"/api/v1/projects/{project.slug}/personal-data/", query).json()["results"]


def decide(manager, held, decision):
    return manager.post(f"/api/v1/personal-data/{held['id']}/decision/", {"decision": decision})


def held_row(project):
    return PersonalDataHold.objects.get(project=project).row_id


def answers(version):
    name = f"{version.recipe.name}-v{version.number}.jsonl"
    lines = files_of(version)[name].splitlines()
    return sorted(orjson.loads(line)["messages"][-1]["content"] for line in lines)


def test_what_is_held_waits_on_a_page(project, manager):
    table = counted(declared(project))
    assert (table["rows"], table["sources"][0]["excluded"]) == (1, {"personal_data": 1})
    (held,) = listed(manager, project)
    assert (held["rows_of"], held["kinds"], held["decision"]) == ("conversation", ["email"], "open")
    assert held["passages"] == [
        {"before": "Write to ", "found": MAIL, "after": ", she knows.", "kind": "email"}
    ]
    # Counted again it is listed once.
    counted(declared(project, name="again"))
    assert PersonalDataHold.objects.count() == 1


@pytest.mark.parametrize(
    ("decision", "leaves"),
    [
        ("kept", [f"Write to {MAIL}, she knows."]),
        ("blanked", ["Write to [email], she knows."]),
        ("excluded", []),
    ],
)
def test_what_was_decided_holds_from_then_on(project, manager, decision, leaves):
    recipe = declared(project)
    before = frozen(recipe)
    (held,) = listed(manager, project)
    answer = decide(manager, held, decision)
    assert (answer.status_code, answer.json()["decision"]) == (200, decision)
    assert listed(manager, project) == []
    (decided,) = listed(manager, project, decided=True)
    assert decided["decided_by"] == answer.json()["decided_by"] != ""
    event = AuditEvent.objects.get(verb="personal data decided")
    assert (event.object_id, event.details["decision"]) == (str(held["id"]), decision)
    after = frozen(recipe)
    assert answers(before) == ["Nobody in here."]
    assert answers(after) == ["Nobody in here.", *leaves]


def test_versions_stay_what_they_were_whatever_is_decided_later(project, manager, tmp_path):
    recipe = declared(project)
    frozen(recipe)
    (held,) = listed(manager, project)
    decide(manager, held, "blanked")
    blanked = frozen(recipe)
    decide(manager, held, "kept")
    kept = frozen(recipe)
    decide(manager, held, "excluded")
    for version in (blanked, kept):
        folder = tmp_path / str(version.number)
        folder.mkdir()
        again = versions.rebuild(version=version, folder=folder, progress=lambda n: None)
        with versions.default_storage.open(version.archive) as stored:
            assert again.read_bytes() == stored.read()
    assert len(answers(frozen(recipe))) == 1


@pytest.mark.parametrize(
    ("decision", "word", "leaves"),
    [
        ("kept", "hold", f"Write to {MAIL}, she knows."),
        ("kept", "mask", f"Write to {MAIL}, she knows."),
        ("blanked", "hold", "Write to [email], she knows."),
        ("blanked", "keep", "Write to [email], she knows."),
        ("excluded", "mask", None),
        ("excluded", "keep", None),
    ],
)
def test_exports_hold_too_and_go_by_what_was_decided(
    project, manager, tmp_path, decision, word, leaves
):
    path = tmp_path / "out.jsonl"
    assert write_out(project, "sft", "messages", path).manifest["excluded"] == {"personal_data": 1}
    (held,) = listed(manager, project)
    decide(manager, held, decision)
    manifest = write_out(project, "sft", "messages", path, personal_data=word).manifest
    said_last = [line["messages"][-1]["content"] for line in lines_of(path)]
    assert said_last == ([leaves] if leaves else []) + ["Nobody in here."]
    assert manifest["excluded"] == ({} if leaves else {"personal_data": 1})
    assert manifest["filters"]["decisions"] == {decision: {"conversation": [held_row(project)]}}


@pytest.mark.parametrize("decision", ["kept", "excluded"])
def test_mixtures_that_mask_go_by_what_was_decided(project, manager, decision):
    counted(declared(project))
    decide(manager, listed(manager, project)[0], decision)
    version = frozen(declared(project, name="masks", personal_data="mask"))
    leaves = [f"Write to {MAIL}, she knows."] if decision == "kept" else []
    assert answers(version) == ["Nobody in here.", *leaves]


def test_a_file_stays_what_its_frozen_rows_were(project, manager, tmp_path):
    write_out(project, "sft", "messages", tmp_path / "held.jsonl")
    (held,) = listed(manager, project)
    decide(manager, held, "blanked")
    path = tmp_path / "blanked.jsonl"
    write_out(project, "sft", "messages", path)
    decide(manager, held, "excluded")
    assert explain_line(path=path, number=1).rows[0]["source_row"] == 1


def test_a_held_prompt_waits_with_its_passage(project, manager, tmp_path):
    take_in(project, {"prompt": f"Is {MAIL} still in use?"})
    manifest = write_out(project, "prompts", "prompt-only", tmp_path / "out.jsonl").manifest
    assert manifest["excluded"] == {"personal_data": 1}
    (held,) = listed(manager, project)
    assert (held["rows_of"], held["passages"][0]["before"]) == ("prompt", "Is ")


def test_of_a_comparison_every_held_ranking_waits(project, manager, tmp_path):
    take_in(project, *(ranking("A", "B", id=f"r{n}", rater=f"r_{n}", comment=MAIL) for n in (1, 2)))
    path = tmp_path / "out.jsonl"
    manifest = write_out(project, "comparisons", "preference", path).manifest
    assert manifest["excluded"] == {"personal_data": 2}
    first, second = listed(manager, project)
    decide(manager, first, "kept")
    decide(manager, second, "excluded")
    manifest = write_out(project, "comparisons", "preference", path).manifest
    assert (len(lines_of(path)), manifest["excluded"]) == (1, {"personal_data": 1})


def test_who_leaves_a_row_out_leaves_it_out_of_every_recipe(project, manager):
    counted(declared(project))
    decide(manager, listed(manager, project)[0], "excluded")
    for choice in ("hold", "mask", "keep"):
        assert counted(declared(project, name=choice, personal_data=choice))["rows"] == 1


def test_rankings_of_one_comparison_are_blanked_together(project, manager):
    prompt = [said("user", f"Is {MAIL} hers?")]
    take_in(
        project,
        ranking("A", "B", prompt=prompt, rater="r_1"),
        ranking("B", "A", prompt=prompt, rater="r_2", id="r2"),
    )
    recipe = declared(project, kind="comparisons", file={"format": "preference"})
    counted(recipe)
    for held in listed(manager, project):
        decide(manager, held, "blanked")
    version = frozen(recipe)
    lines = [orjson.loads(line) for line in files_of(version)["mix-v1.jsonl"].splitlines()]
    assert [line["prompt"][0]["content"] for line in lines] == ["Is [email] hers?"] * 2


def test_what_is_no_decision_is_refused(project, manager):
    counted(declared(project))
    (held,) = listed(manager, project)
    for word in ("open", "sold"):
        refused = decide(manager, held, word)
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid")
    other = APIClient()
    other.force_login(MembershipFactory(role=Membership.Role.MANAGER).user)
    assert decide(other, held, "kept").status_code == 404


def test_a_page_of_them_costs_the_same_queries(project, manager, django_assert_num_queries):
    take_in(project, *(dialogue(unlike(n), f"Mail a{n}@harbour-office.net.") for n in range(9)))
    counted(declared(project, near_duplicates=False))
    with django_assert_num_queries(5):
        assert len(listed(manager, project)) == 10
