"""Rankings → the lines of each comparison format of FORMATS.md."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from annotation.datasets.aggregation import (
    MIN_RATERS,
    Aggregate,
    agreement_of,
    borda_ranking,
    opinions,
    planned,
)
from annotation.datasets.formats import (
    CannotWriteError,
    Exclusion,
    Line,
    Options,
    require_no_tool,
    rfc3339,
    transcript_turns,
    turn_lines,
    whole,
)
from annotation.datasets.pairs import Note, Pair, consensus_pairs_of, pairs_of
from annotation.datasets.ranking_reader import RANKING_SCHEMA
from annotation.datasets.records import (
    CandidateRecord,
    JudgedReplyRecord,
    MessageRecord,
    RankingRecord,
)
from annotation.measures.consensus import CLEAR

_HH_SPEAKERS = {"user": "Human", "assistant": "Assistant"}
_HH_MARK = re.compile(r"\n\n(?:Human|Assistant):")
# Ratings from 1 to 7 that say of a reply alone that it is good, or bad (DATA.md §6).
_LEAST_GOOD_RATING = 5
_GREATEST_BAD_RATING = 3


def ranking_lines(group: Sequence[RankingRecord], options: Options) -> list[Line]:
    """One line a ranking, everything it holds."""
    return [whole(_ranking_line(ranking), ranking, options) for ranking in group]


def preference_lines(group: Sequence[RankingRecord], options: Options) -> list[Line]:
    """The pairs of all rankings of one comparison, of each ranking best first."""
    prompt = turn_lines(group[0].prompt)
    return [
        whole(
            {
                "prompt": prompt,
                "chosen": [_reply(pair.chosen)],
                "rejected": [_reply(pair.rejected)],
            }
            | _weight(pair),
            pair.ranking,
            options,
        )
        for pair in _pairs(group, options)
    ]


def preference_implicit_lines(group: Sequence[RankingRecord], options: Options) -> list[Line]:
    """As `preference_lines`, with the prompt's turns before each reply."""
    prompt = turn_lines(group[0].prompt)
    return [
        whole(_implicit(prompt, pair), pair.ranking, options) for pair in _pairs(group, options)
    ]


def reward_lines(group: Sequence[RankingRecord], options: Options) -> list[Line]:
    """As `preference_implicit_lines`, with the margin by which the chosen reply won, in [0, 1]."""
    prompt = turn_lines(group[0].prompt)
    return [
        whole(_implicit(prompt, pair) | {"margin": pair.margin}, pair.ranking, options)
        for pair in _pairs(group, options)
    ]


def openai_dpo_lines(group: Sequence[RankingRecord], options: Options) -> list[Line]:
    """Raises CannotWriteError TOOL_TURN, and EMPTY_REPLY where every pair has one."""
    require_no_tool(group[0].prompt)
    prompt = turn_lines(group[0].prompt)
    pairs = _pairs(group, options)
    said = [pair for pair in pairs if pair.chosen.content and pair.rejected.content]
    if n_empty := len(pairs) - len(said):
        options.notes[Note.EMPTY_REPLY.value] += n_empty
    if not said:
        raise CannotWriteError(Exclusion.EMPTY_REPLY)
    return [
        whole(
            {
                "input": {"messages": prompt},
                "preferred_output": [_reply(pair.chosen)],
                "non_preferred_output": [_reply(pair.rejected)],
            },
            pair.ranking,
            options,
        )
        for pair in said
    ]


def hh_lines(group: Sequence[RankingRecord], options: Options) -> list[Line]:
    """Whole transcripts, as Anthropic's helpful-harmless files hold them.

    Raises CannotWriteError SYSTEM_TURN, TOOL_TURN, and SPEAKER_IN_TEXT where every pair would be read as
    other turns than were taken.
    """
    context = _transcript(transcript_turns(group[0].prompt, options))
    pairs = _pairs(group, options)
    sound = [
        pair
        for pair in pairs
        if not (_HH_MARK.search(pair.chosen.content) or _HH_MARK.search(pair.rejected.content))
    ]
    if n_other := len(pairs) - len(sound):
        options.notes[Note.SPEAKER_IN_TEXT.value] += n_other
    if not sound:
        raise CannotWriteError(Exclusion.SPEAKER_IN_TEXT)
    return [
        whole(
            {
                "chosen": context + _said("assistant", pair.chosen.content),
                "rejected": context + _said("assistant", pair.rejected.content),
            },
            pair.ranking,
            options,
        )
        for pair in sound
    ]


def nectar_lines(group: Sequence[RankingRecord], options: Options) -> list[Line]:
    """One line a ranking: the prompt as a transcript, the answers with their ranks."""
    prompt = _transcript(transcript_turns(group[0].prompt, options)) + _said("assistant", "")
    return [
        whole(
            {
                "prompt": prompt,
                "answers": [
                    {"answer": candidate.content, "rank": candidate.rank}
                    for tier in ranking.tiers
                    for candidate in tier
                ],
            },
            ranking,
            options,
        )
        for ranking in group
    ]


def kto_lines(group: Sequence[RankingRecord], options: Options) -> list[Line]:
    """A line for each reply of which a ranking says that it is good, or bad; a rank alone does not.

    Raises CannotWriteError UNLABELLED where no ranking of the group says so of any.
    """
    prompt = turn_lines(group[0].prompt)
    lines: list[Line] = [
        whole(
            {"prompt": prompt, "completion": [_reply(candidate)], "label": label}, ranking, options
        )
        for ranking in group
        for candidate in ranking.candidates
        if (label := _is_good(ranking, candidate)) is not None
    ]
    if not lines:
        raise CannotWriteError(Exclusion.UNLABELLED)
    return lines


def judged_reply_lines(record: JudgedReplyRecord, options: Options) -> list[Line]:
    """As `kto_lines`, of a reply that somebody gave a thumb."""
    *prompt, reply = turn_lines(record.messages)
    return [
        whole({"prompt": prompt, "completion": [reply], "label": record.is_good}, record, options)
    ]


COMPARISON_FORMATS: Mapping[str, Callable[[Sequence[RankingRecord], Options], list[Line]]] = {
    "ranking": ranking_lines,
    "preference": preference_lines,
    "preference-implicit": preference_implicit_lines,
    "reward": reward_lines,
    "openai-dpo": openai_dpo_lines,
    "hh": hh_lines,
    "nectar": nectar_lines,
    "kto": kto_lines,
}
# Those whose lines are pairs: all pairs of one comparison stand together.
PAIR_FORMATS = ("preference", "preference-implicit", "reward", "openai-dpo", "hh")


def comparison_lines(
    group: Sequence[RankingRecord],
    options: Options,
    *,
    write: Callable[[Sequence[RankingRecord], Options], list[Line]],
) -> list[Line]:
    """The lines of one comparison's rankings, after what the options say of agreement was seen to.

    Raises CannotWriteError as `write` does, and TOO_FEW_RATERS or LOW_AGREEMENT.
    """
    alone = options.aggregate == Aggregate.RATERS
    if alone and not options.min_agreement and options.min_raters <= 1:
        return write(group, options)
    if len(opinions(group)) < max(options.min_raters, 1 if alone else MIN_RATERS):
        raise CannotWriteError(Exclusion.TOO_FEW_RATERS)
    if options.aggregate == Aggregate.CONSENSUS:
        return write(group, options)
    if options.min_agreement:
        if len(planned(group)) < MIN_RATERS:
            raise CannotWriteError(Exclusion.TOO_FEW_RATERS)
        if (agreement_of(group) or 0.0) < options.min_agreement:
            raise CannotWriteError(Exclusion.LOW_AGREEMENT)
    return write(group if alone else [borda_ranking(group)], options)


def _pairs(group: Sequence[RankingRecord], options: Options) -> list[Pair]:
    if options.aggregate == Aggregate.CONSENSUS:
        agreed = consensus_pairs_of(
            group, clear=max(CLEAR, options.min_agreement), pairs=options.pairs
        )
        if not agreed:
            raise CannotWriteError(Exclusion.LOW_AGREEMENT)
        return agreed
    pairs = pairs_of(group, pairs=options.pairs, margin=options.margin, ties=options.ties)
    if not pairs:
        raise CannotWriteError(Exclusion.ALL_TIED)
    options.notes.update(pair.note.value for pair in pairs if pair.note)
    return pairs


def _implicit(prompt: list[Line], pair: Pair) -> Line:
    return {
        "chosen": [*prompt, _reply(pair.chosen)],
        "rejected": [*prompt, _reply(pair.rejected)],
    } | _weight(pair)


def _weight(pair: Pair) -> Line:
    line: Line = {"group_id": pair.ranking.group_id, "pair_weight": pair.weight}
    return line if pair.agreement is None else line | {"agreement": pair.agreement}


def _reply(candidate: CandidateRecord) -> Line:
    return {"role": "assistant", "content": candidate.content}


def _is_good(ranking: RankingRecord, candidate: CandidateRecord) -> bool | None:
    if ranking.acceptable_tier is not None:
        return candidate.rank <= ranking.acceptable_tier
    if candidate.rating is None or _GREATEST_BAD_RATING < candidate.rating < _LEAST_GOOD_RATING:
        return None
    return candidate.rating >= _LEAST_GOOD_RATING


def _transcript(turns: Sequence[MessageRecord]) -> str:
    """Raises CannotWriteError SPEAKER_IN_TEXT."""
    if any(_HH_MARK.search(turn.content) for turn in turns):
        raise CannotWriteError(Exclusion.SPEAKER_IN_TEXT)
    return "".join(_said(turn.role, turn.content) for turn in turns)


def _said(role: str, content: str) -> str:
    return f"\n\n{_HH_SPEAKERS[role]}: {content}"


def _ranking_line(ranking: RankingRecord) -> Line:
    pick, strength = ranking.pick, ranking.strength
    return {"schema": RANKING_SCHEMA} | _present(
        id=ranking.id,
        group_id=ranking.group_id,
        revision=ranking.revision,
        project=ranking.project,
        round=ranking.round,
        split=ranking.split,
        language=ranking.language,
        criterion=ranking.criterion,
        reason=ranking.reason,
        purpose=ranking.purpose,
        prompt=turn_lines(ranking.prompt),
        context_hash=ranking.context_hash,
        pick=pick
        and _present(rule=pick.rule, seed=pick.seed, as_of=pick.as_of and rfc3339(pick.as_of)),
        candidates=[_candidate_line(candidate) for candidate in ranking.candidates],
        acceptable_tier=ranking.acceptable_tier,
        strength=strength and {"grade": strength.grade, "scale": strength.scale},
        rewrite=ranking.rewrite,
        comment=ranking.comment,
        rater=ranking.rater,
        guideline=ranking.guideline,
        rating_schema=ranking.rating_schema,
        shown_order=ranking.shown_order,
        active_seconds=ranking.active_seconds,
        created_at=ranking.created_at and rfc3339(ranking.created_at),
    )


def _candidate_line(candidate: CandidateRecord) -> Line:
    return _present(
        id=candidate.id,
        content=candidate.content,
        rank=candidate.rank,
        origin=candidate.origin,
        rating=candidate.rating,
        flags=candidate.flags,
        policy=candidate.policy,
        params=candidate.params,
        seed=candidate.seed,
        finish_reason=candidate.finish_reason,
    )


def _present(**values: Any) -> Line:
    return {key: value for key, value in values.items() if value is not None}
