"""Rankings made through the queue, as a trainer makes them."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pgtrigger

from annotation.models import (
    Assignment,
    Candidate,
    Ranking,
    Reason,
    TaskKind,
)
from annotation.selectors.comparisons import ranking_sheet_for
from annotation.services import claim, tasks
from annotation.services import rankings as ranking_services
from labelhub import clock
from labelhub.accounts.models import Membership, Project, Rater
from sampling.contexts import store_contexts
from sampling.models import Context
from tests.chats import GenerationFactory, end_generation
from tests.factories import RaterFactory, ready_comparison
from tests.importing import said


def judged(project, member: Membership, tiers: list[list[str]], **fields: Any) -> Ranking:
    """What a trainer makes of a new comparison of four, through the queue."""
    judgement: Any = {
        "cannot_judge": False,
        "tiers": tiers,
        "acceptable_tier": 1,
        "ratings": {"A": 5, "B": 7, "C": 1, "D": 5},
        "flags": {"C": ["hallucination"]},
        "comment": "C invents a date.",
        "rewrite": "",
        "strength": None,
        "open_milliseconds": dict.fromkeys("ABCD", 2000),
    }
    (context_id,) = store_contexts(contexts=[[said("user", f"Judge {len(tiers)} tiers.")]])
    context = Context.objects.get(pk=context_id)
    comparison = ready_comparison(project, n_candidates=2, context=context)
    sampled = GenerationFactory(project=project, purpose="candidate", priority=1, context=context)
    Candidate.objects.bulk_create(
        Candidate(
            project=project,
            comparison=comparison,
            index=2 + completion.index,
            origin="fresh",
            content=completion.text,
            completion=completion,
        )
        for completion in end_generation(sampled, "Sampled one.", ("Sampled tw", "length"))
    )
    tasks.add_tasks(
        tasks=[tasks.NewTask(project=project, kind=TaskKind.RANKING, comparison=comparison)]
    )
    pk = claim.claim(user=member.user, slug=project.slug, kind=TaskKind.RANKING)
    ranking_services.submit_ranking(
        sheet=ranking_sheet_for(user=member.user, assignment_id=pk),
        key=uuid4(),
        judgement=judgement | fields,
    )
    return Ranking.objects.get(assignment=pk)


def given_by_people(project: Project, **fields: Any) -> dict[str, Rater]:
    """Turn the rankings that came of a file into those of people of ours, whom it names as its raters.

    The people by those names. `fields` are those of every such ranking.
    """
    people: dict[str, Rater] = {}
    for ranking in Ranking.objects.filter(project=project, rater=None).exclude(external_rater=""):
        rater = people.setdefault(ranking.external_rater, RaterFactory())
        (task,) = tasks.add_tasks(
            tasks=[
                tasks.NewTask(
                    project=project,
                    kind=TaskKind.RANKING,
                    comparison=ranking.comparison,
                    reason=Reason(ranking.reason),
                )
            ]
        )
        now = clock.now()
        assignment = Assignment.objects.create(
            project=project,
            task=task,
            slot=task.slots.get(),
            rater=rater,
            kind=TaskKind.RANKING,
            reason=ranking.reason,
            state=Assignment.State.SUBMITTED,
            leased_at=now,
            lease_until=now,
            last_beat_at=now,
            submitted_at=now,
            submission_key=uuid4(),
            submission_sha256="0" * 64,
        )
        with pgtrigger.ignore("annotation.Ranking:append_only"):
            Ranking.objects.filter(pk=ranking.pk).update(
                rater=rater, assignment=assignment, external_rater="", **fields
            )
    return people
