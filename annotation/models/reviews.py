"""What reviewers said of demonstrations."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import Q

from annotation.models.conversations import Conversation, Message
from annotation.models.queue import Assignment
from labelhub.accounts.models import Project, Rater
from labelhub.constraints import Model, holds


class Review(Model):
    """A reviewer's verdict on one conversation."""

    class Verdict(models.TextChoices):
        APPROVED = "approved"  # fit to train on as it is
        FIXED = "fixed"  # fit after the reviewer's own edits
        RETURNED = "returned"  # its author is asked for another version
        REJECTED = "rejected"  # used for nothing
        SCORED = "scored"  # of an entry exam: said how good it is, decided nothing

    project = models.ForeignKey(Project, models.PROTECT, related_name="reviews")
    assignment = models.OneToOneField(Assignment, models.PROTECT, related_name="review")
    conversation = models.ForeignKey(Conversation, models.PROTECT, related_name="reviews")
    rater = models.ForeignKey(Rater, models.PROTECT, related_name="reviews")
    verdict = models.CharField(max_length=20, choices=Verdict)
    # How good an exam's demonstration is, 1 to 7; null for every other verdict.
    score = models.PositiveSmallIntegerField(null=True, blank=True)
    comment = models.TextField(blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            holds(
                "score_iff_scored",
                Q(verdict="scored", score__range=(1, 7), score__isnull=False)
                | (~Q(verdict="scored") & Q(score=None)),
            ),
        ]
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
