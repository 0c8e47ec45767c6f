"""People, projects and what people agreed to."""

from __future__ import annotations

import pgtrigger
from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from knox.models import AbstractAuthToken

from labelhub.constraints import Model, holds, known_elements


class User(AbstractUser):
    """A person who signs in. A superuser is labelhub's admin."""

    display_name = models.CharField(max_length=150, blank=True)

    def __str__(self) -> str:
        return self.display_name or self.username


class ApiToken(AbstractAuthToken):
    """A hashed, expiring token for programs; it can do what its owner can, within its scopes."""

    class Scope(models.TextChoices):
        READ = "read"  # every GET its owner may do
        WRITE = "write"  # everything its owner may do
        EXPORT = "export"  # reads, and starting and downloading exports

    name = models.CharField(max_length=100, default="token")
    scopes = ArrayField(models.CharField(max_length=20, choices=Scope.choices), default=list)

    class Meta(AbstractAuthToken.Meta):
        abstract = False
        constraints = [known_elements("scopes", ["read", "write", "export"])]


class Project(Model):
    """A labelling effort and its settings."""

    class DraftMode(models.TextChoices):
        OFF = "off"  # trainers write alone
        ON_REQUEST = "on_request"  # a key asks for drafts
        AUTOMATIC = "automatic"  # drafts appear at every assistant turn

    class SamplingTrigger(models.TextChoices):
        ON_REQUEST = "on_request"  # when a manager draws chats
        AS_CHATS_FINISH = "as_chats_finish"  # every chat, as it is finished

    class SelfNaming(models.TextChoices):
        """What becomes of a candidate that names a model. It is flagged in either case."""

        MASK = "mask"  # raters see a mask in the name's place
        RESAMPLE = "resample"  # sampled again, bounded; what still names one is masked

    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)

    lease_seconds = models.PositiveIntegerField(default=1800)
    draft_mode = models.CharField(max_length=20, choices=DraftMode, default=DraftMode.ON_REQUEST)
    n_drafts = models.PositiveSmallIntegerField(default=2)
    # Whether a policy may also be asked to play the user; such turns are marked as model-written.
    user_drafts = models.BooleanField(default=False)
    # Share of conversations whose trainer is offered no drafts: the built-in trial of DATA.md §5.
    no_draft_share = models.FloatField(default=0.0)
    min_turns = models.PositiveSmallIntegerField(default=2)
    max_turns = models.PositiveSmallIntegerField(default=40)
    max_turn_characters = models.PositiveIntegerField(default=50_000)
    # In tokens of the policy that serves the round; no limit where empty, or where nobody can count.
    max_turn_tokens = models.PositiveIntegerField(null=True, blank=True)
    # No person's own prompts become more than this many tasks in a round; no limit where empty.
    max_prompts_per_author = models.PositiveIntegerField(null=True, blank=True)
    n_candidates = models.PositiveSmallIntegerField(default=4)
    original_takes_part = models.BooleanField(default=True)
    # A person's answer to the same context, where there is one: it takes one of the places.
    reference_takes_part = models.BooleanField(default=False)
    self_naming = models.CharField(max_length=20, choices=SelfNaming, default=SelfNaming.MASK)
    sampling_trigger = models.CharField(
        max_length=20, choices=SamplingTrigger, default=SamplingTrigger.ON_REQUEST
    )
    rankings_per_comparison = models.PositiveSmallIntegerField(default=1)
    # One of the known words or a question of the project's own: annotation.datasets.criteria.
    criterion = models.CharField(max_length=500, default="overall")
    # This share of comparisons, seeded, gets `rankings_per_comparison` rankings; the others get one.
    overlap_share = models.FloatField(default=1.0)
    # One more ranking where the planned ones are split, then a lead's (DATA.md §4).
    settle_splits = models.BooleanField(default=True)
    # How often a known item, or an old comparison again, comes between the others.
    gold_share = models.FloatField(default=0.05)
    retest_share = models.FloatField(default=0.02)
    # While a person has submitted fewer rankings, gold items are followed by the leads' answer.
    training_rankings = models.PositiveSmallIntegerField(default=20)
    # Ranking is for people who passed the exam; services.exams.require changes it.
    exam_required = models.BooleanField(default=False)
    # Where there is an exam, it also asks for demonstrations; writing them is then for those who passed.
    exam_writing = models.BooleanField(default=False)
    # Small teams only; such rankings are marked and left out of all statistics.
    allow_own_conversations = models.BooleanField(default=False)
    # Once a person's first 20 have been reviewed, this share of the rest is.
    review_share = models.FloatField(default=0.2)
    review_first = models.PositiveSmallIntegerField(default=20)

    class Meta:
        constraints = [
            holds("candidates_2_to_9", Q(n_candidates__gte=2, n_candidates__lte=9)),
            holds("drafts_1_to_3", Q(n_drafts__gte=1, n_drafts__lte=3)),
            holds("turns_in_order", Q(min_turns__gte=1, max_turns__gte=F("min_turns"))),
            holds("lease_at_least_a_minute", Q(lease_seconds__gte=60)),
            holds(
                "shares_in_unit_interval",
                Q(
                    no_draft_share__range=(0, 1),
                    review_share__range=(0, 1),
                    overlap_share__range=(0, 1),
                    gold_share__range=(0, 1),
                    retest_share__range=(0, 1),
                ),
            ),
            holds("at_least_one_ranking", Q(rankings_per_comparison__gte=1)),
        ]

    def __str__(self) -> str:
        return self.name


class Membership(Model):
    """A person's role in a project, and what work may be given to them."""

    class Role(models.TextChoices):
        TRAINER = "trainer"  # writes demonstrations, chats, ranks
        REVIEWER = "reviewer"  # a trainer who also reviews demonstrations
        MANAGER = "manager"  # runs the project: sampling, exports, people

    project = models.ForeignKey(Project, models.PROTECT, related_name="memberships")
    user = models.ForeignKey(User, models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role)
    languages = ArrayField(models.CharField(max_length=35), default=list)
    skills = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    sensitivity_opt_ins = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    deactivated_at = models.DateTimeField(null=True, blank=True)
    # Labels from this moment on are left out of statistics and exports; softly, reversibly.
    excluded_from = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "user"], name="accounts_membership_once"),
        ]


class Rater(Model):
    """What labels point at: an opaque stand-in for a person, so that erasure keeps the labels."""

    user = models.OneToOneField(User, models.SET_NULL, null=True, related_name="rater")

    def __str__(self) -> str:
        return f"rater {self.pk}"


class ConsentDocument(Model):
    """A numbered text that people agree to before any work is handed out; the newest one counts."""

    version = models.PositiveIntegerField(unique=True)
    title = models.CharField(max_length=200)
    markdown = models.TextField()
    purposes = ArrayField(models.CharField(max_length=50))
    published_at = models.DateTimeField(auto_now_add=True)


class Consent(Model):
    """One person's agreement to one consent document, for the purposes named."""

    user = models.ForeignKey(User, models.PROTECT, related_name="consents")
    document = models.ForeignKey(ConsentDocument, models.PROTECT, related_name="consents")
    purposes = ArrayField(models.CharField(max_length=50))
    given_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "document"],
                condition=Q(withdrawn_at=None),
                name="accounts_consent_once",
            ),
        ]


class AuditEvent(Model):
    """Who changed what: roles, policies, datasets, reviews, tokens."""

    at = models.DateTimeField()
    actor = models.ForeignKey(User, models.PROTECT, null=True, related_name="audit_events")
    project = models.ForeignKey(Project, models.PROTECT, null=True, related_name="audit_events")
    verb = models.CharField(max_length=60)
    object_type = models.CharField(max_length=60)
    object_id = models.CharField(max_length=128)
    details = models.JSONField(default=dict)

    class Meta:
        indexes = [
            # Reader: the manager's audit page, newest first.
            models.Index(fields=["project", "-id"], name="audit_newest_first"),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]
