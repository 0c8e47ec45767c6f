"""What people made of comparisons, and what they were asked beside the order."""

from __future__ import annotations

import re
from typing import Any

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from annotation.models.comparisons import Candidate, Comparison
from annotation.models.projects import Guideline
from annotation.models.queue import Assignment
from annotation.models.words import Purpose
from labelhub.accounts.models import Project, Rater
from labelhub.constraints import Model, holds

FLAG_KEY = re.compile(r"[a-z0-9_]{1,60}")


class RatingSchema(Model):
    """What a project asks for beside the order; a numbered, unchangeable version.

    `flags` is a list of {"key", "label", "help"}.
    """

    class Flow(models.TextChoices):
        ORDER = "order"  # order, and rate as one goes
        RATE_THEN_ORDER = "rate-then-order"  # rate and flag each first, as InstructGPT's labelers

    class Strength(models.TextChoices):
        """How much better one of two candidates is; asked for where there are just two."""

        NONE = "none"
        # Llama 2: 3 significantly, 2 better, 1 slightly, 0 negligibly better; never equal.
        FOUR_GRADES = "four-grades"
        # HelpSteer2: -3 the first much better … 0 equal … 3 the second much better.
        MINUS_3_TO_3 = "minus-3-to-3"

    project = models.ForeignKey(
        Project, models.PROTECT, related_name="rating_schemas", db_index=False
    )
    version = models.PositiveIntegerField()
    scale_min = models.SmallIntegerField(default=1)
    scale_max = models.SmallIntegerField(default=7)
    rating_required = models.BooleanField(default=False)
    rating_help = models.CharField(max_length=500, blank=True)
    flow = models.CharField(max_length=20, choices=Flow, default=Flow.ORDER)
    strength = models.CharField(max_length=20, choices=Strength, default=Strength.NONE)
    flags = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "version"], name="annotation_ratingschema_once"
            ),
            holds("scale_has_two_ends", Q(scale_max__gt=models.F("scale_min"))),
            holds("rated_if_rated_first", ~Q(flow="rate-then-order") | Q(rating_required=True)),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def clean(self) -> None:
        """Raises ValidationError for flags of another shape, and for two with one key."""
        flags: list[Any] = self.flags if isinstance(self.flags, list) else [None]
        for flag in flags:
            if not isinstance(flag, dict) or flag.keys() != {"key", "label", "help"}:
                raise ValidationError({"flags": "Each flag is {“key”, “label”, “help”}."})
            if not all(isinstance(text, str) for text in flag.values()) or not flag["label"]:
                raise ValidationError({"flags": "A flag’s key, label and help are texts."})
            if not FLAG_KEY.fullmatch(flag["key"]):
                raise ValidationError(
                    {"flags": f"“{flag['key']}” is no key; use a–z, 0–9 and _, at most 60."}
                )
        if len({flag["key"] for flag in flags}) < len(flags):
            raise ValidationError({"flags": "Two flags have the same key."})


class Ranking(Model):
    """One rater's judgement of one comparison. The record from which preference pairs are derived."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="rankings")
    comparison = models.ForeignKey(Comparison, models.PROTECT, related_name="rankings")
    assignment = models.ForeignKey(
        Assignment, models.PROTECT, null=True, related_name="rankings", db_index=False
    )
    # Null for an imported ranking: such are data, never raters (DATA.md §4).
    rater = models.ForeignKey(Rater, models.PROTECT, null=True, related_name="rankings")
    external_rater = models.CharField(max_length=200, blank=True)
    external_id = models.CharField(max_length=200, blank=True)
    # Fields of an imported line that have no column here, kept for a lossless way back.
    imported_fields = models.JSONField(default=dict, blank=True)
    revision = models.PositiveIntegerField(default=1)
    is_current = models.BooleanField(default=True)
    reason = models.CharField(max_length=20, choices=Assignment.Reason)
    purpose = models.CharField(max_length=20, choices=Purpose)
    own_conversation = models.BooleanField(default=False)
    cannot_judge = models.BooleanField(default=False)
    # Tiers 1…n are acceptable; 0 means none is; null means no line was drawn.
    acceptable_tier = models.PositiveSmallIntegerField(null=True)
    # On RatingSchema.Strength's scale; of minus-3-to-3, “first” is the candidate with index 0.
    strength_grade = models.SmallIntegerField(null=True)
    strength_scale = models.CharField(max_length=40, blank=True)
    rewrite = models.TextField(blank=True)
    comment = models.TextField(blank=True)
    guideline = models.ForeignKey(
        Guideline, models.PROTECT, null=True, related_name="rankings", db_index=False
    )
    rating_schema = models.ForeignKey(
        RatingSchema, models.PROTECT, null=True, related_name="rankings", db_index=False
    )
    shown_order = ArrayField(models.PositiveSmallIntegerField(), default=list)
    active_seconds = models.FloatField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            # What measures people is asked of them once, by plan; only planned rankings count.
            holds(
                "measuring_is_planned",
                Q(purpose__in=["train", "eval"]) | Q(reason="planned") | Q(rater=None),
            ),
            holds(
                "rater_iff_assigned",
                Q(rater__isnull=False, assignment__isnull=False) | Q(rater=None, assignment=None),
            ),
            models.UniqueConstraint(
                fields=["assignment", "revision"],
                name="annotation_ranking_revision_once",
            ),
            models.UniqueConstraint(
                fields=["assignment"],
                condition=Q(is_current=True),
                name="annotation_ranking_one_current",
            ),
            models.UniqueConstraint(
                fields=["project", "external_id"],
                condition=~Q(external_id=""),
                name="annotation_ranking_imported_once",
            ),
        ]
        indexes = [
            # Reader: the export of comparisons walks training rankings by id.
            models.Index(
                fields=["project", "id"],
                condition=Q(purpose="train", is_current=True, cannot_judge=False),
                name="ranking_trains",
            ),
            # Reader: the figures' job looks for comparisons with rankings newer than its figures.
            models.Index(
                fields=["project", "created_at"],
                condition=Q(rater__isnull=False),
                name="ranking_newest",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="no_delete", operation=pgtrigger.Delete),
            pgtrigger.Trigger(
                name="append_only",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(exclude=["is_current"]),
                func="RAISE EXCEPTION 'rankings are append-only; store a new revision';",
            ),
        ]


class Placement(Model):
    """Where one candidate stands in one ranking: tier 1 is the best of the criterion, ties share a tier."""

    ranking = models.ForeignKey(Ranking, models.PROTECT, related_name="placements", db_index=False)
    candidate = models.ForeignKey(Candidate, models.PROTECT, related_name="placements")
    tier = models.PositiveSmallIntegerField()
    open_milliseconds = models.PositiveIntegerField(default=0)
    rating = models.SmallIntegerField(null=True)
    flags = ArrayField(models.CharField(max_length=60), default=list)

    class Meta:
        constraints = [
            holds("tier_from_one", Q(tier__gte=1)),
            models.UniqueConstraint(
                fields=["ranking", "candidate"], name="annotation_placement_once"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]
