"""What policies were asked, how far each request has come, and what went wrong with it."""

from __future__ import annotations

from dataclasses import fields

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from labelhub.accounts.models import Project
from labelhub.constraints import Model, holds
from sampling.engine.protocol import SamplingParams
from sampling.models.policies import Policy


class Context(Model):
    """The exact messages a policy was shown, stored once however many generations share them."""

    sha256 = models.CharField(max_length=64, unique=True)
    # [{"role", "content"}…] as handed to the chat template.
    messages = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]


class WithParams(Model):
    """How completions are drawn, a column a field: see sampling.engine.protocol.SamplingParams."""

    temperature = models.FloatField(default=1.0)
    top_p = models.FloatField(default=1.0)
    top_k = models.PositiveIntegerField(default=0)
    min_p = models.FloatField(default=0.0)
    repetition_penalty = models.FloatField(default=1.0)
    max_tokens = models.PositiveIntegerField(default=512)
    stop = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    stop_token_ids = ArrayField(models.PositiveIntegerField(), default=list, blank=True)

    class Meta:
        abstract = True
        constraints = [
            holds("temperature_not_negative", Q(temperature__gte=0)),
            holds("top_p_in_range", Q(top_p__gt=0, top_p__lte=1)),
            holds("min_p_in_range", Q(min_p__gte=0, min_p__lte=1)),
            holds(
                "repetition_penalty_in_range",
                Q(repetition_penalty__gte=0.1, repetition_penalty__lte=10),
            ),
        ]

    @property
    def params(self) -> SamplingParams:
        values = {field.name: getattr(self, field.name) for field in fields(SamplingParams)}
        return SamplingParams(
            **values | {"stop": tuple(self.stop), "stop_token_ids": tuple(self.stop_token_ids)}
        )


class Generation(WithParams):
    """One request to a policy for n completions of one context, and how far it has come."""

    class Purpose(models.TextChoices):
        DRAFT = "draft"  # shown beside a trainer's composer
        CHAT = "chat"  # a live reply
        CANDIDATE = "candidate"  # to be ranked; invisible to trainers until the comparison is ready
        PROBE = "probe"  # a manager's test prompt; part of nothing

    class Priority(models.IntegerChoices):
        INTERACTIVE = 0  # somebody is looking at the page
        BATCH = 1  # fills the device

    class State(models.TextChoices):
        QUEUED = "queued"  # waits for a runner; may have run before, see attempt
        RUNNING = "running"  # leased to the runner named in lease_owner until lease_until
        DONE = "done"  # every completion is stored
        FAILED = "failed"  # refused, or out of attempts; error_code says why
        CANCELLED = "cancelled"  # somebody stopped it; what had been said is stored

    project = models.ForeignKey(Project, models.PROTECT, related_name="generations")
    policy = models.ForeignKey(Policy, models.PROTECT, related_name="generations")
    context = models.ForeignKey(Context, models.PROTECT, related_name="generations")
    purpose = models.CharField(max_length=20, choices=Purpose)
    priority = models.PositiveSmallIntegerField(choices=Priority)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="generations"
    )

    n_completions = models.PositiveSmallIntegerField()
    base_seed = models.BigIntegerField()
    # The unfinished completion that this one goes on from; the context's last message ends with its text.
    continues = models.ForeignKey(
        "sampling.Completion",
        models.PROTECT,
        null=True,
        related_name="continuations",
        db_index=False,
    )
    state = models.CharField(max_length=20, choices=State, default=State.QUEUED)
    attempt = models.PositiveSmallIntegerField(default=0)
    # A hand-back by a worker that shuts down is nobody's fault and not counted as an attempt.
    max_attempts = models.PositiveSmallIntegerField(default=3)
    not_before = models.DateTimeField(null=True, blank=True)
    lease_owner = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=60, blank=True)
    error_detail = models.TextField(blank=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    first_token_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    # Name of the registered job to ring with this generation's id once it has ended.
    on_done = models.CharField(max_length=100, blank=True)
    consumed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            *WithParams.Meta.constraints,
            holds(
                "leased_iff_running",
                Q(state="running", lease_until__isnull=False, lease_owner__isnull=False)
                | (~Q(state="running") & Q(lease_until=None, lease_owner=None)),
            ),
            holds(
                "finished_iff_ended",
                Q(state__in=["done", "failed", "cancelled"], finished_at__isnull=False)
                | (Q(state__in=["queued", "running"]) & Q(finished_at=None)),
            ),
            holds(
                "reason_iff_failed",
                (Q(state="failed") & ~Q(error_code="")) | (~Q(state="failed") & Q(error_code="")),
            ),
            holds("completions_1_to_9", Q(n_completions__gte=1, n_completions__lte=9)),
            holds("attempts_bounded", Q(attempt__lte=F("max_attempts"))),
            holds("candidates_are_batch", ~Q(purpose="candidate") | Q(priority=1)),
        ]
        indexes = [
            # Reader: sampling.runner claims the most urgent, oldest queued generation.
            models.Index(
                fields=["priority", "id"],
                condition=Q(state="queued"),
                name="generation_queued",
            ),
            # Reader: the sweep frees generations whose runner died.
            models.Index(
                fields=["lease_until"],
                condition=Q(state="running"),
                name="generation_leased",
            ),
            # Reader: the sweep rings jobs whose message was lost.
            models.Index(
                fields=["finished_at"],
                condition=Q(consumed_at=None, finished_at__isnull=False) & ~Q(on_done=""),
                name="generation_unconsumed",
            ),
            # Reader: the figures of the last hour.
            models.Index(
                fields=["finished_at"],
                condition=Q(finished_at__isnull=False),
                name="generation_ended",
            ),
        ]


class Fault(Model):
    """Why an attempt, or one completion of it, did not end well; also where a later one did."""

    generation = models.ForeignKey(Generation, models.PROTECT, related_name="faults")
    attempt = models.PositiveSmallIntegerField()
    # The completion that failed alone; None where all of the attempt did.
    index = models.PositiveSmallIntegerField(null=True)
    code = models.CharField(max_length=60)
    detail = models.TextField()
    # False where another attempt followed.
    final = models.BooleanField()
    at = models.DateTimeField()

    class Meta:
        indexes = [
            # Reader: the figures of the last hour.
            models.Index(fields=["at"], name="fault_at"),
        ]
