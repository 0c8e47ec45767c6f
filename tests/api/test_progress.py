"""The manager's tiles and people."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from annotation.models import Assignment, Conversation, TaskKind
from annotation.selectors import progress
from annotation.selectors.comparisons import ranking_sheet_for
from annotation.services import claim, leases, picks, rankings, tasks
from labelhub import clock
from labelhub.accounts.models import Membership, Project
from tests.chats import CandidatePolicyFactory, finished_chat
from tests.factories import MembershipFactory, PromptFactory, ready_comparison

pytestmark = pytest.mark.django_db

WEDNESDAY = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.fixture
def project() -> Project:
    return CandidatePolicyFactory().project


def rank(member: Membership, seconds: float = 0.0) -> None:
    """Claim a ranking and submit it some seconds of work later."""
    found = claim.claim(user=member.user, slug=member.project.slug, kind=TaskKind.RANKING)
    with clock.held_at(clock.now() + timedelta(seconds=seconds)):
        rankings.submit_ranking(
            sheet=ranking_sheet_for(user=member.user, assignment_id=found),
            key=uuid4(),
            judgement={
                "cannot_judge": False,
                "strength": None,
                "tiers": [["A", "B", "C", "D"]],
                "acceptable_tier": None,
                "ratings": {},
                "flags": {},
                "comment": "",
                "rewrite": "",
                "open_milliseconds": dict.fromkeys("ABCD", 1000),
            },
        )


def add_rankings(project: Project, n: int) -> None:
    tasks.add_tasks(
        tasks=[
            tasks.NewTask(
                project=project, kind=TaskKind.RANKING, comparison=ready_comparison(project)
            )
            for _ in range(n)
        ]
    )


def look(project: Project) -> dict[str, object]:
    manager = MembershipFactory(project=project, role=Membership.Role.MANAGER)
    browser = APIClient()
    browser.force_login(manager.user)
    answer = browser.get(f"/api/v1/projects/{project.slug}/progress/")
    assert answer.status_code == 200
    return answer.json()


def test_tiles_count_what_is_open_under_way_and_done(project: Project) -> None:
    add_rankings(project, 3)
    rank(MembershipFactory(project=project))
    prompts = [PromptFactory(project=project) for _ in range(2)]
    tasks.add_tasks(
        tasks=[
            tasks.NewTask(project=project, kind=kind, prompt=prompt)
            for prompt in prompts
            for kind in (TaskKind.DEMONSTRATION, TaskKind.CHAT)
        ]
    )
    holder = MembershipFactory(project=project)
    claim.claim(user=holder.user, slug=project.slug, kind=TaskKind.DEMONSTRATION)
    for state in ("submitted", "approved", "accepted_by_sampling", "rejected"):
        finished_chat(project, state=state, kind=Conversation.Kind.DEMONSTRATION)
    for number in range(3):
        finished_chat(project, f"Reply {number}.", f"Another {number}.")
    finished_chat(project)
    picks.pick_comparisons(project=project, n_wanted=1)

    seen = look(project)
    assert seen["round"] == {"number": 1}
    assert seen["tiles"] == {
        "demonstrations": {"open": 2, "held": 1, "submitted": 1, "approved": 2},
        "chats": {"open": 2, "finished": 4, "eligible": 2},
        "comparisons": {"sampling": 1, "ready": 3, "failed": 0},
        "rankings": {"open": 2, "done": 1},
        "reviews": {"open": 0, "done": 0},
    }
    assert seen["sampling"]["state"] == "down"


def test_counts_are_bounded(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "COUNT_BOUND", 2)
    add_rankings(project, 3)
    assert look(project)["tiles"]["rankings"]["open"] == 2


def test_people_are_counted_by_day_and_week(project: Project) -> None:
    add_rankings(project, 4)
    busy = MembershipFactory(project=project, languages=["en"])
    busy.user.display_name = "Busy"
    busy.user.save()
    for days, seconds in ((7, 50.0), (1, 40.0), (0, 30.0)):
        with clock.held_at(WEDNESDAY - timedelta(days=days)):
            rank(busy, seconds)
    with clock.held_at(WEDNESDAY):
        skipped = claim.claim(user=busy.user, slug=project.slug, kind=TaskKind.RANKING)
    with clock.held_at(WEDNESDAY + timedelta(seconds=5)):
        leases.skip(
            assignment=Assignment.objects.get(pk=skipped),
            reason=Assignment.SkipReason.UNCLEAR,
            comment="",
        )
        people = progress.people_of(project=project)

    (person,) = people
    assert (person.display_name, person.role) == ("Busy", "trainer")
    assert (person.today, person.this_week) == (1, 2)
    assert person.active_seconds_this_week == 75.0


def test_statements_do_not_grow_with_people_or_work(project: Project) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as queries:
            progress.tiles_of(project=project)
            progress.people_of(project=project)
        return len(queries)

    MembershipFactory(project=project)
    few = statements()
    add_rankings(project, 5)
    for _ in range(5):
        rank(MembershipFactory(project=project))
    assert statements() == few
