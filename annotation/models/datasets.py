"""Files in and files out: import runs, frozen datasets, exports."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from annotation.models.words import AllowedUse
from labelhub.accounts.models import Project
from labelhub.constraints import Model, holds, known_elements


class ImportRun(Model):
    """One file read in, and what became of its lines."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="import_runs")
    file_name = models.CharField(max_length=300)
    format = models.CharField(max_length=40)
    # Of the bytes as they came; empty for what cannot be read twice. An unfinished run of the same
    # file is taken up again.
    file_sha256 = models.CharField(max_length=64, blank=True)
    licence = models.CharField(max_length=100, blank=True)
    as_drafts = models.BooleanField(default=False)
    # What its rows may be used for; empty: every use, of comparisons comparing alone.
    allowed_use = ArrayField(
        models.CharField(max_length=20), default=list, db_default=[], blank=True
    )
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="import_runs"
    )
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    n_read = models.PositiveIntegerField(default=0)
    n_added = models.PositiveIntegerField(default=0)
    n_duplicates = models.PositiveIntegerField(default=0)
    # Everything up to this row of the file has been dealt with.
    rows_through = models.PositiveIntegerField(default=0)
    # {"code": count} of refused lines, and of parts of lines that were taken.
    rejects = models.JSONField(default=dict)
    left_out = models.JSONField(default=dict)

    class Meta:
        constraints = [known_elements("allowed_use", AllowedUse.values)]


class RejectedRow(Model):
    """A row of a file that was not taken, as it stood, to be mended and imported again."""

    run = models.ForeignKey(ImportRun, models.PROTECT, related_name="rejected_rows", db_index=False)
    row = models.PositiveIntegerField()
    code = models.CharField(max_length=40)
    detail = models.TextField()
    # Empty where it was too long to hold.
    raw = models.BinaryField()

    class Meta:
        indexes = [
            # Reader: the list of a run's rejects and the file of them, in the file's order.
            models.Index(fields=["run", "id"], name="rejected_row_in_order"),
        ]


class Dataset(Model):
    """A frozen, numbered selection: the ordered ids are in its chunks, the rest in its manifest."""

    class Kind(models.TextChoices):
        SFT = "sft"
        COMPARISONS = "comparisons"
        PROMPTS = "prompts"
        REWRITES = "rewrites"  # what should have been said: never among demonstrations (DATA.md §6)

    project = models.ForeignKey(Project, models.PROTECT, related_name="datasets", db_index=False)
    kind = models.CharField(max_length=20, choices=Kind)
    number = models.PositiveIntegerField()
    # Filters and options that chose the rows.
    recipe = models.JSONField(default=dict)
    n_rows = models.PositiveIntegerField()
    # {"reason": count} of rows left out when it was frozen.
    excluded = models.JSONField(default=dict)
    # Random key of the raters' pseudonyms in files made from it.
    pseudonym_key = models.BinaryField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="datasets", db_index=False
    )
    created_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "kind", "number"],
                name="annotation_dataset_number_once",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="no_delete", operation=pgtrigger.Delete),
            pgtrigger.Trigger(
                name="frozen",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(exclude=["withdrawn_at"]),
                func="RAISE EXCEPTION 'a dataset is frozen; make another';",
            ),
        ]


class DatasetChunk(Model):
    """A run of a dataset's ordered row ids, small enough to read in one short transaction."""

    class RowsOf(models.TextChoices):
        """The table that the ids are of."""

        CONVERSATION = "conversation"
        RANKING = "ranking"
        PROMPT = "prompt"
        FEEDBACK = "feedback"

    dataset = models.ForeignKey(Dataset, models.PROTECT, related_name="chunks", db_index=False)
    number = models.PositiveIntegerField()
    rows_of = models.CharField(max_length=20, choices=RowsOf)
    row_ids = ArrayField(models.BigIntegerField())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["dataset", "number"], name="annotation_chunk_once")
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
            # Gold, exam, retest and evaluation rows can never enter a dataset (DATA.md §4).
            pgtrigger.Trigger(
                name="only_training_rows",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func=(
                    "IF NEW.rows_of = 'ranking' AND EXISTS (SELECT 1 FROM annotation_ranking r"
                    " WHERE r.id = ANY (NEW.row_ids) AND r.purpose <> 'train')"
                    " OR NEW.rows_of = 'conversation' AND EXISTS (SELECT 1"
                    " FROM annotation_conversation c JOIN annotation_assignment a ON a.id = c.assignment_id"
                    " JOIN annotation_task t ON t.id = a.task_id"
                    " WHERE c.id = ANY (NEW.row_ids) AND t.purpose <> 'train')"
                    " OR NEW.rows_of = 'feedback' AND EXISTS (SELECT 1 FROM annotation_feedback f"
                    " JOIN annotation_message m ON m.id = f.message_id"
                    " JOIN annotation_conversation c ON c.id = m.conversation_id"
                    " JOIN annotation_assignment a ON a.id = c.assignment_id"
                    " JOIN annotation_task t ON t.id = a.task_id"
                    " WHERE f.id = ANY (NEW.row_ids) AND t.purpose <> 'train')"
                    " THEN RAISE EXCEPTION 'only rows made for training enter a dataset'; END IF;"
                    " RETURN NEW;"
                ),
            ),
        ]


class SplitKey(Model):
    """The split of one origin, written once: a test prompt is test in every file of the installation.

    Carries no project, since the same prompt may stand in several (DATA.md §6).
    """

    origin_key = models.CharField(max_length=100, unique=True)
    split = models.CharField(max_length=30)
    # What its opening words are like (near_duplicates), so that origins alike share a split; empty
    # where it is an author's, or was written down before these were kept.
    bands = ArrayField(models.BigIntegerField(), default=list, db_default=[])
    sketch = models.BinaryField(default=bytes, db_default=b"")

    class Meta:
        indexes = [
            # Reader: services.split_keys looks for origins that a new one is like.
            GinIndex(fields=["bands"], name="splitkey_bands"),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]


class Export(Model):
    """A file made from a dataset by a job, and how far it has come."""

    class State(models.TextChoices):
        QUEUED = "queued"  # waits for a worker
        RUNNING = "running"  # leased to a worker until lease_until
        DONE = "done"  # whole, under its final name
        FAILED = "failed"  # error_code says why
        CANCELLED = "cancelled"  # somebody stopped it

    project = models.ForeignKey(Project, models.PROTECT, related_name="exports", db_index=False)
    kind = models.CharField(max_length=20, choices=Dataset.Kind)
    format = models.CharField(max_length=40)
    options = models.JSONField(default=dict)
    dataset = models.ForeignKey(Dataset, models.PROTECT, null=True, related_name="exports")
    state = models.CharField(max_length=20, choices=State, default=State.QUEUED)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="exports", db_index=False
    )
    n_rows = models.PositiveIntegerField(null=True)
    n_written = models.PositiveIntegerField(default=0)
    file_name = models.CharField(max_length=300, blank=True)
    n_bytes = models.BigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    manifest = models.JSONField(default=dict)
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
            holds(
                "whole_iff_done",
                (Q(state="done") & ~Q(file_name="") & ~Q(sha256=""))
                | (~Q(state="done") & Q(sha256="")),
            ),
        ]
        indexes = [
            # Reader: the worker claims queued exports, oldest first, and the sweep frees dead ones.
            models.Index(
                fields=["state", "id"],
                condition=Q(state__in=["queued", "running"]),
                name="export_unfinished",
            ),
            # Reader: the manager's page, newest first.
            models.Index(fields=["project", "-id"], name="export_newest_first"),
        ]
