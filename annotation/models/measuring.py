"""What measures people, and the figures made of it (DATA.md §4)."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import Q

from annotation.models.comparisons import Comparison
from labelhub.accounts.models import Membership, Project, Rater
from labelhub.constraints import Model, holds


class GoldMark(Model):
    """One lead's view of a comparison: the pairs that are clear, and the flags that must be raised.

    `pairs` is a list of [better, worse] candidate ids; `flags` maps a candidate's id, as text, to keys.
    """

    project = models.ForeignKey(Project, models.PROTECT, related_name="gold_marks", db_index=False)
    comparison = models.ForeignKey(
        Comparison, models.PROTECT, related_name="gold_marks", db_index=False
    )
    rater = models.ForeignKey(Rater, models.PROTECT, related_name="gold_marks", db_index=False)
    pairs = models.JSONField(default=list)
    flags = models.JSONField(default=dict)
    note = models.TextField(blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["comparison", "rater"], name="annotation_goldmark_once"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]


class GoldItem(Model):
    """A comparison with a known answer: what two leads marked alike. An exam item is kept for exams."""

    class Use(models.TextChoices):
        GOLD = "gold"  # comes between other rankings
        EXAM = "exam"  # part of the entry exam

    project = models.ForeignKey(Project, models.PROTECT, related_name="gold_items")
    comparison = models.OneToOneField(Comparison, models.PROTECT, related_name="gold_item")
    use = models.CharField(max_length=10, choices=Use)
    pairs = models.JSONField(default=list)
    flags = models.JSONField(default=dict)
    note = models.TextField(blank=True)
    created_at = models.DateTimeField()


class ExamResult(Model):
    """One person's entry exam: what was asked, what was right, and whether it was enough."""

    # How many are asked for where the exam asks for any.
    DEMONSTRATIONS = 2

    membership = models.ForeignKey(
        Membership, models.PROTECT, related_name="exam_results", db_index=False
    )
    attempt = models.PositiveSmallIntegerField()
    n_items = models.PositiveIntegerField()
    n_pairs = models.PositiveIntegerField(default=0)
    n_right = models.PositiveIntegerField(default=0)
    # Of flagging, per candidate; null where the exam has too few flagged candidates to tell.
    balanced_accuracy = models.FloatField(null=True, blank=True)
    # Demonstrations that were asked for; 0 where the project asks for rankings alone.
    n_demonstrations = models.PositiveSmallIntegerField(default=0)
    # The least of the scores that reviewers gave them; 0 where one was not written.
    lowest_score = models.PositiveSmallIntegerField(null=True, blank=True)
    # Null until it ends, and where a manager took so much out of it that it tells nothing.
    passed = models.BooleanField(null=True, blank=True)
    begun_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["membership", "attempt"], name="annotation_examresult_once"
            ),
            holds(
                "passed_only_at_its_end",
                Q(passed=None) | Q(ended_at__isnull=False),
            ),
        ]


class ComparisonDigest(Model):
    """All that the figures need of one comparison's planned rankings, so that only what changed is read
    again. `judged` holds the fields of measures.judged.Judged that are not columns here."""

    comparison = models.OneToOneField(
        Comparison, models.CASCADE, primary_key=True, related_name="digest"
    )
    project = models.ForeignKey(Project, models.CASCADE, related_name="digests")
    judged = models.JSONField()
    digested_at = models.DateTimeField()


class ProjectFigures(Model):
    """A project's figures with the moment they are of. Remade by a job, never edited."""

    project = models.OneToOneField(
        Project, models.CASCADE, primary_key=True, related_name="figures"
    )
    # Rankings created up to this moment are in.
    as_of = models.DateTimeField()
    # What else the digests rest on: who is excluded, which guidelines broke with the past.
    basis = models.CharField(max_length=64)
    figures = models.JSONField()
    seconds = models.FloatField()
    computed_at = models.DateTimeField()
