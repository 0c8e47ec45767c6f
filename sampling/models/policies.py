"""Policies, and what looking at their files found."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from labelhub.constraints import Model, holds


class Policy(Model):
    """A named model and where it lives. Policies serve the installation; a project's rounds choose among them.

    `source` is a Hugging Face id, a local folder, or `openai:BASE_URL#MODEL`.
    """

    name = models.CharField(max_length=100, unique=True)
    source = models.CharField(max_length=500)
    revision = models.CharField(max_length=100, blank=True)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children"
    )
    # What it was trained on beside its parent: an export's number, a data set's name, a sha256.
    trained_on = models.CharField(max_length=500, blank=True)
    output_licence = models.CharField(max_length=100, blank=True)
    # Tokens a prompt and its completion may take together; unknown until its files were read.
    context_window_tokens = models.PositiveIntegerField(null=True, blank=True)
    # Folder with tokenizer and chat template, where the source itself has none (an openai: server).
    tokenizer_source = models.CharField(max_length=500, blank=True)
    # The *name* of an environment variable; the key itself is never stored.
    api_key_variable = models.CharField(max_length=100, blank=True)
    weights_sha256 = models.CharField(max_length=64, blank=True)
    tokenizer_sha256 = models.CharField(max_length=64, blank=True)
    chat_template_sha256 = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # Requests are taken from here on, until it is retired.
    activated_at = models.DateTimeField(null=True, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "policies"
        constraints = [
            holds(
                "window_at_least_64",
                Q(context_window_tokens=None) | Q(context_window_tokens__gte=64),
            ),
            holds("active_with_a_window", Q(activated_at=None) | ~Q(context_window_tokens=None)),
            holds("not_its_own_parent", Q(parent=None) | ~Q(parent=F("id"))),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def serves(self) -> bool:
        """Whether it takes requests."""
        return self.activated_at is not None and self.retired_at is None


# The same in a query; `policy__` in front of it where rows point at policies.
SERVES = Q(activated_at__isnull=False, retired_at=None)
POLICY_SERVES = Q(policy__activated_at__isnull=False, policy__retired_at=None)


class PolicyCheck(Model):
    """A dry load of a policy on a GPU worker, and what was found."""

    class State(models.TextChoices):
        QUEUED = "queued"  # waits for a worker
        RUNNING = "running"  # leased to the worker named in lease_owner until lease_until
        PASSED = "passed"  # the policy may be activated
        FAILED = "failed"  # a finding says why

    policy = models.ForeignKey(Policy, models.PROTECT, related_name="checks")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="policy_checks"
    )
    state = models.CharField(max_length=20, choices=State, default=State.QUEUED)
    attempt = models.PositiveSmallIntegerField(default=0)
    lease_owner = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    # [{"code", "verdict": "good" | "remark" | "bad", "detail"}…] in the order in which it was looked.
    findings = models.JSONField(default=list)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            holds(
                "leased_iff_running",
                Q(state="running", lease_until__isnull=False, lease_owner__isnull=False)
                | (~Q(state="running") & Q(lease_until=None, lease_owner=None)),
            ),
            holds(
                "finished_iff_ended",
                Q(state__in=["passed", "failed"], finished_at__isnull=False)
                | (Q(state__in=["queued", "running"]) & Q(finished_at=None)),
            ),
            models.UniqueConstraint(
                fields=["policy"],
                condition=Q(finished_at=None),
                name="sampling_policycheck_one_at_a_time",
            ),
        ]
        indexes = [
            # Reader: a GPU worker claims the oldest, the sweep frees those whose worker died.
            models.Index(
                fields=["id"], condition=Q(finished_at=None), name="policycheck_unfinished"
            ),
        ]
