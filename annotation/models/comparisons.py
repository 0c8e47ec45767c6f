"""Comparisons: how they were picked, and what stands in them."""

from __future__ import annotations

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from annotation.models.conversations import Conversation, Message
from annotation.models.projects import Round
from annotation.models.prompts import Prompt
from annotation.models.words import AllowedUse, Purpose, every_use
from labelhub.accounts.models import Project, Rater
from labelhub.constraints import Model, holds, known_elements
from sampling.models import Completion, Context, Generation


class PickRun(Model):
    """One draw of model-written messages; the same rule, seed and moment draw the same again (DATA.md §2)."""

    class Source(models.TextChoices):
        CHATS = "chats"  # model-written messages of finished chats
        IMPORTED = "imported"  # assistant messages of imported conversations
        PROMPTS = "prompts"  # prompts alone

    class Rule(models.TextChoices):
        CONVERSATION_UNIFORM = "conversation-uniform"  # a conversation, then one message within it
        MESSAGE_UNIFORM = "message-uniform"  # long conversations more often, at most once each
        CATEGORY_QUOTA = "category-quota"  # as many of every category, or all of a small one

    project = models.ForeignKey(Project, models.PROTECT, related_name="pick_runs")
    round = models.ForeignKey(Round, models.PROTECT, related_name="pick_runs")
    source = models.CharField(
        max_length=20, choices=Source, default=Source.CHATS, db_default=Source.CHATS
    )
    rule = models.CharField(max_length=40, choices=Rule)
    seed = models.BigIntegerField()
    as_of = models.DateTimeField()
    # Eligible conversations or prompts at as_of, and how many comparisons were asked for.
    population = models.PositiveIntegerField()
    n_wanted = models.PositiveIntegerField()
    created_by = models.ForeignKey(Rater, models.PROTECT, null=True, related_name="pick_runs")
    created_at = models.DateTimeField()
    cancelled_at = models.DateTimeField(null=True, blank=True)


class Comparison(Model):
    """A context with K candidate completions to be ranked by one criterion."""

    class State(models.TextChoices):
        SAMPLING = "sampling"  # candidates are being generated
        READY = "ready"  # frozen; being ranked
        FAILED = "failed"  # fewer than two candidates could be made; error says why
        CANCELLED = "cancelled"  # a manager called its sampling off; it can be tried again
        SUPERSEDED = "superseded"  # made again with other candidates

    class Criterion(models.TextChoices):
        OVERALL = "overall"
        HELPFULNESS = "helpfulness"
        HARMLESSNESS = "harmlessness"
        CUSTOM = "custom"

    class Direction(models.TextChoices):
        """In red-teaming data the *more* harmful reply was chosen: a ranking needs its question."""

        MORE = "more"  # rank 1 has most of the criterion
        LESS = "less"  # rank 1 has least of it

    project = models.ForeignKey(Project, models.PROTECT, related_name="comparisons")
    round = models.ForeignKey(
        Round, models.PROTECT, null=True, related_name="comparisons", db_index=False
    )
    purpose = models.CharField(max_length=20, choices=Purpose, default=Purpose.TRAIN)
    criterion = models.CharField(max_length=20, choices=Criterion)
    criterion_text = models.CharField(max_length=500, blank=True)
    direction = models.CharField(max_length=10, choices=Direction, default=Direction.MORE)
    state = models.CharField(max_length=20, choices=State)
    # Exactly what candidates were sampled from and raters are shown, with its hash.
    context = models.ForeignKey(Context, models.PROTECT, related_name="comparisons")
    conversation = models.ForeignKey(
        Conversation, models.PROTECT, null=True, related_name="comparisons"
    )
    message = models.ForeignKey(Message, models.PROTECT, null=True, related_name="comparisons")
    # The prompt it was made from, where it was made from one alone.
    prompt = models.ForeignKey(Prompt, models.PROTECT, null=True, related_name="comparisons")
    pick_run = models.ForeignKey(PickRun, models.PROTECT, null=True, related_name="comparisons")
    pick_probability = models.FloatField(null=True)
    supersedes = models.OneToOneField(
        "self", models.PROTECT, null=True, related_name="superseded_by"
    )
    language = models.CharField(max_length=35, default="en")
    category = models.CharField(max_length=60, blank=True)
    origin_key = models.CharField(max_length=100)
    source = models.CharField(max_length=200, blank=True)
    licence = models.CharField(max_length=100, blank=True)
    allowed_use = ArrayField(models.CharField(max_length=20), default=every_use)
    sensitivity = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    import_run = models.ForeignKey(
        "annotation.ImportRun",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="comparisons",
        db_index=False,
    )
    source_row = models.PositiveIntegerField(null=True, blank=True)
    # An imported comparison's own id, so that a second import adds nothing.
    external_id = models.CharField(max_length=200, blank=True)
    n_resamples = models.PositiveSmallIntegerField(default=0)
    error_code = models.CharField(max_length=60, blank=True)
    error_detail = models.TextField(blank=True)
    created_at = models.DateTimeField()
    ready_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            known_elements("allowed_use", AllowedUse.values),
            holds(
                "ready_at_iff_ready",
                Q(state__in=["ready", "superseded"], ready_at__isnull=False)
                | (~Q(state__in=["ready", "superseded"]) & Q(ready_at=None)),
            ),
            holds(
                "reason_iff_failed",
                (Q(state="failed") & ~Q(error_code="")) | (~Q(state="failed") & Q(error_code="")),
            ),
            holds(
                "picked_message_of_a_conversation",
                Q(message=None) | Q(conversation__isnull=False),
            ),
            # At most one pick per conversation and round (DATA.md §2), and so for prompts alone.
            models.UniqueConstraint(
                fields=["conversation", "round"],
                condition=Q(pick_run__isnull=False)
                & ~Q(state__in=["superseded", "failed", "cancelled"]),
                name="annotation_comparison_one_pick_per_round",
            ),
            models.UniqueConstraint(
                fields=["prompt", "round"],
                condition=Q(pick_run__isnull=False, prompt__isnull=False)
                & ~Q(state__in=["superseded", "failed", "cancelled"]),
                name="annotation_comparison_one_prompt_per_round",
            ),
            holds("conversation_or_prompt", Q(conversation=None) | Q(prompt=None)),
            models.UniqueConstraint(
                fields=["project", "external_id"],
                condition=~Q(external_id=""),
                name="annotation_comparison_imported_once",
            ),
        ]
        indexes = [
            # Reader: the manager's page lists what is still sampling or failed.
            models.Index(
                fields=["project", "state", "id"],
                condition=Q(state__in=["sampling", "failed", "cancelled"]),
                name="comparison_unready",
            ),
            # Reader: the manager's page counts what became ready an hour.
            models.Index(
                fields=["project", "ready_at"],
                condition=Q(pick_run__isnull=False, ready_at__isnull=False),
                name="comparison_sampled",
            ),
        ]


class CandidateSampling(Model):
    """A generation that was asked for candidates of a comparison."""

    comparison = models.ForeignKey(Comparison, models.PROTECT, related_name="samplings")
    generation = models.OneToOneField(Generation, models.PROTECT, related_name="candidate_sampling")


class Candidate(Model):
    """One completion to be ranked. Where it came from is hidden from whoever ranks it."""

    class Origin(models.TextChoices):
        FRESH = "fresh"  # sampled for this comparison
        ORIGINAL = "original"  # the picked message itself
        REFERENCE = "reference"  # written by a person
        IMPORTED = "imported"  # came in a file

    project = models.ForeignKey(Project, models.PROTECT, related_name="candidates", db_index=False)
    comparison = models.ForeignKey(
        Comparison, models.PROTECT, related_name="candidates", db_index=False
    )
    index = models.PositiveSmallIntegerField()
    origin = models.CharField(max_length=20, choices=Origin)
    # As raters are shown it. Where it has a mask, its completion's text is what was said, and where
    # there is none, `provenance["said"]`.
    content = models.TextField(blank=True)
    completion = models.ForeignKey(
        Completion, models.PROTECT, null=True, related_name="candidates", db_index=False
    )
    # Cut by max_tokens even at twice the budget: ranked, left out of win rates.
    cut_by_length = models.BooleanField(default=False)
    # 5-shingle Jaccard ≥ 0.9 with an earlier candidate (DATA.md §2).
    near_identical = models.BooleanField(default=False)
    # It named a model, which `content` has a mask for: left out of win rates (DATA.md §4).
    names_model = models.BooleanField(default=False, db_default=False)
    external_id = models.CharField(max_length=200, blank=True)
    # What an imported candidate's file said of its making: policy, params, seed, finish_reason.
    provenance = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [
            holds(
                "sampled_iff_completion",
                Q(origin__in=["fresh", "original"], completion__isnull=False)
                | Q(origin__in=["reference", "imported"], completion=None),
            ),
            models.UniqueConstraint(
                fields=["comparison", "index"], name="annotation_candidate_once"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            pgtrigger.Trigger(
                name="frozen_when_ready",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                level=pgtrigger.Statement,
                referencing=pgtrigger.Referencing(new="added"),
                func=(
                    "IF EXISTS (SELECT 1 FROM annotation_comparison c JOIN added"
                    " ON c.id = added.comparison_id"
                    " WHERE c.ready_at IS NOT NULL AND c.import_run_id IS NULL)"
                    " THEN RAISE EXCEPTION 'the comparison is frozen'; END IF; RETURN NULL;"
                ),
            ),
        ]
