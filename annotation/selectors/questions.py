"""Reading questions, answers and rulings."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from annotation.models import Assignment, Question
from labelhub import exceptions
from labelhub.accounts.models import Membership, Project, User
from labelhub.accounts.selectors import membership_for

# Who answers for a project.
LEADS = (Membership.Role.REVIEWER, Membership.Role.MANAGER)
RULINGS_SHOWN = 20


def asked_by(*, assignment: Assignment) -> list[Question]:
    """The person's own questions about a task, oldest first."""
    return list(Question.objects.filter(assignment=assignment).order_by("pk"))


def rulings_for(*, assignment: Assignment) -> list[Question]:
    """The newest rulings on this kind of work."""
    return list(
        Question.objects.filter(
            project=assignment.project_id, kind=assignment.kind, pinned_at__isnull=False
        )
        .select_related("guideline")
        .order_by("-pk")[:RULINGS_SHOWN]
    )


def questions_in(*, project: Project) -> QuerySet[Question]:
    """Every question of a project, for its leads."""
    return Question.objects.filter(project=project).select_related("guideline", "rater__user")


def question_for_lead(*, user: User | AnonymousUser, question_id: int) -> Question:
    """A question of a project in which the person is a lead. Raises NotFound, NotAllowed."""
    found = Question.objects.select_related("project").filter(pk=question_id).first()
    if found is None:
        raise exceptions.NotFound
    membership_for(user=user, slug=found.project.slug, roles=LEADS)
    return found
