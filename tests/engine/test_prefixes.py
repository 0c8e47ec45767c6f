"""Kept contexts: which row is found, extended or given up; and that reuse changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from itertools import takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sampling.engine.loop import EngineLoop
from sampling.engine.prefixes import FEWEST_TOKENS, KeptPrefixes, n_shared
from sampling.engine.protocol import GenerationRequest, Priority
from sampling.engine.slots import TransformerBackend
from tests.engine.conftest import PolicyFolder
from tests.engine.driving import complete, read, request, results, step_until_idle
from tests.engine.tiny import load_tiny

few_ids = st.lists(st.integers(0, 1), max_size=12).map(tuple)
# Long enough to be worth keeping, and alike often enough to matter.
contexts = st.tuples(st.integers(0, 2), few_ids).map(
    lambda drawn: (drawn[0],) * FEWEST_TOKENS + drawn[1]
)


@given(few_ids, few_ids)
def test_n_shared_is_the_common_prefix(one: tuple[int, ...], other: tuple[int, ...]) -> None:
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))

    assert n_shared(one, other) == len(list(pairs))


@given(st.lists(st.tuples(st.booleans(), contexts), max_size=40), st.integers(0, 3))
def test_rows_hold_what_is_promised(changes: list[tuple[bool, tuple[int, ...]]], n: int) -> None:
    kept = KeptPrefixes(range(10, 10 + n))
    contents: dict[int, tuple[int, ...]] = {}
    for stored, context in changes:
        if stored:
            keep = kept.keep(context)
            if keep is not None:
                before = contents.get(keep.row, ())
                contents[keep.row] = before[: keep.start] + context[keep.start : keep.end]
                assert contents[keep.row] == context
        else:
            row, length = kept.longest(context)
            best = max((n_shared(tokens, context[:-1]) for tokens in contents.values()), default=0)
            assert length == (best if best >= FEWEST_TOKENS else 0)
            if length:
                assert contents[row][:length] == context[:length]
    assert set(contents) <= set(range(10, 10 + n))


def test_the_context_used_longest_ago_is_given_up() -> None:
    kept = KeptPrefixes(range(2))
    one, two, three = ((number,) * 20 for number in (1, 2, 3))
    kept.keep(one)
    kept.keep(two)
    kept.longest((*one, 9))
    kept.keep(three)

    assert kept.longest((*one, 9))[1] == kept.longest((*three, 9))[1] == 20
    assert kept.longest((*two, 9)) == (-1, 0)


def test_a_conversation_grows_in_its_row() -> None:
    kept = KeptPrefixes(range(4))
    first = tuple(range(20))
    for length in (20, 25, 40):
        row, start = kept.longest((*first, *range(20, length), 99))
        keep = kept.keep((*first, *range(20, length)))
        assert keep is not None
        assert keep.start == start
        assert row in (-1, keep.row)
    assert kept.keep(first) is None


CONVERSATION = tuple(range(3, 40))


def conversation(engine: EngineLoop, *, together: bool) -> list[list[tuple[int, ...]]]:
    """A draft, the chat that goes on from it, its candidates, and a stranger in between.

    Requests that are there `together` find each other's contexts while these are in use.
    """
    ((draft,),) = complete(engine, request(CONVERSATION, seeds=(1,), max_tokens=12))
    after = (*CONVERSATION, *draft.token_ids, 50, 51, 52)
    ((stranger,),) = complete(engine, request(CONVERSATION[5:], seeds=(2,)))
    ((reply,),) = complete(engine, request(after, seeds=(3,), max_tokens=10))
    final = (*after, *reply.token_ids, 60)
    asked: list[GenerationRequest] = [
        request(final, seeds=(4, 5, 6), priority=Priority.BATCH),
        request(after, seeds=(7,)),
        request(final, seeds=(8,), temperature=0, repetition_penalty=1.3),
    ]
    groups = [asked] if together else [[each] for each in asked]
    found = [results for group in groups for results in complete(engine, *group)]
    return [[draft.token_ids], [stranger.token_ids], [reply.token_ids]] + [
        [result.token_ids for result in group] for group in found
    ]


@pytest.mark.parametrize("kind", ["llama", "qwen3", "gpt_neox"])
def test_reuse_changes_nothing(policy_folder: PolicyFolder, kind: str) -> None:
    def engine(n_kept: int) -> EngineLoop:
        backend = load_tiny(policy_folder(kind), n_kept=n_kept)
        return EngineLoop(backend, threaded=False, prefill_chunk_tokens=11)

    without, with_one, with_many = engine(0), engine(1), engine(4)
    expected = conversation(without, together=False)

    assert conversation(with_many, together=True) == expected
    assert conversation(with_one, together=True) == expected
    assert without.health().n_cached_tokens == 0
    assert with_many.health().n_cached_tokens > with_one.health().n_cached_tokens > 0
    n_prompt = without.health().n_prompt_tokens
    for reusing in (with_one.health(), with_many.health()):
        assert reusing.n_prompt_tokens + reusing.n_cached_tokens == n_prompt


def test_only_what_is_new_is_read(make_engine: Callable[..., EngineLoop]) -> None:
    engine = make_engine()
    ((draft,),) = complete(engine, request(CONVERSATION, max_tokens=5))
    after = (*CONVERSATION, *draft.token_ids, 50, 51)
    (candidates,) = complete(engine, request(after, seeds=(1, 2, 3), priority=Priority.BATCH))

    # The draft's last token was never fed back.
    n_known = len(CONVERSATION) + len(draft.token_ids) - 1
    assert [result.n_cached for result in candidates] == [n_known] * 3
    assert draft.n_cached == 0
    assert engine.health().n_prompt_tokens == len(after) - n_known + len(CONVERSATION)


def test_what_is_being_sampled_is_shared_already(make_engine: Callable[..., EngineLoop]) -> None:
    engine = make_engine()
    (first,), (second,) = complete(
        engine,
        request((*CONVERSATION, 50), seeds=(7,), max_tokens=40),
        request((*CONVERSATION, 51), seeds=(8,), max_tokens=40),
    )

    assert (first.n_cached, second.n_cached) == (0, len(CONVERSATION))


def test_what_was_cancelled_is_kept_too(make_engine: Callable[..., EngineLoop]) -> None:
    engine = make_engine()
    handle = engine.submit(request(CONVERSATION, max_tokens=50))
    for _ in range(3):
        engine.step()
    handle.cancel()
    step_until_idle(engine)
    (cancelled,) = results(read(handle))
    ((again,),) = complete(engine, request((*CONVERSATION, *cancelled.token_ids, 9)))

    assert again.n_cached == len(CONVERSATION) + len(cancelled.token_ids) - 1


def test_a_failed_row_is_not_kept(policy_folder: PolicyFolder) -> None:
    backend: TransformerBackend = load_tiny(policy_folder("llama"))
    engine = EngineLoop(backend, threaded=False)
    handle = engine.submit(request(CONVERSATION, max_tokens=50))
    engine.step()
    backend.decode = _out_of_memory  # type: ignore[method-assign]
    step_until_idle(engine)

    assert results(read(handle))[0].failure is not None
    assert engine._kept.longest(CONVERSATION) == (-1, 0)


def _out_of_memory(rows: object) -> list[object]:
    raise RuntimeError("out of memory")
