"""Personal data found in what people wrote (DATA.md §6)."""

from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from annotation.datasets import screening
from annotation.models.conversations import Message
from annotation.models.datasets import DatasetChunk
from labelhub.accounts.models import Project
from labelhub.constraints import Model, holds


class PersonalDataFinding(Model):
    """A span of a message that looks like personal data; its author was warned and handed it in."""

    class Kind(models.TextChoices):
        EMAIL = "email"
        PHONE = "phone"
        CARD = "card"
        IBAN = "iban"
        IP = "ip"

    project = models.ForeignKey(Project, models.PROTECT, related_name="personal_data_findings")
    message = models.ForeignKey(Message, models.PROTECT, related_name="personal_data_findings")
    kind = models.CharField(max_length=20, choices=Kind)
    # Characters of the content: from `start` up to but not including `end`.
    start = models.PositiveIntegerField()
    end = models.PositiveIntegerField()
    found_at = models.DateTimeField()

    class Meta:
        constraints = [
            holds("span_has_length", Q(end__gt=F("start"))),
            models.UniqueConstraint(
                fields=["message", "start", "kind"], name="annotation_personaldata_once"
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]


class PersonalDataHold(Model):
    """A row that datasets leave out for what looks like personal data in it, until somebody decides."""

    class Decision(models.TextChoices):
        OPEN = "open"  # nobody has looked
        KEPT = screening.KEPT  # it is nobody's, or may be known: the row goes in as it is
        BLANKED = screening.BLANKED  # the row goes in with the kind of thing in its place
        EXCLUDED = screening.EXCLUDED  # the row stays out, whatever is asked for

    project = models.ForeignKey(
        Project, models.PROTECT, related_name="personal_data_holds", db_index=False
    )
    rows_of = models.CharField(max_length=20, choices=DatasetChunk.RowsOf)
    row_id = models.BigIntegerField()
    language = models.CharField(max_length=35)
    kinds = ArrayField(models.CharField(max_length=20))
    found_at = models.DateTimeField()
    decision = models.CharField(max_length=20, choices=Decision, default=Decision.OPEN)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="personal_data_decisions",
        db_index=False,
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            holds(
                "decided_iff_not_open",
                Q(decision="open", decided_at=None)
                | (~Q(decision="open") & Q(decided_at__isnull=False)),
            ),
            models.UniqueConstraint(
                fields=["rows_of", "row_id"], name="annotation_personaldatahold_once"
            ),
        ]
        indexes = [
            # Reader: the manager's page, oldest first.
            models.Index(fields=["project", "id"], name="personal_data_hold_in_order"),
        ]
        triggers = [pgtrigger.Protect(name="no_delete", operation=pgtrigger.Delete)]
