"""The Django admin: every page opens, and what it makes is made by the services."""

from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from annotation.models import Guideline, RatingSchema, Round, TaskKind
from annotation.services.projects import create_project
from labelhub import clock
from labelhub.accounts.models import AuditEvent, Membership, Project, Rater
from tests.chats import CandidatePolicyFactory, finished_chat
from tests.factories import (
    MembershipFactory,
    PolicyFactory,
    ProjectFactory,
    UserFactory,
    ready_comparison,
)

pytestmark = pytest.mark.django_db
OURS = [
    model
    for model in admin.site._registry
    if model._meta.app_label in {"accounts", "annotation", "sampling"}
]


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


def path_of(model: type, page: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label)
def test_every_page_opens(browser: Client, model: type) -> None:
    project = CandidatePolicyFactory().project
    MembershipFactory(project=project)
    ready_comparison(project)
    finished_chat(project, "A reply.")
    assert browser.get(path_of(model, "changelist")).status_code == 200
    added = browser.get(path_of(model, "add"))
    assert added.status_code in {200, 403}
    row = model.objects.first()
    if row is not None:
        assert browser.get(path_of(model, "change", row.pk)).status_code == 200


def test_people_without_staff_rights_stay_out() -> None:
    client = Client()
    client.force_login(UserFactory())
    assert client.get(path_of(Project, "changelist")).status_code == 302


def test_a_new_project_is_ready_for_work(browser: Client) -> None:
    answer = browser.post(
        path_of(Project, "add"), {"slug": "fresh", "name": "Fresh", "description": ""}
    )
    assert answer.status_code == 302
    project = Project.objects.get(slug="fresh")
    assert Round.objects.filter(project=project, number=1, closed_at=None).exists()
    schema = RatingSchema.objects.get(project=project)
    assert (schema.scale_min, schema.scale_max, len(schema.flags)) == (1, 7, 11)
    assert all(flag["help"] for flag in schema.flags)
    guidelines = Guideline.objects.filter(project=project, version=1)
    assert {row.kind for row in guidelines} == set(TaskKind)
    assert all(150 <= len(row.markdown.split()) <= 300 for row in guidelines)
    assert AuditEvent.objects.filter(project=project, verb="project made").exists()


def schema_form(project: Project, **changes: Any) -> dict[str, Any]:
    return {
        "project": project.pk,
        "scale_min": 1,
        "scale_max": 5,
        "rating_required": "on",
        "rating_help": "1 is worst.",
        "flow": "rate-then-order",
        "strength": "minus-3-to-3",
        "flags": '[{"key": "rude", "label": "Rude", "help": "It offends."}]',
        **changes,
    }


def test_a_rating_schema_is_published_as_the_next_version(browser: Client) -> None:
    project = create_project(slug="rated", name="Rated")
    path = path_of(RatingSchema, "add")
    assert browser.post(path, schema_form(project)).status_code == 302
    schema = RatingSchema.objects.get(project=project, version=2)
    assert (schema.scale_max, schema.flow, schema.strength) == (
        5,
        "rate-then-order",
        "minus-3-to-3",
    )
    assert schema.flags == [{"key": "rude", "label": "Rude", "help": "It offends."}]
    assert AuditEvent.objects.filter(project=project, verb="rating schema").count() == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"scale_max": 1},
        {"rating_required": ""},
        {"flow": "as you like"},
        {"flags": '{"key": "rude"}'},
        {"flags": '["rude"]'},
        {"flags": '[{"key": "rude", "label": "Rude"}]'},
        {"flags": '[{"key": "rude", "label": "", "help": ""}]'},
        {"flags": '[{"key": "Rude!", "label": "Rude", "help": ""}]'},
        {"flags": '[{"key": "a", "label": 1, "help": ""}]'},
        {
            "flags": '[{"key": "a", "label": "A", "help": ""}, {"key": "a", "label": "B", "help": ""}]'
        },
        # What PostgreSQL cannot hold, and what a parser drowns in.
        {"flags": '[{"key": "a", "label": "\\u0000", "help": ""}]'},
        {"flags": '[{"key": "a", "label": "\\ud800", "help": ""}]'},
        {"flags": "[" * 200_000},
    ],
)
def test_a_rating_schema_that_contradicts_itself_is_refused(
    browser: Client, changes: dict[str, str]
) -> None:
    project = create_project(slug="rated", name="Rated")
    answer = browser.post(path_of(RatingSchema, "add"), schema_form(project, **changes))
    assert answer.status_code == 200
    assert RatingSchema.objects.filter(project=project).count() == 1


def test_a_new_member_gets_a_rater(browser: Client) -> None:
    user, project = UserFactory(), ProjectFactory()
    form = {
        "project": project.pk,
        "user": user.pk,
        "role": "trainer",
        "languages": "en,de",
        "skills": "",
        "sensitivity_opt_ins": "",
    }
    assert browser.post(path_of(Membership, "add"), form).status_code == 302
    member = Membership.objects.get(user=user)
    assert (member.role, member.languages) == ("trainer", ["en", "de"])
    assert Rater.objects.filter(user=user).exists()
    changed = browser.post(path_of(Membership, "change", member.pk), {**form, "role": "reviewer"})
    assert changed.status_code == 302
    assert Membership.objects.get(user=user).role == "reviewer"
    assert AuditEvent.objects.filter(verb="role").count() == 2


def test_a_guideline_is_published_as_the_next_version(browser: Client) -> None:
    project = ProjectFactory()
    for text in ("First.", "Second."):
        form = {"project": project.pk, "kind": "ranking", "purpose": "train", "markdown": text}
        assert browser.post(path_of(Guideline, "add"), form).status_code == 302
    assert list(Guideline.objects.order_by("version").values_list("version", "markdown")) == [
        (1, "First."),
        (2, "Second."),
    ]


def test_a_round_and_its_policies_are_audited(browser: Client) -> None:
    project, policy = ProjectFactory(), PolicyFactory()
    now = clock.now()
    form = {
        "project": project.pk,
        "number": 1,
        "started_at_0": now.date().isoformat(),
        "started_at_1": "12:00:00",
        "policies-TOTAL_FORMS": 1,
        "policies-INITIAL_FORMS": 0,
        "policies-0-policy": policy.pk,
        "policies-0-use": "candidate",
        "policies-0-weight": 2,
        "policies-0-temperature": 1,
        "policies-0-top_p": 1,
        "policies-0-top_k": 0,
        "policies-0-min_p": 0,
        "policies-0-repetition_penalty": 1,
        "policies-0-max_tokens": 256,
    }
    assert browser.post(path_of(Round, "add"), form).status_code == 302
    row = Round.objects.get().policies.get()
    assert (row.project, row.policy, row.weight) == (project, policy, 2.0)
    verbs = list(AuditEvent.objects.order_by("pk").values_list("verb", flat=True))
    assert verbs == ["added", "policy serves"]
