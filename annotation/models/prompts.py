"""Seeds of conversations."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from annotation.models.words import AllowedUse, every_use
from labelhub.accounts.models import Project, Rater
from labelhub.constraints import Model, known_elements


class Prompt(Model):
    """A first user turn, or a brief that tells the trainer what to write about."""

    class Kind(models.TextChoices):
        PROMPT = "prompt"  # the literal first user turn
        BRIEF = "brief"  # an instruction to the trainer

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

    class Meta:
        constraints = [
            known_elements("allowed_use", AllowedUse.values),
            models.UniqueConstraint(
                fields=["project", "content_sha256"], name="annotation_prompt_text_once"
            ),
        ]

    def __str__(self) -> str:
        return self.text[:80]
