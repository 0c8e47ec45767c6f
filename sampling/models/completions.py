"""What policies said, and which engine, weights and arithmetic said it."""

from __future__ import annotations

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models

from labelhub.constraints import Model
from sampling.models.generations import Generation


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
