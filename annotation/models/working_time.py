"""Working time by day, and what a person says of it where the count is wrong (DATA.md §7)."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from annotation.models.queue import Assignment
from labelhub.accounts.models import Project, Rater
from labelhub.constraints import Model, holds


class ActiveTime(Model):
    """A person's active time at one assignment on one day, fed by their beats.

    What falls between two beats counts for the day of the later one. All days of an assignment
    together are its `active_seconds`.
    """

    assignment = models.ForeignKey(
        Assignment, models.PROTECT, related_name="active_times", db_index=False
    )
    # The assignment's, repeated for the one index.
    rater = models.ForeignKey(Rater, models.PROTECT, related_name="active_times", db_index=False)
    # In UTC, as days are counted everywhere.
    day = models.DateField()
    seconds = models.FloatField()

    class Meta:
        constraints = [
            holds("something_counted", Q(seconds__gt=0)),
            # Every beat looks here, and so does whoever asks for somebody's days.
            models.UniqueConstraint(
                fields=["rater", "day", "assignment"], name="annotation_activetime_once_a_day"
            ),
        ]


class TimeContest(Model):
    """A day's active time contested by the person who worked it; a manager's decision is added to it."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="time_contests")
    rater = models.ForeignKey(Rater, models.PROTECT, related_name="time_contests")
    # In UTC, as days are counted everywhere.
    day = models.DateField()
    counted_seconds = models.FloatField()
    claimed_seconds = models.FloatField()
    text = models.TextField()
    created_at = models.DateTimeField()
    granted_seconds = models.FloatField(null=True, blank=True)
    answer = models.TextField(blank=True)
    decided_by = models.ForeignKey(
        Rater, models.PROTECT, null=True, blank=True, related_name="time_decisions"
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            holds("claim_within_a_day", Q(claimed_seconds__range=(0, 86_400))),
            holds(
                "decided_whole_or_not",
                Q(granted_seconds=None, decided_at=None, decided_by=None)
                | Q(
                    granted_seconds__isnull=False,
                    decided_at__isnull=False,
                    decided_by__isnull=False,
                ),
            ),
            models.UniqueConstraint(
                fields=["project", "rater", "day"],
                condition=Q(decided_at=None),
                name="annotation_timecontest_one_open_a_day",
            ),
        ]
