"""Nothing that a rater's page receives tells where a candidate came from."""

from __future__ import annotations

from collections.abc import Iterator

import orjson
import pytest
from django.db import connection
from django.http import HttpResponse
from rest_framework.test import APIClient

from annotation.model_names import MASK
from annotation.models import (
    Candidate,
    CandidateSampling,
    Comparison,
    Conversation,
    Message,
    PickRun,
    RoundPolicy,
)
from annotation.services import candidates, picks
from labelhub.accounts.models import Project
from sampling.models import Completion, Context, Generation, Policy
from tests.candidates import finish, generations_of
from tests.chats import CandidatePolicyFactory, finished_chat
from tests.factories import MembershipFactory, RatingSchemaFactory

pytestmark = pytest.mark.django_db

# Rows whose ids would give a candidate away, counted from numbers that stand nowhere else.
HIDDEN = (
    Candidate,
    CandidateSampling,
    Comparison,
    Completion,
    Context,
    Conversation,
    Generation,
    Message,
    PickRun,
    Policy,
    RoundPolicy,
)
TEXTS = {
    "The original reply.",
    "A fresh one.",
    f"Another, by {MASK}.",
    "A third, which was cut",
}


@pytest.fixture
def project() -> Project:
    with connection.cursor() as cursor:
        for number, model in enumerate(HIDDEN, start=1):
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)",
                [model._meta.db_table, 73_000_000_000 + number * 1_000_000],
            )
    serving = CandidatePolicyFactory(temperature=0.8125, top_p=0.9375, max_tokens=377)
    Policy.objects.update(
        name="hidden-policy-8", source="openai:http://127.0.0.1:9/v1#hidden-model"
    )
    RatingSchemaFactory(project=serving.project)
    return serving.project


@pytest.fixture
def comparison(project: Project) -> Comparison:
    """The original, two fresh candidates, and one that was cut and resampled."""
    finished_chat(
        project, "The original reply.", category="hidden-category", source="hidden-source"
    )
    (found,) = picks.pick_comparisons(project=project, n_wanted=1, seed=918273645).begun
    candidates.request_candidates(comparison_id=found.pk)
    finish(
        generations_of(found)[0],
        "A fresh one.",
        "Another, by hidden-policy-8.",
        ("A third", "length"),
    )
    finish(generations_of(found)[1], ("A third, which was cut", "length"))
    found.refresh_from_db()
    assert found.state == "ready"
    return found


def bytes_of(answer: HttpResponse) -> bytes:
    headers = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
    return headers.encode() + b"\n\n" + answer.content


def received(browser: APIClient, slug: str) -> Iterator[bytes]:
    """Every answer to a person who ranks: the claim, the page again, what is kept, and the end."""
    for path in ("me/", f"projects/{slug}/home/", f"projects/{slug}/sampling/"):
        yield bytes_of(browser.get(f"/api/v1/{path}"))
    claim = browser.post(f"/api/v1/projects/{slug}/claims/", {"kind": "ranking"})
    assert claim.status_code == 200, claim.content
    yield bytes_of(claim)
    path = f"/api/v1/assignments/{claim.json()['id']}/"
    for method, end, body in (
        ("put", "autosaves/0/", {"version": 0, "payload": {"order": [["A"]]}}),
        ("put", "autosaves/0/", {"version": 0, "payload": {"order": [["B"]]}}),
        ("post", "beat/", {}),
        ("get", "", {}),
        ("get", "questions/", {}),
        ("post", "questions/", {"text": "Which is the original?"}),
        ("post", "flags/", {"text": "Look at this."}),
        ("post", "ranking/", {"key": "0b7f7c0e-5f0c-4c55-8c3b-6f1d6c6f2f10", "tiers": [["Z"]]}),
        ("post", "ranking/", SUBMITTED),
        ("get", "", {}),
    ):
        yield bytes_of(getattr(browser, method)(path + end, body))
    for path in ("figures/mine/", "home/", "time/", "conversations/"):
        yield bytes_of(browser.get(f"/api/v1/projects/{slug}/{path}"))


def refused(browser: APIClient, comparison: Comparison) -> Iterator[bytes]:
    """What a person is told who knows every id and asks for what is not theirs, streams too."""
    project = f"projects/{comparison.project.slug}"
    generations = [row.pk for row in generations_of(comparison)]
    asked_of = [
        *(f"generations/{generation}/" for generation in generations),
        *(f"events/?generations={generation}" for generation in generations),
        f"events/?generations={','.join(map(str, generations))}",
        f"events/?generations={generations[0]}&after={generations[0]}:0-0",
        f"comparisons/{comparison.pk}/",
        f"conversations/{comparison.conversation_id}/",
        *(f"{project}/{end}/" for end in ("comparisons", "pick-runs", "making", "figures")),
        *(f"{project}/{end}/" for end in ("comparison-settings", "serving", "progress")),
    ]
    asked_for = [
        *(f"comparisons/{comparison.pk}/{end}/" for end in ("retry", "resample", "gold")),
        f"messages/{comparison.message_id}/feedback/",
        f"{project}/pick-runs/",
    ]
    answers = [browser.get(f"/api/v1/{path}") for path in asked_of]
    answers += [browser.post(f"/api/v1/{path}", {}) for path in asked_for]
    for answer in answers:
        assert answer.status_code in {400, 403, 404}, answer.content
        yield bytes_of(answer)


SUBMITTED = {
    "key": "0b7f7c0e-5f0c-4c55-8c3b-6f1d6c6f2f11",
    "tiers": [["A"], ["B", "C"], ["D"]],
    "open_milliseconds": dict.fromkeys("ABCD", 1000),
}


def test_no_byte_that_a_rater_receives_tells_of_origin(
    project: Project, comparison: Comparison
) -> None:
    browser = APIClient()
    browser.force_login(MembershipFactory(project=project).user)
    answers = [*refused(browser, comparison), *received(browser, project.slug)]
    everything = b"\n".join([*answers, *refused(browser, comparison)])

    generations = generations_of(comparison)
    told = {
        str(pk)
        for model in HIDDEN
        for pk in model.objects.values_list("pk", flat=True)  # type: ignore[attr-defined]
    }
    assert all(len(pk) == 11 for pk in told)
    told |= {str(row.base_seed) for row in generations}
    told |= {comparison.context.sha256, str(PickRun.objects.get().seed)}
    # What describes a policy, a completion or a conversation anywhere in our tables or API. Numbers as JSON
    # has them: a time of day may hold any three digits.
    told |= {"hidden", "0.8125", "0.9375", *(f":{n}{end}" for n in (377, 754) for end in ",}")}
    told |= {'fresh"', 'original"', 'reference"', 'imported"', '"origin', '"policy', "completion"}
    told |= {"finish_reason", 'stop"', 'length"', "cut_by", "near_identical", "names_model"}
    told |= {'"n_tokens', "seed", "probability", "pick_run", "supersedes"}
    assert {word for word in told if word.encode() in everything} == set()
    assert all(text.encode() in everything for text in TEXTS)


def test_a_rater_gets_letters_and_texts_and_nothing_else_of_candidates(
    project: Project, comparison: Comparison
) -> None:
    browser = APIClient()
    browser.force_login(MembershipFactory(project=project).user)
    page = browser.post(f"/api/v1/projects/{project.slug}/claims/", {"kind": "ranking"}).json()
    shown = page["comparison"]
    assert shown.keys() == {
        "criterion",
        "criterion_text",
        "direction",
        "context",
        "candidates",
        "rating",
    }
    assert {text["content"] for text in shown["candidates"]} == TEXTS
    assert [candidate.keys() for candidate in shown["candidates"]] == [{"label", "content"}] * 4
    assert [candidate["label"] for candidate in shown["candidates"]] == list("ABCD")
    assert [turn.keys() for turn in shown["context"]] == [{"role", "content"}]
    assert orjson.dumps(page).count(b"The original reply.") == 1


def test_a_candidates_generation_answers_no_rater(project: Project, comparison: Comparison) -> None:
    browser = APIClient()
    browser.force_login(MembershipFactory(project=project).user)
    for generation in generations_of(comparison):
        for path in (f"generations/{generation.pk}/", f"events/?generations={generation.pk}"):
            answer = browser.get(f"/api/v1/{path}")
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_another_person_sees_another_order(project: Project, comparison: Comparison) -> None:
    """Orders are drawn by person: over a dozen people the original stands in more than one place."""
    Project.objects.update(rankings_per_comparison=12)
    places = set()
    for _ in range(12):
        comparison.tasks.get().slots.create(
            index=comparison.tasks.get().slots.count(),
            pool=comparison.tasks.get().pool,
            order_key=1,
        )
        browser = APIClient()
        browser.force_login(MembershipFactory(project=project).user)
        page = browser.post(f"/api/v1/projects/{project.slug}/claims/", {"kind": "ranking"}).json()
        contents = [candidate["content"] for candidate in page["comparison"]["candidates"]]
        places.add(contents.index("The original reply."))
    assert len(places) > 1
