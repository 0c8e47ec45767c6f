"""The work queue: tasks, the answers they want, and who holds which."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from annotation.models.projects import Batch, Guideline, Round
from annotation.models.prompts import Prompt
from annotation.models.words import Purpose, TaskKind
from labelhub.accounts.models import Project, Rater
from labelhub.constraints import Model, holds


class Pool(Model):
    """Tasks that ask the same of a person; who may claim is decided once a pool, not once a task."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="pools", db_index=False)
    kind = models.CharField(max_length=20, choices=TaskKind)
    language = models.CharField(max_length=35)
    sensitivity = ArrayField(models.CharField(max_length=50), default=list)
    skill = models.CharField(max_length=50, blank=True)
    # When work last came back to its old place here: given back, expired, put back, one more opinion.
    came_back_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["project", "kind", "language", "sensitivity", "skill"],
                name="annotation_pool_once",
            ),
        ]


class Task(Model):
    """A unit of human work."""

    class State(models.TextChoices):
        OPEN = "open"  # wants answers
        DONE = "done"  # every slot is answered
        WITHDRAWN = "withdrawn"  # a manager took it out; answers so far are kept

    project = models.ForeignKey(Project, models.PROTECT, related_name="tasks", db_index=False)
    round = models.ForeignKey(
        Round, models.PROTECT, null=True, related_name="tasks", db_index=False
    )
    batch = models.ForeignKey(
        Batch, models.PROTECT, null=True, related_name="tasks", db_index=False
    )
    kind = models.CharField(max_length=20, choices=TaskKind)
    purpose = models.CharField(max_length=20, choices=Purpose, default=Purpose.TRAIN)
    pool = models.ForeignKey(Pool, models.PROTECT, related_name="tasks", db_index=False)
    order_key = models.BigIntegerField()
    state = models.CharField(max_length=20, choices=State, default=State.OPEN)
    prompt = models.ForeignKey(Prompt, models.PROTECT, null=True, related_name="tasks")
    comparison = models.ForeignKey(
        "annotation.Comparison", models.PROTECT, null=True, related_name="tasks"
    )
    # What a review judges, or the returned version that a demonstration is to improve on.
    subject = models.ForeignKey(
        "annotation.Conversation", models.PROTECT, null=True, related_name="tasks"
    )
    # Raters who wrote or reviewed what the task is about.
    barred_raters = ArrayField(models.BigIntegerField(), default=list)
    # Only this rater may do it: a returned demonstration goes back to its author.
    reserved_for = models.ForeignKey(
        Rater, models.PROTECT, null=True, related_name="reserved_tasks"
    )
    created_at = models.DateTimeField()
    # When a lead last decided what becomes of it after people had skipped it: put back, or dropped.
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            holds(
                "subject_fits_kind",
                Q(kind="ranking", comparison__isnull=False, prompt=None, subject=None)
                | Q(kind="review", comparison=None, prompt=None, subject__isnull=False)
                | Q(kind__in=["demonstration", "chat"], comparison=None),
            ),
        ]
        indexes = [
            # Reader: the manager's progress tiles count open tasks, bounded.
            models.Index(fields=["project", "kind"], condition=Q(state="open"), name="task_open"),
            # Reader: selectors.withdrawn lists what people skipped and no lead decided on.
            models.Index(
                fields=["project", "id"],
                condition=Q(state="withdrawn", settled_at=None),
                name="task_withdrawn",
            ),
        ]


class Reason(models.TextChoices):
    """Why this answer was asked for. Statistics use `planned` only (DATA.md §4)."""

    PLANNED = "planned"
    EXTRA = "extra"  # one more, because the planned ones disagreed
    ADJUDICATION = "adjudication"  # a lead decides
    REDO = "redo"  # a returned demonstration, or a rule changed


class Slot(Model):
    """One wanted answer to a task. The columns after `index` repeat the task's, for the claim's one index."""

    class State(models.TextChoices):
        OPEN = "open"  # nobody holds it
        LEASED = "leased"  # one live assignment holds it
        ANSWERED = "answered"  # a submission filled it
        WITHDRAWN = "withdrawn"  # its task was taken out

    task = models.ForeignKey(Task, models.PROTECT, related_name="slots", db_index=False)
    index = models.PositiveSmallIntegerField()
    pool = models.ForeignKey(Pool, models.PROTECT, related_name="slots", db_index=False)
    batch = models.ForeignKey(
        Batch, models.PROTECT, null=True, related_name="slots", db_index=False
    )
    priority = models.PositiveSmallIntegerField(default=100)
    order_key = models.BigIntegerField()
    state = models.CharField(max_length=20, choices=State, default=State.OPEN)
    reason = models.CharField(
        max_length=20, choices=Reason, default=Reason.PLANNED, db_default=Reason.PLANNED
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["task", "index"], name="annotation_slot_once"),
        ]
        indexes = [
            # Reader: selectors.queue's claim query, in this order.
            models.Index(
                fields=["pool", "priority", "order_key", "id"],
                condition=Q(state="open"),
                name="slot_open",
            ),
        ]


class Assignment(Model):
    """A person's lease on a slot, and how it ended."""

    class State(models.TextChoices):
        LEASED = "leased"  # theirs until lease_until
        SUBMITTED = "submitted"  # answered
        SKIPPED = "skipped"  # handed back with a reason
        EXPIRED = "expired"  # the lease ran out; claiming again revives it with all that was saved

    Reason = Reason

    class SkipReason(models.TextChoices):
        UNCLEAR = "unclear"
        OUTSIDE_SKILL = "outside_skill"
        WRONG_LANGUAGE = "wrong_language"
        PREFER_NOT = "prefer_not"
        BROKEN = "broken"

    class DraftArm(models.TextChoices):
        DRAFTS = "drafts"
        NO_DRAFTS = "no_drafts"

    project = models.ForeignKey(Project, models.PROTECT, related_name="assignments")
    task = models.ForeignKey(Task, models.PROTECT, related_name="assignments", db_index=False)
    slot = models.ForeignKey(Slot, models.PROTECT, related_name="assignments", db_index=False)
    batch = models.ForeignKey(
        Batch, models.PROTECT, null=True, related_name="assignments", db_index=False
    )
    rater = models.ForeignKey(Rater, models.PROTECT, related_name="assignments", db_index=False)
    kind = models.CharField(max_length=20, choices=TaskKind)
    reason = models.CharField(max_length=20, choices=Reason, default=Reason.PLANNED)
    state = models.CharField(max_length=20, choices=State, default=State.LEASED)
    guideline = models.ForeignKey(
        Guideline, models.PROTECT, null=True, related_name="assignments", db_index=False
    )
    rating_schema = models.ForeignKey(
        "annotation.RatingSchema",
        models.PROTECT,
        null=True,
        related_name="assignments",
        db_index=False,
    )
    round = models.ForeignKey(
        Round, models.PROTECT, null=True, related_name="assignments", db_index=False
    )
    draft_arm = models.CharField(max_length=20, choices=DraftArm, blank=True)
    # True where the project lets people judge what they wrote; left out of all statistics.
    own_conversation = models.BooleanField(default=False)
    # The candidates' order on this person's page, as candidate indexes.
    shown_order = ArrayField(models.PositiveSmallIntegerField(), default=list)
    leased_at = models.DateTimeField()
    lease_until = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True, blank=True)
    last_beat_at = models.DateTimeField()
    # The browser page that works on it: a second one is told, and asked who goes on.
    page_key = models.UUIDField(null=True, blank=True)
    # The page that was closed last: it is at work no more, whatever else still arrives of it.
    left_page_key = models.UUIDField(null=True, blank=True)
    # Sum over server-received beats of min(gap, 60 s), waiting for the model included (DATA.md §7);
    # ActiveTime has it by day.
    active_seconds = models.FloatField(default=0)
    skip_reason = models.CharField(max_length=20, choices=SkipReason, blank=True)
    skip_comment = models.TextField(blank=True)
    # When what follows a submitted ranking was done: another opinion, gold and retests, the exam.
    followed_up_at = models.DateTimeField(null=True, blank=True)
    submission_key = models.UUIDField(null=True, blank=True)
    submission_sha256 = models.CharField(max_length=64, blank=True)
    # A submission that came after the lease was lost and the slot taken, kept for its author.
    kept_submission = models.JSONField(null=True, blank=True)

    class Meta:
        constraints = [
            holds(
                "submitted_iff_keyed",
                Q(
                    state="submitted",
                    submitted_at__isnull=False,
                    submission_key__isnull=False,
                )
                | (~Q(state="submitted") & Q(submitted_at=None)),
            ),
            holds(
                "reason_iff_skipped",
                (Q(state="skipped") & ~Q(skip_reason=""))
                | (~Q(state="skipped") & Q(skip_reason="")),
            ),
            models.UniqueConstraint(
                fields=["slot"],
                condition=Q(state__in=["leased", "submitted"]),
                name="annotation_assignment_one_live_per_slot",
            ),
            models.UniqueConstraint(fields=["task", "rater"], name="annotation_assignment_once"),
        ]
        indexes = [
            # Reader: the sweep and the next claim free expired leases.
            models.Index(
                fields=["lease_until"],
                condition=Q(state="leased"),
                name="assignment_leased",
            ),
            # Reader: claim resumes what the person already holds of a kind.
            models.Index(
                fields=["rater", "project", "kind"],
                condition=Q(state="leased"),
                name="assignment_held",
            ),
            # Reader: claim counts a person's share of a batch, bounded by the cap.
            models.Index(
                fields=["batch", "rater"],
                condition=Q(state__in=["leased", "submitted"]),
                name="assignment_batch_share",
            ),
            # Reader: active time of this week, skipped work included; claim looks whether a person
            # who does sensitive work needs a rest, in whichever project.
            models.Index(fields=["rater", "leased_at"], name="assignment_by_start"),
            # Reader: the sweep finds rankings whose follow-up was lost.
            models.Index(
                fields=["submitted_at"],
                condition=Q(kind="ranking", state="submitted", followed_up_at=None),
                name="assignment_to_follow_up",
            ),
            # Reader: "today" and "this week" on the home page.
            models.Index(
                fields=["rater", "project", "submitted_at"],
                condition=Q(state="submitted"),
                name="assignment_submitted",
            ),
        ]


class QueueCursor(Model):
    """How far a person has come in a pool, so that a claim need not pass what they have done."""

    rater = models.ForeignKey(Rater, models.CASCADE, related_name="cursors", db_index=False)
    pool = models.ForeignKey(Pool, models.CASCADE, related_name="cursors")
    priority = models.PositiveSmallIntegerField()
    order_key = models.BigIntegerField()
    slot_id = models.BigIntegerField()
    # The oldest slot, by id, of more urgent work that came since; null while there is none.
    urgent_from = models.BigIntegerField(null=True)
    # When the person last went through the whole pool and found nothing; null while they go through it.
    emptied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rater", "pool"], name="annotation_cursor_once")
        ]


class Autosave(Model):
    """Unsubmitted work, one row a turn; a ranking's is turn 0. `payload` belongs to the page."""

    assignment = models.ForeignKey(
        Assignment, models.CASCADE, related_name="autosaves", db_index=False
    )
    turn = models.PositiveIntegerField()
    version = models.PositiveIntegerField(default=1)
    payload = models.JSONField()
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["assignment", "turn"], name="annotation_autosave_once")
        ]
