"""Submitting rankings: the letters of a page become tiers of candidates, whole or not at all."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypedDict
from uuid import UUID

from annotation.exceptions import (
    AcceptableTierOutOfRange,
    CandidateMissing,
    CandidateRepeated,
    EmptyTier,
    NotOpened,
    RatingMissing,
    RatingOutOfScale,
    RewriteMasked,
    RewriteUnchanged,
    StrengthContradictsOrder,
    StrengthMissing,
    StrengthNotAsked,
    UnknownCandidate,
    UnknownFlag,
)
from annotation.model_names import MASK
from annotation.models import (
    Assignment,
    Candidate,
    Comparison,
    Placement,
    Ranking,
    RatingSchema,
)
from annotation.selectors.comparisons import RankingSheet
from annotation.services import personal_data, submissions
from labelhub import clock, prepared


class Judgement(TypedDict):
    """What a rater said, in the letters of their page; see serializers.comparisons.RankingInput."""

    cannot_judge: bool
    tiers: Sequence[Sequence[str]]
    acceptable_tier: int | None
    strength: int | None
    ratings: Mapping[str, int]
    flags: Mapping[str, Sequence[str]]
    comment: str
    rewrite: str
    open_milliseconds: Mapping[str, int]


def submit_ranking(
    *,
    sheet: RankingSheet,
    key: UUID,
    judgement: Judgement,
    personal_data_confirmed: bool = False,
) -> Assignment:
    """Store a person's ranking and close their assignment; the same key and body again change nothing.

    Where it cannot be judged, comment and rewrite are kept and the order, ratings, flags and line are
    not read. Raises a RankingRefused, PersonalDataFound unless the rater has seen the warning, and what
    submissions.submit raises; nothing is half-stored.
    """
    return submissions.submit(
        assignment=sheet.assignment,
        key=key,
        body={**judgement},
        write=lambda locked: _write(
            locked, sheet, judgement, personal_data_confirmed=personal_data_confirmed
        ),
    )


def _write(
    assignment: Assignment,
    sheet: RankingSheet,
    judgement: Judgement,
    *,
    personal_data_confirmed: bool,
) -> None:
    cannot_judge = judgement["cannot_judge"]
    if not cannot_judge:
        check_order(judgement, sheet.candidates)
        check_ratings(judgement, sheet.candidates, sheet.schema)
        check_strength(judgement, sheet.candidates, sheet.schema)
        _check_rewrite(judgement["rewrite"], sheet)
    if judgement["rewrite"] and not personal_data_confirmed:
        language = Comparison.objects.values_list("language", flat=True).get(pk=sheet.comparison_id)
        personal_data.check_text(field="rewrite", text=judgement["rewrite"], language=language)
    graded = not cannot_judge and judgement["strength"] is not None
    ranking = Ranking(
        project=assignment.project,
        comparison_id=sheet.comparison_id,
        assignment=assignment,
        rater_id=assignment.rater_id,
        reason=assignment.reason,
        purpose=assignment.task.purpose,
        own_conversation=assignment.own_conversation,
        cannot_judge=cannot_judge,
        acceptable_tier=None if cannot_judge else judgement["acceptable_tier"],
        strength_grade=strength_grade(judgement, sheet) if graded else None,
        strength_scale=sheet.schema.strength if graded and sheet.schema else "",
        rewrite=judgement["rewrite"],
        comment=judgement["comment"],
        guideline_id=assignment.guideline_id,
        rating_schema=sheet.schema,
        shown_order=assignment.shown_order,
        active_seconds=assignment.active_seconds,
        created_at=clock.now(),
    )
    prepared.insert([ranking])
    if cannot_judge:
        return
    placements = [
        Placement(
            ranking=ranking,
            candidate_id=sheet.candidates[label],
            tier=number,
            open_milliseconds=judgement["open_milliseconds"][label],
            rating=judgement["ratings"].get(label),
            flags=sorted(set(judgement["flags"].get(label, []))),
        )
        for number, tier in enumerate(judgement["tiers"], start=1)
        for label in tier
    ]
    prepared.insert(placements)


def check_order(judgement: Judgement, labels: Collection[str]) -> None:
    """Every candidate in exactly one tier, no tier empty, each opened, the line among the tiers.

    Raises the RankingRefused that says which of these does not hold.
    """
    tiers = judgement["tiers"]
    placed = [label for tier in tiers for label in tier]
    _require_known([*placed, *judgement["open_milliseconds"]], labels)
    if len(set(placed)) < len(placed):
        repeated = sorted({label for label in placed if placed.count(label) > 1})
        raise CandidateRepeated(f"{_listed(repeated)} stands in two places.")
    missing = sorted(set(labels) - set(placed))
    if missing:
        raise CandidateMissing(f"Place {_listed(missing)}, or say that you cannot judge.")
    if not all(tiers):
        raise EmptyTier
    unread = sorted(label for label in labels if not judgement["open_milliseconds"].get(label))
    if unread:
        raise NotOpened(f"Read {_listed(unread)} to its end, or say that you cannot judge.")
    line = judgement["acceptable_tier"]
    if line is not None and not 0 <= line <= len(tiers):
        raise AcceptableTierOutOfRange(
            f"The acceptable line stands below tier {line}; there are {len(tiers)} tiers."
        )


def check_ratings(
    judgement: Judgement, labels: Collection[str], schema: RatingSchema | None
) -> None:
    """Ratings on the schema's scale, all of them where it asks for them, and only its flags.

    Without a schema neither is asked for nor taken. Raises a RankingRefused.
    """
    ratings, flags = judgement["ratings"], judgement["flags"]
    _require_known([*ratings, *flags], labels)
    known_flags = {flag["key"] for flag in schema.flags} if schema else set()
    for label, rating in ratings.items():
        if schema is None or not schema.scale_min <= rating <= schema.scale_max:
            scale = f"{schema.scale_min} to {schema.scale_max}" if schema else "no scale"
            raise RatingOutOfScale(f"{label} is rated {rating}; the project's scale is {scale}.")
    if schema is not None and schema.rating_required:
        unrated = sorted(set(labels) - ratings.keys())
        if unrated:
            raise RatingMissing(f"Rate {_listed(unrated)}.")
    for label, raised in flags.items():
        unknown = sorted(set(raised) - known_flags)
        if unknown:
            raise UnknownFlag(
                f"{label} has the flag {unknown[0]}, which the project does not have."
            )


def check_strength(
    judgement: Judgement, labels: Collection[str], schema: RatingSchema | None
) -> None:
    """How much better one of two is, where the schema asks, and not at odds with the order.

    Raises a RankingRefused.
    """
    strength, n_tiers = judgement["strength"], len(judgement["tiers"])
    scale = RatingSchema.Strength(schema.strength if schema else RatingSchema.Strength.NONE)
    if scale == RatingSchema.Strength.NONE or len(labels) != 2:
        if strength is not None:
            raise StrengthNotAsked
        return
    if strength is None:
        raise StrengthMissing
    if scale == RatingSchema.Strength.FOUR_GRADES and n_tiers == 1:
        raise StrengthContradictsOrder("One of the two has to be better, if only negligibly.")
    if scale == RatingSchema.Strength.MINUS_3_TO_3 and (strength == 0) != (n_tiers == 1):
        raise StrengthContradictsOrder("Strength 0 means equal, and only that.")


def strength_grade(judgement: Judgement, sheet: RankingSheet) -> int:
    """The strength as it is stored: on minus-3-to-3 below zero where the first candidate is better."""
    strength = judgement["strength"] or 0
    if sheet.schema is None or sheet.schema.strength != RatingSchema.Strength.MINUS_3_TO_3:
        return strength
    best = sheet.candidates[judgement["tiers"][0][0]]
    return -strength if best == sheet.first else strength


def _check_rewrite(rewrite: str, sheet: RankingSheet) -> None:
    """The page begins it with a candidate's text; left as it is, nobody wrote anything. What a mask
    hides is not theirs to know, and nobody is to learn to write the mask."""
    if MASK in rewrite:
        raise RewriteMasked
    ids = sheet.candidates.values()
    if rewrite and Candidate.objects.filter(pk__in=ids, content=rewrite).exists():
        raise RewriteUnchanged


def _require_known(named: Iterable[str], labels: Collection[str]) -> None:
    unknown = sorted(set(named) - set(labels))
    if unknown:
        raise UnknownCandidate(
            f"There is no candidate {unknown[0]}; there are {_listed(sorted(labels))}."
        )


def _listed(labels: Iterable[str]) -> str:
    return ", ".join(labels)
