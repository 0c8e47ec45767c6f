"""Datasets that are declared: recipes, the benchmarks kept out of them, and their frozen versions."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from annotation.models.datasets import Dataset, Export
from labelhub.accounts.models import Project
from labelhub.constraints import Model, holds


class Recipe(Model):
    """What a dataset is to be made of, declared once and frozen as often as wanted.

    `contents` is what serializers.recipes.Contents says: sources, screening, seed and file.
    """

    class Kind(models.TextChoices):
        SFT = "sft"
        COMPARISONS = "comparisons"

    project = models.ForeignKey(Project, models.PROTECT, related_name="recipes", db_index=False)
    name = models.SlugField(max_length=60, db_index=False)
    kind = models.CharField(max_length=20, choices=Kind)
    contents = models.JSONField()
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="recipes", db_index=False
    )
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="annotation_recipe_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class Benchmark(Model):
    """A file of texts that training data must not hold: the hashes of its 13-word runs, not the texts."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="benchmarks", db_index=False)
    name = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64)
    n_texts = models.PositiveIntegerField()
    # Texts of fewer words than a run: nothing can be told of them.
    n_too_short = models.PositiveIntegerField()
    n_runs = models.PositiveIntegerField()
    # Sorted unsigned 64-bit integers, 8 bytes each.
    runs = models.BinaryField()
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="benchmarks",
        db_index=False,
    )
    added_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "sha256"], name="annotation_benchmark_once"),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return self.name


class Freezing(Model):
    """A job that mixes a recipe's rows: to count them, or to make a version of them."""

    class Stage(models.TextChoices):
        SELECTING = "selecting"  # the rows of each source
        SCREENING = "screening"  # personal data, benchmarks, near-duplicates, tokens
        WRITING = "writing"  # the files of the frozen rows

    project = models.ForeignKey(Project, models.PROTECT, related_name="freezings", db_index=False)
    recipe = models.ForeignKey(Recipe, models.PROTECT, related_name="freezings")
    # Counts only: nothing is frozen and nothing written.
    is_trial = models.BooleanField()
    # The recipe as it stood when this was asked for.
    kind = models.CharField(max_length=20, choices=Recipe.Kind)
    contents = models.JSONField()
    state = models.CharField(max_length=20, choices=Export.State, default=Export.State.QUEUED)
    stage = models.CharField(max_length=20, choices=Stage, default=Stage.SELECTING)
    n_rows = models.PositiveIntegerField(null=True)
    n_through = models.PositiveIntegerField(default=0)
    # Rows and tokens by source and by category, and what was left out and why; empty until counted.
    table = models.JSONField(default=dict)
    dataset = models.OneToOneField(Dataset, models.PROTECT, null=True, related_name="freezing")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="freezings",
        db_index=False,
    )
    attempt = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(max_length=60, blank=True)
    error_detail = models.TextField(blank=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            holds(
                "leased_iff_running",
                Q(state="running", lease_until__isnull=False)
                | (~Q(state="running") & Q(lease_until=None)),
            ),
            holds("trials_freeze_nothing", Q(is_trial=False) | Q(dataset=None)),
            # One worker at a time mixes a recipe.
            models.UniqueConstraint(
                fields=["recipe"],
                condition=Q(state__in=["queued", "running"]),
                name="annotation_freezing_one_at_a_time",
            ),
        ]
        indexes = [
            # Reader: the sweep looks for jobs that nobody heard of or whose worker died.
            models.Index(
                fields=["state"],
                condition=Q(state__in=["queued", "running"]),
                name="freezing_under_way",
            ),
        ]


class DatasetVersion(Model):
    """A numbered version of a recipe: frozen rows, their files and card. Only withdrawal touches it.

    The archive holds the files, `manifest` as JSON, the card as README.md, and its plots.
    """

    project = models.ForeignKey(
        Project, models.PROTECT, related_name="dataset_versions", db_index=False
    )
    recipe = models.ForeignKey(Recipe, models.PROTECT, related_name="versions", db_index=False)
    number = models.PositiveIntegerField()
    dataset = models.OneToOneField(Dataset, models.PROTECT, related_name="version")
    manifest = models.JSONField()
    card = models.TextField()
    # An SVG by file name.
    plots = models.JSONField()
    # Over the lines “<sha256>  <name>” of its data files, as sha256sum would write them.
    sha256 = models.CharField(max_length=64)
    archive = models.CharField(max_length=300)
    n_bytes = models.BigIntegerField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="dataset_versions",
        db_index=False,
    )
    created_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_because = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["recipe", "number"], name="annotation_version_number_once"
            ),
            holds(
                "reason_iff_withdrawn",
                Q(withdrawn_at=None, withdrawn_because="")
                | (Q(withdrawn_at__isnull=False) & ~Q(withdrawn_because="")),
            ),
        ]
        indexes = [
            # Reader: the manager's list of a project's versions, newest first.
            models.Index(fields=["project", "-id"], name="version_newest_first"),
        ]
        triggers = [
            pgtrigger.Protect(name="no_delete", operation=pgtrigger.Delete),
            pgtrigger.Trigger(
                name="frozen",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(exclude=["withdrawn_at", "withdrawn_because"]),
                func="RAISE EXCEPTION 'a version is frozen; make another';",
            ),
            pgtrigger.Trigger(
                name="withdrawn_for_good",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__withdrawn_at__isnull=False),
                func="RAISE EXCEPTION 'a withdrawn version stays withdrawn';",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.recipe} v{self.number}"
