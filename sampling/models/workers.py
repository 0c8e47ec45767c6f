"""The GPU workers that live, and what all of them may claim."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from labelhub.constraints import Model, holds


class Runner(Model):
    """A GPU worker process, as it last reported itself."""

    id = models.UUIDField(primary_key=True)
    host = models.CharField(max_length=200)
    device = models.CharField(max_length=100, blank=True)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField(db_index=True)
    # It claims nothing more and lets what runs come to its end.
    drain_requested_at = models.DateTimeField(null=True, blank=True)
    # Names of the policies whose engines it holds.
    policies = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    n_threads = models.PositiveIntegerField(default=0)
    n_running = models.PositiveIntegerField(default=0)
    # Since the process began; the two paces are over the time between two reports.
    n_prompt_tokens = models.BigIntegerField(default=0)
    n_sampled_tokens = models.BigIntegerField(default=0)
    prompt_tokens_per_second = models.FloatField(default=0.0)
    sampled_tokens_per_second = models.FloatField(default=0.0)
    # Share of the time that the engines spent on steps; None while there is none.
    utilisation = models.FloatField(null=True)
    memory_bytes = models.BigIntegerField(null=True)
    memory_budget_bytes = models.BigIntegerField(null=True)


class Gate(Model):
    """What GPU workers may claim, all of them: the one row there is, or none while all is open."""

    class Mode(models.TextChoices):
        OPEN = "open"
        PEOPLE_ONLY = "people_only"  # drafts and replies go on, candidates wait
        CLOSED = "closed"  # everything waits; what runs comes to its end

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    mode = models.CharField(max_length=20, choices=Mode, default=Mode.OPEN)
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="gate_changes"
    )
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [holds("only_one", Q(id=1))]
