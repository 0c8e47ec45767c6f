"""Questions that people ask about a task, and the rulings that come of them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from annotation.models.projects import Guideline
from annotation.models.queue import Assignment
from annotation.models.words import TaskKind
from labelhub.accounts.models import Project, Rater
from labelhub.constraints import Model, holds


class Question(Model):
    """What somebody asked about a task; a lead's answer may be pinned as a ruling for that kind of work."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="questions")
    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="questions")
    kind = models.CharField(max_length=20, choices=TaskKind)
    rater = models.ForeignKey(Rater, models.PROTECT, related_name="questions")
    text = models.TextField()
    asked_at = models.DateTimeField()
    answer = models.TextField(blank=True)
    answered_by = models.ForeignKey(
        Rater, models.PROTECT, null=True, blank=True, related_name="answers"
    )
    answered_at = models.DateTimeField(null=True, blank=True)
    # A ruling stands under the guideline that was current when it was given.
    guideline = models.ForeignKey(
        Guideline, models.PROTECT, null=True, blank=True, related_name="rulings"
    )
    pinned_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            holds(
                "answered_whole_or_not",
                Q(answer="", answered_by=None, answered_at=None)
                | (~Q(answer="") & Q(answered_by__isnull=False, answered_at__isnull=False)),
            ),
            holds("only_answers_are_pinned", Q(pinned_at=None) | Q(answered_at__isnull=False)),
        ]
        indexes = [
            # Reader: the lead's page lists what waits for an answer.
            models.Index(
                fields=["project", "id"], condition=Q(answered_at=None), name="question_open"
            ),
            # Reader: every claimed task shows the rulings for its kind.
            models.Index(
                fields=["project", "kind", "-id"],
                condition=Q(pinned_at__isnull=False),
                name="question_rulings",
            ),
        ]
