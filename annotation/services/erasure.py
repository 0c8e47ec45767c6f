"""Erasing a person: their words go, what they judged stays under a rater nobody can name (DESIGN.md §4).

The one place that gets past the append-only triggers, in one transaction that is on record.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass

import pgtrigger
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from annotation.exceptions import NobodyToErase
from annotation.model_names import masked, spoken_names
from annotation.models import (
    Assignment,
    Autosave,
    Candidate,
    Comparison,
    Conversation,
    Dataset,
    DatasetChunk,
    DatasetVersion,
    Export,
    Feedback,
    Freezing,
    GoldMark,
    ManagerFlag,
    Message,
    Prompt,
    Question,
    Ranking,
    Review,
    ReviewComment,
    Slot,
    Task,
    TimeContest,
)
from annotation.services import exports, freezings, leased_jobs, versions
from annotation.services.rejects import blank_rejects
from labelhub import clock
from labelhub.accounts import services as accounts
from labelhub.accounts.models import ApiToken, Membership, Project, Rater, User
from labelhub.exceptions import LabelhubError
from sampling.models import Context, Generation, Policy

BECAUSE = "A person whose words stood in it was erased."
# Where what a generation said became turns.
MESSAGES_OF = "completions__messages__conversation"
# Where a row has to say something.
ERASED = "[erased]"

RowsOf = DatasetChunk.RowsOf
# Rows that nobody may change, but for this.
_LETS_THROUGH = (
    "annotation.Message:immutable_turn",
    "annotation.Message:settled_conversation",
    "annotation.Ranking:append_only",
    "annotation.Feedback:append_only",
    "annotation.Review:append_only",
    "annotation.ReviewComment:append_only",
    "annotation.GoldMark:append_only",
    "annotation.Candidate:append_only",
    "sampling.Context:append_only",
)


@dataclass(frozen=True)
class Erased:
    """What an erasure did: rows blanked, datasets withdrawn, and freezings that make the next versions."""

    n_texts: int
    n_datasets: int
    n_versions: int
    freezings: list[int]


def erase(*, user: User, actor: User | None) -> Erased:
    """Blank everything the person wrote, withdraw the datasets it stood in, and freeze their recipes anew.

    Their account keeps no name and cannot be signed in to; their rankings stay, as those of a rater who
    points at nobody. Raises NobodyToErase where they have been erased, or erase themselves.
    """
    with transaction.atomic(), pgtrigger.ignore(*_LETS_THROUGH):
        rater = Rater.objects.select_for_update().filter(user=user).first()
        if rater is None or user == actor:
            raise NobodyToErase
        stands_in = _rows_with_words_of(rater)
        withdrawn = _withdraw(stands_in, actor)
        n_texts = _blank(rater, stands_in) + _blank_probes(user)
        _take_out_of_the_queue(stands_in)
        _forget(user, rater)
        accounts.record(
            actor=actor,
            verb="person erased",
            subject=rater,
            n_texts=n_texts,
            n_datasets=withdrawn.n_datasets,
        )
    return Erased(
        n_texts,
        withdrawn.n_datasets,
        len(withdrawn.versions),
        _frozen_anew(withdrawn.versions, actor),
    )


@dataclass(frozen=True)
class _Rows:
    """Rows in which the person's words stand, by the table that datasets name them by."""

    conversations: list[int]
    prompts: list[int]
    comparisons: list[int]
    rankings: list[int]
    candidates: list[int]
    feedback: list[int]


def _messages_of(rater: Rater) -> QuerySet[Message]:
    """Turns that the person wrote, and those that open a conversation with a prompt of theirs."""
    opens = Q(
        role="user", conversation__prompt__author=rater, content=F("conversation__prompt__text")
    )
    return Message.objects.filter(Q(author=rater) | opens).exclude(content="")


def _answers_of(rater: Rater) -> QuerySet[Candidate]:
    """Candidates that the person wrote, by their words: nothing else ties them to anybody."""
    rewrites = Feedback.objects.filter(rater=rater).exclude(rewrite="")
    words = {
        *_messages_of(rater).values_list("content", flat=True),
        *rewrites.values_list("rewrite", flat=True),
    }
    names = spoken_names(Policy.objects.values_list("name", "source"))
    shown = words | {masked(text, names) for text in words}
    return Candidate.objects.filter(
        Q(content__in=shown) | Q(provenance__said__in=words), origin=Candidate.Origin.REFERENCE
    )


def _rows_with_words_of(rater: Rater) -> _Rows:
    conversations = list(_messages_of(rater).values_list("conversation_id", flat=True).distinct())
    prompts = list(Prompt.objects.filter(author=rater).values_list("pk", flat=True))
    candidates = list(_answers_of(rater).values_list("pk", flat=True))
    comparisons = list(
        Comparison.objects.filter(
            Q(conversation__in=conversations)
            | Q(prompt__in=prompts)
            | Q(pk__in=Candidate.objects.filter(pk__in=candidates).values("comparison"))
        ).values_list("pk", flat=True)
    )
    rankings = list(
        Ranking.objects.filter(
            Q(comparison__in=comparisons) | Q(rater=rater) & ~Q(comment="", rewrite="")
        ).values_list("pk", flat=True)
    )
    feedback = list(
        Feedback.objects.filter(Q(message__conversation__in=conversations) | Q(rater=rater))
        .exclude(rewrite="")
        .values_list("pk", flat=True)
    )
    return _Rows(conversations, prompts, comparisons, rankings, candidates, feedback)


@dataclass(frozen=True)
class _Withdrawn:
    n_datasets: int
    versions: list[DatasetVersion]


def _withdraw(rows: _Rows, actor: User | None) -> _Withdrawn:
    """Every dataset that holds one of the rows: its versions, and the files of its exports, go.

    What is being frozen ends first, or sees that the rows may not leave any more. A mixture that may
    have read them already is called off.
    """
    list(Project.objects.select_for_update(no_key=True).order_by("pk").values_list("pk"))
    for freezing in Freezing.objects.filter(dataset=None, state=leased_jobs.State.RUNNING):
        freezings.cancel(freezing=freezing)
    held = (
        Q(chunks__rows_of=RowsOf.CONVERSATION, chunks__row_ids__overlap=rows.conversations)
        | Q(chunks__rows_of=RowsOf.PROMPT, chunks__row_ids__overlap=rows.prompts)
        | Q(chunks__rows_of=RowsOf.RANKING, chunks__row_ids__overlap=rows.rankings)
        | Q(chunks__rows_of=RowsOf.FEEDBACK, chunks__row_ids__overlap=rows.feedback)
    )
    found = list(
        Dataset.objects.filter(held, withdrawn_at=None).distinct().values_list("pk", flat=True)
    )
    standing = list(
        DatasetVersion.objects.filter(dataset__in=found, withdrawn_at=None).select_related("recipe")
    )
    for version in standing:
        versions.withdraw(version=version, because=BECAUSE, actor=actor)
    Dataset.objects.filter(pk__in=found, withdrawn_at=None).update(withdrawn_at=clock.now())
    for export in Export.objects.filter(dataset__in=found):
        exports.cancel_export(export=export)
    for freezing in Freezing.objects.filter(dataset__in=found):
        freezings.cancel(freezing=freezing)
    for export in Export.objects.filter(dataset__in=found, state=Export.State.DONE):
        _remove_file(exports.storage_name(export))
        export.state, export.sha256 = Export.State.FAILED, ""
        export.error_code, export.error_detail = "erased", f"{BECAUSE} Export it again."
        export.save(update_fields=["state", "sha256", "error_code", "error_detail"])
    return _Withdrawn(len(found), standing)


def _remove_file(name: str) -> None:
    transaction.on_commit(lambda: default_storage.delete(name))


def _blank(rater: Rater, rows: _Rows) -> int:
    """Empty every text of the person's; how many there were."""
    theirs = _messages_of(rater)
    prompts = list(Prompt.objects.filter(author=rater))
    words = set(theirs.values_list("content", flat=True)) | {
        text
        for prompt in prompts
        for text in (prompt.text, *(turn["content"] for turn in prompt.turns_before))
    }
    _blank_contexts(rows.conversations, rows.prompts, words)
    beside = [
        text
        for said in (Ranking.objects, Feedback.objects)
        for texts in said.filter(rater=rater).values_list("comment", "rewrite")
        for text in texts
    ]
    counts = [
        blank_rejects(words=words.union(beside)),
        theirs.update(content=""),
        Candidate.objects.filter(pk__in=rows.candidates).update(content=ERASED, provenance={}),
        _blank_prompts(rater),
        Ranking.objects.filter(rater=rater)
        .exclude(comment="", rewrite="")
        .update(comment="", rewrite=""),
        Feedback.objects.filter(rater=rater)
        .exclude(comment="", rewrite="")
        .update(comment="", rewrite=""),
        Review.objects.filter(rater=rater).exclude(comment="").update(comment=""),
        ReviewComment.objects.filter(review__rater=rater).exclude(text="").update(text=""),
        Question.objects.filter(rater=rater).exclude(text="").update(text=""),
        ManagerFlag.objects.filter(rater=rater).exclude(text="").update(text=""),
        Question.objects.filter(answered_by=rater).update(answer=ERASED),
        GoldMark.objects.filter(rater=rater).exclude(note="").update(note=""),
        TimeContest.objects.filter(rater=rater).exclude(text="").update(text=""),
        TimeContest.objects.filter(decided_by=rater).exclude(answer="").update(answer=""),
        Assignment.objects.filter(rater=rater)
        .exclude(skip_comment="", kept_submission=None)
        .update(skip_comment="", kept_submission=None),
        Autosave.objects.filter(assignment__rater=rater).delete()[0],
    ]
    Conversation.objects.filter(pk__in=rows.conversations).update(allowed_use=[])
    Comparison.objects.filter(pk__in=rows.comparisons).update(allowed_use=[])
    return sum(counts)


def _blank_probes(user: User) -> int:
    """What the person alone asked a policy to try it; how many such prompts there were.

    A context belongs to all who said the same: one that anything else was made from stays.
    """
    theirs = {"requested_by": user, "purpose": Generation.Purpose.PROBE}
    of_others = Generation.objects.filter(context=OuterRef("pk")).exclude(**theirs)
    asked = Context.objects.filter(
        Exists(Generation.objects.filter(context=OuterRef("pk"), **theirs)),
        ~Exists(of_others),
        comparisons=None,
    )
    for context in asked:
        context.messages = [{**turn, "content": ""} for turn in context.messages]
        context.sha256 = _no_hash(context.pk)
        context.save(update_fields=["messages", "sha256"])
    return len(asked)


def _blank_contexts(
    conversations: Collection[int], prompts: Collection[int], words: Collection[str]
) -> None:
    """What policies were shown of these, turn by turn where the words are the person's.

    A context belongs to all who said the same: one that others' work was made from stays.
    """
    of_others = Q()
    for path in ("reply_to", "drafts__assignment__conversation", MESSAGES_OF):
        of_others |= Q(**{f"{path}__isnull": False}) & ~Q(**{f"{path}__in": conversations})
    shared = Generation.objects.filter(of_others, context=OuterRef("pk"))
    compared = Comparison.objects.filter(context=OuterRef("pk")).exclude(
        Q(conversation__in=conversations) | Q(prompt__in=prompts)
    )
    drawn_from = Context.objects.filter(
        Q(comparisons__conversation__in=conversations)
        | Q(comparisons__prompt__in=prompts)
        | Q(generations__reply_to__in=conversations)
        | Q(generations__drafts__assignment__conversation__in=conversations)
        | Q(**{f"generations__{MESSAGES_OF}__in": conversations}),
        ~Exists(shared),
        ~Exists(compared),
    ).distinct()
    for context in drawn_from:
        context.messages = [
            {**turn, "content": "" if turn["content"] in words else turn["content"]}
            for turn in context.messages
        ]
        context.sha256 = _no_hash(context.pk)
        context.save(update_fields=["messages", "sha256"])


def _blank_prompts(rater: Rater) -> int:
    prompts = list(Prompt.objects.filter(author=rater).exclude(text=""))
    for prompt in prompts:
        prompt.text, prompt.turns_before, prompt.imported_fields = "", [], {}
        prompt.allowed_use, prompt.bands = [], []
        # So that the same words, written by somebody else, are a prompt of their own.
        prompt.content_sha256 = _no_hash(prompt.pk)
        prompt.save()
    return len(prompts)


def _no_hash(pk: int) -> str:
    return hashlib.sha256(f"erased {pk}".encode()).hexdigest()


def _take_out_of_the_queue(rows: _Rows) -> None:
    """Nobody is asked about words that are gone."""
    asked: QuerySet[Task] = Task.objects.filter(
        Q(prompt__in=rows.prompts)
        | Q(comparison__in=rows.comparisons)
        | Q(subject__in=rows.conversations),
        state=Task.State.OPEN,
    )
    tasks = list(asked.values_list("pk", flat=True))
    Slot.objects.filter(task__in=tasks, state=Slot.State.OPEN).update(state=Slot.State.WITHDRAWN)
    # No lead is asked what to do about them either.
    Task.objects.filter(pk__in=tasks).update(state=Task.State.WITHDRAWN, settled_at=clock.now())


def _forget(user: User, rater: Rater) -> None:
    """The account stays, since records point at it, and says nothing of anybody."""
    ApiToken.objects.filter(user=user).delete()
    Membership.objects.filter(user=user, deactivated_at=None).update(deactivated_at=clock.now())
    rater.user = None
    rater.save(update_fields=["user"])
    user.username = f"erased-{user.pk}"
    user.display_name = user.email = user.first_name = user.last_name = ""
    user.is_active = user.is_staff = user.is_superuser = False
    user.set_unusable_password()
    user.save()


def _frozen_anew(withdrawn: Collection[DatasetVersion], actor: User | None) -> list[int]:
    """Freezings of the recipes whose newest version was withdrawn, where they can be frozen."""
    started = []
    for recipe in {version.recipe for version in withdrawn}:
        if DatasetVersion.objects.filter(recipe=recipe, withdrawn_at=None).exists():
            continue
        try:
            started.append(freezings.start(recipe=recipe, is_trial=False, requested_by=actor).pk)
        except LabelhubError:
            # It is being frozen already, or names what is gone; its manager sees that it is withdrawn.
            continue
    return sorted(started)
