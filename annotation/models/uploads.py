"""Files that are sent in parts, and the jobs that import them."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from annotation.models.datasets import ImportRun
from annotation.models.words import AllowedUse
from labelhub.accounts.models import Project
from labelhub.constraints import Model, holds, known_elements


class Upload(Model):
    """A file sent in parts of `PART_BYTES`, and the job that reads it into its project."""

    # Small enough for one request, see MAX_JSON_BYTES.
    PART_BYTES = 2 * 1024 * 1024

    class State(models.TextChoices):
        RECEIVING = "receiving"  # parts are missing
        QUEUED = "queued"  # waits for a worker
        RUNNING = "running"  # leased to a worker until lease_until
        DONE = "done"  # every row has been read
        FAILED = "failed"  # error_code says why
        CANCELLED = "cancelled"  # somebody stopped it; rows that went in stay

    project = models.ForeignKey(Project, models.PROTECT, related_name="uploads", db_index=False)
    file_name = models.CharField(max_length=300)
    n_bytes = models.BigIntegerField()
    # Empty where it is to be told from the first rows.
    format = models.CharField(max_length=40, blank=True)
    licence = models.CharField(max_length=100, blank=True)
    as_drafts = models.BooleanField(default=False)
    # As ImportRun has it.
    allowed_use = ArrayField(
        models.CharField(max_length=20), default=list, db_default=[], blank=True
    )
    state = models.CharField(max_length=20, choices=State, default=State.RECEIVING)
    n_bytes_read = models.BigIntegerField(default=0)
    import_run = models.OneToOneField(ImportRun, models.PROTECT, null=True, related_name="upload")
    # The file of rejected rows in the storage, where there are any.
    rejects_name = models.CharField(max_length=300, blank=True)
    rejects_sha256 = models.CharField(max_length=64, blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="uploads", db_index=False
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
            known_elements("allowed_use", AllowedUse.values),
            holds("holds_something", Q(n_bytes__gt=0)),
            holds(
                "leased_iff_running",
                Q(state="running", lease_until__isnull=False)
                | (~Q(state="running") & Q(lease_until=None)),
            ),
        ]
        indexes = [
            # Reader: the worker claims queued ones, oldest first, and the sweep frees dead ones.
            models.Index(
                fields=["state", "id"],
                condition=Q(state__in=["queued", "running"]),
                name="upload_unfinished",
            ),
            # Reader: the manager's page, newest first.
            models.Index(fields=["project", "-id"], name="upload_newest_first"),
        ]

    @property
    def n_parts(self) -> int:
        return -(-self.n_bytes // self.PART_BYTES)


class UploadPart(Model):
    """That a part has come; its bytes are in the storage until the file has been read."""

    upload = models.ForeignKey(Upload, models.PROTECT, related_name="parts", db_index=False)
    number = models.PositiveIntegerField()
    # Its name in the storage, which no other sending of the same part has.
    name = models.CharField(max_length=300)
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["upload", "number"], name="annotation_uploadpart_once")
        ]
