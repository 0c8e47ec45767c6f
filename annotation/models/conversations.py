"""Conversations as trees of immutable messages, and the ledger of drafts shown beside them."""

from __future__ import annotations

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from annotation.models.projects import Round
from annotation.models.prompts import Prompt
from annotation.models.words import AllowedUse, every_use
from labelhub.accounts.models import Project, Rater
from labelhub.constraints import Model, holds, known_elements
from sampling.models import Completion, Generation

# Messages of a conversation in one of these states can no longer be added to or changed.
SETTLED_STATES = [
    "approved",
    "accepted_by_sampling",
    "rejected",
    "returned",
    "scored",
    "taken_out",
]
_SETTLED = "c.kind <> 'imported' AND c.state IN ({})".format(
    ", ".join(f"'{state}'" for state in SETTLED_STATES)
)


class Conversation(Model):
    """A dialogue: written by a trainer, held with a policy, or imported; a tree, one path of it live."""

    class Kind(models.TextChoices):
        DEMONSTRATION = "demonstration"  # a trainer wrote both sides
        CHAT = "chat"  # a trainer talked with a policy
        IMPORTED = "imported"  # came in a file

    class State(models.TextChoices):
        WRITING = "writing"  # its trainer is at it
        ABANDONED = "abandoned"  # skipped, or never finished; kept, used for nothing
        FINISHED = "finished"  # a chat its trainer ended: eligible for comparison
        SUBMITTED = "submitted"  # a demonstration that waits for its review
        APPROVED = "approved"  # a reviewer found it fit to train on
        ACCEPTED_BY_SAMPLING = (
            "accepted_by_sampling"  # counts as approved; was not drawn for review
        )
        RETURNED = "returned"  # its author writes another version: a reviewer sent it back, or they took it
        REJECTED = "rejected"  # used for nothing
        SCORED = "scored"  # of an entry exam, and scored by its reviewers; used for nothing
        TAKEN_OUT = "taken_out"  # of an entry exam, and left out of it by a manager

    project = models.ForeignKey(
        Project, models.PROTECT, related_name="conversations", db_index=False
    )
    round = models.ForeignKey(
        Round, models.PROTECT, null=True, related_name="conversations", db_index=False
    )
    kind = models.CharField(max_length=20, choices=Kind)
    state = models.CharField(max_length=25, choices=State)
    prompt = models.ForeignKey(Prompt, models.PROTECT, null=True, related_name="conversations")
    assignment = models.OneToOneField(
        "annotation.Assignment", models.PROTECT, null=True, related_name="conversation"
    )
    # The returned conversation that this one is the next version of.
    revises = models.OneToOneField("self", models.PROTECT, null=True, related_name="revision")
    author = models.ForeignKey(
        Rater, models.PROTECT, null=True, related_name="conversations", db_index=False
    )
    category = models.CharField(max_length=60, blank=True)
    language = models.CharField(max_length=35, default="en")
    origin_key = models.CharField(max_length=100)
    source = models.CharField(max_length=200, blank=True)
    licence = models.CharField(max_length=100, blank=True)
    allowed_use = ArrayField(models.CharField(max_length=20), default=every_use)
    sensitivity = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    import_run = models.ForeignKey(
        "annotation.ImportRun",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="conversations",
        db_index=False,
    )
    source_row = models.PositiveIntegerField(null=True, blank=True)
    # What an imported line said beyond its turns and has no column here.
    imported_fields = models.JSONField(default=dict, blank=True)
    content_sha256 = models.CharField(max_length=64, blank=True)
    # Counts saved threads, so that a second tab cannot overwrite the first.
    version = models.PositiveIntegerField(default=0)
    # The turns that were handed in, where a reviewer has changed them since.
    handed_in_path = ArrayField(models.BigIntegerField(), null=True, blank=True)
    # The client's key of the newest chat turn: the same turn sent again is not a second one.
    turn_key = models.UUIDField(null=True, blank=True)
    # The newest reply that was asked for. It has no message until it ended with something said; its
    # policy is the one that this conversation keeps to.
    reply_generation = models.OneToOneField(
        Generation, models.PROTECT, null=True, related_name="reply_to"
    )
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            known_elements("allowed_use", AllowedUse.values),
            holds(
                "finished_at_iff_ended",
                Q(state__in=["writing", "abandoned"], finished_at=None)
                | (~Q(state__in=["writing", "abandoned"]) & Q(finished_at__isnull=False)),
            ),
            holds("only_chats_finish", ~Q(state="finished") | Q(kind="chat")),
            holds(
                "only_chats_have_replies",
                Q(kind="chat") | Q(reply_generation=None, turn_key=None),
            ),
            holds(
                "import_run_iff_imported",
                (Q(kind="imported") & Q(import_run__isnull=False) & ~Q(content_sha256=""))
                | (~Q(kind="imported") & Q(import_run=None)),
            ),
            # A second import of the same lines adds nothing.
            models.UniqueConstraint(
                fields=["project", "content_sha256"],
                condition=Q(kind="imported"),
                name="annotation_conversation_imported_once",
            ),
        ]
        indexes = [
            # Reader: the export of demonstrations walks approved rows by id.
            models.Index(
                fields=["project", "id"],
                condition=Q(state__in=["approved", "accepted_by_sampling"]),
                name="conversation_approved",
            ),
            # Reader: the pick draws among finished chats as of a moment.
            models.Index(
                fields=["project", "finished_at"],
                condition=Q(kind="chat", state="finished"),
                name="conversation_finished_chats",
            ),
            # Reader: the manager's tile of demonstrations that wait for their review.
            models.Index(
                fields=["project", "id"],
                condition=Q(state="submitted"),
                name="conversation_submitted",
            ),
            # Reader: services.reviews asks when a person was last rejected.
            models.Index(
                fields=["author"],
                condition=Q(state="rejected"),
                name="conversation_rejected",
            ),
            # Reader: the author's home page: what came back, what was done this week.
            models.Index(fields=["author", "-id"], name="conversation_by_author"),
        ]


class Message(Model):
    """One immutable turn. An edit, a regeneration or an insertion is a new node beside or below."""

    class Role(models.TextChoices):
        SYSTEM = "system"
        USER = "user"
        ASSISTANT = "assistant"
        TOOL = "tool"

    class Origin(models.TextChoices):
        HUMAN = "human"  # typed by a person
        MODEL = "model"  # a completion, unchanged; behind those that it continues, if any
        MODEL_EDITED = "model-edited"  # a draft that its author changed
        IMPORTED = "imported"  # came in a file

    project = models.ForeignKey(Project, models.PROTECT, related_name="messages", db_index=False)
    conversation = models.ForeignKey(Conversation, models.PROTECT, related_name="messages")
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="children", db_index=False
    )
    # Depth in the tree: 0 for the first turn, a system turn included.
    position = models.PositiveIntegerField()
    # Order among the children of one parent, by time of writing.
    sibling = models.PositiveIntegerField(default=0)
    is_live = models.BooleanField(default=True)
    role = models.CharField(max_length=20, choices=Role)
    content = models.TextField(blank=True)
    origin = models.CharField(max_length=20, choices=Origin)
    trainable = models.BooleanField(default=False)
    author = models.ForeignKey(
        Rater, models.PROTECT, null=True, related_name="messages", db_index=False
    )
    completion = models.ForeignKey(
        Completion, models.PROTECT, null=True, related_name="messages", db_index=False
    )
    # Length of what was pasted into the turn; never the pasted text.
    pasted_characters = models.PositiveIntegerField(default=0)
    # Share of its words that match the draft it began as (DATA.md §5); null without a draft.
    model_share = models.FloatField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            holds(
                "root_iff_position_zero",
                Q(position=0, parent=None) | Q(position__gt=0, parent__isnull=False),
            ),
            holds(
                "model_text_has_completion",
                Q(origin__in=["human", "imported"], completion=None)
                | Q(origin__in=["model", "model-edited"], completion__isnull=False),
            ),
            holds("only_assistant_turns_train", Q(trainable=False) | Q(role="assistant")),
            holds(
                "model_share_in_range",
                Q(model_share=None) | Q(model_share__range=(0, 1)),
            ),
            models.UniqueConstraint(
                fields=["conversation", "position"],
                condition=Q(is_live=True),
                name="annotation_message_one_live_per_position",
            ),
            models.UniqueConstraint(
                fields=["parent", "sibling"],
                condition=Q(parent__isnull=False),
                name="annotation_message_sibling_once",
            ),
            models.UniqueConstraint(
                fields=["conversation", "sibling"],
                condition=Q(parent=None),
                name="annotation_message_root_sibling_once",
            ),
        ]
        triggers = [
            pgtrigger.Protect(name="no_delete", operation=pgtrigger.Delete),
            # Liveness and trainability are judgements about a turn; everything else is the turn.
            pgtrigger.Trigger(
                name="immutable_turn",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                condition=pgtrigger.AnyChange(exclude=["is_live", "trainable"]),
                func="RAISE EXCEPTION 'messages are immutable; write a new node';",
            ),
            pgtrigger.Trigger(
                name="settled_conversation",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func=(
                    "IF EXISTS (SELECT 1 FROM annotation_conversation c"
                    f" WHERE c.id = NEW.conversation_id AND {_SETTLED})"
                    " THEN RAISE EXCEPTION 'the conversation is settled'; END IF; RETURN NEW;"
                ),
            ),
            # Once a statement: an import adds turns by the hundred thousand.
            pgtrigger.Trigger(
                name="settled_conversation_gains_nothing",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                level=pgtrigger.Statement,
                referencing=pgtrigger.Referencing(new="added"),
                func=(
                    "IF EXISTS (SELECT 1 FROM annotation_conversation c JOIN added"
                    f" ON c.id = added.conversation_id WHERE {_SETTLED})"
                    " THEN RAISE EXCEPTION 'the conversation is settled'; END IF; RETURN NULL;"
                ),
            ),
        ]


class Draft(Model):
    """A completion offered to a trainer at a turn, and what became of it."""

    class Outcome(models.TextChoices):
        PENDING = "pending"  # on the page, nothing done with it yet
        INSERTED = "inserted"  # taken whole
        PARTIAL = "partial"  # taken word by word, or a selection of it
        EDITED = "edited"  # taken whole and changed before submit
        IGNORED = "ignored"  # the turn was written without it
        DISMISSED = "dismissed"  # waved away
        STALE = "stale"  # the turns before it changed

    project = models.ForeignKey(Project, models.PROTECT, related_name="drafts", db_index=False)
    assignment = models.ForeignKey("annotation.Assignment", models.PROTECT, related_name="drafts")
    generation = models.ForeignKey(
        Generation, models.PROTECT, related_name="drafts", db_index=False
    )
    index = models.PositiveSmallIntegerField()
    completion = models.OneToOneField(Completion, models.PROTECT, null=True, related_name="draft")
    position = models.PositiveIntegerField()
    role = models.CharField(max_length=20, choices=Message.Role)
    # Where it stood among the drafts of its turn, drawn at random.
    shown_order = models.PositiveSmallIntegerField()
    text_as_shown = models.TextField(blank=True)
    outcome = models.CharField(max_length=20, choices=Outcome, default=Outcome.PENDING)
    message = models.ForeignKey(Message, models.PROTECT, null=True, related_name="drafts")
    # What the page told of the taking: some words or a selection, not the whole.
    taken_in_part = models.BooleanField(default=False)
    first_token_seconds = models.FloatField(null=True)
    on_screen_seconds = models.FloatField(default=0)
    # Share of the draft's words that survive in the turn (DATA.md §5).
    survival = models.FloatField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            holds("survival_in_range", Q(survival=None) | Q(survival__range=(0, 1))),
            holds(
                "used_iff_message",
                Q(outcome__in=["inserted", "partial", "edited"], message__isnull=False)
                | (~Q(outcome__in=["inserted", "partial", "edited"]) & Q(message=None)),
            ),
            models.UniqueConstraint(fields=["generation", "index"], name="annotation_draft_once"),
        ]


class Feedback(Model):
    """A thumb, a reason and perhaps a better text for one model reply."""

    class Thumb(models.TextChoices):
        UP = "up"
        DOWN = "down"

    class Reason(models.TextChoices):
        """What is right or wrong with a reply; several may hold."""

        ACCURATE = "accurate"
        HELPFUL = "helpful"
        WELL_WRITTEN = "well_written"
        INACCURATE = "inaccurate"  # states what is not so
        NOT_HELPFUL = "not_helpful"  # does not do what was asked
        UNSAFE = "unsafe"  # somebody may come to harm
        REFUSAL = "refusal"  # declines what it should not
        STYLE = "style"  # tone, length or form
        OTHER = "other"

    project = models.ForeignKey(Project, models.PROTECT, related_name="feedback", db_index=False)
    message = models.ForeignKey(Message, models.PROTECT, related_name="feedback", db_index=False)
    rater = models.ForeignKey(Rater, models.PROTECT, null=True, related_name="feedback")
    thumb = models.CharField(max_length=10, choices=Thumb)
    reasons = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    comment = models.TextField(blank=True)
    rewrite = models.TextField(blank=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "feedback"
        indexes = [
            # Reader: the newest judgement of a person on a message is the one shown.
            models.Index(fields=["message", "rater", "-id"], name="feedback_newest"),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]
