"""Reading what measures people and policies: gold and retest rankings, fair contests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from annotation.measures.judged import Judged
from annotation.measures.raters import Graded, grade, retest_share
from annotation.measures.report import Measured
from annotation.measures.win_rates import Contest, Source
from annotation.models import Candidate, Comparison, Conversation, GoldItem, Purpose, Ranking
from annotation.selectors.comparisons import question_columns
from annotation.selectors.judged import COUNTS
from annotation.selectors.rankings import tiers_of
from labelhub.accounts.models import Project

# Who held a chat that no one policy held, or that came in a file.
NOBODY = -1
# What of a request shapes its text. How long it may grow does not: what was cut proves nothing.
SHAPES_TEXT = (
    *("temperature", "top_p", "top_k", "min_p", "repetition_penalty"),
    *("stop", "stop_token_ids"),
)


def measured(*, project: Project) -> dict[int, Measured]:
    """Gold scores and retests of everybody who has any, by rater."""
    found: dict[int, Measured] = defaultdict(Measured)
    for rater, graded in _gold(project):
        found[rater].gold.append(graded)
    for rater, share in _retests(project):
        found[rater].retests.append(share)
    return dict(found)


def _answered(project: Project, purpose: Purpose) -> QuerySet[Ranking]:
    return Ranking.objects.filter(
        project=project, purpose=purpose, is_current=True, cannot_judge=False, rater__isnull=False
    ).order_by("pk")


def _gold(project: Project) -> Iterable[tuple[int, Graded]]:
    pairs = dict(GoldItem.objects.filter(project=project).values_list("comparison", "pairs"))
    rankings = list(_answered(project, Purpose.GOLD).filter(comparison__in=list(pairs)))
    tiers: dict[int, dict[int, int]] = defaultdict(dict)
    for ranking_id, candidate_id, tier in Ranking.objects.filter(
        pk__in=[ranking.pk for ranking in rankings], placements__isnull=False
    ).values_list("pk", "placements__candidate", "placements__tier"):
        tiers[ranking_id][candidate_id] = tier
    for ranking in rankings:
        assert ranking.rater_id is not None
        clear = [(better, worse) for better, worse in pairs[ranking.comparison_id]]
        yield ranking.rater_id, grade(tiers[ranking.pk], clear)


def _retests(project: Project) -> Iterable[tuple[int, float]]:
    again = list(_answered(project, Purpose.RETEST))
    first = {
        (ranking.rater_id, ranking.comparison_id): ranking
        for ranking in Ranking.objects.filter(
            COUNTS,
            project=project,
            comparison__in={ranking.comparison_id for ranking in again},
            rater__in={ranking.rater_id for ranking in again},
        )
    }
    tiers = tiers_of([*again, *first.values()])
    for ranking in again:
        earlier = first.get((ranking.rater_id, ranking.comparison_id))
        if earlier is None or ranking.rater_id is None:
            continue
        share = retest_share(tiers[earlier.pk], tiers[ranking.pk])
        if share is not None:
            yield ranking.rater_id, share


def makers(*, project: Project) -> list[dict[str, Any]]:
    """Of each policy: how many candidates it wrote, and how many are near copies of an earlier one, were
    cut, or named a model (DATA.md §2). By policy."""
    rows = (
        Candidate.objects.filter(project=project, origin=Candidate.Origin.FRESH)
        .values(policy=F("completion__generation__policy"))
        .annotate(
            n=Count("pk"),
            n_near=Count("pk", filter=Q(near_identical=True)),
            n_cut=Count("pk", filter=Q(cut_by_length=True)),
            n_named=Count("pk", filter=Q(names_model=True)),
        )
        .order_by("policy")
    )
    return [dict(row) for row in rows]


def contests(*, project: Project, judged: Iterable[Judged]) -> list[Contest]:
    """The judged comparisons that were held out, each candidate with who wrote it.

    A candidate that proves nothing of its policy has no source: the original, a reference, an imported
    reply, one that was cut or that names its model.
    """
    policy = F("message__completion__generation__policy")
    chat_by = {
        pk: _chat_by(has_history, policy_id)
        for pk, has_history, policy_id in _held_out(project)
        .annotate(policy=policy)
        .values_list("pk", "has_history", "policy")
    }
    sources: dict[int, list[Source | None]] = defaultdict(list)
    for row in (
        Candidate.objects.filter(project=project, comparison__digest__isnull=False)
        .order_by("comparison_id", "index")
        .values(
            "comparison_id",
            "origin",
            "cut_by_length",
            "names_model",
            policy=F("completion__generation__policy"),
            **{name: F(f"completion__generation__{name}") for name in SHAPES_TEXT},
        )
    ):
        sources[row["comparison_id"]].append(_source(dict(row)))
    return [
        Contest(
            comparison=one.comparison,
            cluster=one.cluster,
            tiers=one.tiers,
            sources=sources[one.comparison],
            chat_by=chat_by[one.comparison],
            round=one.round,
        )
        for one in judged
        if one.comparison in chat_by
    ]


def _held_out(project: Project) -> QuerySet[Any]:
    """Comparisons made to evaluate, and those of a prompt that nothing of an earlier round was made
    of: its policies cannot have been trained on it. Only those of the question that the project asks
    now: being put first for another one is another win."""
    earlier = Comparison.objects.filter(
        project=project,
        origin_key=OuterRef("origin_key"),
        purpose=Purpose.TRAIN,
        round__number__lt=OuterRef("round__number"),
    )
    trained_on = Conversation.objects.filter(
        Q(kind=Conversation.Kind.IMPORTED)
        | Q(
            kind=Conversation.Kind.DEMONSTRATION,
            round__number__lt=OuterRef("round__number"),
        ),
        project=project,
        origin_key=OuterRef("origin_key"),
    )
    with_reply = Comparison.objects.filter(
        pk=OuterRef("pk"), context__messages__contains=[{"role": "assistant"}]
    )
    return Comparison.objects.filter(
        Q(purpose=Purpose.EVAL) | (~Exists(earlier) & ~Exists(trained_on)),
        project=project,
        digest__isnull=False,
        **question_columns(project),
    ).annotate(has_history=Exists(with_reply))


def _chat_by(has_history: bool, policy_id: int | None) -> int | None:  # noqa: FBT001 - a column
    """The policy whose replies stand in the context; None where it is a prompt alone."""
    if not has_history:
        return None
    return NOBODY if policy_id is None else policy_id


def _source(row: dict[str, Any]) -> Source | None:
    if row["origin"] != Candidate.Origin.FRESH or row["cut_by_length"] or row["names_model"]:
        return None
    return Source(row["policy"], repr([row[name] for name in SHAPES_TEXT]))
