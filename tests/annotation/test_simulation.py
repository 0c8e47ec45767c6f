"""Synthetic raters with known abilities and biases, through claim and submit: do the meters find them?

make test does a tenth: 6 people, 300 comparisons, 10 of them over HTTP. make test-long does it all: 60
people, 3,000 comparisons, 100 over HTTP.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from django.db import connection
from hypothesis import settings as hypothesis_settings
from rest_framework.test import APIClient

from annotation.measures import simulator
from annotation.measures.agreement import agreement, meetings
from annotation.measures.raters import rater_quality
from annotation.measures.simulator import SimulatedRater, World, tiers_by_view, views
from annotation.models import Candidate, Comparison, ComparisonDigest, Task, TaskKind
from annotation.selectors.figures import figures_of
from annotation.services import figures, tasks
from annotation.services.comparisons import ranking_task
from labelhub.accounts.models import Project, Rater, User
from tests.factories import ComparisonFactory, ProjectFactory
from tests.ranking import claim_next, people, submit

# Hundreds of claims and submits, and thousands in make test-long.
pytestmark = [pytest.mark.django_db, pytest.mark.timeout(3600)]

SCALE = 10 if hypothesis_settings().max_examples >= 1000 else 1
N_COMPARISONS, N_OVER_HTTP, K = 300 * SCALE, 10 * SCALE, 3
HONEST = SimulatedRater(ability=2.0, tie_width=0.1)
CARELESS = SimulatedRater(careless=0.95, tie_width=0.1)
FIRST_SLOT = SimulatedRater(ability=0.7, first_slot=1.5, tie_width=0.1)
LONG_ANSWERS = SimulatedRater(ability=1.0, length=2.0, tie_width=0.1)
TEAM = ([HONEST] * 3 + [CARELESS, FIRST_SLOT, LONG_ANSWERS]) * SCALE


class Simulated:
    """A project after its team has ranked everything twice."""

    def __init__(self, project: Project, users: list[User], found: dict) -> None:
        self.project, self.users, self.figures = project, users, found
        self.by_rater = {row["rater"]: row for row in found["raters"]}

    def of(self, kind: SimulatedRater) -> list[dict]:
        return [
            self.by_rater[user.rater.pk]
            for user, simulated in zip(self.users, TEAM, strict=True)
            if simulated is kind
        ]


@pytest.fixture
def simulated() -> Simulated:
    # The order of a page is drawn by ids: with ids of their own, every run is the same draw.
    with connection.cursor() as cursor:
        for model in (Project, Rater, Comparison, Candidate, Task):
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence(%s, 'id'), 1000000)", [model._meta.db_table]
            )
    project = ProjectFactory(
        rankings_per_comparison=2, settle_splits=False, gold_share=0, retest_share=0
    )
    rng = np.random.default_rng(11)
    world = World.made(N_COMPARISONS, K, rng)
    made = {row.pk: number for number, row in enumerate(compared(project, world))}
    users = people(project, len(TEAM))
    turns = list(seats(rng))
    for turn, who in enumerate(turns):
        rater, user = TEAM[who], users[who]
        assignment = claim_next(user, project)
        number = made[assignment.task.comparison_id]
        order = np.array([assignment.shown_order])
        view = views([rater], world.quality[[number]], world.words[[number]], order, rng)
        (tiers,) = tiers_by_view(view, np.array([rater.tie_width])).tolist()
        if turn < N_OVER_HTTP:
            submit_over_http(user, project, tiers)
        else:
            submit(user, assignment, tiers, follow_up=False)
    figures.compute(project_id=project.pk)
    return Simulated(project, users, figures_of(project=project)["figures"])


def compared(project: Project, world: World) -> list:
    rows = [ComparisonFactory(project=project) for _ in range(N_COMPARISONS)]
    Candidate.objects.bulk_create(
        Candidate(
            project=project,
            comparison=row,
            index=index,
            origin=Candidate.Origin.IMPORTED,
            content=f"{index} " + "word " * (int(world.words[number, index]) - 1),
        )
        for number, row in enumerate(rows)
        for index in range(K)
    )
    tasks.add_tasks(tasks=[ranking_task(row) for row in rows])
    return rows


def seats(rng: np.random.Generator) -> Iterator[int]:
    """Who ranks next: everybody equally often, in an order of their own each time round."""
    for _ in range(2 * N_COMPARISONS // len(TEAM)):
        yield from rng.permutation(len(TEAM)).tolist()


def submit_over_http(user: User, project: Project, tiers: list[int]) -> None:
    browser = APIClient()
    browser.force_login(user)
    page = browser.post(
        f"/api/v1/projects/{project.slug}/claims/", {"kind": TaskKind.RANKING}
    ).json()
    letters = {
        int(candidate["content"].split()[0]): candidate["label"]
        for candidate in page["comparison"]["candidates"]
    }
    answer = browser.post(
        f"/api/v1/assignments/{page['id']}/ranking/",
        {
            "key": "0b7f7c0e-5f0c-4c55-8c3b-6f1d6c6f2f10",
            "tiers": [
                [letters[index] for index, tier in enumerate(tiers) if tier == row]
                for row in sorted(set(tiers))
            ],
            "open_milliseconds": dict.fromkeys(letters.values(), 1000),
        },
    )
    assert answer.status_code == 201, answer.content


def covers(found: dict, truth: float) -> bool:
    return found["low"] <= truth <= found["high"]


def covered_as_claimed(hits: list[bool]) -> bool:
    """Whether so few of 95 % intervals that cover their truth are no wonder: three deviations at most."""
    return sum(hits) >= len(hits) * 0.95 - 3 * (len(hits) * 0.95 * 0.05) ** 0.5


def test_the_meters_find_who_is_careless_and_who_is_biased(simulated: Simulated) -> None:
    found = simulated.figures
    assert (found["n_comparisons"], found["n_rankings"]) == (N_COMPARISONS, 2 * N_COMPARISONS)
    assert ComparisonDigest.objects.count() == N_COMPARISONS

    careless, honest = simulated.of(CARELESS), simulated.of(HONEST)
    assert max(row["shrunk"] for row in careless) < min(row["shrunk"] for row in honest)
    assert all(row["agreed"]["high"] < 0.68 for row in careless)

    first = simulated.of(FIRST_SLOT)
    assert all(row["position_p"] < 0.05 and row["slots"][0]["excess"]["low"] > 0 for row in first)
    assert all(row["position_p"] > 0.05 for row in honest)

    long_answers = simulated.of(LONG_ANSWERS)
    assert all(row["length_p"] < 0.05 and row["length_slope"]["low"] > 0 for row in long_answers)
    assert all(row["length_p"] > 0.05 for row in honest)

    # The intervals cover what the same team does in a project a hundred times as large.
    truth = simulator.judged(TEAM, n_comparisons=20_000, n_candidates=K, overlap=2, seed=1)
    known = agreement(meetings(truth), n_draws=1)
    for name in ("same_order", "tau_b", "strict_share", "with_ties"):
        estimate = getattr(known, name)
        assert estimate is not None
        assert covers(found["agreement"]["all"][name], estimate.value), name
    # People of one kind have one truth: together they were measured more closely than each alone.
    shares = {one.rater: one.agreed for one in rater_quality(truth)}
    of_kind = {
        kind: np.mean([shares[who].value for who, one in enumerate(TEAM) if one is kind])
        for kind in TEAM
    }
    hits = [
        covers(simulated.by_rater[user.rater.pk]["agreed"], of_kind[kind])
        for user, kind in zip(simulated.users, TEAM, strict=True)
    ]
    assert covered_as_claimed(hits), sum(hits)
    slots = [covers(slot["excess"], 0.0) for row in honest for slot in row["slots"]]
    assert covered_as_claimed(slots), sum(slots)
    assert found["blindness"] == {"n_pages": 0, "guessed": None, "chance": None}
