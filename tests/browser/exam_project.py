"""A project whose entry exam asks for writing, and somebody's writing that two reviewers have to score."""

from __future__ import annotations

from itertools import combinations
from typing import Any
from uuid import uuid4

SLUG = "exam"
TAG = "violence"
# Two comparisons of so many candidates have the pairs that an exam needs.
N_CANDIDATES = 7
# As unlike as two prompts have to be: the sweep compares new ones at any moment, and a prompt that nearly
# repeats another is in no exam.
BRIEFS = (
    "Somebody is afraid of a neighbour who shouts at night.",
    "A student was threatened on the way home and asks whom to tell.",
)


def comparisons() -> list[dict[str, Any]]:
    return [
        {
            "id": f"known-{number}",
            "prompt": [{"role": "user", "content": f"What happened in the year {number}?"}],
            "candidates": [f"Reply {place} about {number}." for place in range(N_CANDIDATES)],
        }
        for number in range(2)
    ]


def hold_an_exam(project: Any) -> None:
    """In a project with those comparisons: leads who read about such things, and a newcomer's writing."""
    from annotation.models import GoldItem, Prompt, TaskKind
    from annotation.services import exams, gold
    from labelhub.accounts import services as accounts
    from labelhub.accounts.models import ConsentDocument, Membership, User

    roles = Membership.Role
    leads = [User.objects.get(username=role) for role in (roles.MANAGER, roles.REVIEWER)]
    for lead in leads:
        accounts.add_member(
            project=project, user=lead, role=lead.username, sensitivity_opt_ins=[TAG]
        )
    for comparison in project.comparisons.all():
        ids = comparison.candidates.order_by("index").values_list("pk", flat=True)
        for lead in leads:
            gold.mark(
                comparison=comparison,
                rater=lead.rater,
                actor=lead,
                use=GoldItem.Use.EXAM,
                pairs=list(combinations(ids, 2)),
                flags={},
                note="The first is right.",
            )
    Prompt.objects.bulk_create(
        Prompt(
            project=project,
            kind=Prompt.Kind.BRIEF,
            text=text,
            category="advice",
            language="en",
            sensitivity=[TAG],
            source="tests",
            source_row=number,
            origin_key=f"{number:064x}",
            content_sha256=f"{number:064x}",
        )
        for number, text in enumerate(BRIEFS)
    )
    exams.require(project=project, wanted=True, writing=True, actor=leads[0])
    sitter = User.objects.create_user("examinee")
    membership = accounts.add_member(
        project=project, user=sitter, role=roles.TRAINER, sensitivity_opt_ins=[TAG]
    )
    document = ConsentDocument.objects.latest("version")
    accounts.give_consent(user=sitter, version=document.version, purposes=document.purposes)
    exams.begin(membership=membership, rater=sitter.rater)
    for _ in range(2):
        _write_one(project, sitter, TaskKind.DEMONSTRATION)


def _write_one(project: Any, writer: Any, kind: Any) -> None:
    from annotation.models import Assignment
    from annotation.services.claim import claim
    from annotation.services.demonstrations import submit_demonstration
    from annotation.services.threads import WantedTurn, save_thread

    assignment = Assignment.objects.get(pk=claim(user=writer, slug=project.slug, kind=kind))
    conversation = save_thread(
        assignment=assignment,
        version=0,
        turns=[
            WantedTurn(role="user", content="My neighbour shouts at night and I am afraid."),
            WantedTurn(role="assistant", content="That is *hard*. Who else lives in the house?"),
        ],
    )
    submit_demonstration(assignment=assignment, key=uuid4(), version=conversation.version)
