"""Reading comparisons: what may be picked, what a rater sees, what the manager follows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from string import ascii_uppercase

from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, F, OuterRef, QuerySet
from django.db.models.functions import JSONObject

from annotation.models import (
    AllowedUse,
    Assignment,
    Candidate,
    CandidateSampling,
    Comparison,
    Conversation,
    Message,
    PickRun,
    RatingSchema,
    Round,
    RoundPolicy,
    TaskKind,
)
from labelhub import exceptions
from labelhub.accounts import selectors as accounts
from labelhub.accounts.models import Membership, Project, User
from sampling.models import Completion

QUESTIONS = {
    Comparison.Criterion.OVERALL: "Which reply would you rather get, all things considered?",
    Comparison.Criterion.HELPFULNESS: "Which reply helps more with what was asked?",
    Comparison.Criterion.HARMLESSNESS: "Which reply is safer for everybody concerned?",
    Comparison.Criterion.CUSTOM: "",
}
ROWS_AT_ONCE = 5000


def open_round(*, project: Project) -> Round | None:
    return Round.objects.filter(project=project, closed_at=None).first()


def candidate_policies(*, round_: Round | None) -> list[RoundPolicy]:
    """The policies that write candidates in a round, retired ones left out, in a fixed order."""
    return list(
        RoundPolicy.objects.filter(
            round=round_, use=RoundPolicy.Use.CANDIDATE, policy__retired_at=None
        )
        .select_related("policy")
        .order_by("pk")
    )


def eligible_rows(*, project: Project, round_: Round | None, as_of: datetime) -> QuerySet[Message]:
    """Messages that could be compared in the round, as of a moment (DATA.md §2).

    Replies on the kept path of a chat finished by then, each byte-identical to one completion that
    ended by itself, of conversations not compared in the round before then and whose source allows
    comparisons. One statement whatever the size; nothing that came after the moment changes it.
    """
    compared = Comparison.objects.filter(
        conversation=OuterRef("conversation"), round=round_, created_at__lt=as_of
    )
    return Message.objects.filter(
        ~Exists(compared),
        conversation__project=project,
        conversation__kind=Conversation.Kind.CHAT,
        conversation__state=Conversation.State.FINISHED,
        conversation__finished_at__lte=as_of,
        conversation__allowed_use__contains=[AllowedUse.COMPARISON],
        is_live=True,
        role=Message.Role.ASSISTANT,
        origin=Message.Origin.MODEL,
        completion__finish_reason=Completion.FinishReason.STOP,
        content=F("completion__text"),
        created_at__lte=as_of,
    )


def eligible_messages(
    *, project: Project, round_: Round, as_of: datetime
) -> Iterator[tuple[int, list[int]]]:
    """Each eligible conversation's id with its eligible messages' ids, read in constant memory."""
    rows = (
        eligible_rows(project=project, round_=round_, as_of=as_of)
        .order_by("conversation_id", "pk")
        .values_list("conversation_id", "pk")
        .iterator(chunk_size=ROWS_AT_ONCE)
    )
    for conversation_id, grouped in groupby(rows, key=itemgetter(0)):
        yield conversation_id, [message_id for _, message_id in grouped]


def messages_before(*, message_ids: Iterable[int]) -> dict[int, list[dict[str, str]]]:
    """For each of these live messages, the messages before it as a policy and a rater are shown them."""
    ids = list(message_ids)
    cuts = dict(Message.objects.filter(pk__in=ids).values_list("conversation_id", "pk"))
    rows = (
        Message.objects.filter(conversation__in=cuts, is_live=True)
        .order_by("conversation_id", "position")
        .values_list("conversation_id", "pk", "role", "content")
    )
    before: dict[int, list[dict[str, str]]] = {message_id: [] for message_id in ids}
    passed: set[int] = set()
    for conversation_id, message_id, role, content in rows:
        cut = cuts[conversation_id]
        if message_id == cut:
            passed.add(conversation_id)
        elif conversation_id not in passed:
            before[cut].append({"role": role, "content": content})
    return before


@dataclass(frozen=True)
class ShownMessage:
    role: str
    content: str


@dataclass(frozen=True)
class ShownCandidate:
    label: str
    content: str


@dataclass(frozen=True)
class ComparisonPage:
    """A comparison as one rater sees it: no ids, no origin, candidates in this person's stored order."""

    criterion: str
    criterion_text: str
    direction: str
    context: list[ShownMessage]
    candidates: list[ShownCandidate]
    rating: RatingSchema | None


def labels_of(shown_order: list[int]) -> dict[str, int]:
    """Candidate indexes by the letters that name them on a person's page, A first."""
    return dict(zip(ascii_uppercase, shown_order, strict=False))


def comparison_page(*, assignment: Assignment) -> ComparisonPage:
    """What the holder of a ranking assignment is shown. Raises NotFound for one of another kind.

    One query where the assignment came with its task's comparison, context and rating schema.
    """
    comparison = assignment.task.comparison
    if comparison is None:
        raise exceptions.NotFound
    contents = dict(Candidate.objects.filter(comparison=comparison).values_list("index", "content"))
    return ComparisonPage(
        criterion=comparison.criterion,
        criterion_text=comparison.criterion_text
        or QUESTIONS[Comparison.Criterion(comparison.criterion)],
        direction=comparison.direction,
        context=[
            ShownMessage(message["role"], message["content"])
            for message in comparison.context.messages
        ],
        candidates=[
            ShownCandidate(label, contents[index])
            for label, index in labels_of(assignment.shown_order).items()
        ],
        rating=assignment.rating_schema,
    )


@dataclass(frozen=True)
class RankingSheet:
    """What a submitted ranking is checked against: all of it fixed since the claim."""

    assignment: Assignment
    comparison_id: int
    # Candidates' ids by the letters of the rater's page.
    candidates: dict[str, int]
    schema: RatingSchema | None


def ranking_sheet_for(*, user: User | AnonymousUser, assignment_id: int) -> RankingSheet:
    """The person's own ranking assignment, in one query. Raises NotFound."""
    candidates = Candidate.objects.filter(comparison=OuterRef("task__comparison"))
    found = (
        Assignment.objects.select_related("rating_schema")
        .annotate(
            comparison_id=F("task__comparison"),
            candidate_ids=ArraySubquery(
                candidates.order_by("index").values(json=JSONObject(index="index", pk="pk"))
            ),
        )
        .filter(pk=assignment_id, rater__user=user.pk, kind=TaskKind.RANKING)
        .first()
    )
    if found is None:
        raise exceptions.NotFound
    ids = {row["index"]: row["pk"] for row in found.candidate_ids}
    return RankingSheet(
        assignment=found,
        comparison_id=found.comparison_id,
        candidates={label: ids[index] for label, index in labels_of(found.shown_order).items()},
        schema=found.rating_schema,
    )


def comparison_for_manager(*, user: User | AnonymousUser, comparison_id: int) -> Comparison:
    """A comparison of a project the person manages. Raises NotFound, NotAllowed."""
    found = Comparison.objects.select_related("project").filter(pk=comparison_id).first()
    if found is None:
        raise exceptions.NotFound
    accounts.membership_for(user=user, slug=found.project.slug, roles=[Membership.Role.MANAGER])
    return found


def comparisons_in(*, project: Project, state: str) -> QuerySet[Comparison]:
    return Comparison.objects.filter(project=project, state=state)


def pick_runs_of(*, project: Project) -> QuerySet[PickRun]:
    """Runs with `n_picked`, the comparisons that each began."""
    return PickRun.objects.filter(project=project).annotate(n_picked=Count("comparisons"))


def stalled_comparisons(*, limit: int) -> list[int]:
    """Comparisons being sampled that no generation is at work for: their job's message was lost."""
    under_way = CandidateSampling.objects.filter(
        comparison=OuterRef("pk"), generation__consumed_at=None
    )
    return list(
        Comparison.objects.filter(~Exists(under_way), state=Comparison.State.SAMPLING)
        .order_by("pk")
        .values_list("pk", flat=True)[:limit]
    )
