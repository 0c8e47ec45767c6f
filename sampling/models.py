"""What a policy was asked and what it said."""

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


class Provenance(Model):
    """Which engine, weights and arithmetic wrote completions; equal ones share a row."""

    # Over all the rest.
    sha256 = models.CharField(max_length=64, unique=True)
    engine = models.CharField(max_length=40)
    engine_version = models.CharField(max_length=200)
    # As the engine was told: a folder, a hub id, or a server and the model's name there.
    model_name = models.CharField(max_length=500)
    revision = models.CharField(max_length=100, blank=True)
    weights_sha256 = models.CharField(max_length=64, blank=True)
    tokenizer_sha256 = models.CharField(max_length=64, blank=True)
    chat_template_sha256 = models.CharField(max_length=64, blank=True)
    dtype = models.CharField(max_length=40, blank=True)
    device = models.CharField(max_length=100, blank=True)
    attention = models.CharField(max_length=40, blank=True)
    # Sampling fields that a server does not take: its own defaults applied.
    left_to_server = ArrayField(models.CharField(max_length=40), default=list, blank=True)

    class Meta:
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]


class Completion(Model):
    """One policy's answer, as it ended. `mean_logprob` is the unwarped model's, in nats per token."""

    class FinishReason(models.TextChoices):
        STOP = "stop"  # the policy ended its turn
        LENGTH = "length"  # max_tokens or the window cut it
        STOP_STRING = "stop_string"  # a stop string of the request appeared
        CANCELLED = "cancelled"  # somebody stopped it; the text so far is kept
        ERROR = "error"  # the engine failed inside this row; the text so far is kept

    class Reproducible(models.TextChoices):
        EXACT = "exact"  # the same seed gives the same tokens on this machine
        BEST_EFFORT = "best-effort"  # nearly always
        NONE = "none"  # the engine takes no seeds

    generation = models.ForeignKey(
        Generation, models.PROTECT, related_name="completions", db_index=False
    )
    index = models.PositiveSmallIntegerField()
    seed = models.BigIntegerField()
    text = models.TextField(blank=True)
    finish_reason = models.CharField(max_length=20, choices=FinishReason)
    stop_matched = models.CharField(max_length=200, blank=True)
    n_prompt_tokens = models.PositiveIntegerField()
    n_cached_tokens = models.PositiveIntegerField(default=0)
    n_tokens = models.PositiveIntegerField()
    mean_logprob = models.FloatField(null=True)
    queue_seconds = models.FloatField(null=True)
    first_token_seconds = models.FloatField(null=True)
    total_seconds = models.FloatField(null=True)
    # Completions that shared its first decoding step, itself included.
    n_in_step = models.PositiveIntegerField(null=True)
    # None where it was written elsewhere and imported, or by hand.
    provenance = models.ForeignKey(
        Provenance, models.PROTECT, null=True, related_name="completions"
    )
    # As a server gave it.
    system_fingerprint = models.CharField(max_length=200, blank=True)
    reproducible = models.CharField(max_length=20, choices=Reproducible)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["generation", "index"], name="sampling_completion_once"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]


class Trace(Model):
    """Token ids and log-probabilities of a completion, packed; may be pruned, the text stays.

    `prompt_token_ids` and `token_ids` are little-endian uint32, `logprobs` little-endian float32.
    """

    completion = models.OneToOneField(Completion, models.CASCADE, related_name="trace")
    prompt_token_ids = models.BinaryField()
    token_ids = models.BinaryField()
    logprobs = models.BinaryField()


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
