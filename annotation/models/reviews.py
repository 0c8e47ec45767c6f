"""What reviewers said of demonstrations."""

from __future__ import annotations

import pgtrigger
from django.db import models

from annotation.models.conversations import Conversation, Message
from annotation.models.queue import Assignment
from labelhub.accounts.models import Project, Rater
from labelhub.constraints import Model


class Review(Model):
    """A reviewer's verdict on one conversation."""

    class Verdict(models.TextChoices):
        APPROVED = "approved"  # fit to train on as it is
        FIXED = "fixed"  # fit after the reviewer's own edits
        RETURNED = "returned"  # its author is asked for another version
        REJECTED = "rejected"  # used for nothing

    project = models.ForeignKey(Project, models.PROTECT, related_name="reviews")
    assignment = models.OneToOneField(Assignment, models.PROTECT, related_name="review")
    conversation = models.ForeignKey(Conversation, models.PROTECT, related_name="reviews")
    rater = models.ForeignKey(Rater, models.PROTECT, related_name="reviews")
    verdict = models.CharField(max_length=20, choices=Verdict)
    comment = models.TextField(blank=True)
    created_at = models.DateTimeField()

    class Meta:
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]


class ReviewComment(Model):
    """A reviewer's remark on one turn."""

    review = models.ForeignKey(Review, models.PROTECT, related_name="comments")
    message = models.ForeignKey(Message, models.PROTECT, related_name="review_comments")
    text = models.TextField()

    class Meta:
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]
