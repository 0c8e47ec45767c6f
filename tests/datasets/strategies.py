"""Generated records: text of every Unicode plane, ties, 2 to 9 candidates, fields left out."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from annotation.datasets.records import (
    CandidateRecord,
    DialogueRecord,
    MessageRecord,
    PickRecord,
    PromptRecord,
    RankingRecord,
    StrengthRecord,
    origin_key,
)

PLANES = [chr(plane * 0x10000 + 0x0041) for plane in range(17)]

texts = st.one_of(
    st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=12
    ),
    st.lists(st.sampled_from(PLANES), min_size=1, max_size=17).map("".join),
    st.sampled_from(["  kept as is \r\n", '"quoted"\\ \u2028', "\ufeffbom", "\\u0000 spelled"]),
).filter(lambda text: not text.isspace())
labels = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=20)
whole_numbers = st.integers(-(2**63), 2**63 - 1)
identifiers = st.one_of(whole_numbers, labels)
times = st.datetimes(
    min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.just(UTC)
)
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), texts),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(labels, inner, max_size=3),
    max_leaves=3,
)


@st.composite
def contexts(draw: st.DrawFn) -> tuple[MessageRecord, ...]:
    turns = [MessageRecord("system", draw(texts))] if draw(st.booleans()) else []
    for _ in range(draw(st.integers(0, 1))):
        turns.append(MessageRecord("user", draw(texts)))
        turns.append(MessageRecord("assistant", draw(texts)))
    return (*turns, MessageRecord("user", draw(texts)))


@st.composite
def dialogues(draw: st.DrawFn, *, all_trainable: bool = False) -> DialogueRecord:
    def learns() -> bool:
        return all_trainable or draw(st.booleans())

    turns = [
        MessageRecord("assistant", turn.content, learns()) if turn.role == "assistant" else turn
        for turn in draw(contexts())
    ]
    if draw(st.booleans()):
        turns.append(MessageRecord("assistant", draw(texts), learns()))
        turns.append(MessageRecord("tool", draw(texts)))
    turns.append(MessageRecord("assistant", draw(texts), learns()))
    return DialogueRecord(tuple(turns), 1, origin_key(turns))


@st.composite
def prompts(draw: st.DrawFn) -> PromptRecord:
    turns = draw(contexts())
    return PromptRecord(turns, 1, origin_key(turns))


@st.composite
def tiers_of_sizes(draw: st.DrawFn) -> list[list[int]]:
    """Tiers of 2 to 9 items in all, numbered in an order that is not the tiers'."""
    sizes = draw(
        st.lists(st.integers(1, 4), min_size=1, max_size=9).filter(lambda n: 2 <= sum(n) <= 9)
    )
    items = iter(draw(st.permutations(range(sum(sizes)))))
    return [[next(items) for _ in range(size)] for size in sizes]


def _maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


_sources = st.fixed_dictionaries(
    {"origin": st.sampled_from(["fresh", "original", "reference", "imported"])},
    optional={
        "rating": st.integers(1, 7),
        "flags": st.lists(labels, max_size=3).map(tuple),
        "policy": labels,
        "params": st.dictionaries(labels, json_values, max_size=2),
        "seed": whole_numbers,
        "finish_reason": st.sampled_from(["stop", "length"]),
    },
)


@st.composite
def rankings(draw: st.DrawFn) -> RankingRecord:
    tiers = draw(tiers_of_sizes())
    n_candidates = sum(map(len, tiers))
    named = draw(st.booleans())
    first_id = draw(st.integers(-(2**63), 2**63 - 10))
    ids = [f"c{item}" if named else first_id + item for item in range(n_candidates)]
    pool = draw(st.lists(texts | st.just(""), min_size=1, max_size=3))
    sources = draw(st.lists(_sources, min_size=1, max_size=3))
    candidates = [
        CandidateRecord(
            id=ids[item],
            content=pool[item % len(pool)],
            rank=rank,
            **sources[item % len(sources)],
        )
        for rank, tier in enumerate(tiers, start=1)
        for item in tier
    ]
    prompt = draw(contexts())
    return RankingRecord(
        row=1,
        prompt=prompt,
        candidates=tuple(draw(st.permutations(candidates))),
        origin_key=origin_key(prompt),
        id=draw(_maybe(identifiers)),
        group_id=draw(_maybe(identifiers)),
        revision=draw(_maybe(st.integers(0, 2**31 - 1))),
        project=draw(_maybe(labels)),
        round=draw(_maybe(st.integers(0, 1000))),
        split=draw(_maybe(st.sampled_from(["train", "validation", "test"]))),
        language=draw(_maybe(st.sampled_from(["en", "pt-BR", "zh-Hant"]))),
        criterion=draw(_maybe(labels)),
        reason=draw(_maybe(labels)),
        purpose=draw(_maybe(labels)),
        context_hash=draw(_maybe(labels)),
        pick=draw(_maybe(st.builds(PickRecord, labels, _maybe(whole_numbers), _maybe(times)))),
        acceptable_tier=draw(_maybe(st.integers(0, len(tiers)))),
        strength=draw(_maybe(st.builds(StrengthRecord, st.integers(-3, 3), st.just("-3..3")))),
        rewrite=draw(_maybe(texts)),
        comment=draw(_maybe(texts)),
        rater=draw(_maybe(labels)),
        guideline=draw(_maybe(st.integers(1, 1000))),
        rating_schema=draw(_maybe(st.integers(1, 1000))),
        shown_order=draw(_maybe(st.permutations(ids).map(tuple))),
        active_seconds=draw(_maybe(st.floats(0, 10**6))),
        created_at=draw(_maybe(times)),
    )


@st.composite
def trees(draw: st.DrawFn) -> dict[str, Any]:
    """An Open-Assistant tree: branches, ranks with ties and gaps, deleted and empty messages."""

    def message(depth: int) -> dict[str, Any]:
        n_replies = draw(st.integers(1 if depth == 0 else 0, 3)) if depth < 4 else 0
        return {
            "text": draw(texts),
            "role": ("prompter", "assistant")[depth % 2],
            "replies": [message(depth + 1) for _ in range(n_replies)],
            **({"rank": draw(st.integers(0, 3))} if depth and draw(st.booleans()) else {}),
            "deleted": depth > 0 and draw(st.integers(0, 9)) == 0,
        }

    return {"message_tree_id": draw(labels), "prompt": message(0)}
