"""What people want a manager to look at."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from annotation.models.queue import Assignment
from annotation.models.words import TaskKind
from labelhub.accounts.models import Project, Rater
from labelhub.constraints import Model, holds


class ManagerFlag(Model):
    """A person's word that something about a task needs a manager, and how that was settled.

    It changes nothing about the task or the answer: whoever raises it goes on, skips, or submits.
    """

    class Outcome(models.TextChoices):
        NOTED = "noted"  # looked at; nothing to change
        WITHDRAWN = "withdrawn"  # the task was taken out of the queue

    project = models.ForeignKey(
        Project, models.PROTECT, related_name="manager_flags", db_index=False
    )
    assignment = models.ForeignKey(Assignment, models.PROTECT, related_name="manager_flags")
    kind = models.CharField(max_length=20, choices=TaskKind)
    rater = models.ForeignKey(Rater, models.PROTECT, related_name="manager_flags", db_index=False)
    text = models.TextField()
    raised_at = models.DateTimeField()
    outcome = models.CharField(max_length=20, choices=Outcome, blank=True)
    settled_by = models.ForeignKey(
        Rater, models.PROTECT, null=True, blank=True, related_name="settled_flags", db_index=False
    )
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            holds(
                "settled_whole_or_not",
                Q(outcome="", settled_by=None, settled_at=None)
                | (~Q(outcome="") & Q(settled_by__isnull=False, settled_at__isnull=False)),
            ),
        ]
        indexes = [
            # Reader: the manager's page lists what nobody has looked at.
            models.Index(
                fields=["project", "id"], condition=Q(settled_at=None), name="manager_flag_open"
            ),
        ]
