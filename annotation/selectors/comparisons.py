"""Reading comparisons: what may be picked, what a rater sees, what the manager follows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from string import ascii_uppercase
from typing import Any

import orjson
from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Coalesce, Left

from annotation import pick
from annotation.datasets.criteria import question_of
from annotation.models import (
    AllowedUse,
    Assignment,
    CandidateSampling,
    Comparison,
    Conversation,
    Message,
    PickRun,
    Prompt,
    Ranking,
    RatingSchema,
    Round,
    RoundPolicy,
)
from labelhub import exceptions, prepared
from labelhub.accounts import selectors as accounts
from labelhub.accounts.models import Project, User
from sampling.models import POLICY_SERVES, Completion

QUESTIONS = {
    Comparison.Criterion.OVERALL: "Which reply would you rather get, all things considered?",
    Comparison.Criterion.HELPFULNESS: "Which reply helps more with what was asked?",
    Comparison.Criterion.HARMLESSNESS: "Which reply is safer for everybody concerned?",
    Comparison.Criterion.CUSTOM: "",
}
ROWS_AT_ONCE = 5000
# How much of a context's last turn stands in a list.
OPENING_CHARACTERS = 120


def question_columns(project: Project) -> dict[str, str]:
    """The project's question in the columns of a comparison."""
    question = question_of(project.criterion)
    direction = Comparison.Direction.LESS if question.least else Comparison.Direction.MORE
    return {
        "criterion": question.criterion,
        "criterion_text": question.text,
        "direction": direction.value,
    }


def open_round(*, project: Project) -> Round | None:
    return Round.objects.filter(project=project, closed_at=None).first()


def served_in(*, round_: Round) -> list[RoundPolicy]:
    """All that serves a round, by use; retired policies too, which no draw takes."""
    return list(round_.policies.select_related("policy").order_by("use", "policy__name"))


def candidate_policies(*, round_: Round | None) -> list[RoundPolicy]:
    """The policies that write candidates in a round, retired ones left out, in a fixed order."""
    return list(
        RoundPolicy.objects.filter(POLICY_SERVES, round=round_, use=RoundPolicy.Use.CANDIDATE)
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


def imported_rows(*, project: Project, round_: Round | None, as_of: datetime) -> QuerySet[Message]:
    """Assistant messages of imported conversations that could be compared, as of a moment."""
    compared = Comparison.objects.filter(
        conversation=OuterRef("conversation"), round=round_, created_at__lt=as_of
    )
    return Message.objects.filter(
        ~Exists(compared),
        conversation__project=project,
        conversation__kind=Conversation.Kind.IMPORTED,
        conversation__state=Conversation.State.APPROVED,
        conversation__finished_at__lte=as_of,
        conversation__allowed_use__contains=[AllowedUse.COMPARISON],
        is_live=True,
        role=Message.Role.ASSISTANT,
        position__gt=0,
        created_at__lte=as_of,
    ).exclude(content="")


def prompt_rows(*, project: Project, round_: Round | None, as_of: datetime) -> QuerySet[Prompt]:
    """Prompts that could be answered by candidates, as of a moment; briefs are for people, and what a
    manager had set aside by then is for nobody."""
    compared = Comparison.objects.filter(prompt=OuterRef("pk"), round=round_, created_at__lt=as_of)
    return Prompt.objects.filter(
        ~Exists(compared),
        Q(set_aside_at=None) | Q(set_aside_at__gt=as_of),
        project=project,
        kind=Prompt.Kind.PROMPT,
        allowed_use__contains=[AllowedUse.COMPARISON],
        created_at__lte=as_of,
    )


def eligible_groups(
    *, project: Project, round_: Round, as_of: datetime, source: PickRun.Source
) -> Iterator[pick.Group]:
    """What a run may draw from: each conversation with its eligible messages, or each prompt.

    Read in constant memory.
    """
    if source == PickRun.Source.PROMPTS:
        prompts = prompt_rows(project=project, round_=round_, as_of=as_of).order_by("pk")
        for pk, category in prompts.values_list("pk", "category").iterator(ROWS_AT_ONCE):
            yield pick.Group(pk, [pk], category)
        return
    rows_of = imported_rows if source == PickRun.Source.IMPORTED else eligible_rows
    rows = (
        rows_of(project=project, round_=round_, as_of=as_of)
        .order_by("conversation_id", "pk")
        .values_list("conversation_id", "pk", "conversation__category", named=True)
        .iterator(chunk_size=ROWS_AT_ONCE)
    )
    for conversation_id, grouped in groupby(rows, key=attrgetter("conversation_id")):
        messages = list(grouped)
        yield pick.Group(
            conversation_id, [row.pk for row in messages], messages[0].conversation__category
        )


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


def prompt_messages(prompt: Prompt) -> list[dict[str, str]]:
    """A prompt as a policy and a rater are shown it, with the turns that came before it."""
    return [*prompt.turns_before, {"role": Message.Role.USER.value, "content": prompt.text}]


@dataclass(frozen=True)
class ShownMessage:
    role: str
    content: str


@dataclass(frozen=True)
class ShownCandidate:
    label: str
    content: str


@dataclass(frozen=True)
class RatingPage:
    """The ratings and flags that a project asks for beside the order."""

    scale_min: int
    scale_max: int
    rating_required: bool
    rating_help: str
    flow: str
    strength: str
    flags: list[dict[str, str]]


@dataclass(frozen=True)
class ComparisonPage:
    """A comparison as one rater sees it: no ids, no origin, candidates in this person's stored order."""

    criterion: str
    criterion_text: str
    direction: str
    context: list[ShownMessage]
    candidates: list[ShownCandidate]
    rating: RatingPage | None


# What a page shows of the comparison `c` with its context `x` and the rating schema `s` of the
# assignment `a`; `comparison_page` takes these columns.
PAGE_COLUMNS = """
c.criterion, c.criterion_text, c.direction, x.messages,
ARRAY(SELECT d.content FROM unnest(a.shown_order) WITH ORDINALITY shown(index, place)
      JOIN annotation_candidate d ON d.comparison_id = c.id AND d.index = shown.index
      ORDER BY shown.place) AS contents,
s.scale_min, s.scale_max, s.rating_required, s.rating_help, s.flow, s.strength, s.flags
"""


def comparison_page(
    criterion: str, text: str, direction: str, messages: str, contents: list[str], *rating: Any
) -> ComparisonPage:
    """What the holder of a ranking assignment is shown, from PAGE_COLUMNS."""
    return ComparisonPage(
        criterion=criterion,
        criterion_text=text or QUESTIONS[Comparison.Criterion(criterion)],
        direction=direction,
        context=[
            ShownMessage(message["role"], message["content"]) for message in orjson.loads(messages)
        ],
        candidates=[
            ShownCandidate(label, content)
            for label, content in zip(ascii_uppercase, contents, strict=False)
        ],
        rating=_rating_page(*rating),
    )


def _rating_page(scale_min: int | None, *fields: Any) -> RatingPage | None:
    if scale_min is None:
        return None
    scale_max, required, rating_help, flow, strength, flags = fields
    return RatingPage(
        scale_min, scale_max, required, rating_help, flow, strength, orjson.loads(flags)
    )


@dataclass(frozen=True)
class RankingSheet:
    """What a submitted ranking is checked against: all of it fixed since the claim."""

    assignment: Assignment
    comparison_id: int
    # Candidates' ids by the letters of the rater's page.
    candidates: dict[str, int]
    schema: RatingSchema | None
    # The id of the candidate with index 0.
    first: int


SHEET = f"""
SELECT t.comparison_id,
       ARRAY(SELECT d.id FROM unnest(a.shown_order) WITH ORDINALITY shown(index, place)
             JOIN annotation_candidate d ON d.comparison_id = t.comparison_id AND d.index = shown.index
             ORDER BY shown.place) AS candidate_ids,
       {prepared.columns(Assignment, "a")},
       {prepared.columns(RatingSchema, "s")}
FROM annotation_assignment a
JOIN accounts_rater r ON r.id = a.rater_id
JOIN accounts_membership m ON m.project_id = a.project_id AND m.user_id = r.user_id
JOIN annotation_task t ON t.id = a.task_id
LEFT JOIN annotation_ratingschema s ON s.id = a.rating_schema_id
WHERE a.id = %(assignment)s AND r.user_id = %(user)s AND m.deactivated_at IS NULL
  AND a.kind = 'ranking'
"""  # noqa: S608 (columns of ours)


def ranking_sheet_for(*, user: User | AnonymousUser, assignment_id: int) -> RankingSheet:
    """The person's own ranking assignment, in one statement. Raises NotFound."""
    rows = (
        prepared.fetch(SHEET, {"assignment": assignment_id, "user": user.pk})
        if prepared.is_id(assignment_id)
        else []
    )
    if not rows:
        raise exceptions.NotFound
    comparison_id, candidate_ids, *values = rows[0]
    n_columns = prepared.n_columns(Assignment)
    assignment = prepared.from_row(Assignment, values[:n_columns])
    return RankingSheet(
        assignment=assignment,
        comparison_id=comparison_id,
        candidates=dict(zip(ascii_uppercase, candidate_ids, strict=False)),
        schema=prepared.from_row(RatingSchema, values[n_columns:])
        if assignment.rating_schema_id
        else None,
        first=min(zip(assignment.shown_order, candidate_ids, strict=True))[1],
    )


def comparison_for_manager(*, user: User | AnonymousUser, comparison_id: int) -> Comparison:
    """A comparison of a project the person manages. Raises NotFound for any other."""
    return accounts.row_for(Comparison.objects.select_related("context"), comparison_id, user=user)


def comparisons_in(*, project: Project, state: str) -> QuerySet[Comparison]:
    """Comparisons of a project in one state, each with how its last turn begins and how many rankings it
    got."""
    last_turn = KeyTextTransform("content", KeyTransform("-1", "context__messages"))
    rankings = Ranking.objects.filter(comparison=OuterRef("pk"), is_current=True).order_by()
    return (
        Comparison.objects.filter(project=project, state=state)
        .annotate(
            opening=Left(last_turn, OPENING_CHARACTERS),
            n_rankings=Coalesce(
                Subquery(rankings.values("comparison").annotate(n=Count("pk")).values("n")), 0
            ),
        )
        .only("state", "category", "error_code", "error_detail", "created_at")
    )


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
