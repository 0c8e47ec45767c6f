"""Seeds of conversations, and how many of each sort are wanted."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from annotation.models.words import AllowedUse, TaskKind, every_use
from labelhub.accounts.models import Project, Rater
from labelhub.constraints import Model, holds, known_elements


class Prompt(Model):
    """A first user turn, or a brief that tells the trainer what to write about."""

    class Kind(models.TextChoices):
        PROMPT = "prompt"  # the literal first user turn
        BRIEF = "brief"  # an instruction to the trainer
        FREE = "free"  # the trainer invents the conversation; handed out any number of times

    project = models.ForeignKey(Project, models.PROTECT, related_name="prompts", db_index=False)
    kind = models.CharField(max_length=20, choices=Kind)
    text = models.TextField()
    # Turns that stand before `text`, where a file gave a longer context: [{"role", "content"}…].
    turns_before = models.JSONField(default=list, blank=True)
    category = models.CharField(max_length=60, blank=True)
    language = models.CharField(max_length=35, default="en")
    author = models.ForeignKey(Rater, models.PROTECT, null=True, related_name="prompts")
    source = models.CharField(max_length=200, blank=True)
    licence = models.CharField(max_length=100, blank=True)
    allowed_use = ArrayField(models.CharField(max_length=20), default=every_use)
    sensitivity = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    origin_key = models.CharField(max_length=100)
    content_sha256 = models.CharField(max_length=64)
    import_run = models.ForeignKey(
        "annotation.ImportRun",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="prompts",
        db_index=False,
    )
    source_row = models.PositiveIntegerField(null=True, blank=True)
    # What an imported line said beyond its turns and has no column here.
    imported_fields = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    # By which prompts alike are found (near_duplicates.bands); empty until compared.
    bands = ArrayField(models.BigIntegerField(), default=list, db_default=[], blank=True)
    compared_at = models.DateTimeField(null=True, blank=True)
    # An older prompt that says nearly the same, until a manager says that both may stay.
    alike_to = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="alike", db_index=False
    )
    # Since when no new task is made from it.
    set_aside_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            known_elements("allowed_use", AllowedUse.values),
            models.UniqueConstraint(
                fields=["project", "content_sha256"], name="annotation_prompt_text_once"
            ),
        ]
        indexes = [
            # Reader: services.prompts looks for prompts alike.
            GinIndex(fields=["bands"], name="prompt_bands"),
            # Reader: the sweep finds prompts that were never compared.
            models.Index(fields=["id"], condition=Q(compared_at=None), name="prompt_to_compare"),
            # Reader: the manager's list of prompts that say nearly the same as another.
            models.Index(
                fields=["project", "id"],
                condition=Q(alike_to__isnull=False),
                name="prompt_alike",
            ),
        ]

    def __str__(self) -> str:
        return self.text[:80]


class PromptQuota(Model):
    """How many tasks of a kind a project wants in a category; no row: as many as there are prompts."""

    project = models.ForeignKey(
        Project, models.PROTECT, related_name="prompt_quotas", db_index=False
    )
    kind = models.CharField(max_length=20, choices=TaskKind)
    category = models.CharField(max_length=60, blank=True)
    target = models.PositiveIntegerField()

    class Meta:
        constraints = [
            holds("kind_begins_with_a_prompt", Q(kind__in=["demonstration", "chat"])),
            models.UniqueConstraint(
                fields=["project", "kind", "category"], name="annotation_promptquota_once"
            ),
        ]
