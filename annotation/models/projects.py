"""How a project's work is organised: rounds, batches, guidelines."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from annotation.models.words import Purpose, TaskKind
from labelhub.accounts.models import Project
from labelhub.constraints import Model, holds
from sampling.models import Policy, WithParams


class Round(Model):
    """One iteration of collect, train, promote within a project."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="rounds", db_index=False)
    number = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "number"], name="annotation_round_number_once"
            ),
            models.UniqueConstraint(
                fields=["project"],
                condition=Q(closed_at=None),
                name="annotation_round_one_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project} round {self.number}"


class RoundPolicy(WithParams):
    """A policy that serves a round, for one use, with its weight and sampling params."""

    class Use(models.TextChoices):
        DRAFT = "draft"
        CHAT = "chat"
        CANDIDATE = "candidate"

    project = models.ForeignKey(
        Project, models.PROTECT, related_name="round_policies", db_index=False
    )
    round = models.ForeignKey(Round, models.PROTECT, related_name="policies", db_index=False)
    policy = models.ForeignKey(Policy, models.PROTECT, related_name="round_policies")
    use = models.CharField(max_length=20, choices=Use)
    weight = models.FloatField(default=1.0)

    class Meta:
        verbose_name_plural = "round policies"
        constraints = [
            *WithParams.Meta.constraints,
            holds("weight_positive", Q(weight__gt=0)),
            holds("temperature_in_range", Q(temperature__lte=5)),
            models.UniqueConstraint(
                fields=["round", "policy", "use"], name="annotation_roundpolicy_once"
            ),
        ]


class Batch(Model):
    """A slice of work with a target, a deadline and a priority. Lower priority numbers come first."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="batches", db_index=False)
    round = models.ForeignKey(Round, models.PROTECT, related_name="batches")
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=20, choices=TaskKind)
    target = models.PositiveIntegerField(null=True, blank=True)
    deadline = models.DateTimeField(null=True, blank=True)
    priority = models.PositiveSmallIntegerField(default=100)
    # The largest share of the target that one person may do; no cap without a target.
    cap_share = models.FloatField(default=0.25)
    paused_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "batches"
        constraints = [
            holds("cap_share_in_range", Q(cap_share__gt=0, cap_share__lte=1)),
            models.UniqueConstraint(fields=["project", "name"], name="annotation_batch_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class Guideline(Model):
    """A numbered version of the rules for one kind of work. A breaking one must be acknowledged."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="guidelines", db_index=False)
    kind = models.CharField(max_length=20, choices=TaskKind)
    purpose = models.CharField(max_length=20, choices=Purpose, default=Purpose.TRAIN)
    version = models.PositiveIntegerField()
    markdown = models.TextField()
    breaking = models.BooleanField(default=False)
    published_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "kind", "purpose", "version"],
                name="annotation_guideline_version_once",
            ),
        ]
        triggers = [
            # A label points at the words its author worked by.
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]


class GuidelineAcknowledgement(Model):
    """A person has read one guideline version."""

    guideline = models.ForeignKey(
        Guideline, models.PROTECT, related_name="acknowledgements", db_index=False
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="acknowledgements"
    )
    acknowledged_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["guideline", "user"], name="annotation_acknowledgement_once"
            )
        ]
