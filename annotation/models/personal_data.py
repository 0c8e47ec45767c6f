"""Personal data found in what people wrote (DATA.md §6)."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import F, Q

from annotation.models.conversations import Message
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
