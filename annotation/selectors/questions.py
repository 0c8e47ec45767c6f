"""Reading questions, answers and rulings."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from annotation.models import Assignment, Question, TaskKind
from annotation.selectors.queue import COUNT_BOUND
from labelhub.accounts.models import Membership, Project, User
from labelhub.accounts.selectors import row_for

# Who answers for a project.
LEADS = (Membership.Role.REVIEWER, Membership.Role.MANAGER)
RULINGS_SHOWN = 20


def asked_by(*, assignment: Assignment) -> list[Question]:
    """The person's own questions about a task, oldest first."""
    return list(Question.objects.filter(assignment=assignment).order_by("pk"))


def may_release(*, assignment: Assignment) -> bool:
    """Whether a question may give the task back.

    Returned writing and an exam's has nobody else to go back to. A ranking may always be let go: that
    it could not would tell a known item, or one of an exam, from the others.
    """
    return assignment.kind == TaskKind.RANKING or assignment.task.reserved_for_id is None


def rulings_for(*, assignment: Assignment) -> list[Question]:
    """The newest rulings on this kind of work."""
    return list(
        Question.objects.filter(
            project=assignment.project_id, kind=assignment.kind, pinned_at__isnull=False
        )
        .select_related("guideline")
        .order_by("-pk")[:RULINGS_SHOWN]
    )


def questions_in(*, project: Project, is_open: bool = False) -> QuerySet[Question]:
    """The questions of a project for its leads, or those that wait for an answer."""
    rows = Question.objects.filter(project=project)
    if is_open:
        rows = rows.filter(answered_at=None)
    return rows.select_related(
        "guideline", "rater__user", "assignment__task__prompt", "assignment__conversation"
    )


def open_questions(*, membership: Membership) -> int | None:
    """How many questions wait for a lead, counted up to COUNT_BOUND; None for anybody else."""
    if membership.role not in LEADS:
        return None
    waiting = Question.objects.filter(project=membership.project, answered_at=None)
    return waiting[:COUNT_BOUND].count()


def question_for_lead(*, user: User | AnonymousUser, question_id: int) -> Question:
    """A question of a project in which the person is a lead. Raises NotFound for any other."""
    return row_for(Question.objects.all(), question_id, user=user, roles=LEADS)
